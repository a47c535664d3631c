import math

import mpmath
import numpy as np
import pytest
from pluggrad import Value, compile, func, grad
from pluggrad.ops import log_softmax, logaddexp, logit, logsumexp, sigmoid, softmax

from .accuracy import Accuracy, cases

inf, nan = math.inf, math.nan
PAIRS = [(a, b) for a in (-2.2, -0.4, 1e-8, 0.9, 3.1) for b in (-3.7, -1.3, 2.2, 4.0)]

every_op = cases(
    ("logaddexp", lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)), PAIRS),
    ("logit", lambda x: mpmath.log(x / (1 - x)),
     [5e-324, 1e-20, 1e-8, 0.1, 0.26, 0.4, 0.5 + 1e-9, 0.6, 0.74, 0.8, 1.0 - 1e-12]),
)  # fmt: skip


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_second(x):
        return all(abs(z) > 1e-30 and z != 0.5 + 1e-9 for z in x) and max(map(abs, x)) < 20

    @staticmethod
    def for_third(x):
        return all(1e-2 < abs(z) < 3 for z in x) and x[0] not in (0.4, 0.6)


# ----- Edges -----


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (-inf, -inf, -inf), (inf, inf, inf), (inf, -inf, inf), (-inf, 2.0, 2.0), (inf, 2.0, inf),
        (nan, 1.0, nan), (1.0, nan, nan), (nan, inf, nan), (1e308, 1e308, 1e308),
        (0.0, -800.0, 0.0),
        (0.0, -50.0, math.exp(-50.0)),
    ],
)  # fmt: skip
def test_sums_at_their_edges(a, b, expected):
    for found in (logaddexp(a, b), logaddexp(b, a)):
        assert found == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_log_odds_at_their_edges():
    assert [logit(0.0), logit(0.5), logit(1.0)] == [-inf, 0.0, inf]
    assert all(math.isnan(logit(x)) for x in (-0.1, 1.1, nan, inf, -inf))
    for x in (-30.0, -0.3, 0.2, 3.0):
        assert logit(sigmoid(x)) == pytest.approx(x, rel=1e-13)


@pytest.mark.parametrize("x", [-inf, inf])
def test_two_equal_infinities_share_the_gradient(x):
    a, b = Value(x), Value(x)
    logaddexp(a, b).backward()
    assert (a.grad, b.grad) == (0.5, 0.5)


def test_a_masked_entry_gets_no_gradient_and_hides_no_other():
    a, b = Value(-inf), Value(0.3)
    logaddexp(a, b).backward()
    assert (a.grad, b.grad) == (0.0, 1.0)


def test_second_derivatives_are_right_where_both_operands_are_equal():
    def f(x):
        return logaddexp(x[0], x[1])

    np.testing.assert_allclose(func.hessian(f)([2.0, 2.0]), [[0.25, -0.25], [-0.25, 0.25]])


# ----- Of lists -----

ROWS = [[0.3], [0.0, -50.0], [1000.0, 1000.5, -3.0], [-1e4, -1e4 + 1, -1e4 - 2, 0.2, 7.5],
        [math.sin(k) * 30 for k in range(101)]]  # fmt: skip


def true_sum(row):
    with mpmath.workdps(60):
        return float(mpmath.log(sum(mpmath.exp(mpmath.mpf(x)) for x in row)))


def true_parts(row):
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(x)) for x in row]
        return [float(p / sum(powers)) for p in powers]


@pytest.mark.parametrize("row", ROWS, ids=len)
def test_sum_parts_and_gradients_of_a_list_of_any_length_are_right(row):
    parts = true_parts(row)
    assert logsumexp(row) == pytest.approx(true_sum(row), rel=1e-15)
    assert softmax(row) == pytest.approx(parts, rel=1e-13, abs=1e-307)
    values = [Value(x) for x in row]
    assert grad(logsumexp(values), values) == pytest.approx(parts, rel=1e-12, abs=1e-300)
    total = true_sum(row)
    logarithms = [x - total for x in row]
    assert log_softmax(row) == pytest.approx(logarithms, rel=1e-13, abs=2e-15)


def test_hessian_of_a_sum_is_that_of_its_parts():
    row = [0.3, -1.2, 2.0, 0.3]
    parts = np.array(true_parts(row))
    expected = np.diag(parts) - np.outer(parts, parts)
    np.testing.assert_allclose(func.hessian(logsumexp)(row), expected, atol=1e-15)


def test_masked_lists_have_no_nan():
    values = [Value(x) for x in (-inf, 0.5, -inf, -inf, 1.5)]
    total = logsumexp(values)
    total.backward()
    assert total.data == pytest.approx(true_sum([0.5, 1.5]), rel=1e-15)
    assert [v.grad for v in values] == pytest.approx([0.0, *true_parts([0.5, 1.5])[:1], 0.0, 0.0,
                                                      true_parts([0.5, 1.5])[1]])  # fmt: skip
    assert logsumexp([-inf, -inf, -inf]) == -inf
    assert logsumexp([inf, 1.0]) == inf


def test_parts_add_up_and_depend_on_differences_only():
    first, second, third = [Value(x) for x in (0.1, 0.7, -2.0)]
    part = softmax([first, second, third])[1]
    part.backward()
    assert first.grad + second.grad + third.grad == pytest.approx(0.0, abs=1e-16)


@pytest.mark.parametrize("function", [logsumexp, softmax, log_softmax])
def test_a_list_of_none_is_refused(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}.* takes one number or more"):
        function([])


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_compiled_and_over_lanes_they_are_the_same(executor):
    pytest.importorskip("numba", reason="compiled code needs numba")

    def f(a, b, c):
        return logsumexp([a, b, c, a * b]) + softmax([a, b, c])[0] * log_softmax([b, c])[1]

    compiled = compile(f, executor=executor)
    row = (0.3, -1.2, 2.0)
    assert compiled(*row) == pytest.approx(f(*row), rel=1e-15)
    assert compiled.grad(*row) == pytest.approx(func.grad(f, argnums=(0, 1, 2))(*row), rel=1e-13)
    lanes = np.linspace(-3.0, 3.0, 7)
    np.testing.assert_allclose(compiled(lanes, 0.5, 1.0), [f(x, 0.5, 1.0) for x in lanes])
