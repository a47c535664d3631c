"""Function transforms against closed forms, each other, and an independent engine."""

import itertools
import math
from collections import namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import GradientError, RuleError, Value, func, no_grad
from pluggrad.func import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
)
from pluggrad.ops import cos, exp, log, sin, tanh

# Every way to differentiate a function of one number.
DERIVATIVES = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "linearize": lambda f: lambda x: linearize(f, x)[1](1.0),
    "jacfwd": jacfwd,
    "jacrev": jacrev,
}
MIXES = list(itertools.product(DERIVATIVES, repeat=2))
PAIRS = list(itertools.product(["grad", "jvp"], repeat=2))
TRIPLES = list(itertools.product(["grad", "jvp", "linearize", "vjp"], repeat=3))


def derivative(f, *modes):
    for mode in modes:
        f = DERIVATIVES[mode](f)
    return f


# ----- Nesting -----


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


# ----- Each transform -----


def rosenbrock(v):
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(v))


def rosenbrock_hessian(v):
    n = len(v)
    h = [[0.0] * n for _ in v]
    for i in range(n - 1):
        h[i][i] += 1200 * v[i] ** 2 - 400 * v[i + 1] + 2
        h[i + 1][i + 1] += 200.0
        h[i][i + 1] = h[i + 1][i] = -400 * v[i]
    return h


POINT = [0.5, -1.2, 0.3, 2.0]


def test_the_hessian_of_rosenbrocks_function_is_its_closed_form():
    truth = rosenbrock_hessian(POINT)
    for found in (
        hessian(rosenbrock)(POINT),
        jacrev(jacrev(rosenbrock))(POINT),
        jacfwd(jacfwd(rosenbrock))(POINT),
        jacrev(jacfwd(rosenbrock))(POINT),
    ):
        for row, true_row in zip(found, truth, strict=True):
            assert row == pytest.approx(true_row, rel=1e-13)


def test_hvp_is_the_hessian_times_the_direction():
    direction = [1.0, -2.0, 0.5, 3.0]
    truth = [
        sum(h * t for h, t in zip(row, direction, strict=True)) for row in rosenbrock_hessian(POINT)
    ]
    assert hvp(rosenbrock, (POINT,), (direction,)) == pytest.approx(truth, rel=1e-13)


def test_hvp_of_several_arguments_gives_a_tuple():
    assert hvp(lambda x, y: x * x * y, (3.0, 4.0), (1.0, 1.0)) == (14.0, 6.0)


