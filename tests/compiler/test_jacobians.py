"""Jacobians and Hessians of compiled functions, dense and sparse."""

from functools import partial

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile, func, grad, on_gradient
from pluggrad.ops import exp, maximum

EXECUTORS = ["interpreter", "numba"]


def tridiagonal(v):
    """Broyden's tridiagonal system."""
    n = len(v)
    before = [0.0, *[v[i] for i in range(n - 1)]]
    after = [*[v[i] for i in range(1, n)], 0.0]
    return [
        (3.0 - 2.0 * v[i]) * v[i] - a - 2.0 * b + 1.0
        for i, (a, b) in enumerate(zip(before, after, strict=True))
    ]


def residuals(p):
    """Many rows of few parameters."""
    return [p[0] * exp(-(p[1] * (0.1 * t))) + p[2] - 0.5 * t for t in range(60)]


def valley(v):
    """Rosenbrock's function of many numbers."""
    total = 0.0
    for i in range(len(v) - 1):
        total = total + 100.0 * (v[i + 1] - v[i] ** 2) ** 2 + (1.0 - v[i]) ** 2
    return total


def by_the_engine(f, x):
    return np.array(func.jacrev(f)(list(map(float, x))))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (tridiagonal, np.linspace(-1.0, 1.0, 12)),
        (residuals, np.array([2.0, 0.7, 0.1])),
        (lambda v: [v[0] * v[1] * v[2]], np.array([1.0, 2.0, 3.0])),
        (lambda v: [v[0], v[0] * 2.0, 3.0 + 0.0 * v[1]], np.array([1.0, 2.0])),
        (lambda v: [maximum(v[0], v[1]), v[1].exp()], np.array([1.0, 2.0])),
    ],
    ids=["tridiagonal", "tall", "one row", "with zeros", "kinks"],
)
def test_jacobians_are_those_of_the_engine(executor, f, x):
    compiled = compile(f, arrays="elements", executor=executor)
    right = by_the_engine(f, x)
    for _ in range(2):
        np.testing.assert_allclose(compiled.jacobian(x), right, rtol=1e-12, atol=1e-14)
        found = compiled.jacobian(x, sparse=True)
        np.testing.assert_allclose(found.toarray(), right, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(compiled.jacobian(x + 0.25), by_the_engine(f, x + 0.25), rtol=1e-11)


def test_only_entries_that_can_be_other_than_zero_are_computed():
    compiled = compile(tridiagonal, arrays="elements")
    found = compiled.jacobian(np.ones(400), sparse=True)
    assert found.nnz == 3 * 400 - 2
    (pattern,) = compiled.recordings[0].patterns.values()
    assert len(pattern.backward) == pattern.passes == 3


def test_the_way_with_fewer_passes_is_taken():
    compiled = compile(residuals, arrays="elements")
    compiled.jacobian(np.array([2.0, 0.7, 0.1]))
    (pattern,) = compiled.recordings[0].patterns.values()
    assert (len(pattern.backward), pattern.passes) == (60, 3)
    assert compiled._derived["jvp"].recordings


def test_what_has_no_forward_mode_goes_backward():
    def f(x):
        y = x * 3.0
        on_gradient(y, lambda g: 2.0 * g)
        return [y * y, y * grad(x * x * x, x, create_graph=True)]

    assert compile(f).jacobian(2.0).tolist() == func.jacrev(f)(2.0)


def test_a_hook_that_makes_something_of_nothing_is_refused_where_there_are_several_results():
    def f(x):
        y = x * 3.0
        on_gradient(y, lambda g: g + 1.0)
        return [y, x]

    for _ in range(2):
        with pytest.raises(CompileError, match=r"gradient of 0; use func\.jacrev"):
            compile(f).jacobian(2.0)
    assert func.jacrev(f)(2.0) == [6.0, 1.0]
    assert compile(lambda x: f(x)[0]).jacobian(2.0).tolist() == 6.0


@pytest.mark.parametrize("executor", EXECUTORS)
def test_hessians_are_those_of_the_engine(executor):
    x = np.linspace(-1.0, 1.0, 9)
    compiled = compile(valley, arrays="elements", executor=executor)
    right = np.array(func.hessian(valley)(x.tolist()))
    np.testing.assert_allclose(compiled.hessian(x), right, rtol=1e-11, atol=1e-11)
    sparse = compiled.hessian(x, sparse=True)
    assert sparse.nnz == 3 * 9 - 2
    np.testing.assert_allclose(sparse.toarray(), right, rtol=1e-11, atol=1e-11)


def test_shapes_are_those_of_results_and_arguments():
    matrix = compile(lambda v: [[v[0] * v[1], v[2]], [v[0], v[1] * v[2]]], arrays="elements")
    assert matrix.jacobian(np.ones(3)).shape == (2, 2, 3)
    of_lists = compile(lambda v: [v[0] * v[1], v[1]])
    assert of_lists.jacobian([2.0, 3.0]).tolist() == [[3.0, 2.0], [0.0, 1.0]]
    of_numbers = compile(lambda x, y: [x * y, x])
    by_x, by_y = of_numbers.jacobian(2.0, 3)
    assert (by_x.tolist(), by_y.tolist()) == ([3.0, 1.0], [2.0, 0.0])
    of_one = compile(lambda x: x * x * x)
    assert (of_one.jacobian(2.0), of_one.hessian(2.0)) == (12.0, 12.0)
    by_x, by_y = compile(lambda x, y: x * x * y).hessian(2.0, 3.0)
    assert (by_x.tolist(), by_y.tolist()) == ([6.0, 4.0], [4.0, 0.0])


def drift(t, y, p):
    """Let a stiff pair of numbers move, and give a third that stays."""
    return [y[1] * t, p["k"] * (1.0 - y[0] ** 2) * y[1] - y[0], 0.0 * y[2]]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("by", [0, 1, -2])
def test_a_jacobian_by_one_argument_is_that_part_of_all(executor, by):
    compiled = compile(drift, arrays="elements", executor=executor)
    y = np.array([2.0, 0.3, 1.0])
    with pytest.raises(CompileError, match="a Jacobian is an array"):
        compiled.jacobian(0.5, y, {"k": 9.0})
    found = compiled.jacobian(0.5, y, {"k": 9.0}, argnums=by)
    expected = by_the_engine(lambda v: drift(0.5, v, {"k": 9.0}), y)
    if by == 0:
        expected = np.array([0.3, 0.0, 0.0])
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    far = compiled.jacobian(0.5, y, {"k": 9.0}, argnums=by, sparse=True)
    np.testing.assert_allclose(far.toarray().reshape(found.shape), found)


def test_a_hessian_by_one_argument_is_that_part_of_all():
    f = compile(lambda a, v: a * v[0] ** 2 * v[1] + a**3, arrays="elements")
    found = f.hessian(2.0, np.array([3.0, 5.0]), argnums=1)
    np.testing.assert_allclose(found, [[20.0, 12.0], [12.0, 0.0]])
    np.testing.assert_allclose(f.hessian(2.0, np.array([3.0, 5.0]), argnums=0), 12.0)


@pytest.mark.parametrize("argnums", [2, -3, 1.0, "v", (0, 1)])
def test_what_is_no_number_of_an_argument_is_refused(argnums):
    f = compile(lambda a, v: [a * v[0]], arrays="elements")
    with pytest.raises(CompileError, match=r"argnums=.* is not one of 2 arguments"):
        f.jacobian(2.0, np.ones(1), argnums=argnums)


def test_each_branch_has_its_own_entries():
    @compile
    def bent(v):
        return [v[0] * v[1] if v[0] > 0 else v[1] * 3.0, v[0]]

    for _ in range(2):
        assert bent.jacobian([2.0, 5.0]).tolist() == [[5.0, 2.0], [1.0, 0.0]]
        assert bent.jacobian([-2.0, 5.0]).tolist() == [[0.0, 3.0], [1.0, 0.0]]
    assert bent.value_and_grad is not None
    assert bent([2.0, 5.0]) == [10.0, 2.0]  # what passes started from is as it was


def test_gradients_are_right_after_a_jacobian():
    f = compile(lambda v: v[0] * v[1] + v[1], arrays="elements")
    f.jacobian(np.array([2.0, 3.0]))
    assert f.value_and_grad(np.array([2.0, 3.0]))[1].tolist() == [3.0, 3.0]


def test_what_is_no_array_of_numbers_is_refused():
    f = compile(lambda v: {"a": v[0]})
    with pytest.raises(CompileError, match="its result is a number, or a"):
        f.jacobian([1.0])
    with pytest.raises(CompileError, match="arrays='elements'"):
        compile(lambda x: x * x).jacobian(np.ones(3))
    with pytest.raises(CompileError, match="of Values"):
        compile(lambda x: x * x).jacobian(Value(1.0))
    with pytest.raises(CompileError, match="one argument"):
        compile(lambda x, y: [x * y]).jacobian(1.0, 2.0, sparse=True)
    with pytest.raises(CompileError, match="no argument"):
        compile(lambda: 1.0).jacobian()


# ----- With SciPy -----


def test_scipy_takes_them_as_they_are():
    optimize = pytest.importorskip("scipy.optimize")
    system = compile(tridiagonal, arrays="elements")
    found = optimize.root(system, -np.ones(20), jac=system.jacobian)
    assert found.success
    assert np.abs(system(found.x)).max() < 1e-7

    times = 0.1 * np.arange(60)
    seen = 2.0 * np.exp(-0.7 * times) + 0.3
    misfit = compile(
        lambda p: [p[0] * exp(-(p[1] * t)) + p[2] - y for t, y in zip(times, seen, strict=True)],
        arrays="elements",
    )
    fit = optimize.least_squares(misfit, np.ones(3), jac=misfit.jacobian)
    np.testing.assert_allclose(fit.x, [2.0, 0.7, 0.3], rtol=1e-6)

    rosenbrock = compile(valley, arrays="elements")
    for method in ("trust-ncg", "trust-exact", "Newton-CG"):
        least = optimize.minimize(
            rosenbrock.value_and_grad,
            np.full(6, -0.5),
            jac=True,
            hess=rosenbrock.hessian,
            method=method,
        )
        np.testing.assert_allclose(least.x, np.ones(6), atol=1e-4)


def test_a_stiff_equation_is_solved_with_a_compiled_jacobian():
    integrate = pytest.importorskip("scipy.integrate")

    @compile(arrays="elements")
    def slopes(t, y):
        return [y[1], 1000.0 * (1.0 - y[0] ** 2) * y[1] - y[0]]

    options = {"method": "Radau", "rtol": 1e-8, "atol": 1e-8}
    about = integrate.solve_ivp(slopes, (0, 500), [2.0, 0.0], **options)
    for sparse in (False, True):
        jac = partial(slopes.jacobian, argnums=1, sparse=sparse)
        exact = integrate.solve_ivp(slopes, (0, 500), [2.0, 0.0], jac=jac, **options)
        assert exact.success
        np.testing.assert_allclose(exact.y[:, -1], about.y[:, -1], rtol=1e-5)
