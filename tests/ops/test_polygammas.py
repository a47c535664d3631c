import math

import mpmath
import pytest
from pluggrad import Value, grad
from pluggrad.ops import digamma, polygamma, polygamma_rise

from .accuracy import Accuracy, cases
from .ulp import derivative, exact, ulps

inf, nan = math.inf, math.nan
RIGHT = [1e-20, 1e-8, 0.1, 0.4, 0.7, 0.99, 1.2, 1.46, 1.4616321449683622, 2.6, 7.7, 50.2, 1e8]


def psi(n, x):
    return mpmath.psi(int(n), x)


every_op = cases(("digamma", mpmath.digamma, [-1e-8, -0.1, -0.9, -1.2, *RIGHT]))


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_third(x):
        return 1e-5 < abs(x[0]) < 1e5


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 21])
@pytest.mark.parametrize("x", [0.1, 0.7, 1.3, 4.9, 17.2, 60.1, -0.2, -1.7, -3.9])
def test_derivatives_of_any_order_are_right_to_the_last_digits(n, x):
    truth = exact(lambda x: psi(n, x), (x,))
    assert ulps(polygamma(n, x), truth) <= 12
    slope = Value(x)
    polygamma(n, slope).backward()
    assert ulps(slope.grad, exact(lambda x: psi(n + 1, x), (x,))) <= 12


def test_digamma_differentiated_again_and_again_is_polygamma():
    for order in (1, 2, 3):
        assert derivative(digamma, (0.7,), 0, order) == polygamma(order, 0.7)


def test_order_0_is_digamma_itself():
    assert [polygamma(0, x) for x in (0.3, -0.4, 12.5)] == [digamma(x) for x in (0.3, -0.4, 12.5)]


@pytest.mark.parametrize(
    ("n", "x", "expected"),
    [
        (0, 0.0, -inf), (0, -0.0, inf), (0, -1.0, nan), (0, inf, inf), (0, -inf, nan),
        (1, 0.0, inf), (1, -3.0, inf), (1, inf, 0.0), (2, -3.0, nan), (2, 0.0, -inf),
        (1, -inf, nan), (1, nan, nan), (nan, 1.0, nan), (1.5, 1.0, nan), (-1, 1.0, nan),
        (inf, 1.0, nan), (400, 0.5, inf), (301, 1e300, 0.0), (1e300, 1e300, nan), (1e300, 2.0, nan),
        (3, 1e-200, inf), (2, 1e-200, -inf), (1, 1e200, 1e-200), (1, 5e-324, inf),
    ],
)  # fmt: skip
def test_polygammas_have_the_limits_of_their_poles_and_of_large_orders(n, x, expected):
    if n == 400:
        expected = -inf  # even
    if abs(n) == 1e300:
        assert not math.isfinite(polygamma(n, x)) or polygamma(n, x) == 0.0
        return
    assert polygamma(n, x) == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_large_orders_are_computed_by_logarithms():
    for n, x in [(171, 60.5), (200, 47.6), (350, 120.3)]:
        truth = (-1) ** (n + 1) * mpmath.factorial(n) * mpmath.zeta(n + 1, x)
        assert polygamma(n, x) == pytest.approx(float(truth), rel=1e-11)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
@pytest.mark.parametrize("a", [0.02, 1.7, 30.0, 1e5])
@pytest.mark.parametrize("b", [1e-12, 0.3, 1e4])
def test_differences_keep_all_their_digits(n, a, b):
    with mpmath.workdps(80):
        truth = psi(n, mpmath.mpf(a) + b) - psi(n, mpmath.mpf(a))
    assert ulps(polygamma_rise(n, a, b), truth) <= 12


def test_differences_at_their_edges():
    assert polygamma_rise(0, 2.0, 0.0) == 0.0
    assert polygamma_rise(0, 0.0, 1.0) == inf
    assert polygamma_rise(1, 0.0, 1.0) == -inf
    assert polygamma_rise(0, 1.0, inf) == inf
    assert polygamma_rise(1, 1.0, inf) == pytest.approx(-polygamma(1, 1.0), rel=1e-15)
    for operands in [(-1.0, 1.0, 1.0), (0.5, 1.0, 1.0), (0.0, -1.0, 1.0), (0.0, 0.0, 0.0)]:
        assert math.isnan(polygamma_rise(*operands))


def test_the_order_gets_no_gradient():
    n, x = Value(1.0), Value(2.0)
    assert grad(polygamma(n, x), [n, x])[0] == 0.0


def test_a_rise_of_nothing_ends_at_any_order():
    assert polygamma_rise(1.3e15, 3.0, 5e-324) == math.inf
    assert polygamma_rise(2.0**60, 3.0, 5e-324) == math.inf
