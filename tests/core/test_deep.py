"""A chain a million deep works in every part of the engine, without recursion.

Recursion ends where the stack does, so a part of the chain on a part of the stack shows the same as
all of it on all: here, a call of the next node could take no more than 20 bytes.
"""

import copy
import functools
import gc
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pluggrad import Graph, Value, grad, render
from pluggrad.topology import topological_order

STACK = 8 << 20  # bytes, what the main thread usually has
# Python 3.13 itself takes a quarter of the stack to free what is nested, however deep that is.
PART = 2 if sys.version_info[:2] == (3, 13) else 10
DEPTH = 400_000 // PART  # an even number: each link is a minus


def chain(depth: int) -> tuple[Value, Value]:
    x = y = Value(1.0, label="x")
    for _ in range(depth):
        y = -y
    return x, y


@pytest.fixture(autouse=True, scope="module")
def _no_collector() -> Iterator[None]:
    """Leave the collector off: it would walk these many objects again and again."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def deep() -> tuple[Value, Value]:
    """A chain for `on_a_tenth_of_the_stack`."""
    return chain(DEPTH)


def on_a_tenth_of_the_stack(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a thread with that much."""

    @functools.wraps(test)
    def run(*fixtures: Any, **named: Any) -> None:
        before = threading.stack_size(STACK // PART // 4096 * 4096)
        try:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(test, *fixtures, **named).result()
        finally:
            threading.stack_size(before)

    return run


@on_a_tenth_of_the_stack
def test_forward_and_backward_and_dropping_it_frees_it_without_the_collector() -> None:
    gc.collect()
    before = sum(type(thing) is Value for thing in gc.get_objects())
    x, y = chain(DEPTH)
    assert y.data == 1.0
    x.grad = 0.0
    y.backward()
    assert x.grad == 1.0
    assert grad(y, x) == 1.0
    del x, y
    assert sum(type(thing) is Value for thing in gc.get_objects()) == before


@on_a_tenth_of_the_stack
def test_a_deep_graph_is_pickled_and_read_again(deep: tuple[Value, Value]) -> None:
    x, y = deep
    x2, y2 = pickle.loads(pickle.dumps((x, y)))
    assert y2.data == y.data
    assert grad(y2, x2) == 1.0


@on_a_tenth_of_the_stack
def test_a_deep_graph_is_copied(deep: tuple[Value, Value]) -> None:
    x, y = deep
    x2, y2 = copy.deepcopy((x, y))
    assert x2 is not x
    assert grad(y2, x2) == 1.0


@on_a_tenth_of_the_stack
def test_a_deep_graph_has_a_snapshot_and_a_text(deep: tuple[Value, Value]) -> None:
    graph = Graph(deep[1])
    assert len(graph) == DEPTH + 1
    text = render(graph, "text")
    assert "x" in text


@on_a_tenth_of_the_stack
def test_a_deep_graph_is_one_of_networkx(deep: tuple[Value, Value]) -> None:
    assert render(deep[1], "networkx").number_of_edges() == DEPTH


def test_the_order_lists_operands_first_and_each_node_once() -> None:
    a, b = Value(1.0), Value(2.0)
    c = a * b
    d = c + a
    e = (d * c) * d
    order = topological_order([e])
    assert order[:4] == [a, b, c, d]
    assert len(order) == len(set(order)) == 6
    assert all(order.index(x) < i for i, node in enumerate(order) for x in node.prev)
