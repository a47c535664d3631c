"""custom_rule: one rule for reverse and forward mode, of any order."""

import itertools
import math

import pytest
from custom_rules import cube_root, polar
from pluggrad import (
    GradientError,
    RuleError,
    Value,
    checkpoint,
    compile,
    custom_rule,
    grad,
    no_grad,
)
from pluggrad import func as F
from pluggrad.ops import cos, exp, log1p, sin, sqrt, where

MODES = {
    "grad": F.grad,
    "jvp": lambda f: lambda x: F.jvp(f, (x,), (1.0,))[1],
    "linearize": lambda f: lambda x: F.linearize(f, x)[1](1.0),
    "vjp": lambda f: lambda x: F.vjp(f, x)[1](1.0)[0],
}


def test_numbers_give_numbers():
    assert cube_root(-8.0) == -2.0
    assert polar({"r": 2.0, "angle": 0.0}) == [2.0, 0.0]


def test_a_value_is_recorded_as_one_node_named_like_the_function():
    x = Value(8.0)
    y = cube_root(x)
    y.backward()
    assert (y.op.name, y.prev, y.data, x.grad) == ("cube_root", (x,), 2.0, pytest.approx(1 / 12))


@pytest.mark.parametrize("modes", list(itertools.product(MODES, repeat=3)), ids="-".join)
def test_one_rule_gives_third_derivatives_in_any_mix(modes):
    f, g = lambda x: cube_root(x * x + 1.0), lambda x: (x * x + 1.0) ** (1 / 3)
    for mode in modes:
        f, g = MODES[mode](f), MODES[mode](g)
    assert f(0.7) == pytest.approx(g(0.7), rel=1e-12)


@pytest.mark.parametrize("modes", list(itertools.product(MODES, repeat=2)), ids="-".join)
def test_structures_go_in_and_come_out(modes):
    def plain(p, scale):
        return [scale * p["r"] * cos(p["angle"]), scale * p["r"] * sin(p["angle"])]

    def through(function):
        def f(x):
            a, b = function({"r": x * x, "angle": x}, exp(x))
            return a * b + a

        return f

    f, g = through(polar), through(plain)
    for mode in modes:
        f, g = MODES[mode](f), MODES[mode](g)
    assert f(0.7) == pytest.approx(g(0.7), rel=1e-12)


def test_arguments_that_are_no_numbers_are_handed_through():
    @custom_rule
    def repeat(f, x, times, name=None):
        for _ in range(times):
            x = f(x)
        return x

    @repeat.rule
    def _(g, out, f, x, times, name):
        assert (times, name) == (3, "cosine")
        return None, g * 10.0, None, None

    x = Value(0.5)
    y = repeat(cos, x, times=3, name="cosine")
    y.backward()
    assert (y.data, x.grad) == (math.cos(math.cos(math.cos(0.5))), 10.0)


def test_the_rule_may_be_given_at_once_and_use_methods_of_values():
    f = custom_rule(lambda x: x.sin(), lambda g, out, x: g * x.cos())
    x = Value(0.5)
    f(x).backward()
    assert x.grad == math.cos(0.5)
    assert F.jvp(f, (Value(0.5, requires_grad=False),), (1.0,))[1] == math.cos(0.5)


def test_forward_mode_gives_floats_and_records_nothing():
    value, slope = F.jvp(cube_root, (8.0,), (1.0,))
    assert (value, type(slope)) == (2.0, float)


def test_under_no_grad_nothing_is_recorded():
    with no_grad():
        assert cube_root(Value(8.0)) == 2.0
        assert F.grad(cube_root)(8.0) == pytest.approx(1 / 12)

    def f(x):
        with no_grad():
            return x * cube_root(x)

    assert F.jvp(f, (8.0,), (1.0,)) == (16.0, 0.0)


def test_transforms_work_inside_the_function_at_any_depth():
    @custom_rule
    def newton_root(a):
        x = 1.0
        for _ in range(30):
            value, slope = F.value_and_grad(lambda x: x * x - a)(x)
            x = x - value / slope
        return x

    @newton_root.rule
    def _(g, out, a):
        return g / (2.0 * out)

    for first, second in itertools.product(MODES.values(), repeat=2):
        assert second(first(newton_root))(4.0) == pytest.approx(-1 / 32)


def test_a_checkpoint_around_it_works():
    x = Value(8.0)
    checkpoint(lambda x: cube_root(x) * x, x).backward()
    assert x.grad == pytest.approx(8.0 / 3)