def test_argnums_chooses_arguments_and_gives_a_tuple_for_a_tuple():
    def f(x, y, z):
        return x * y * z

    assert grad(f, argnums=1)(2.0, 3.0, 5.0) == 10.0
    assert grad(f, argnums=-1)(2.0, 3.0, 5.0) == 6.0
    assert grad(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert grad(f, argnums=(0,))(2.0, 3.0, 5.0) == (15.0,)
    assert jacfwd(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert jacrev(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert hessian(f, argnums=(0, 1))(2.0, 3.0, 5.0) == ((0.0, 5.0), (5.0, 0.0))


def test_other_arguments_may_be_anything():
    def f(x, how, *, scale):
        return x * scale if how == "scaled" else x

    assert grad(f)(2.0, "scaled", scale=7.0) == 7.0


Point = namedtuple("Point", "x y")


def test_nested_arguments_give_gradients_of_the_same_build():
    def f(p):
        return p["w"][0] * p["w"][1] + p["point"].x * 3.0 + p["pair"][0] * p["pair"][1]

    p = {"w": [2.0, 5], "point": Point(1.0, 1.0), "pair": (4.0, -1.0), "none": None}
    g = grad(f)(p)
    assert g == {"w": [5.0, 2.0], "point": Point(3.0, 0.0), "pair": (-1.0, 4.0), "none": None}
    assert type(g["point"]) is Point


def test_has_aux_hands_anything_through_as_plain_numbers():
    def f(x):
        y = x * x
        return y * x, {"square": y, "name": "cube"}

    aux = {"square": 4.0, "name": "cube"}
    assert grad(f, has_aux=True)(2.0) == (12.0, aux)
    assert value_and_grad(f, has_aux=True)(2.0) == ((8.0, aux), 12.0)
    assert jacrev(f, has_aux=True)(2.0) == (12.0, aux)
    assert jacfwd(f, has_aux=True)(2.0) == (12.0, aux)
    assert jvp(f, (2.0,), (1.0,), has_aux=True) == (8.0, 12.0, aux)
    result, pull, given = vjp(f, 2.0, has_aux=True)
    assert (result, pull(1.0), given) == (8.0, (12.0,), aux)
    assert type(given["square"]) is float


def test_aux_of_an_inner_transform_can_be_differentiated():
    def f(x):
        g, aux = grad(lambda y: (x * y, x * x * y), has_aux=True)(3.0)
        return g * aux

    for d in (grad, DERIVATIVES["jvp"]):
        assert d(f)(2.0) == 36.0  # x * 3 x**2


def test_jacobians_nest_the_arguments_build_in_the_results():
    def f(p):
        return {"sum": p["a"] + p["b"], "both": (p["a"] * p["b"], 7.0)}

    truth = {"sum": {"a": 1.0, "b": 1.0}, "both": ({"a": 3.0, "b": 2.0}, {"a": 0.0, "b": 0.0})}
    assert jacrev(f)({"a": 2.0, "b": 3.0}) == truth
    assert jacfwd(f)({"a": 2.0, "b": 3.0}) == truth


def test_vjp_and_linearize_can_be_used_many_times():
    def f(x, y):
        return [x * y, sin(x)]

    _, pull = vjp(f, 2.0, 3.0)
    _, push = linearize(f, 2.0, 3.0)
    for _ in range(2):
        assert pull([1.0, 0.0]) == (3.0, 2.0)
        assert pull([0.0, 2.0]) == (2 * math.cos(2.0), 0.0)
        assert push(1.0, 0.0) == [3.0, math.cos(2.0)]
        assert push(0.0, 1.0) == [2.0, 0.0]


def test_linearize_runs_the_function_once():
    calls = []
    _, push = linearize(lambda x: calls.append(x) or x * x, 3.0)
    assert (push(1.0), push(2.0), len(calls)) == (6.0, 12.0, 1)


def test_cotangents_of_one_result_used_twice_add_up():
    def f(x):
        y = x * x
        return [y, y]

    assert vjp(f, 3.0)[1]([1.0, 10.0]) == (66.0,)


def test_vjp_can_be_differentiated_in_its_cotangent_and_its_point():
    # c -> c * cos(x): linear in c; and in x the derivative is -c sin(x).
    assert grad(lambda c: vjp(sin, 0.5)[1](c)[0])(3.0) == math.cos(0.5)
    assert jvp(lambda c: vjp(sin, 0.5)[1](c)[0], (3.0,), (1.0,)) == (
        3 * math.cos(0.5),
        math.cos(0.5),
    )
    for d in (grad, DERIVATIVES["jvp"]):
        assert d(lambda x: vjp(sin, x)[1](x)[0])(0.5) == pytest.approx(
            math.cos(0.5) - 0.5 * math.sin(0.5)
        )


def test_linearize_can_be_differentiated_in_its_tangent_and_its_point():
    for d in (grad, DERIVATIVES["jvp"]):
        assert d(lambda t: linearize(sin, 0.5)[1](t))(3.0) == math.cos(0.5)
        assert d(lambda x: linearize(sin, x)[1](x))(0.5) == pytest.approx(
            math.cos(0.5) - 0.5 * math.sin(0.5)
        )


def test_jvp_takes_a_tangent_of_0_for_no_change_at_all():
    # sqrt has an infinite derivative at 0, which 0 * inf = nan would spoil.
    assert jvp(lambda x, y: x**0.5 + y, (0.0, 1.0), (0.0, 1.0)) == (1.0, 1.0)


def test_arguments_may_be_any_real_numbers():
    import numpy as np

    assert grad(lambda x, y: x * y)(np.float64(2.0), 3) == 3.0
    assert type(grad(lambda x: x * x)(np.float32(2.0))) is float
    assert jvp(lambda x: np.float64(2.0) * x, (np.int64(3),), (np.float64(1.0),)) == (6.0, 2.0)


def test_python_functions_on_numbers_work_in_both_modes():
    def f(x):
        if x > 1.0 and x <= 3 and x < 4 and x >= 1:
            x = max(x, 2.0)
        return abs(-x) * 2**x + 1 - x / 4 if x else x

    for d in (grad, DERIVATIVES["jvp"]):
        assert d(f)(3.0) == pytest.approx(8 + 24 * math.log(2) - 0.25)


def test_ieee_754_holds_in_forward_mode():
    assert jvp(log, (0.0,), (1.0,)) == (-math.inf, math.inf)
    assert jvp(lambda x: 1.0 / x, (0.0,), (1.0,)) == (math.inf, -math.inf)
    value, slope = jvp(lambda x: grad(log)(x), (0.0,), (1.0,))
    assert (value, slope) == (math.inf, -math.inf)


def test_a_value_that_goes_in_can_be_differentiated_after():
    x = Value(3.0)
    y = grad(lambda t: t * t * t)(x)
    y.backward()
    assert (y.data, x.grad) == (27.0, 18.0)


def test_a_value_that_is_closed_over_can_be_differentiated_after():
    w = Value(5.0)
    for y in (
        grad(lambda t: t * t * w)(2.0),
        DERIVATIVES["jvp"](lambda t: t * t * w)(2.0),
        DERIVATIVES["linearize"](lambda t: t * t * w)(2.0),
    ):
        assert y.data == 20.0
        w.grad = 0.0
        y.backward()
        assert w.grad == 4.0


def test_no_grad_around_a_transform_changes_no_number_and_records_nothing():
    w = Value(5.0)
    with no_grad():
        assert grad(lambda t: t * t * w)(2.0) == 20.0
        assert jvp(lambda t: t * t * w, (2.0,), (1.0,)) == (20.0, 20.0)
        assert hessian(lambda t: t * t * w)(2.0) == 10.0


def test_no_grad_inside_a_transform_holds_in_both_modes():
    def f(x):
        with no_grad():
            y = x * x
        return x * y

    assert grad(f)(3.0) == 9.0
    assert DERIVATIVES["jvp"](f)(3.0) == 9.0


@pytest.mark.parametrize("mode", DERIVATIVES)
def test_stop_gradient_and_detach_stop_every_mode(mode):
    assert derivative(lambda x: x * stop_gradient(x), mode)(3.0) == 3.0
    assert derivative(lambda x: x * stop_gradient([x])[0], mode, mode)(3.0) == 0.0
    assert derivative(lambda x: x * x.detach(), mode)(3.0) == 3.0


def test_leaves_and_values_are_left_as_they_were():
    x = Value(2.0, label="x")
    y = x * x
    y.backward()
    grad(lambda t: t * x)(1.0)
    assert (x.grad, y.grad, x.label) == (4.0, 1.0, "x")


def test_a_chain_of_any_depth_is_differentiated_in_every_mode():
    def f(x):
        for _ in range(20_000):
            x = x * 1.0000001
        return x

    truth = 1.0000001**20_000
    for mode in DERIVATIVES:
        assert derivative(f, mode)(1.0) == pytest.approx(truth, rel=1e-11)
    assert hvp(lambda x: f(x) * x, (1.0,), (1.0,)) == pytest.approx(2 * truth)


def test_forward_mode_needs_no_memory_for_depth():
    import tracemalloc

    def peak(steps):
        def f(x):
            for _ in range(steps):
                x = sin(x) * 1.5
            return x

        tracemalloc.start()
        jvp(f, (0.5,), (1.0,))
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    peak(10)
    assert peak(20_000) < peak(20) + 2_000


def test_transforms_run_in_threads_without_seeing_each_other():
    from concurrent.futures import ThreadPoolExecutor

    f = grad(lambda x: x * grad(lambda y: x * y * y)(x))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(f, [float(i) for i in range(200)])) == [
            6.0 * i * i for i in range(200)
        ]


# ----- Wrong use -----


def test_grad_of_several_numbers_names_what_came_back():
    with pytest.raises(TypeError, match=r"one number; this one gave a list of 2.* use jacrev\(\)"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match=r"gave None \(NoneType\)"):
        grad(lambda x: None)(1.0)


def test_argnums_out_of_range_names_the_number_of_arguments():
    with pytest.raises(ValueError, match=r"grad\(\): argnums=2 asks for argument 2, .* 1 posit"):
        grad(lambda x: x, argnums=2)(1.0)
    with pytest.raises(TypeError, match=r"argnums is an int or a tuple of ints, not 'x'"):
        grad(lambda x: x, argnums="x")(1.0)
    with pytest.raises(ValueError, match=r"names an argument twice"):
        grad(lambda x: x, argnums=(0, -1))(1.0)


def test_an_argument_that_is_no_number_is_named_by_its_path():
    import numpy as np

    with pytest.raises(TypeError, match=r"^args\[0\]\['w'\]\[2\] is a str; grad\(\) differentiat"):
        grad(lambda p: p)({"w": [1.0, 2.0, "3"]})
    with pytest.raises(TypeError, match=r"args\[1\] is a numpy.ndarray; give its \.tolist\(\)"):
        jacfwd(lambda x, y: x, argnums=1)(1.0, np.ones(2))


def test_a_result_that_is_no_number_is_named_by_its_path():
    with pytest.raises(TypeError, match=r"the result\[1\] is a str; jvp\(\) differentiates"):
        jvp(lambda x: [x, "y"], (1.0,), (1.0,))


def test_tangents_of_another_build_are_named_by_their_path():
    with pytest.raises(
        TypeError, match=r"jvp: tangents\[0\]\[1\] is a float, but primals\[0\]\[1\] "
    ):
        jvp(lambda v: v[0], ([1.0, [2.0]],), ([1.0, 2.0],))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a list of 1, but .* a list of 2 there"):
        jvp(lambda v: v[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a dict with the keys 'b', but .* 'a'"):
        jvp(lambda v: v["a"], ({"a": 1.0},), ({"b": 1.0},))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a list of 1, but .* has a number there"):
        jvp(lambda v: v, (1.0,), ([1.0],))
    with pytest.raises(TypeError, match=r"jvp\(\) got 2 tangents for 1 arguments"):
        jvp(lambda v: v, (1.0,), (1.0, 1.0))
    with pytest.raises(TypeError, match=r"tangents is a tuple with one entry .* not 1.0"):
        jvp(lambda v: v, (1.0,), 1.0)
    with pytest.raises(TypeError, match=r"jvp_fun\(\) got 0 tangents for 1 arguments"):
        linearize(lambda v: v, 1.0)[1]()
    with pytest.raises(TypeError, match=r"jvp: tangents\[0\] is a str; tangents are numbers"):
        jvp(lambda v: v, (1.0,), ("1",))


def test_cotangents_of_another_build_are_named_by_their_path():
    with pytest.raises(TypeError, match=r"vjp_fun: cotangents is a float, but the result has a li"):
        vjp(lambda x: [x, x], 1.0)[1](1.0)


def test_has_aux_without_a_pair_says_what_came_back():
    with pytest.raises(TypeError, match=r"grad\(has_aux=True\) expects .* a pair"):
        grad(lambda x: x, has_aux=True)(1.0)


def test_a_transform_of_no_function_says_so():
    for name in ("grad", "value_and_grad", "jacfwd", "jacrev", "hessian"):
        with pytest.raises(TypeError, match=r"takes a function, not 3"):
            getattr(func, name)(3)
    with pytest.raises(TypeError, match=r"vjp\(\) takes a function"):
        vjp(3, 1.0)


def test_an_unknown_method_in_forward_mode_names_the_ops():
    with pytest.raises(AttributeError, match=r"no attribute 'frobnicate'; .*exp"):
        jvp(lambda x: x.frobnicate(), (1.0,), (1.0,))


def test_a_string_beside_a_number_in_forward_mode_is_a_type_error():
    with pytest.raises(TypeError, match=r"unsupported operand"):
        jvp(lambda x: x + "1", (1.0,), (1.0,))


def test_a_number_in_forward_mode_cannot_be_pickled():
    import pickle

    with pytest.raises(TypeError, match=r"cannot be pickled; use float\(x\)"):
        jvp(lambda x: pickle.dumps(x), (1.0,), (1.0,))


def test_a_rule_that_fails_in_forward_mode_is_named():
    from pluggrad import Op

    def rule(g, out, x):
        raise KeyError("gone")

    bad = Op("bad", lambda x: x, rule)
    for x in (1.0, Value(1.0)):
        with pytest.raises(RuleError, match=r"op 'bad', rule of operand 0: 'gone'"):
            jvp(bad, (x,), (1.0,))
    text = Op("text", lambda x: x, lambda g, out, x: "g")
    with pytest.raises(
        RuleError, match=r"op 'text', rule of operand 0: gave 'g', which is no numb"
    ):
        jvp(text, (Value(1.0),), (1.0,))


def test_an_exception_in_the_function_leaves_nothing_behind():
    def f(x):
        raise GradientError("mine")

    for d in DERIVATIVES.values():
        with pytest.raises(GradientError, match=r"mine"):
            d(f)(1.0)
        assert type(grad(lambda x: x * x)(3.0)) is float
