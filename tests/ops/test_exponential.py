import mpmath
import numpy as np
import pytest
from pluggrad import Value, grad
from pluggrad.ops import cbrt, exp, exp2, expm1, log, log1p, log2, log10, sqrt

from .accuracy import Accuracy, cases
from .ulp import both_signs

TINY = [5e-324, 3e-310, 1e-200, 1e-20, 1e-8]
MIDDLE = [0.1, 0.7, 0.999, 1.001, 2.3, 17.2]
LARGE = [300.1, 700.3]
HUGE = [1e20, 1e154, 1e200, 1.7e308]
POSITIVE = TINY + MIDDLE + LARGE + HUGE

every_op = cases(
    ("exp", mpmath.exp, both_signs(TINY + MIDDLE + LARGE)),
    ("expm1", mpmath.expm1, both_signs(TINY + MIDDLE + LARGE)),
    ("exp2", lambda x: mpmath.mpf(2) ** x, both_signs(TINY + MIDDLE + LARGE)),
    ("log", mpmath.log, POSITIVE),
    ("log1p", mpmath.log1p, [-1 + 2**-52, -0.9, -0.3, *POSITIVE]),
    ("log2", lambda x: mpmath.log(x, 2), POSITIVE),
    ("log10", lambda x: mpmath.log(x, 10), POSITIVE),
    ("sqrt", mpmath.sqrt, POSITIVE),
    ("cbrt", lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), both_signs(POSITIVE)),
)


@every_op
class TestAccuracy(Accuracy):
    pass


EDGES = [0.0, -0.0, 1.0, -1.0, -2.0, 1000.0, -1000.0, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("op", [exp, expm1, exp2, log, log1p, log2, log10, sqrt, cbrt])
@pytest.mark.parametrize("x", EDGES)
def test_edges_follow_numpy_down_to_the_sign_of_zero(op, x):
    with np.errstate(all="ignore"):
        wanted = getattr(np, op.name)(x)
    np.testing.assert_allclose(op(x), wanted, rtol=1e-15)
    assert np.isnan(wanted) or np.signbit(op(x)) == np.signbit(wanted)


def test_roots_rise_infinitely_steeply_from_zero():
    for root in (sqrt, cbrt):
        x = Value(0.0)
        root(x).backward()
        assert x.grad == np.inf


def test_log_of_zero_has_an_infinite_slope_and_raises_nothing():
    x = Value(0.0)
    y = log(x)
    y.backward()
    assert (y.data, x.grad) == (-np.inf, np.inf)


def test_cube_roots_of_cubes_are_whole():
    assert all(cbrt(float(n**3)) == n for n in range(-300, 300))


def test_expm1_keeps_its_slope_where_the_result_is_rounded_to_minus_one():
    x = Value(-50.0)
    y = expm1(x)
    assert y.data == -1.0
    assert grad(y, x) == exp(-50.0)
