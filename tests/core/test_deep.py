"""A chain a million deep works in every part of the engine, without recursion."""

import copy
import gc
import pickle
from collections.abc import Iterator

import pytest
from pluggrad import Graph, Value, grad, render
from pluggrad.topology import topological_order

DEPTH = 1_000_000


def chain(depth: int) -> tuple[Value, Value]:
    x = y = Value(1.0, label="x")
    for _ in range(depth):
        y = -y
    return x, y


@pytest.fixture(autouse=True, scope="module")
def _no_collector() -> Iterator[None]:
    """Leave the collector off: it would walk these millions of objects again and again."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def deep() -> tuple[Value, Value]:
    return chain(DEPTH)


def test_forward_and_backward(deep: tuple[Value, Value]) -> None:
    x, y = deep
    assert y.data == 1.0
    x.grad = 0.0
    y.backward()
    assert x.grad == 1.0
    assert grad(y, x) == 1.0


def test_pickle(deep: tuple[Value, Value]) -> None:
    x, y = deep
    x2, y2 = pickle.loads(pickle.dumps((x, y)))
    assert y2.data == y.data
    assert grad(y2, x2) == 1.0


def test_deepcopy(deep: tuple[Value, Value]) -> None:
    x, y = deep
    x2, y2 = copy.deepcopy((x, y))
    assert x2 is not x
    assert grad(y2, x2) == 1.0


def test_graph_and_text(deep: tuple[Value, Value]) -> None:
    graph = Graph(deep[1])
    assert len(graph) == DEPTH + 1
    text = render(graph, "text")
    assert "x" in text


def test_networkx(deep: tuple[Value, Value]) -> None:
    assert render(deep[1], "networkx").number_of_edges() == DEPTH


def test_dropping_it_frees_it_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        before = sum(type(thing) is Value for thing in gc.get_objects())
        _, y = chain(DEPTH)
        y.backward()
        del _, y
        after = sum(type(thing) is Value for thing in gc.get_objects())
    finally:
        gc.enable()
    assert before == after


def test_the_order_lists_operands_first_and_each_node_once() -> None:
    a, b = Value(1.0), Value(2.0)
    c = a * b
    d = c + a
    e = (d * c) * d
    order = topological_order([e])
    assert order[:4] == [a, b, c, d]
    assert len(order) == len(set(order)) == 6
    assert all(order.index(x) < i for i, node in enumerate(order) for x in node.prev)
