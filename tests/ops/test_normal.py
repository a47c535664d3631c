import math

import mpmath
import numpy as np
import pytest
from pluggrad import Value, func
from pluggrad.ops import erf, erfinv, log_ndtr, mills, ndtr, ndtri

from .accuracy import Accuracy, cases
from .ulp import both_signs, ulps

inf, nan = math.inf, math.nan


def upper(x):
    return mpmath.erfc(x / mpmath.sqrt(2)) / 2


def log_of_normal(x):
    return mpmath.log(upper(-x)) if x < 0 else mpmath.log1p(-upper(x))


def quantile(p):
    """Solve on a logarithmic scale, by Newton's method: 16, 32, 64 digits..."""
    if 2 * p > 1:
        return -quantile(1 - p)
    t = -mpmath.mpf(ndtri(float(p)))
    for _ in range(6):
        density = mpmath.exp(-t * t / 2) / mpmath.sqrt(2 * mpmath.pi)
        t += (mpmath.log(upper(t)) - mpmath.log(p)) * upper(t) / density
    return -t


def inverse(x):
    return -mpmath.sign(x) * quantile((1 - abs(x)) / 2) / mpmath.sqrt(2)


every_op = cases(
    ("log_ndtr", log_of_normal, both_signs([1e-20, 1e-8, 0.3, 0.99, 1.01, 2.7, 9.1, 17.2, 30.2])),
    ("ndtri", quantile, [1e-8, 0.01, 0.2, 0.26, 0.4, 0.51, 0.74, 0.76, 0.99, 1.0 - 1e-9]),
    ("erfinv", inverse, both_signs([1e-8, 0.1, 0.49, 0.51, 0.8, 0.999, 1.0 - 1e-12])),
)


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_third(x):
        return 1e-6 < abs(x[0]) < 10


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("x", [-30.1, -3.2, -0.4, 0.3, 0.6, 0.8, 1.7, 5.2, 11.3, 1e3, 1e8])
def test_moments_of_mills_ratio_are_integrals(n, x):
    with mpmath.workdps(40):
        ratio = mpmath.factorial(n) * mpmath.exp(mpmath.mpf(x) ** 2 / 4)
        truth = ratio * mpmath.pcfu(n + mpmath.mpf(1) / 2, x)  # DLMF 12.5.1
    assert ulps(mills(n, x), truth) <= (32 if 0.5 < x < 0.7 else 8)


def test_derivatives_of_mills_ratio_are_its_moments():
    ratio = func.grad(func.grad(lambda x: mills(0, x)))
    assert ratio(1.3) == mills(2, 1.3)


def test_inverses_take_back_what_the_functions_did():
    for x in (-5.0, -0.7, 0.0, 0.2, 1.9, 4.0):
        assert ndtri(ndtr(x)) == pytest.approx(x, rel=1e-9)
        assert erfinv(erf(x)) == pytest.approx(x, rel=1e-6)


def test_quantiles_of_the_smallest_floats_are_right():
    for p in (5e-324, 1e-323, 1e-310, 2.3e-308, 1e-300):
        with mpmath.workdps(60):
            assert ulps(ndtri(p), quantile(mpmath.mpf(p))) <= 2


@pytest.mark.parametrize(
    ("op", "x", "expected"),
    [
        (log_ndtr, inf, 0.0), (log_ndtr, -inf, -inf), (log_ndtr, nan, nan),
        (log_ndtr, -1e200, -inf),
        (ndtri, 0.0, -inf), (ndtri, 1.0, inf), (ndtri, 0.5, 0.0), (ndtri, -0.1, nan),
        (ndtri, 1.1, nan), (ndtri, nan, nan), (ndtri, inf, nan), (ndtri, -inf, nan),
        (erfinv, 1.0, inf), (erfinv, -1.0, -inf), (erfinv, 0.0, 0.0), (erfinv, 1.1, nan),
        (erfinv, -inf, nan), (erfinv, nan, nan), (erfinv, 5e-324, 5e-324),
    ],
)  # fmt: skip
def test_normal_distribution_ends_as_its_limits_say(op, x, expected):
    assert op(x) == pytest.approx(expected, rel=1e-15, abs=0.0, nan_ok=True)


def test_mills_ratio_ends_as_its_limits_say():
    assert [mills(0, inf), mills(0, -inf), mills(2, inf), mills(2, -inf)] == [0.0, inf, 0.0, inf]
    assert [mills(0, 1e200), mills(1, 1e9), mills(1, -40.0)] == [1e-200, 1e-18, inf]
    for operands in [(0.5, 1.0), (-1, 1.0), (nan, 1.0), (1, nan), (inf, 1.0), (1e300, 1.0)]:
        assert math.isnan(mills(*operands))


def test_inverse_error_function_is_odd_down_to_the_sign_of_zero():
    assert math.copysign(1.0, erfinv(-0.0)) == -1.0
    assert [erfinv(-x) for x in (0.3, 0.9)] == [-erfinv(x) for x in (0.3, 0.9)]


def test_score_of_a_probit_model_is_finite_where_the_probability_is_zero():
    x = Value(-1e4)
    log_ndtr(x).backward()
    assert x.grad == pytest.approx(1e4, rel=1e-7)
    curvature = func.grad(func.grad(log_ndtr))
    assert curvature(-1e4) == pytest.approx(-1.0, rel=1e-7)
    np.testing.assert_allclose(curvature(0.0), -2 / math.pi, rtol=1e-14)
