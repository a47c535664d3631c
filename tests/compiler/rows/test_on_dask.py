"""Rows in Dask arrays."""

import numpy as np
import pytest
from pluggrad import CompileError, compile
from pluggrad.ops import exp, log


@pytest.fixture(scope="module", autouse=True)
def libraries():
    """Import Dask, which takes a second, where the tests run and not where they are collected."""
    global dask, da
    dask = pytest.importorskip("dask", reason="the tests are about Dask")
    da = pytest.importorskip("dask.array", reason="the tests are about Dask")
    pytest.importorskip("cloudpickle", reason="Dask sends functions with it")


def surprise(w, x, y):
    return log(1.0 + exp(-((w[0] * x[0] + w[1] * x[1] + w[2]) * y)))


def data(rows):
    chance = np.random.default_rng(1)
    return chance.normal(size=3), chance.normal(size=(rows, 2)), np.sign(chance.normal(size=rows))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_blocks_of_rows_give_what_all_rows_give(reduce, executor):
    w, x, y = data(1100)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce=reduce, executor=executor)
    value, gradient = fit.value_and_grad(w, x, y)
    far = da.from_array(x, chunks=(300, 1)), da.from_array(y, chunks=500)
    found, slopes = fit.value_and_grad(w, *far)
    assert found == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-12)
    assert fit(w, *far) == pytest.approx(value, rel=1e-14)


def test_sums_of_blocks_of_mixed_size_are_as_exact_as_stated():
    chance = np.random.default_rng(3)
    x = chance.normal(size=20_000) * 10.0 ** chance.integers(-8, 9, size=20_000)
    fit = compile(lambda w, x: w * x, in_axes=(None, 0))
    value, slope = fit.value_and_grad(1.0, da.from_array(x, chunks=3000))
    right = float(x.astype(np.longdouble).sum())
    assert abs(value - right) <= 300 * 2.0**-53 * float(np.abs(x).sum())
    assert value == slope


@pytest.fixture(scope="module")
def client():
    """A cluster of two worker processes, for all tests that need one.

    They are forked from one process that has imported Dask.
    """
    distributed = pytest.importorskip("distributed", reason="the test is about a cluster")
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=True
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_two_worker_processes_add_up_what_they_have(client):
    w, x, y = data(1000)
    fit = compile(surprise, in_axes=(None, 0, 0), executor="interpreter")
    with client.as_current():
        assert dask.base.get_scheduler() == client.get
        found = fit(w, da.from_array(x, chunks=250), da.from_array(y, chunks=250))
    assert found == pytest.approx(fit(w, x, y), rel=1e-14)


def two_ways(x):
    return x * x if x > 0 else -3.0 * x


def test_a_function_is_mapped_over_the_blocks_in_worker_processes(client):
    x = np.linspace(-1, 2, 1000)
    array = da.from_array(x, chunks=250)
    found = client.compute(da.map_blocks(compile(two_ways), array, dtype=float)).result()
    np.testing.assert_array_equal(found, np.where(x > 0, x * x, -3.0 * x))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda x, y: (da.from_array(x), y), "then all of them are"),
        (lambda x, y: (da.from_array(x), da.from_array(y[:7])), r"different numbers .*\(7,\)"),
        (lambda x, y: (da.from_array(x[:0]), da.from_array(y[:0])), "or none"),
        (lambda x, y: (da.from_array(x)[da.from_array(y) > 0],) * 2, "different numbers|counted"),
    ],
)
def test_dask_arrays_that_do_not_fit_are_refused(rows, message):
    w, x, y = data(10)
    with pytest.raises(CompileError, match=message):
        compile(surprise, in_axes=(None, 0, 0), executor="interpreter")(w, *rows(x, y))


def test_a_result_for_each_row_is_refused():
    w, x, y = data(10)
    each = compile(surprise, in_axes=(None, 0, 0), reduce=None, executor="interpreter")
    with pytest.raises(CompileError, match="rows of Dask arrays are added up"):
        each(w, da.from_array(x), da.from_array(y))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("far_weights", [True, False])
def test_weights_are_taken_to_the_blocks(reduce, far_weights):
    w, x, y = data(110)
    weights = np.random.default_rng(4).random(110)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce=reduce, executor="interpreter")
    value, gradient = fit.value_and_grad(w, x, y, weights=weights)
    far = da.from_array(x, chunks=(30, 2)), da.from_array(y, chunks=50)
    given = da.from_array(weights, chunks=20) if far_weights else weights
    found, slopes = fit.value_and_grad(w, *far, weights=given)
    assert found == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-12)
    with pytest.raises(CompileError, match=r"shape \(7,\); there are 110 rows"):
        fit(w, *far, weights=given[:7])


def test_products_are_added_up_in_the_blocks():
    w, x, y = data(110)
    fit = compile(surprise, in_axes=(None, 0, 0), executor="interpreter")
    far = da.from_array(x, chunks=(30, 2)), da.from_array(y, chunks=50)
    right = fit.hvp((w, x, y), np.ones(3))
    np.testing.assert_allclose(fit.hvp((w, *far), np.ones(3)), right, rtol=1e-12)
    for found, expected in zip(fit.gauss_newton(w, *far), fit.gauss_newton(w, x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_nan_is_named_by_its_row_among_all():
    w, x, y = data(110)
    x[77, 1] = np.nan
    fit = compile(surprise, in_axes=(None, 0, 0), executor="interpreter", check_finite=True)
    with pytest.raises(CompileError, match=r"row 77 gives nan; x\[1\] of it is nan"):
        fit(w, da.from_array(x, chunks=(30, 2)), da.from_array(y, chunks=30))
