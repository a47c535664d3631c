"""Nested transforms in every mix, where one pass could take another's change for its own."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import Op, RuleError, Value, compile
from pluggrad.func import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    linearize,
    value_and_grad,
    vjp,
)
from pluggrad.ops import cos, exp, sin, tanh

from .derivatives import DERIVATIVES, MIXES, PAIRS, TRIPLES, derivative


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_siskind_and_pearlmutters_example_is_not_confused(outer, inner):
    # d/dx (x * d/dy (x + y)) = 1; a confused engine takes the change of x for one of y, and says 2.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: x * e(lambda y: x + y)(1.0))(3.0) == 1.0
    assert d(lambda x: x * e(lambda y: x + y)(x))(3.0) == 1.0


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_the_same_number_may_be_an_argument_and_closed_over(outer, inner):
    # d/dy (x**2 * y**3) at y = x is 3 x**4, and its derivative 12 x**3.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: e(lambda y: x * x * y * y * y)(x))(2.0) == 96.0


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_a_function_that_returns_the_outer_number_has_the_inner_derivative_0(outer, inner):
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: e(lambda y: x)(x) + x)(5.0) == 1.0


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_inner_values_and_derivatives_both_flow_outward(outer, inner):
    # f(y) = sin(x y): f'(y) = x cos(x y), so at y = x**2: x cos(x**3).
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    x = 0.7
    truth = math.cos(x**3) - 3 * x**3 * math.sin(x**3)
    assert d(lambda x: e(lambda y: sin(x * y))(x * x))(x) == pytest.approx(truth, rel=1e-14)


@pytest.mark.parametrize("modes", TRIPLES, ids="-".join)
def test_third_derivatives_agree_in_any_mix(modes):
    x = 0.4
    truth = -2 * (1 - math.tanh(x) ** 2) * (1 - 3 * math.tanh(x) ** 2)
    assert derivative(tanh, *modes)(x) == pytest.approx(truth, rel=1e-13)
    assert derivative(lambda x: x**5, *modes)(2.0) == 240.0


@pytest.mark.parametrize("modes", TRIPLES, ids="-".join)
def test_three_levels_of_closures_keep_their_changes_apart(modes):
    # d/dz (x y z) = x y; d/dy (y * x y) = 2 x y; d/dx (x * 2 x y) = 4 x y with y and z fixed.
    a, b, c = (DERIVATIVES[mode] for mode in modes)

    def f(x):
        return x * b(lambda y: y * c(lambda z: x * y * z)(7.0))(3.0)

    assert a(f)(2.0) == 24.0


@pytest.mark.parametrize("modes", TRIPLES, ids="-".join)
def test_the_inner_point_may_depend_on_both_outer_numbers(modes):
    # g(x, y) = d/dz exp(x z + y) at z = x y, which is x exp(x**2 y + y); then d/dy, then d/dx.
    a, b, c = (DERIVATIVES[mode] for mode in modes)
    result = a(lambda x: b(lambda y: c(lambda z: exp(x * z + y))(x * y))(0.3))(0.5)
    x, y = 0.5, 0.3
    e = math.exp(x * x * y + y)
    truth = e * (1 + 3 * x * x) + x * (x * x + 1) * e * 2 * x * y
    assert result == pytest.approx(truth, rel=1e-13)


@pytest.mark.parametrize("mode", DERIVATIVES)
def test_the_outermost_result_is_a_float(mode):
    x = derivative(lambda x: x * grad(lambda y: x * y * y)(3.0), mode)(2.0)
    assert x == 24.0
    assert type(x) is float


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_inside_a_transform_results_have_the_methods_of_values(outer, inner):
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: e(lambda y: 2.0 * y)(1.0).exp() * x)(1.0) == pytest.approx(math.exp(2.0))


def random_function(steps):
    """A function of two numbers from a list of steps, each on the last and an earlier number."""

    def f(x, y):
        made = [x, y]
        for kind, i in steps:
            a, b = made[-1], made[i % len(made)]
            made.append(
                [
                    lambda a, b: a * b,
                    lambda a, b: a + b,
                    lambda a, b: a - 0.5 * b,
                    lambda a, b: sin(a),
                    lambda a, b: tanh(a * b),
                    lambda a, b: a / (2.0 + cos(b)),
                    lambda a, b: exp(-a * a),
                ][kind](a, b)
            )
        return made[-1] * y + x

    return f


STEPS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=10)
NUMBERS = st.floats(-1.5, 1.5)


@settings(deadline=None, max_examples=60)
@given(STEPS, NUMBERS, NUMBERS)
def test_all_four_mixes_agree_on_random_functions(steps, x, y):
    f = random_function(steps)
    mixed = [
        d(lambda x, f=f, e=e: e(lambda y: f(x, y))(y))(x)
        for d, e in itertools.product([grad, DERIVATIVES["jvp"]], repeat=2)
    ]
    assert mixed == pytest.approx([mixed[0]] * 4, rel=1e-10, abs=1e-10)


@settings(deadline=None, max_examples=30)
@given(STEPS, NUMBERS, NUMBERS)
def test_hessians_of_random_functions_agree_with_multiprecision_differences(steps, x, y):
    import mpmath

    f = random_function(steps)

    def f_mp(x, y):
        names = {"sin": mpmath.sin, "tanh": mpmath.tanh, "cos": mpmath.cos, "exp": mpmath.exp}
        made = [x, y]
        for kind, i in steps:
            a, b = made[-1], made[i % len(made)]
            made.append(
                [
                    lambda a, b: a * b,
                    lambda a, b: a + b,
                    lambda a, b: a - b / 2,
                    lambda a, b: names["sin"](a),
                    lambda a, b: names["tanh"](a * b),
                    lambda a, b: a / (2 + names["cos"](b)),
                    lambda a, b: names["exp"](-a * a),
                ][kind](a, b)
            )
        return made[-1] * y + x

    with mpmath.workdps(60):
        truth = [
            [float(mpmath.diff(f_mp, (mpmath.mpf(x), mpmath.mpf(y)), n)) for n in row]
            for row in [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]
        ]
    found = hessian(f, argnums=(0, 1))(x, y)
    for row, true_row in zip(found, truth, strict=True):
        assert list(row) == pytest.approx(true_row, rel=1e-9, abs=1e-9)


# ----- Harder ones -----


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_a_loop_of_inner_derivatives_keeps_its_changes_apart(outer, inner):
    # Newton's method for y**2 = x: the inner derivative is taken anew at each step.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]

    def root(x):
        y = 1.0
        for _ in range(7):
            y = y - (y * y - x) / e(lambda y: y * y - x)(y)
        return y

    assert d(root)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-14)


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_an_inner_derivative_is_the_point_of_another(outer, inner):
    # e(h)(e(k)(x)) with h(y) = x y**3 and k(y) = x y**2: 3 x (2 x**2)**2 = 12 x**5.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: e(lambda y: x * y**3)(e(lambda y: x * y * y)(x)))(2.0) == 60.0 * 2.0**4


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_a_function_handed_out_of_a_pass_differentiates_what_it_closed_over(outer, inner):
    # Manzyuk et al., "Perturbation confusion in forward automatic differentiation of higher-order
    # functions", section 2: d/dx of the curried x -> (f -> (y -> f(y + x))), used on itself twice.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]

    def shifted(x):
        return lambda f: lambda y: f(y + x)

    def twice(x):
        move = shifted(x)
        return move(lambda t: e(move(lambda u: exp(2.0 * u)))(t))(0.25)

    # f(t) = 2 exp(2 (t + x)), at t = 0.25 + x: 2 exp(2 (0.25 + 2 x)); the derivative is 4 times it.
    assert d(twice)(0.1) == pytest.approx(8.0 * math.exp(2 * (0.25 + 0.2)), rel=1e-14)


@pytest.mark.parametrize("made_by", ["vjp", "linearize"])
@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_a_linear_function_may_be_differentiated_by_a_pass_further_in(outer, inner, made_by):
    # Of y -> sin(x y) at y = x it is t -> t x cos(x**2). So d/dz (z * z x * x cos(x**2)) at z = x
    # is 2 x**3 cos(x**2), and its derivative 6 x**2 cos(x**2) - 4 x**4 sin(x**2).
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]

    def f(x):
        if made_by == "vjp":
            pull = vjp(lambda y: sin(x * y), x)[1]
            return e(lambda z: z * pull(z * x)[0])(x)
        push = linearize(lambda y: sin(x * y), x)[1]
        return e(lambda z: z * push(z * x))(x)

    x = 0.8
    truth = 6 * x**2 * math.cos(x * x) - 4 * x**4 * math.sin(x * x)
    assert d(f)(x) == pytest.approx(truth, rel=1e-14)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_what_an_earlier_pass_left_behind_is_a_constant_of_the_next(outer, inner):
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    kept = []

    def f(x):
        kept.append(x)
        return x * e(lambda y: x * y * float(kept[0]))(1.0)

    assert d(f)(3.0) == 18.0  # x * x * 3.0
    kept[:] = [2.0]
    assert d(f)(3.0) == 12.0


@pytest.mark.parametrize(("outer", "inner"), MIXES)
def test_the_inner_pass_may_run_in_a_function_that_the_outer_one_never_sees(outer, inner):
    # A derivative that does not depend on the outer number is a constant to it.
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: x * e(lambda y: y * y)(5.0))(3.0) == 10.0
    assert d(lambda x: e(lambda y: y * y)(5.0))(3.0) == 0.0


@pytest.mark.parametrize("modes", TRIPLES, ids="-".join)
def test_a_pass_between_two_others_may_close_over_both(modes):
    # p(x) = d/dy [ y * d/dz (x y z**2 + x z) at z = y ] at y = x
    #      = d/dy [ 2 x y**3 + x y ] at y = x = 6 x**3 + x; its derivative 18 x**2 + 1.
    a, b, c = (DERIVATIVES[mode] for mode in modes)

    def p(x):
        return b(lambda y: y * c(lambda z: x * y * z * z + x * z)(y))(x)

    assert a(p)(2.0) == 73.0


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_jacobians_inside_derivatives_are_not_confused(outer, inner):
    # The trace of the Jacobian of v -> x (v0 v1, v0 + v1**2) at (x, 2 x): x (2 x + 4 x) = 6 x**2.
    d = DERIVATIVES[outer]
    jacobian = {"grad": jacrev, "jvp": jacfwd}[inner]

    def trace(x):
        j = jacobian(lambda v: [x * v[0] * v[1], x * (v[0] + v[1] * v[1])])([x, 2.0 * x])
        return j[0][0] + j[1][1]

    assert d(trace)(3.0) == 36.0


@pytest.mark.parametrize("mode", DERIVATIVES)
def test_a_hessian_product_inside_a_derivative_is_not_confused(mode):
    # The product of x * v0**2 * v1's Hessian at (x, 1) with (x, 0): (2 x * x, 2 x**2 * x).
    def f(x):
        first, second = hvp(lambda v: x * v[0] * v[0] * v[1], ([x, 1.0],), ([x, 0.0],))
        return first + second

    assert derivative(f, mode)(2.0) == 8.0 + 24.0


def twice_backward(x):
    y = x * x * x
    y.backward()
    y.backward()
    return y + x.grad * 1.0


def gradient_held_before(x):
    x.grad = 5.0
    y = x * x * x
    y.backward()
    return y + x.grad * 1.0


@pytest.mark.parametrize("function", [twice_backward, gradient_held_before])
@pytest.mark.parametrize("run", [value_and_grad, lambda f: compile(value_and_grad(f))])
def test_an_argument_sums_up_gradients_as_the_leaf_does_that_it_stands_for(function, run):
    assert run(function)(2.0) == (function(Value(2.0)).data, 12.0)


def test_the_leaf_that_is_the_argument_gets_each_pass_once():
    x = Value(2.0)
    value_and_grad(twice_backward)(x)
    assert x.grad == 24.0


def test_an_argument_keeps_its_gradient_where_a_pass_fails():
    def function(x):
        y = x * x
        y.backward()
        with pytest.raises(RuleError):
            broken(x).backward()
        return y + x.grad * 1.0

    broken = Op("broken", lambda a: a, lambda g, out, a: "no number", doc="no rule at all")
    assert value_and_grad(function)(3.0)[0] == 15.0


def test_backward_leaves_alone_the_argument_that_it_does_not_come_to():
    seen = []

    def function(x, y):
        (x * 2.0).backward()
        beside = x * 5.0
        beside.requires_grad = False
        (beside + y).backward()
        seen.append(x.grad)
        return x * y

    assert grad(function, (0, 1))(1.0, 2.0) == (2.0, 1.0)
    assert seen == [2.0]