def test_an_argument_for_which_a_rule_returns_none_gets_no_gradient():
    f = custom_rule(lambda x, y: x * y, lambda g, out, x, y: (g * y, None))
    x, y = Value(2.0), Value(3.0)
    f(x, y).backward()
    assert (x.grad, y.grad) == (3.0, 0.0)
    assert F.jvp(f, (2.0, 3.0), (0.0, 1.0)) == (6.0, 0.0)


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_a_gradient_of_0_and_a_slope_of_0_stay_0_in_every_mode():
    root = custom_rule(lambda x: sqrt(x), lambda g, out, x: g / (2.0 * out))
    softplus = custom_rule(lambda x: log1p(exp(x)), lambda g, out, x: g / (1.0 + exp(-x)))
    for f, at, expected in (
        (lambda x: root(x) ** 2, 0.0, 0.0),
        (lambda x: where(x > 1.0, root(x * 0.0), x), 0.5, 1.0),
        (lambda x: softplus(x * 2.0) * x, -math.inf, 0.0),
    ):
        x, y = Value(at), Value(at)
        f(x).backward()
        assert x.grad == expected
        assert grad(f(y), y, create_graph=True).data == expected
        assert F.grad(f)(at) == F.jvp(f, (at,), (1.0,))[1] == expected
        for executor in ("auto", "interpreter"):
            assert compile(f, executor=executor).grad(at) == expected


# ----- Wrong use -----


def test_a_value_that_is_no_argument_is_named():
    w = Value(3.0, label="w")
    f = custom_rule(lambda x: x * w, lambda g, out, x: g * w)
    with pytest.raises(GradientError, match=r"used 'w', which is none of its arguments"):
        f(Value(2.0))
    with pytest.raises(GradientError, match=r"used a number of a forward-mode transform \(6.0\)"):
        F.jvp(lambda w: custom_rule(lambda x: x * w, lambda g, out, x: g * w)(2.0), (3.0,), (1.0,))


def test_a_missing_rule_says_how_to_give_one():
    f = custom_rule(lambda x: x * 2.0)
    with pytest.raises((GradientError, RuleError), match=r"has no rule; give it one with @"):
        f(Value(2.0)).backward()


def test_a_rule_with_the_wrong_number_of_gradients_is_told_how_many():
    f = custom_rule(lambda x, y: x * y, lambda g, out, x, y: g * y)
    with pytest.raises(
        RuleError, match=r"a tuple with one gradient, or None, for each of the 2 arg"
    ):
        f(Value(2.0), Value(2.0)).backward()


def test_a_gradient_of_another_build_is_named_by_its_path():
    f = custom_rule(lambda v: v[0] * v[1], lambda g, out, v: [g])
    with pytest.raises(
        RuleError, match=r"the gradient\[0\] is a list of 1, but the arguments\[0\] "
    ):
        f([Value(2.0), Value(2.0)]).backward()


def test_a_gradient_that_is_no_number_is_named():
    f = custom_rule(lambda x: x * 2.0, lambda g, out, x: "g")
    with pytest.raises(RuleError, match=r"the gradient\[0\] is 'g', no number"):
        F.jvp(f, (2.0,), (1.0,))


def test_a_rule_that_fails_is_named_with_the_cause():
    f = custom_rule(lambda x: x * 2.0, lambda g, out, x: g["x"])
    with pytest.raises(RuleError, match=r"the rule of custom_rule .*lambda.* not subscriptable"):
        f(Value(2.0)).backward()


def test_a_result_that_is_no_number_is_named():
    f = custom_rule(lambda x: "two", lambda g, out, x: g)
    with pytest.raises(
        TypeError, match=r"the result is a str; custom_rule .*<lambda> gives numbers"
    ):
        f(Value(2.0))


def test_keyword_only_arguments_are_refused_by_name():
    def f(x, *, n=2):
        return x * n

    with pytest.raises(TypeError, match=r"passed to its rule by position, which n cannot be"):
        custom_rule(f)(1.0, n=3)


def test_something_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match=r"custom_rule\(\) takes a function, not 3"):
        custom_rule(3)


def test_it_looks_like_the_function():
    assert (cube_root.__name__, cube_root.__doc__) == ("cube_root", "The real cube root.")
    assert repr(cube_root) == "<custom_rule cube_root>"


def test_grad_of_the_engine_works_with_create_graph():
    x = Value(8.0)
    dy = grad(cube_root(x), x, create_graph=True)
    assert grad(dy, x) == pytest.approx(-2 / 9 * 8.0 ** (-5 / 3))
