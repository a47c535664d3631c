"""Forward mode through gradients: right, or refused where rules are no derivatives."""

import pytest
from pluggrad import GradientError, Op, Value, compile, custom_rule
from pluggrad import func as F

AT = (1.3, 0.7)
HALF = Op("half", lambda a, b: a * b, lambda g, out, a, b: g * b, None)
RULES = {
    "an op with a gradient for one operand": HALF,
    "an op with a wrong gradient": Op(
        "odd", lambda a, b: a * b, lambda g, out, a, b: g * b, lambda g, out, a, b: 3.0 * g * a
    ),
    "a custom_rule": custom_rule(lambda a, b: a * b, lambda g, out, a, b: (g * b, None)),
}
DERIVATIVES = {
    "an op": Op(
        "derived",
        lambda a, b: a * b * b,
        lambda g, out, a, b: g * b * b,
        lambda g, out, a, b: 2.0 * g * a * b,
    ),
    "a custom_rule": custom_rule(
        lambda a, b: a * b * b, lambda g, out, a, b: (g * b * b, 2.0 * g * a * b)
    ),
    "straight-through": Op("straight", lambda hard, soft: hard, None, lambda g, out, hard, soft: g),
    "reversed": Op("back", lambda a, b: a + b, lambda g, out, a, b: -g, lambda g, out, a, b: -g),
}


def squared(op):
    return lambda a, b: op(a * a, b) * b


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_of_gradients_are_the_same_in_every_mode(name):
    f = squared(DERIVATIVES[name])
    slope = F.grad(f, (0, 1))
    columns = F.jacrev(slope, (0, 1))(*AT)  # one for each argument
    assert F.jacfwd(slope, (0, 1))(*AT) == tuple(map(pytest.approx, columns))
    expected = columns[0]
    assert F.jvp(slope, AT, (1.0, 0.0))[1] == pytest.approx(expected)
    moved = compile(lambda a, b: F.jvp(slope, (a, b), (1.0, 0.0))[1])
    assert moved(*AT) == pytest.approx(expected)


@pytest.mark.parametrize("name", RULES)
def test_rules_that_are_no_derivatives_are_refused_by_name(name):
    f = squared(RULES[name])
    slope = F.grad(f, (0, 1))
    for call in (
        lambda: F.jvp(slope, AT, (1.0, 0.0)),
        lambda: F.jacfwd(slope, (0, 1))(*AT),
        lambda: compile(lambda a, b: F.jvp(slope, (a, b), (1.0, 0.0))[1])(*AT),
    ):
        with pytest.raises(GradientError, match=r"the rules of .* are not the derivatives of one"):
            call()


@pytest.mark.parametrize("name", RULES)
def test_other_ways_differentiate_what_the_rules_compute(name):
    f = squared(RULES[name])
    columns = F.jacrev(F.grad(f, (0, 1)), (0, 1))(*AT)  # one for each argument
    assert F.hvp(f, AT, (1.0, 0.0)) == pytest.approx(columns[0])
    assert F.linearize(F.grad(f, (0, 1)), *AT)[1](0.0, 1.0) == pytest.approx(columns[1])


def test_what_gets_no_gradient_anyway_needs_no_rule():
    power = Op("order", lambda n, x: x**n, None, lambda g, out, n, x: g * n * x ** (n - 1.0))
    assert F.jvp(F.grad(lambda x: power(3.0, x)), (2.0,), (1.0,)) == (12.0, 12.0)
    fixed = Value(3.0, requires_grad=False)
    assert F.jvp(F.grad(lambda x: power(fixed, x)), (2.0,), (1.0,))[1] == 12.0


LOPSIDED = {
    "an op": Op(
        "lopsided", lambda a, b: a * b, lambda g, out, a, b: g * b * b, lambda g, out, a, b: g * a
    ),
    "a custom_rule": custom_rule(lambda a, b: a * b, lambda g, out, a, b: (g * b * b, g * a)),
    "a custom_rule of two results": custom_rule(
        lambda a, b: [a * b, a - b],
        lambda g, out, a, b: (g[0] * b * b + g[1], g[0] * a - g[1]),
    ),
}


def product(name, a, b):
    result = LOPSIDED[name](a, b)
    return result[0] if isinstance(result, list) else result


@pytest.mark.parametrize("name", LOPSIDED)
def test_an_operand_that_only_moves_counts_too(name):
    def slope(b):
        return F.grad(lambda a: product(name, a * a, b))(1.3)

    assert F.grad(slope)(0.7) == pytest.approx(2.0 * 1.3 * 2.0 * 0.7)
    for call in (
        lambda: F.jvp(slope, (0.7,), (1.0,)),
        lambda: F.jacfwd(slope)(0.7),
        lambda: F.jvp(F.grad(slope), (0.7,), (1.0,)),
        lambda: compile(slope).jvp((0.7,), (1.0,)),
        lambda: compile(lambda b: F.jvp(slope, (b,), (1.0,))[1])(0.7),
    ):
        with pytest.raises(GradientError, match=r"the rules of .* are not the derivatives of one"):
            call()


@pytest.mark.parametrize("name", LOPSIDED)
def test_what_a_gradient_does_not_go_through_is_not_looked_at(name):
    def slope(b):
        beside = product(name, b, b * 2.0)
        return F.grad(lambda a: a * a * b + beside)(1.3)

    assert F.jvp(slope, (0.7,), (1.0,)) == pytest.approx((1.82, 2.6))
    assert compile(slope).jvp((0.7,), (1.0,)) == pytest.approx((1.82, 2.6))
    assert compile(lambda b: F.jvp(slope, (b,), (1.0,))[1])(0.7) == pytest.approx(2.6)


@pytest.mark.parametrize("name", LOPSIDED)
def test_an_operand_that_does_not_move_does_not_count(name):
    slope = F.grad(lambda a: product(name, a * a, 0.7))
    assert F.jvp(slope, (1.3,), (1.0,)) == pytest.approx((2.6 * 0.49, 2.0 * 0.49))
    assert compile(slope).jvp((1.3,), (1.0,)) == pytest.approx((2.6 * 0.49, 2.0 * 0.49))
