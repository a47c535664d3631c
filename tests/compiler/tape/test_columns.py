"""Graphs as columns, in plain Python and by machine code: the same numbers either way."""

import gc
import math
import sys
from random import Random

import pytest
from pluggrad import Op, Value
from pluggrad.compiler.capture.collector import without_collector
from pluggrad.compiler.tape import bulk, columns
from pluggrad.ops import exp, fma, maximum, where
from pluggrad.topology import topological_order


def some_graph(seed, count):
    """Make a graph of about so many nodes, with labels and ops of one, two and three operands."""
    random = Random(seed)
    nodes = [Value(random.uniform(-1, 1), label="x" if i else "") for i in range(3)]
    makers = (
        lambda a, b, c: a * b,
        lambda a, b, c: a + 0.5,
        lambda a, b, c: exp(a * 0.1),
        lambda a, b, c: maximum(a, b),
        lambda a, b, c: where(a, b, c),
        lambda a, b, c: fma(a, b, 1.0),
    )
    while len(nodes) < count:
        a, b, c = (random.choice(nodes[-50:]) for _ in range(3))
        made = random.choice(makers)(a, b, c).tanh()
        if random.random() < 0.01:
            made.label = f"node {len(nodes)}"
        nodes.append(made)
    return nodes


def bits(written):
    """Return columns with nan and the sign of 0 told apart."""
    return [*written[:5], written.numbers.tobytes(), *written[6:]]


@pytest.mark.parametrize("seed", range(5))
def test_machine_code_writes_what_python_writes(seed):
    pytest.importorskip("llvmlite")
    nodes = some_graph(seed, 3000)
    order = topological_order(nodes[-20:])
    wanted = [*nodes[::7], Value(1.0), "no node", None, *nodes[:3], 3.5]
    slowly, rows = columns._one_by_one(order, wanted)
    quickly, same_rows = columns.columns_of(order, wanted)
    assert bits(quickly) == bits(slowly)
    assert same_rows == rows
    assert bulk.written_in_bulk(order) is not None


@pytest.mark.parametrize("seed", range(5))
def test_machine_code_lists_nodes_in_the_order_of_python(seed):
    pytest.importorskip("llvmlite")
    nodes = some_graph(seed, 5000)
    roots = [nodes[-1], nodes[0], *nodes[-200::3], nodes[-1], Value(2.0)]

    def listed():
        new = [[] for _ in range(bulk.WORTH_IT)]  # which the collector counts while it rests
        return bulk.order_in_bulk(roots), new

    assert without_collector(listed)[0] == topological_order(roots)


def test_more_nodes_than_new_objects_are_listed_too(monkeypatch):
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(bulk, "WORTH_IT", 1)
    nodes = some_graph(3, 2000)
    gc.collect()
    some = [[] for _ in range(30)]
    assert bulk.order_in_bulk(nodes) == topological_order(nodes)
    assert bulk.order_in_bulk(nodes[:1]) == nodes[:1]
    del some


def test_a_very_deep_graph_is_listed():
    pytest.importorskip("llvmlite")

    def listed():
        x = Value(1.0)
        for _ in range(200_000):
            x = x * 1.0
        return x, bulk.order_in_bulk([x])

    x, order = without_collector(listed)
    assert len(order) == 400_001
    assert order[-1] is x


def test_numbers_of_all_kinds_are_the_same_bits():
    pytest.importorskip("llvmlite")
    special = (0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, sys.float_info.max)
    total = Value(0.0)
    for i in range(1500):
        total = total + special[i % len(special)]
    order = topological_order([total])
    assert bits(columns.columns_of(order, [])[0]) == bits(columns._one_by_one(order, [])[0])


def test_a_number_that_is_no_float_is_left_to_python():
    values = [Value(float(i)) for i in range(4000)]
    values[2000]._number = 4  # an integer, which no setter would leave there
    assert bulk.written_in_bulk(values) is None
    written, _ = columns.columns_of(values, [])
    assert written.numbers.tolist() == [float(i) if i != 2000 else 4.0 for i in range(4000)]


def test_a_graph_with_an_op_for_each_node_is_left_to_python():
    total, ops = Value(1.0), []
    for i in range(3500):
        ops.append(Op(f"same{i}", lambda x: x, lambda g, out, x: g))
        total = ops[-1](total)
    order = topological_order([total])
    assert bulk.written_in_bulk(order) is None
    assert columns.columns_of(order, [total])[0].ops == ops


def test_a_graph_without_its_operands_is_left_to_python():
    order = topological_order([some_graph(1, 3000)[-1]])
    assert bulk.written_in_bulk(order[len(order) // 2 :] * 3) is None


def test_machine_code_counts_no_reference():
    pytest.importorskip("llvmlite")
    nodes = some_graph(2, 3000)
    order = topological_order(nodes[-5:])
    before = [sys.getrefcount(x) for x in order]
    columns.columns_of(order, nodes)
    assert [sys.getrefcount(x) for x in order] == before
