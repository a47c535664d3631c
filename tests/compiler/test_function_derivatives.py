"""Derivatives of compiled functions, and compiled derivatives."""

import math
from typing import Any

import pytest
from pluggrad import CompileError, Op, Value, func, on_gradient
from pluggrad.compiler import compile
from pluggrad.ops import exp, sin, sqrt, tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


def smooth(x: Any, y: Any) -> Any:
    return x * y + tanh(x) / y


def smooth_gradient(x: float, y: float) -> tuple[float, float]:
    t = math.tanh(x)
    return y + (1 - t * t) / y, x - t / y**2


compiled_smooth = compile(smooth)


@executors
def test_jvp_and_hvp_are_those_of_func(executor: str) -> None:
    f = compile(smooth, executor=executor)
    primals, tangents = (1.2, 0.7), (0.5, -2.0)
    assert f.jvp(primals, tangents) == pytest.approx(func.jvp(smooth, primals, tangents), rel=1e-13)
    assert f.hvp(primals, tangents) == pytest.approx(func.hvp(smooth, primals, tangents), rel=1e-12)
    lanes = f.hvp((np.array([1.2, 1.3]), 0.7), (0.5, -2.0))
    assert [x[0] for x in lanes] == pytest.approx(func.hvp(smooth, primals, tangents), rel=1e-12)


@executors
def test_text_and_flags_have_no_gradient_wherever_it_is_asked_for(executor: str) -> None:
    def f(way: Any, v: Any, is_on: Any) -> Any:
        return v[0] * v[0] * v[1] if way == "square" and is_on else v[0]

    compiled = compile(f, executor=executor)
    right = 45.0, (None, [30.0, 9.0], None)
    assert compiled.value_and_grad("square", [3.0, 5.0], True) == right
    value, (_, slopes, _) = compiled.value_and_grad("square", [Value(3.0), 5.0], True)
    assert (value.data, [x.data for x in slopes]) == (45.0, [30.0, 9.0])
    inside = compile(lambda x: compiled.value_and_grad("square", [x, 5.0], True), executor=executor)
    assert inside(3.0) == right
    flagged = compile(lambda is_on, x: x**3 if is_on else x, executor=executor)
    assert flagged.hvp((True, 2.0), (0.0, 1.0)) == (None, 12.0)
    with pytest.raises(CompileError, match="True and False are flags"):
        compile(lambda x: flagged.grad(True, False) * x, executor=executor)(1.0)


@executors
def test_a_hessian_compiles(executor: str) -> None:
    def f(v: Any) -> Any:
        return v[0] * v[0] * exp(v[1]) + sin(v[2] * v[0])

    point = [0.3, -0.4, 1.1]
    compiled = compile(func.hessian(f), executor=executor)(point)
    np.testing.assert_allclose(compiled, func.hessian(f)(point), rtol=1e-12)


def test_a_compiled_function_is_differentiated_by_func() -> None:
    assert func.grad(compiled_smooth, (0, 1))(1.0, 2.0) == pytest.approx(
        smooth_gradient(1.0, 2.0), rel=1e-13
    )
    x = Value(1.0)
    compiled_smooth(x, 2.0).backward()
    assert x.grad == pytest.approx(smooth_gradient(1.0, 2.0)[0], rel=1e-13)


@pytest.mark.parametrize("at", [2.0, -2.0, math.nan])
@pytest.mark.parametrize("notes", [True, False], ids=["a hook that takes notes", "a pure hook"])
def test_a_hook_takes_its_branch_in_second_derivatives_too(at, notes):
    seen = []

    def f(x):
        def hook(g):
            if notes:
                seen.append(g)
            return g if g > 0 else 0.5 * g

        y = x * 3.0 + 0.5
        on_gradient(y, hook)
        return y * y * 0.5

    compiled = compile(f, executor="interpreter")
    for x in (at, 1.0, at):
        assert compiled.hvp((x,), (1.0,)) == func.hvp(f, (x,), (1.0,)) == (9.0 if x > 0 else 4.5)


def test_a_hook_sees_a_gradient_that_is_nan_once_and_nothing_else():
    seen = []

    def f(x):
        y = x * 1.0
        on_gradient(y, lambda g: seen.append(g))
        return y * y

    compiled = compile(f, executor="interpreter")
    assert math.isnan(compiled.grad(math.nan))
    assert all(math.isnan(g) for g in seen)


@executors
def test_a_rule_of_two_parts_gives_its_slope_times_a_gradient_that_is_infinite(executor):
    """Of one part, 0 times infinity is nan: what counts is the slope, which is not 0."""
    parted = Op(
        "parted", lambda x: 2.0 * x, lambda g, out, x: g * exp(-x * x) + g * (2.0 - exp(-x * x))
    )

    def f(x, y):
        return parted(x) * parted(y) * 1e308 * 1e308

    gradient = func.grad(f, (0, 1))
    compiled = compile(f, executor=executor)
    points = [(171.0, 1.0), (171.0, -200.0), (0.5, 171.0), (171.0, 0.0), (1.0, 2.0)]
    expected = [gradient(*point) for point in points]
    assert expected[:2] == [(math.inf, math.inf), (-math.inf, math.inf)]
    assert [compiled.grad(*point) for point in points] == expected
    lanes = compiled.grad(*np.array(points * 100).T)
    assert [row[:5].tolist() for row in lanes] == [list(row) for row in zip(*expected, strict=True)]


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("first", [(1.8, -1.1), (-1.1, -1.25), (math.inf, -math.inf)])
def test_a_hook_that_hides_nan_does_not_keep_zero_from_winning(first):
    """-1 is what max() and min() make of nan, and of what is far below -1, as at (1.8, -1.1)."""

    def f(x, y):
        z = y * 1.0 + 0.5
        on_gradient(z, lambda g: max(-1.0, min(g, 1.0)))
        root = sqrt(z * z + 1.0)
        return root * root * (x + tanh(z * z)) * x

    hessian = func.hessian(f, (0, 1))
    compiled = compile(hessian)
    compiled(*first)
    at = math.inf, -math.inf
    assert compiled(*at) == hessian(*at) == ((math.inf, 0.0), (0.0, 0.0))


def test_a_number_that_only_other_lanes_use_has_gradient_zero_in_a_lane():
    """Also where memory holds other numbers: arrays of the same size were just let go."""

    @compile
    def chosen(x, y):
        return x * y if x > 0 else x * 3.0

    x = np.where(np.arange(64) % 2, 1.0, -1.0)
    y = np.full(64, 7.0)
    for _ in range(20):
        del_me = [np.full((2, n), 5.0) for n in (16, 32, 64)]
        del del_me
        by_x, by_y = chosen.value_and_grad(x, y)[1]
        assert by_x.tolist() == np.where(x > 0, 7.0, 3.0).tolist()
        assert by_y.tolist() == np.where(x > 0, x, 0.0).tolist()
