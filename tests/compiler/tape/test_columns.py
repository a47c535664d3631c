"""Graphs as columns, in plain Python and by machine code: the same numbers either way."""

import math
import sys
from random import Random

import pytest
from pluggrad import Op, Value, compile
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


def agree(roots, wanted, count):
    """Return whether machine code lists and writes what Python does, and leaves no trace."""
    order = topological_order(roots)
    before = [sys.getrefcount(x) for x in order]
    listed, quickly, rows = columns.columns_of(roots, wanted, count)
    found = listed == order
    del listed
    slowly, same_rows = columns._one_by_one(order, wanted)
    found &= bits(quickly) == bits(slowly) and rows == same_rows
    found &= len({id(x._mark) for x in order}) == 1  # that of the traversal in Python
    return found and before == [sys.getrefcount(x) for x in order]


@pytest.mark.parametrize("seed", range(5))
def test_machine_code_writes_what_python_writes(seed):
    pytest.importorskip("llvmlite")
    nodes = some_graph(seed, 3000)
    roots = [nodes[-1], nodes[0], *nodes[-200::3], nodes[-1], Value(2.0)]
    wanted = [*nodes[::7], Value(1.0), "no node", None, *nodes[:3], 3.5]
    for count in (0, 3000, 5000, 50_000):
        assert agree(roots, wanted, count)
    assert bulk.written_in_bulk(roots, wanted, 5000) is not None


def test_more_nodes_than_expected_are_written_too(monkeypatch):
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(bulk, "WORTH_IT", 1)
    nodes = some_graph(3, 2000)
    for count in (1, 2, 30, 1000):
        assert agree(nodes, nodes, count)
        assert agree(nodes[:1], nodes, count)


def test_many_operands_are_written():
    pytest.importorskip("llvmlite")
    many = Op("many", lambda *x: sum(x), *[lambda g, out, *x: g] * 8)
    values = [Value(float(i)) for i in range(1000)]
    sums = [many(*values[i : i + 8]) for i in range(900)]
    assert agree(sums, [*values, *sums], 3000)
    assert bulk.written_in_bulk(sums, [], 3000).many[:8] == list(range(8))


def test_a_very_deep_graph_is_written():
    pytest.importorskip("llvmlite")
    x = Value(1.0)
    for _ in range(100_000):
        x = x * 1.0
    for count in (3000, 300_000):
        assert bulk.written_in_bulk([x], [x], count).rows == [200_000]
    assert agree([x], [x], 3000)


def test_numbers_of_all_kinds_are_the_same_bits():
    pytest.importorskip("llvmlite")
    special = (0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, sys.float_info.max)
    total = Value(0.0)
    for i in range(1500):
        total = total + special[i % len(special)]
    assert agree([total], [], 3001)


def test_a_number_that_is_no_float_is_left_to_python():
    values = [Value(float(i)) for i in range(4000)]
    values[2000]._number = 4  # an integer, which no setter would leave there
    assert bulk.written_in_bulk(values, [], 4000) is None
    assert agree(values, values[::100], 4000)


class SaysThatItIsAValue(int):
    """A number whose memory holds anything."""

    __class__ = property(lambda self: Value)


def test_what_only_says_that_it_is_a_value_is_not_read_as_one():
    pytest.importorskip("llvmlite")
    stranger = SaysThatItIsAValue(2**3000 - 1)
    assert isinstance(stranger, Value)
    x = Value(1.0)
    assert bulk.written_in_bulk([x], [x, stranger, x], 3000).rows == [0, -1, 0]
    assert bulk.written_in_bulk([x, stranger], [x], 3000) is None


def test_a_graph_with_an_op_for_each_node_is_left_to_python():
    total, ops = Value(1.0), []
    for i in range(3500):
        ops.append(Op(f"same{i}", lambda x: x, lambda g, out, x: g))
        total = ops[-1](total)
    assert bulk.written_in_bulk([total], [], 4000) is None
    assert agree([total], [total], 4000)
    assert columns.columns_of([total], [])[1].ops == ops


def test_a_recording_and_a_program_of_many_nodes_are_right():
    def function(x, y):
        for _ in range(1500):
            x = where(x > y, x * 0.5, x + y).tanh()
        return x

    f = compile(function)
    x, y = Value(0.3), Value(0.1)
    expected = function(x, y)
    expected.backward()
    value, gradient = f.value_and_grad(0.3, 0.1)
    assert value == expected.data
    assert gradient == pytest.approx((x.grad, y.grad), rel=1e-12)
    x.grad = y.grad = 0.0
    assert compile(function(x, y), wrt=[x, y])() == expected.data
    assert (x.grad, y.grad) == pytest.approx(gradient, rel=1e-12)
