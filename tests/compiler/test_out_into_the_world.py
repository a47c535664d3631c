"""Compiled functions in optimizers, pickles, pools, clusters and threads."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from pluggrad import Value, func
from pluggrad.compiler import Compiled, compile
from pluggrad.ops import exp, log, sqrt, tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")


def smooth(x: Any, y: Any) -> Any:
    return x * y + tanh(x) / y


def two_ways(x: Any) -> Any:
    return x * x if x > 0 else -3.0 * x


compiled_smooth = compile(smooth)


@compile
def decorated(x: Any) -> Any:
    """Square."""
    return x * x


def test_scipy_takes_value_and_grad_directly() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="the test is about SciPy")
    t = np.linspace(0, 4, 30)
    y = 2.5 * np.exp(-1.3 * t) + 0.5

    @compile(arrays="elements")
    def misfit(p: Any) -> Any:
        return sum((p[0] * exp(-p[1] * a) + p[2] - b) ** 2.0 for a, b in zip(t, y, strict=True))

    fit = optimize.minimize(misfit.value_and_grad, np.ones(3), jac=True, method="L-BFGS-B",
                            options={"ftol": 1e-15, "gtol": 1e-10})  # fmt: skip
    np.testing.assert_allclose(fit.x, [2.5, 1.3, 0.5], rtol=1e-5)
    value, gradient = misfit.value_and_grad(np.ones(3))
    assert (type(value), gradient.shape) == (float, (3,))


def test_scipy_takes_hessian_products_and_compiled_hessians() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="the test is about SciPy")

    def banana(v: Any) -> Any:
        return (1.0 - v[0]) ** 2.0 + 100.0 * (v[1] - v[0] ** 2.0) ** 2.0

    f = compile(banana, arrays="elements")
    hessian = compile(func.hessian(banana), arrays="elements")
    for options in (
        {"method": "trust-ncg", "hessp": lambda x, p: f.hvp((x,), (p,))},
        {"method": "trust-exact", "hess": hessian},
    ):
        fit = optimize.minimize(f.value_and_grad, [-1.2, 1.0], jac=True, **options)
        np.testing.assert_allclose(fit.x, [1.0, 1.0], rtol=1e-5)


def test_a_program_fits_with_scipy_too() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="the test is about SciPy")
    a, b = Value(0.0), Value(0.0)
    program = compile((1.0 - a) ** 2.0 + 100.0 * (b - a * a) ** 2.0, wrt=[a, b])
    fit = optimize.minimize(program.value_and_gradient, [-1.0, 2.0], jac=True, method="L-BFGS-B")
    np.testing.assert_allclose(fit.x, [1.0, 1.0], atol=1e-4)


def test_a_compiled_function_goes_through_a_pickle_with_its_recordings() -> None:
    compiled_smooth(1.0, 2.0)
    loaded = pickle.loads(pickle.dumps(Compiled(smooth)))
    assert loaded(1.0, 2.0) == compiled_smooth(1.0, 2.0)
    f = Compiled(two_ways)
    f(1.0), f(-1.0)
    loaded = pickle.loads(pickle.dumps(f))
    assert len(loaded.recordings) == 2
    assert (loaded(2.0), loaded(-2.0), len(loaded.recordings)) == (4.0, 6.0, 2)


def test_a_decorated_function_keeps_its_name() -> None:
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Square.")
    assert decorated.grad(3.0) == 6.0


def test_process_pools_map_compiled_functions() -> None:
    context = multiprocessing.get_context("spawn")
    x = [np.linspace(0, 1, 5), np.linspace(1, 2, 5)]
    f = Compiled(sqrt_of_square)
    f(2.0)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found = list(pool.map(f.value_and_grad, x))
    for (value, gradient), given in zip(found, x, strict=True):
        np.testing.assert_allclose(value, given, rtol=1e-14)
        np.testing.assert_allclose(gradient[given > 0], 1.0, rtol=1e-14)


def sqrt_of_square(x: Any) -> Any:
    return sqrt(x * x)


def test_joblib_maps_compiled_functions() -> None:
    joblib = pytest.importorskip("joblib", reason="the test is about joblib")
    f = compile(lambda x: log(x) * 2.0)
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(f.grad)(x) for x in (1.0, 2.0, 4.0))
    assert found == [2.0, 1.0, 0.5]


def test_threads_may_call_one_compiled_function() -> None:
    f = compile(smooth)
    points = [i / 100 for i in range(1, 200)]
    expected = [f.value_and_grad(x, 2.0) for x in points]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda x: f.value_and_grad(x, 2.0), points * 5))
    assert found == expected * 5
