"""An op as a function does what its method does, whatever stands in which place."""

import itertools
import math
from fractions import Fraction

import pytest
from pluggrad import Op, Value, no_grad, ops, plugins, scope


class Mine(Value):
    """A Value of a class of its own."""


OPS = list(plugins.ops.values())
NUMBERS = (0.75, 1.5, 2.25, 0.5)


def same(a, b):
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_mixture_of_values_and_numbers_is_recorded_as_the_general_way_does(op):
    kinds = (Value, float, lambda x: Fraction(x), Mine)
    for chosen in itertools.product(kinds, repeat=op.arity):
        operands = tuple([kind(x) for kind, x in zip(chosen, NUMBERS[: op.arity], strict=True)])
        found, right = op(*operands), op.call_with(operands)
        if not any(isinstance(x, Value) for x in operands):
            assert found.__class__ is float
            assert same(found, right)
            continue
        assert (found.__class__, found.op, found.label) == (Value, op, "")
        assert same(found.data, right.data)
        assert found.requires_grad is right.requires_grad is True
        for x, y, given in zip(found.prev, right.prev, operands, strict=True):
            assert x is given if isinstance(given, Value) else not x.requires_grad
            assert (x.data, x.requires_grad) == (y.data, y.requires_grad)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
@pytest.mark.parametrize("number", [0.0, -0.0, 1e308, -1e308, math.inf, -math.inf, math.nan])
def test_where_python_raises_the_function_follows_ieee_754_too(op, number):
    for operands in itertools.product((number, 0.5), repeat=op.arity):
        values = tuple(map(Value, operands))
        assert same(op(*values).data, op.evaluate(*operands))
        assert same(op(*operands), op.evaluate(*operands))


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_a_wrong_number_of_operands_says_how_many_there_are(op):
    least = op.arity - len(op.defaults)
    for count in {0, least - 1, op.arity + 1, op.arity + 3} - {-1}:
        for kind in (float, Value):
            if least <= count <= op.arity:
                continue
            with pytest.raises(TypeError, match=rf"{op.name}\(\) takes {least}.* got {count}"):
                op(*[kind(1.0)] * count)


@pytest.mark.parametrize("wrong", ["1.0", None, 1j, [1.0], (1.0,), b"1"])
@pytest.mark.parametrize("op", [ops.exp, ops.maximum, ops.where, ops.leaky_relu])
def test_what_is_no_number_is_refused_in_every_place(op, wrong):
    for place in range(op.arity):
        operands = [Value(1.0)] * op.arity
        operands[place] = wrong
        with pytest.raises(TypeError, match=r"combines with real numbers|takes numbers and Values"):
            op(*operands)


def test_operands_with_defaults_may_be_left_out():
    assert ops.leaky_relu(Value(-1.0)).data == ops.leaky_relu(Value(-1.0), 0.01).data == -0.01
    assert ops.leaky_relu(-1.0) == -0.01
    two = Op(
        "two",
        lambda a, b, c=3.0, d=4.0: a + 10 * b + 100 * c + 1000 * d,
        *[lambda g, out, a, b, c, d: g] * 4,
    )
    x = Value(1.0)
    assert two(x, 2.0).data == two(1.0, Value(2.0)).data == two(1.0, 2.0) == 4321.0
    assert two(x, 2.0, 5.0).data == two(1.0, 2.0, 5.0) == 4521.0
    assert two(x, 2.0, 5.0, Value(6.0)).data == 6521.0
    with pytest.raises(TypeError, match=r"two\(\) takes 2 to 4 operands, got 1"):
        two(x)


def test_data_of_another_kind_of_number_counts_as_a_float():
    x = Value(1.0)
    x.data = Fraction(1, 2)
    assert ops.exp(x).data == math.exp(0.5)
    x.data = 3
    assert (ops.add(x, x).data, ops.add(x, 1).data.__class__) == (6.0, float)


def test_contexts_hold_for_functions():
    x = Value(2.0)
    with no_grad():
        assert ops.maximum(x, 1.0).op is None
    with scope("layer"):
        assert ops.maximum(x, 1.0).scope == ("layer",)


def test_an_op_of_eight_operands_works():
    op = Op("eight", lambda a, b, c, d, e, f, h, i: a + i, *[lambda g, *operands: g] * 8)
    assert op(*[Value(1.0)] * 8).data == op(*[1.0] * 7, Value(1.0)).data == op(*[1.0] * 8) == 2.0
