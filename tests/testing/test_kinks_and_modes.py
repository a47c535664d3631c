"""The kit on ops that are broken at kinks, in one mode, or in higher derivatives."""

import math

import pytest
from pluggrad import Op, Value, plugins
from pluggrad.op import _installed_op
from pluggrad.ops import abs as absolute
from pluggrad.ops import beta, betaln, clip, exp, relu, sigmoid, sign, step, tanh
from pluggrad.testing import CHECKS, ConformanceError, check_op
from pluggrad.testing.subject import Subject

from .broken import line, op, square

# ----- Kinks -----


def test_an_undeclared_kink_says_how_to_declare_it():
    check, text, _ = line(op(abs, lambda g, out, x: g * sign(x)))
    assert check == "partials_are_true"
    assert "it has a kink that is not declared: its derivative is -1 from below and 1 from" in text
    assert "Declare it: Op(..., kinks=(0.0,))" in text


def test_an_undeclared_kink_between_the_points_is_closed_in_on():
    place = 1.234567  # which no number in the functions tells
    check, text, _ = line(op(lambda x: abs(x - place), lambda g, out, x: g * sign(x - place)))
    assert check == "rules_jump_only_at_declared_kinks"
    assert "kinks=(1.234567,)" in text


def test_an_undeclared_kink_of_two_operands_asks_for_a_function():
    broken = op(
        lambda a, b: max(a, b) if a == a and b == b else math.nan,
        lambda g, out, a, b: g * step(a - b),
        lambda g, out, a, b: g * (1 - step(a - b)),
    )
    assert "Declare it: Op(..., kinks=lambda a, b: ...), zero there" in line(broken)[1]


