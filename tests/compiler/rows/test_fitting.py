"""Fitting to rows: weights, second derivatives, least squares, optimizers and batches."""

import math
import pickle

import numpy as np
import pytest
from pluggrad import CompileError, compile, func, nn
from pluggrad.ops import exp, log
from pluggrad.progress import line

EXECUTORS = ["interpreter", "numba"]


def surprise(w, x, y):
    return log(1.0 + exp(-((w[0] * x[0] + w[1] * x[1] + w[2]) * y)))


def decay(p, t, y):
    return p[0] * exp(-(p[1] * t)) + p[2] - y


def points(rows, seed=1):
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, 2))
    return x, np.where(x @ [2.0, -1.0] + 0.5 + chance.logistic(size=rows) > 0, 1.0, -1.0)


def curve(rows):
    chance = np.random.default_rng(2)
    t = chance.uniform(0.0, 5.0, size=rows)
    return t, 2.0 * np.exp(-0.7 * t) + 0.3 + chance.normal(size=rows) * 0.01


# ----- Weights -----


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_row_of_weight_two_counts_as_two_rows(executor):
    x, y = points(40)
    w = np.array([0.3, -0.2, 0.1])
    twice = np.concatenate([np.arange(40), np.arange(10)])
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    for reduce in ("sum", "mean"):
        fit = compile(surprise, in_axes=(None, 0, 0), reduce=reduce, executor=executor)
        value, gradient = fit.value_and_grad(w, x, y, weights=weights)
        right, slopes = fit.value_and_grad(w, x[twice], y[twice])
        assert value == pytest.approx(right, rel=1e-13)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12)
        assert fit(w, x, y, weights=weights) == pytest.approx(value)
        np.testing.assert_allclose(fit.grad(w, x, y, weights=weights), gradient)


def test_weights_multiply_each_result_where_nothing_is_added_up():
    x, y = points(5)
    each = compile(surprise, in_axes=(None, 0, 0), reduce=None, executor="interpreter")
    w, weights = np.ones(3), np.arange(5.0)
    np.testing.assert_allclose(each(w, x, y, weights=weights), weights * each(w, x, y))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(4), r"has the shape \(4,\); there are 5 rows"),
        (np.ones((5, 1)), r"has the shape \(5, 1\)"),
        (2.0, "a number has none"),
        (np.zeros(5), "adds up to 0"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, message):
    x, y = points(5)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce="mean", executor="interpreter")
    with pytest.raises(CompileError, match=message):
        fit.value_and_grad(np.ones(3), x, y, weights=weights)


# ----- Second derivatives -----


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_product_with_the_hessian_is_that_of_the_whole_sum(executor):
    x, y = points(300)
    w, direction = np.array([0.3, -0.2, 0.1]), np.array([1.0, 0.5, -2.0])
    fit = compile(surprise, in_axes=(None, 0, 0), executor=executor)
    found = fit.hvp((w, x, y), direction)
    step = 1e-5
    right = fit.grad(w + step * direction, x, y) - fit.grad(w - step * direction, x, y)
    np.testing.assert_allclose(found, right / (2 * step), rtol=1e-6)
    np.testing.assert_array_equal(fit.hessp(w, direction, x, y), found)
    mean = compile(surprise, in_axes=(None, 0, 0), reduce="mean", executor=executor)
    np.testing.assert_allclose(mean.hvp((w, x, y), direction), found / 300, rtol=1e-12)


def test_directions_are_trees_where_several_arguments_are_shared():
    def f(a, x, b):
        return a[0] * a[0] * x + a[1] * b["c"] * x * x

    fit = compile(f, in_axes=(None, 0, None), executor="interpreter")
    x = np.array([1.0, 2.0])
    by_a, by_b = fit.hvp(([1.0, 2.0], x, {"c": 3.0}), ([1.0, 0.0], {"c": 1.0}))
    assert by_a == [2.0 * 3.0, 5.0]
    assert by_b == {"c": 0.0}


def test_scipy_takes_products_with_the_hessian_over_rows():
    optimize = pytest.importorskip("scipy.optimize", reason="the test is about SciPy")
    x, y = points(2000)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce="mean")
    options = {"args": (x, y), "jac": True}
    first = optimize.minimize(fit.value_and_grad, np.zeros(3), **options)
    second = optimize.minimize(
        fit.value_and_grad, np.zeros(3), hessp=fit.hessp, method="trust-ncg", **options
    )
    np.testing.assert_allclose(second.x, first.x, atol=1e-4)


