"""Rules written out as code, against the rules one by one."""

import gc
import math
import weakref

import pytest
from pluggrad import Op, Value
from pluggrad.func import hvp, jvp
from pluggrad.func.dual import Dual, apply
from pluggrad.func.symbols import push_code
from pluggrad.trace import Symbol, steps

from .drawn_ops import OPS, bits, drawn, every_op


@every_op
def test_forward_mode_is_that_of_the_rules_to_the_last_bit(op):
    for at, tangents in zip(drawn(op, 60, 0.5), drawn(op, 60, 0.2)[::-1], strict=True):
        for mask in range(1, 2**op.arity):
            xs = [
                Dual(x, t, 1) if mask >> i & 1 else x
                for i, (x, t) in enumerate(zip(at, tangents, strict=True))
            ]
            assert bits(Dual.__pluggrad_op__(op, tuple(xs))) == bits(apply(op, xs)), (at, mask)


def test_every_built_in_op_that_has_a_tangent_is_written_out():
    for op in OPS:
        for mask in range(1, 2**op.arity):
            # Digits, orders and conditions move nothing.
            moved = any(rule for i, rule in enumerate(op.rules) if mask >> i & 1)
            assert (push_code(op, mask) is not None) == moved, (op.name, mask)


def test_a_rule_that_cannot_be_written_down_is_called_as_it_stands():
    seen = []

    def rule(g, out, x):
        seen.append(type(x))
        return 3.0 * g * x * x if float(x) > 0.0 else g * (3.0 * x) * x

    cube = Op("cube", lambda x: x * x * x, rule)
    assert push_code(cube, 1) is None
    assert jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    assert jvp(cube, (-2.0,), (1.0,)) == (-8.0, 12.0)
    assert hvp(cube, (2.0,), (1.0,)) == 12.0
    assert seen[-1] is not Symbol


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * 2.0 * x if x > 0 else 2.0 * g * x,
        lambda g, out, x: g * 2.0 * x if x == x else g,
        lambda g, out, x: g * 2.0 * x if {x: 1} else g,
        lambda g, out, x: g * 2.0 * math.fabs(x) * (1.0 if x else 2.0),
        lambda g, out, x: g * Value(2.0, requires_grad=False) * x,
    ],
    ids=["compares", "equals", "looks up", "math", "a Value"],
)
def test_whatever_a_rule_does_with_a_symbol_it_still_works_on_numbers(rule):
    square = Op("square", lambda x: x * x, rule)
    assert push_code(square, 1) is None
    assert jvp(square, (3.0,), (0.5,)) == (9.0, 3.0)


def test_code_is_made_once_for_each_op_and_dies_with_it(monkeypatch):
    calls = []
    monkeypatch.setattr(steps, "with_symbols", lambda rule, make, op: calls.append(rule) or rule)

    def use():
        double = Op("double", lambda x: 2.0 * x, lambda g, out, x: 2.0 * g)
        for _ in range(5):
            jvp(lambda x: double(double(x)), (1.0,), (1.0,))
            hvp(lambda x: double(x) * x, (1.0,), (1.0,))
        return weakref.ref(double)

    died = use()
    own = [rule for rule in calls if rule.__module__ == __name__]
    assert len(own) == 3  # for jvp; for hvp, once up and once down the graph
    calls.clear()
    own.clear()
    gc.collect()
    assert died() is None


def test_constants_of_any_kind_in_a_rule_are_written_as_floats():
    from fractions import Fraction

    op = Op("op", lambda x: x, lambda g, out, x: g * Fraction(1, 4) * True + 2 * g)
    assert push_code(op, 1) is not None
    assert jvp(op, (1.0,), (1.0,)) == (1.0, 2.25)


def test_every_operator_of_a_rule_means_the_op_that_serves_it():
    power = Op("power", lambda x: x * x * x, lambda g, out, x: g * 3.0 * abs(x) ** 2)
    assert push_code(power, 1) is not None
    assert jvp(power, (-2.0,), (1.0,)) == (-8.0, 12.0)
    saw = Op("saw", lambda x: x % 2.0, lambda g, out, x: g * (1.0 + 0.0 * (x // 2.0)))
    assert push_code(saw, 1) is not None
    assert jvp(saw, (5.0,), (1.0,)) == (1.0, 1.0)
