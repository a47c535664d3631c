"""Function transforms against closed forms and each other."""

import itertools
import math
from collections import namedtuple

import numpy as np
import pluggrad
import pytest
from pluggrad import Op, Value, compile, func, no_grad
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
from pluggrad.ops import exp, log, sin

from .derivatives import DERIVATIVES, derivative


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


# A rule of a plugin may be no derivative, as that of a straight-through estimator is.
LOPSIDED = Op(
    "lopsided", lambda a, b: a * b, lambda g, out, a, b: g * b * b, lambda g, out, a, b: g * a
)
W = Value(1.0)


def plain(v):
    return LOPSIDED(v[0], v[1]) + v[0] ** 3


def with_an_inner_gradient(v):
    return plain(v) + 0.0 * pluggrad.grad(v[0] * v[1], v[0], create_graph=True)


@pytest.mark.parametrize(
    "f",
    [
        plain,
        with_an_inner_gradient,
        lambda v: plain(v) * W,
        lambda v: with_an_inner_gradient(v) * W,
        compile(plain, executor="interpreter"),
        compile(with_an_inner_gradient, executor="interpreter"),
    ],
)
def test_hvp_is_how_the_gradient_moves_whatever_rules_and_functions_do(f):
    point, direction, h = [1.5, -0.75], [0.5, 2.0], 1e-6
    at = lambda side: grad(plain)([x + side * h * t for x, t in zip(point, direction, strict=True)])
    slopes = [(high - low) / (2 * h) for high, low in zip(at(1), at(-1), strict=True)]
    product = f.hvp if hasattr(f, "hvp") else lambda *at: hvp(f, *at)
    found = product((point,), (direction,))
    assert [float(x) for x in found] == pytest.approx(slopes, rel=1e-8)


@pytest.mark.parametrize("f", [plain, with_an_inner_gradient, lambda v: plain(v) * W])
@pytest.mark.parametrize("run", [lambda f: f, lambda f: compile(f, executor="interpreter")])
def test_each_number_of_a_hessian_is_how_one_of_the_gradient_moves(f, run):
    point, h = [1.5, -0.75], 1e-6
    moved = lambda j, side: [x + side * h * (i == j) for i, x in enumerate(point)]
    gradients = [(grad(plain)(moved(j, 1)), grad(plain)(moved(j, -1))) for j in range(2)]
    truth = [[(high[i] - low[i]) / (2 * h) for high, low in gradients] for i in range(2)]
    for rows in (run(hessian(f))(point), compile(f, executor="interpreter").hessian(point)):
        for row, slopes in zip(rows, truth, strict=True):
            assert list(map(float, row)) == pytest.approx(slopes, rel=1e-8, abs=1e-8)


def test_argnums_chooses_arguments_and_gives_a_tuple_for_a_tuple():
    def f(x, y, z):
        return x * y * z

    assert grad(f, argnums=1)(2.0, 3.0, 5.0) == 10.0
    assert grad(f, argnums=-1)(2.0, 3.0, 5.0) == 6.0
    assert grad(f, argnums=(2, 0))(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert grad(f, argnums=(0,))(2.0, 3.0, 5.0) == (15.0,)
    assert grad(f, argnums=np.int64(1))(2.0, 3.0, 5.0) == 10.0
    assert grad(f, argnums=())(2.0, 3.0, 5.0) == ()
    assert grad(f, argnums=np.array([2, 0]))(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert grad(f, argnums=range(1))(2.0, 3.0, 5.0) == (15.0,)
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


def test_an_empty_argument_has_an_empty_gradient():
    assert grad(lambda v: 1.0)([]) == []
    assert jacfwd(lambda v: [1.0])({}) == [{}]
    assert hessian(lambda v: v["a"] * 2.0)({"a": 1.0, "b": [], "c": {}}) == {
        "a": {"a": 0.0, "b": [], "c": {}},
        "b": [],
        "c": {},
    }


@pytest.mark.parametrize(
    "transform", [grad, jacrev, jacfwd, hessian, lambda f: lambda v: hvp(f, (v,), ([1.0, 0.0],))]
)
def test_a_function_may_change_the_list_that_it_is_given(transform):
    def f(v):
        v[0] = v[0] * 2.0
        v.append(v[0] * v[1])
        return v[2]

    v = [2.0, 3.0]
    assert transform(f)(v) == transform(lambda v: v[0] * 2.0 * v[1])(v)
    assert v == [2.0, 3.0]


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
        for _ in range(8_000):
            x = x * 1.0000001
        return x

    truth = 1.0000001**8_000
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
    assert peak(5_000) < peak(20) + 2_000


def test_transforms_run_in_threads_without_seeing_each_other():
    from concurrent.futures import ThreadPoolExecutor

    f = grad(lambda x: x * grad(lambda y: x * y * y)(x))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(f, [float(i) for i in range(200)])) == [
            6.0 * i * i for i in range(200)
        ]


def running_products(x, count):
    values = [x]
    for _ in range(count):
        values.append(values[-1] * 1.0001)
    return values


OUTSIDE = Value(3.0)


@pytest.mark.parametrize("factor", [1.0, OUTSIDE], ids=["closed", "with a Value from outside"])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f: func.vjp(f, 2.0)[1]([1.0] * 201),
        lambda f: func.linearize(f, 2.0)[1](1.0),
        lambda f: func.jvp(f, (2.0,), (1.0,)),
        lambda f: func.value_and_grad(lambda x: (f(x)[-1], f(x)), has_aux=True)(2.0),
    ],
    ids=["vjp", "linearize", "jvp", "has_aux"],
)
def test_results_that_share_a_history_are_looked_through_once(transform, factor, monkeypatch):
    seen = []
    prev = Value.prev.fget
    monkeypatch.setattr(Value, "prev", property(lambda x: seen.append(x) or prev(x)))
    transform(lambda x: running_products(x * factor, 200))
    monkeypatch.undo()
    assert len(seen) < 30 * 200


@pytest.mark.parametrize(
    "ask",
    [
        lambda f: func.jvp(f, (2.0, 3.0), (1.0, 0.0)),
        lambda f: func.jvp(f, (2.0, 3.0), (0.0, 0.0)),
        lambda f: func.jacfwd(f, (0, 1))(2.0, 3.0),
        lambda f: func.hvp(f, (2.0, 3.0), (0.0, 1.0)),
        lambda f: func.linearize(f, 2.0, 3.0)[1](1.0, 0.0),
        lambda f: func.jacfwd(func.jacfwd(f, (0, 1)), (0, 1))(2.0, 3.0),
    ],
)
def test_numbers_that_stay_where_they_are_are_values_to_the_function(ask):
    seen = []

    def of_methods(a, b):
        seen.append(isinstance(a, Value) and isinstance(b, Value))
        return a.sin() * b.exp() + b * a

    assert ask(of_methods) == ask(lambda a, b: sin(a) * exp(b) + b * a)
    assert all(seen)


def test_forward_mode_gives_what_reverse_mode_gives_where_only_some_numbers_move():
    f = lambda a, b: a.sin() * b.exp() + b * a
    assert func.jacfwd(f, (0, 1))(2.0, 3.0) == pytest.approx(func.grad(f, (0, 1))(2.0, 3.0))
    slopes = func.grad(f, (0, 1))(2.0, 3.0)
    for direction in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)):
        wanted = sum(s * t for s, t in zip(slopes, direction, strict=True))
        assert func.jvp(f, (2.0, 3.0), direction)[1] == pytest.approx(wanted)