def test_scipy_fits_residuals_and_their_jacobian():
    optimize = pytest.importorskip("scipy.optimize", reason="the test is about SciPy")
    t, y = curve(3000)
    each = compile(decay, in_axes=(None, 0, 0), reduce=None)
    fit = optimize.least_squares(each, np.ones(3), jac=each.grad, args=(t, y))
    np.testing.assert_allclose(fit.x, [2.0, 0.7, 0.3], atol=0.01)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_gauss_newton_gives_the_products_of_the_jacobian(executor):
    t, y = curve(700)
    p = np.array([1.5, 0.5, 0.2])
    each = compile(decay, in_axes=(None, 0, 0), reduce=None, executor=executor)
    r, jacobian = each.value_and_grad(p, t, y)
    squares, slope, products = each.gauss_newton(p, t, y)
    assert squares == pytest.approx(r @ r)
    np.testing.assert_allclose(slope, jacobian.T @ r, rtol=1e-11)
    np.testing.assert_allclose(products, jacobian.T @ jacobian, rtol=1e-11)


# ----- Parameters -----


def test_optimizers_step_through_batches():
    x, y = points(2000)
    chance = np.random.default_rng(3)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce="mean")
    model = fit.start(np.zeros(3))
    adam = nn.Adam(model, lr=0.05)
    before = model.value(x, y)
    for _ in range(5):
        for rows in np.split(chance.permutation(2000), 40):
            model.step(x[rows], y[rows])
            adam.step()
    assert model.value(x, y) < before / 1.5
    np.testing.assert_allclose(model.shared, [2.0, -1.0, 0.5], atol=0.5)


def test_parameters_are_shown_in_the_shape_they_were_given():
    fit = compile(lambda a, x, b: a[0][1] * x + b["c"], in_axes=(None, 0, None))
    given = np.arange(4.0).reshape(2, 2)
    model = fit.start(given, {"c": 5.0})
    assert model.step([1.0, 2.0]) == 3.0 + 10.0
    assert model.gradients.tolist() == [0.0, 3.0, 0.0, 0.0, 2.0]
    model.parameters[:] = 1.0
    first, second = model.shared
    assert first.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert second == {"c": 1.0}
    assert given[1, 1] == 3.0


# ----- Batches -----


def in_batches(x, y, size):
    for start in range(0, len(x), size):
        yield x[start : start + size], y[start : start + size]


def test_parameters_are_assigned_into_and_no_other_array_takes_their_place():
    _, model, *_ = fitted()
    array = model.parameters
    model.parameters = [1.0, 2.0, 3.0]
    assert model.parameters is array
    assert model.shared.tolist() == [1.0, 2.0, 3.0]
    for odd in (np.ones(2), np.ones((3, 1)), ["a", "b", "c"]):
        with pytest.raises(CompileError, match="this model has 3 parameters"):
            model.parameters = odd
    for name in ("gradients", "shared", "wrt"):
        with pytest.raises(CompileError, match=f"{name} is read only"):
            setattr(model, name, np.ones(3))
    assert array.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("direction", [np.ones(2), np.ones(4), [1.0]])
def test_directions_of_another_length_are_refused(direction):
    fit, _, x, y = fitted()
    with pytest.raises(CompileError, match="which has 3 numbers; it has"):
        fit.hvp((np.zeros(3), x, y), direction)
    with pytest.raises(CompileError, match="in_axes= is for 3 arguments"):
        fit.hvp((np.zeros(3), x), np.ones(3))


def test_products_are_added_up_over_batches():
    fit, _, x, y = fitted()
    w, direction = np.array([0.5, -0.2, 0.1]), np.array([1.0, 2.0, -1.0])
    over = fit.over([(x[i : i + 30], y[i : i + 30]) for i in range(0, 100, 30)])
    right = fit.hvp((w, x, y), direction)
    np.testing.assert_allclose(over.hvp((w,), direction), right, rtol=1e-12)
    for found, expected in zip(over.gauss_newton(w), fit.gauss_newton(w, x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_batch_with_a_nan_is_named_and_its_row():
    x, y = points(40)
    x[25, 1] = np.nan
    fit = compile(surprise, in_axes=(None, 0, 0), check_finite=True)
    batches = [(x[:20], y[:20]), (x[20:], y[20:])]
    with pytest.raises(CompileError, match=r"batch 1: row 5 gives nan; x\[1\] of it is nan"):
        fit.over(batches)(np.zeros(3))


def test_a_generator_gives_what_all_rows_give():
    x, y = points(1000)
    w = np.array([0.3, -0.2, 0.1])
    for reduce in ("sum", "mean"):
        fit = compile(surprise, in_axes=(None, 0, 0), reduce=reduce)
        value, gradient = fit.value_and_grad(w, x, y)
        found, slopes = fit.over(in_batches(x, y, 300), rows=1000).value_and_grad(w)
        assert found == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-12)


def test_whoever_waits_for_rows_and_batches_is_told(monkeypatch, capsys):
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.delenv("PLUGGRAD_PROGRESS", raising=False)
    x, y = points(500)
    fit = compile(surprise, in_axes=(None, 0, 0), executor="interpreter")
    fit.over(in_batches(x, y, 300), rows=500)(np.ones(3))
    assert capsys.readouterr().err == "pluggrad: batch 0, after 0 rows of 500\n"
    fit(np.ones(3), x, y)
    assert capsys.readouterr().err == "pluggrad: row 0 of 500\n"


# ----- What does not fit, and what is interrupted -----


def fitted():
    x, y = points(100)
    fit = compile(surprise, in_axes=(None, 0, 0), executor="interpreter")
    model = fit.start(np.zeros(3))
    model.step(x, y)
    return fit, model, x, y


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda x, y: (x, y[:50]), "different numbers of them: 50, 100"),
        (lambda x, y: (x[:0], y[:0]), "there are no rows"),
        (lambda x, y: (x,), "takes 1 shared arguments and 2 with rows; it was given 1 and 1"),
        (lambda x, y: (x, ["a"] * 100), "an argument with rows is an array of numbers"),
        (lambda x, y: ([[1.0], [1.0, 2.0]], [1.0, 2.0]), "an argument with rows is an array"),
        (lambda x, y: (x.astype(complex), y), "an argument with rows is an array of numbers"),
        (lambda x, y: (x, 1.0), "a number has none"),
    ],
)
def test_a_step_on_rows_that_do_not_fit_changes_nothing(rows, message):
    _, model, x, y = fitted()
    parameters, gradients = model.parameters.copy(), model.gradients.copy()
    with pytest.raises(CompileError, match=message):
        model.step(*rows(x, y))
    np.testing.assert_array_equal(model.parameters, parameters)
    np.testing.assert_array_equal(model.gradients, gradients)


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        (([1.0j],), "real numbers"),
        ((np.array(["a"]),), "holds numbers, not"),
        ((np.ones(3), np.ones(3)), "has 1 shared arguments, not 2"),
        (([func, 1.0],), "real numbers"),
        (([10**400],), "too large for a float"),
    ],
)
def test_parameters_that_are_no_numbers_are_refused(shared, message):
    fit, *_ = fitted()
    with pytest.raises(CompileError, match=message):
        fit.start(*shared)


