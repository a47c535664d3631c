"""Operands by name: calls, methods, and what `help()` shows."""

import inspect
import math
import operator
import pydoc

import pluggrad
import pytest
from pluggrad import Op, Value, func, grad, plugins
from pluggrad.ops import atan2, clip, leaky_relu, sin, where

WAYS = {
    "function": lambda x, slope: leaky_relu(x, slope=slope),
    "all by name": lambda x, slope: leaky_relu(slope=slope, x=x),
    "method": lambda x, slope: Value.leaky_relu(x, slope=slope) if type(x) is Value else None,
}


@pytest.mark.parametrize("way", WAYS)
def test_operands_are_taken_by_name_in_any_order(way):
    x, slope = Value(-2.0), Value(0.1)
    y = WAYS[way](x, slope)
    assert (y.data, y.prev) == (-0.2, (x, slope))
    assert grad(y, [x, slope]) == [0.1, -2.0]


def test_operands_that_are_left_out_have_their_defaults():
    assert leaky_relu(x=-2.0) == leaky_relu(-2.0) == -0.02
    assert clip(5.0, high=3.0, low=1.0) == Value(5.0).clip(high=3.0, low=1.0).data == 3.0


def test_rules_name_the_operands_of_what_math_computes():
    assert sin(x=0.5) == math.sin(0.5)
    assert atan2(x=2.0, y=1.0) == math.atan2(1.0, 2.0)
    assert Value(1.0).atan2(x=2.0).data == math.atan2(1.0, 2.0)
    add = Op("add_", operator.add, lambda g, out, left, right: g, lambda g, out, left, right: g)
    assert add(right=1.0, left=2.0) == 3.0


def test_names_work_in_forward_mode_and_in_compiled_functions():
    def f(x):
        return leaky_relu(x, slope=0.1) + where(condition=x, a=x, b=0.0)

    assert func.jvp(f, (-2.0,), (1.0,))[1] == 1.1
    compiled = pluggrad.compile(f)
    assert [compiled(-2.0), compiled(-3.0)] == pytest.approx([-2.2, -3.3])
    method = pluggrad.compile(lambda x: x.leaky_relu(slope=0.1))
    assert method(-2.0) == -0.2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: leaky_relu(1.0, slop=0.1), "has no operand named 'slop'; its operands are x, s"),
        (lambda: leaky_relu(1.0, 0.1, slope=0.2), "leaky_relu() got the operand 'slope' twice"),
        (lambda: Value(1.0).leaky_relu(x=0.2), "leaky_relu() got the operand 'x' twice"),
        (lambda: leaky_relu(slope=0.1), "leaky_relu() needs the operand 'x'"),
        (lambda: clip(1.0, high=2.0), "clip() needs the operand 'low'"),
        (lambda: leaky_relu(1.0, 2.0, 3.0, x=4.0), "leaky_relu() got the operand 'x' twice"),
        (
            lambda: nameless(a=1.0),
            "nameless() has no operand named 'a'; its operands have no n",
        ),
        (lambda: leaky_relu(1.0, slope="steep"), "takes numbers and Values, not str: 'steep'"),
    ],
)
def test_a_name_that_does_not_fit_is_told(call, says):
    with pytest.raises(TypeError) as caught:
        call()
    assert says in str(caught.value)


nameless = Op("nameless", math.sin, lambda *operands: operands[0])


def test_signatures_are_those_of_the_forward_and_of_the_rules():
    assert str(inspect.signature(leaky_relu)) == "(x, slope=0.01)"
    assert str(inspect.signature(sin)) == "(x)"
    assert str(inspect.signature(nameless)) == "(a, /)"
    assert str(inspect.signature(Value.leaky_relu)) == "(self, /, slope=0.01)"
    assert "leaky_relu(self, /, slope=0.01)" in pydoc.plain(pydoc.render_doc(Value.leaky_relu))
    assert list(inspect.signature(Op).parameters)[:3] == ["name", "forward", "rules"]


@pytest.mark.parametrize("op", plugins.ops.values(), ids=lambda op: op.name)
def test_every_op_takes_its_operands_by_the_names_it_shows(op):
    names = list(inspect.signature(op).parameters)
    at = [0.3 + 0.2 * i for i in range(len(names))]
    by_name = op(**dict(zip(names, at, strict=True)))
    assert by_name == op(*at) or (math.isnan(by_name) and math.isnan(op(*at)))
    method = getattr(Value(at[0]), op.name)(**dict(zip(names[1:], at[1:], strict=True)))
    assert method.data == by_name or math.isnan(by_name)


def test_an_operand_called_self_is_one():
    op = Op("selfish", lambda self, b=2.0: self * b, lambda g, out, self, b: g * b, None)
    plugins.register_op(op)
    try:
        assert op(self=3.0) == Value(3.0).selfish(b=2.0).data == 6.0
        assert str(inspect.signature(Value.selfish)) == "(self, /, b=2.0)"
    finally:
        plugins.unregister("selfish")