def test_an_undeclared_jump_is_called_one():
    broken = op(lambda x: x // 1.0 if abs(x) < 1e300 else x, lambda g, out, x: 0.0)
    assert "it has a jump that is not declared. Declare it" in line(broken)[1]


PLACES = 7.3125, -0.7071, 3.3


@pytest.mark.parametrize(
    ("forward", "slope", "at"),
    [
        (lambda x: 1e6 + x + (1e-4 if x > 1 else 0.0), 1.0, 1.0),
        (lambda x: x * 1e3 + (1e-3 if x >= PLACES[0] else 0.0), 1e3, 7.3125),
        (lambda x: 1e9 + (1e-3 if x > PLACES[1] else 0.0) if x == x else x, 0.0, -0.7071),
    ],
)
def test_a_small_jump_beside_a_large_result_is_found_wherever_it_is(forward, slope, at):
    check, text, _ = line(op(forward, lambda g, out, x: g * slope))
    assert check == "forwards_jump_only_at_declared_kinks"
    assert "the result jumps by " in text
    found = float(text.partition("kinks=(")[2].partition(",")[0])
    assert math.isclose(found, at)
    check_op(op(forward, lambda g, out, x: g * slope, kinks=(at,)))


def test_a_small_jump_in_the_second_of_two_operands_is_found_too():
    broken = op(
        lambda a, b: a + b + (1e-6 if b > PLACES[2] else 0.0), *[lambda g, out, a, b: g] * 2
    )
    check, text, _ = line(broken)
    assert check == "forwards_jump_only_at_declared_kinks"
    assert "operand 1" in text


def test_a_step_that_makes_no_more_difference_than_the_slopes_is_none():
    def softplus(x):
        return x if x > 24 else math.log1p(math.exp(x))

    check_op(op(softplus, lambda g, out, x: g * sigmoid(x)))


KINKS_BUT_FOR_ROUNDING = {
    "fraction": Op(
        "fraction",
        lambda x: x - math.floor(x) if math.isfinite(x) else math.nan,
        lambda g, out, x: g,
        kinks=lambda x: math.sin(math.pi * x) if abs(x) < 1e9 else 0.0,
    ),
    "wrapped": Op(
        "wrapped",
        lambda x: math.remainder(x, 2 * math.pi),
        lambda g, out, x: g,
        kinks=lambda x: math.cos(x / 2) if abs(x) < 1e9 else 0.0,
        ieee=lambda x: math.nan,
    ),
}


@pytest.mark.parametrize("right", KINKS_BUT_FOR_ROUNDING.values(), ids=KINKS_BUT_FOR_ROUNDING)
def test_kinks_are_declared_where_their_function_is_zero_but_for_rounding(right):
    check_op(right)


def test_at_a_kink_a_gradient_outside_of_both_sides_is_wrong():
    broken = op(abs, lambda g, out, x: g * sign(x) + 5 * g * (1 - step(absolute(x))), kinks=(0.0,))
    _, text, _ = line(broken)
    assert "the rule says 5, the truth is -1 from below and 1 from above" in text


def test_any_gradient_between_both_sides_is_right_at_a_kink():
    def choosing(c):
        return lambda g, out, x: g * sign(x) + c * g * (1 - step(absolute(x)))

    for at_zero in (-1.0, 0.0, 0.25, 1.0):
        check_op(op(abs, choosing(at_zero), kinks=(0.0,)))


def sign_of(x):
    return (x > 0) - (x < 0) if x == x else math.nan


@pytest.mark.parametrize("height", [1.0, 1e10, 1e40])
def test_a_jump_that_is_small_beside_the_result_is_right_where_it_is_declared(height):
    check_op(Op("small_jump", lambda b: height + sign_of(b), None, kinks=(0.0,)))


def test_a_jump_beside_an_operand_of_any_size_is_right_where_it_is_declared():
    jumping = Op(
        "a_jump", lambda a, b: a + sign_of(b), lambda g, out, a, b: g, None, kinks=lambda a, b: b
    )
    subject = Subject(jumping)
    for a in (0.5, 6.7e9, -1e15, 1e40):
        assert subject.compare(1, (a, 0.0))


def test_a_kink_of_the_second_derivative_needs_no_declaration_of_the_first():
    # The Huber loss in its threshold: the slope goes to 0 from above and to 0 from below, but
    # bends there. A difference over any step sees a little of the bend.
    def huber(x, delta):
        size = abs(x)
        return 0.5 * x * x if size <= delta else delta * (size - 0.5 * delta)

    loss = op(
        huber,
        lambda g, out, x, delta: g * clip(x, -delta, delta),
        lambda g, out, x, delta: g * relu(absolute(x) - delta),
        domain=(None, (0.0, math.inf)),
        kinks=lambda x, delta: abs(x) - delta,
    )
    for seed in range(3):
        check_op(loss, seed=seed)


def test_the_check_of_declared_kinks_alone_says_what_both_sides_are():
    from pluggrad.testing.checks import declared_kinks_have_a_gradient_between_both_sides as kinks

    broken = op(abs, lambda g, out, x: g * sign(x) + 5 * g * (1 - step(absolute(x))), kinks=(0.0,))
    check, text, error = line(broken, checks=[kinks])
    assert check == "declared_kinks_have_a_gradient_between_both_sides"
    assert "at the kink the rule says 5, which is not between the derivatives of both" in text
    assert "-1 and 1 (mpmath)" in text
    assert error.at == (0.0,)


# ----- Modes and orders -----


def test_a_rule_that_cuts_off_its_operand_is_found_by_the_second_derivative():
    hidden = Op("hidden", square, None)
    check, text, _ = line(op(lambda x: x * x * x, lambda g, out, x: 3 * g * hidden(x)))
    assert check == "second_derivatives_are_true"
    assert "derivative 2 (x, x), by differentiating the rule again, is 0, the truth is 6" in text
    assert "cuts off what it computes with" in text


def test_a_mistake_that_shows_in_the_third_derivative_is_found():
    flat = Op("flat", lambda x: 6 * x, lambda g, out, x: 6 * g + 0 * x)
    slope = Op("slope", lambda x: 3 * x * x, lambda g, out, x: g * off(x))
    off = Op("off", lambda x: 6 * x, lambda g, out, x: 7 * g)
    check_op(op(lambda x: x * x * x, lambda g, out, x: g * 3 * x * x))
    check, text, _ = line(op(lambda x: x * x * x, lambda g, out, x: g * slope(x)))
    assert check == "third_derivatives_are_true"
    assert "derivative 3 (x, x, x), by differentiating the rule again, is 7, the truth is 6" in text
    assert flat(1.0) == 6.0


def test_a_gradient_that_cannot_be_differentiated_again_is_found():
    def fails(g, out, x):
        raise KeyError("gone")

    inner = Op("inner", lambda x: 2 * x, fails)
    check, text, _ = line(op(square, lambda g, out, x: g * inner(x)))
    assert check == "second_derivatives_are_true"
    assert "the gradient cannot be differentiated again" in text
    assert "'gone'" in text


def test_a_mode_that_disagrees_with_the_rule_is_named():
    chatty = op(square, lambda g, out, x: 2 * g * x)
    chatty.pullback = lambda node: setattr(node._left, "grad", 7.0)
    check, text, _ = line(chatty)
    assert check == "every_mode_gives_the_same_gradient"
    assert "backward() says 7, the rule 2" in text
    moved = op(square, lambda g, out, x: 2 * g * x)
    moved.codes[1] = lambda x, t: (x * x, 5.0)
    assert "forward mode says 5, the rules 1 (tangents 0.5)" in line(moved)[1]


def test_a_registered_op_that_comes_back_from_a_pickle_as_another_is_found():
    class Changed(Op):
        def __reduce__(self):
            return _installed_op, ("neg",)

    changed = Changed("bad", square, lambda g, out, x: 2 * g * x)
    plugins.register_op(changed)
    try:
        check, text, _ = line(changed)
        assert check == "it_pickles"
        assert "reading a pickle of it gives another op" in text
    finally:
        plugins.unregister("bad")


def test_a_result_that_comes_back_from_a_pickle_with_another_number_is_found(monkeypatch):
    good = op(square, lambda g, out, x: 2 * g * x)
    plugins.register_op(good)
    monkeypatch.setattr(Value, "__reduce__", lambda self: (Value, (self.data + 1.0,)))
    try:
        assert "a pickled result comes back with another number" in line(good)[1]
    finally:
        plugins.unregister("bad")


def test_the_first_check_that_fails_explains_the_others():
    names = [check.__name__ for check in CHECKS]
    assert names[0] == "rules_use_only_operators_and_ops"
    assert names.index("partials_are_true") < names.index("second_derivatives_are_true")
    assert len(set(names)) == len(names) == 22
    assert all(check.__doc__ for check in CHECKS)


def test_branches_of_a_forward_that_meet_but_for_rounding_are_no_kink():
    for smooth in (beta, betaln):
        assert Subject(smooth).compare(1, (1e-30, 0.5))


def test_a_small_bend_that_floats_see_is_a_kink():
    bent = Op("bent", lambda x: x + 1e-5 * abs(x - 1.0), lambda g, out, x: g)
    with pytest.raises(ConformanceError, match="kink that is not declared"):
        Subject(bent, rtol=1e-3).compare(0, (1.0,))


@pytest.mark.parametrize(
    ("forward", "rule"),
    [
        (math.atan, lambda g, out, x: g / (1 + x * x) * (1 + 0.1 * step(x - 7.7) * step(7.8 - x))),
        (
            lambda x: 1 / (1 + math.exp(-x)) if x > -700 or x != x else 0.0,
            lambda g, out, x: g * out * (1 - out) * (1 + step(-x - 600)),
        ),
        (math.atan, lambda g, out, x: g / (1 + x * x) * (1 + 1e-6 * step(x - 2.5e5))),
    ],
)
def test_what_is_wrong_only_beside_a_number_in_the_functions_is_found(forward, rule):
    check, _, _ = line(op(forward, rule, ieee=lambda x: 0.0))
    assert check in ("partials_are_true", "forwards_jump_only_at_declared_kinks")


def test_a_difference_that_cancels_to_nothing_in_eighty_digits_is_told_in_more():
    def slope(x):
        return 2 / math.sqrt(math.pi) * exp(-x * x)

    check_op(
        op(
            lambda a, b: math.erf(b) - math.erf(a),
            lambda g, out, a, b: -g * slope(a),
            lambda g, out, a, b: g * slope(b),
        )
    )


def test_a_forward_may_go_over_to_nothing_before_an_exponential_overflows():
    check_op(
        op(
            lambda x: math.nan if x != x else 1 / math.cosh(x) if abs(x) < 700 else 0.0,
            lambda g, out, x: -g * out * tanh(x),
        )
    )
    text = line(
        op(
            lambda x: math.nan if x != x else math.exp(-x * x) if abs(x) < 7 else 0.0,
            lambda g, out, x: -2 * x * g * out,
            domain=(-30.0, 30.0),
        )
    )[1]
    assert "it has a jump that is not declared" in text


def test_a_result_that_stops_changing_is_computed_with_many_digits_all_the_same():
    def well(r):
        return (1 - math.exp(-(r - 1.2))) ** 2

    def rule(g, out, r):
        return 2 * g * (1 - exp(-(r - 1.2))) * exp(-(r - 1.2))

    right = op(well, rule, domain=(0.0, 200.0), ieee=lambda r: math.inf)
    assert Subject(right).exact_forward is not None
    check_op(right)