def test_values_among_parameters_are_refused_with_what_to_write():
    from pluggrad import Value

    fit, _, x, y = fitted()
    with pytest.raises(CompileError, match=r"not Values; give x\.data of each"):
        fit([Value(1.0), 2.0, 3.0], x, y)


@pytest.mark.parametrize(
    ("batches", "options", "message"),
    [
        (lambda x, y: [], {}, "there is no batch"),
        (lambda x, y: [(x, y), (x[:, :1], y)], {}, "batch 1 has rows of another shape"),
        (lambda x, y: [(x, y), (x, y[:3])], {}, "batch 1: .*different numbers of them: 3, 100"),
        (lambda x, y: [(x, y), (x[:0], y[:0])], {}, "batch 1: there are no rows"),
        (lambda x, y: [(x, y), x], {}, "batch 1: .*1 shared arguments and 2 with rows"),
        (lambda x, y: [(x, y)], {"rows": 200}, "ended after 100 rows; there should be 200"),
        (lambda x, y: [(x, y)] * 3, {"rows": 200}, "ended after 300 rows; there should be 200"),
    ],
)
def test_batches_that_do_not_fit_are_refused_by_number(batches, options, message):
    fit, _, x, y = fitted()
    with pytest.raises(CompileError, match=message):
        fit.over(batches(x, y), **options).value_and_grad(np.ones(3))


def test_a_generator_is_gone_through_once():
    fit, _, x, y = fitted()
    batches = fit.over(in_batches(x, y, 50))
    batches(np.ones(3))
    with pytest.raises(CompileError, match="a generator can be gone through only once"):
        batches(np.ones(3))


def test_what_batches_raise_says_how_far_they_came():
    def broken(x, y):
        yield x, y
        raise OSError("the disk is gone")

    fit, _, x, y = fitted()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        fit.over(broken(x, y))(np.ones(3))
    assert "after 100 rows" in caught.value.__notes__[0]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_epoch_that_is_interrupted_leaves_whole_parameters(executor, monkeypatch):
    x, y = points(400)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce="mean", executor=executor)
    model = fit.start(np.zeros(3))
    adam = nn.Adam(model, lr=0.05)
    whole = []

    def epoch(interrupted):
        for number, (a, b) in enumerate(in_batches(x, y, 100)):
            if number == interrupted:
                monkeypatch.setattr(fit, "_total", interrupt)
            model.step(a, b)
            adam.step()
            whole.append((model.parameters.copy(), model.gradients.copy()))

    def interrupt(given, *, backward):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        epoch(interrupted=2)
    np.testing.assert_array_equal(model.parameters, whole[-1][0])
    np.testing.assert_array_equal(model.gradients, whole[-1][1])
    assert adam.steps == 2
    monkeypatch.undo()
    epoch(interrupted=-1)
    assert adam.steps == 6
    assert all(math.isfinite(p) for p in model.parameters)


def test_a_function_over_rows_goes_through_a_pickle():
    x, y = points(300)
    fit = compile(surprise, in_axes=(None, 0, 0), reduce="mean")
    right = fit(np.ones(3), x, y, weights=np.ones(300))
    assert pickle.loads(pickle.dumps(fit))(np.ones(3), x, y) == pytest.approx(right)
