import itertools
import math

import mpmath
import numpy as np
import pytest
from pluggrad import Value, compile, func, plugins
from pluggrad.ops import acos, asin, atan, atan2, cos, hypot, sin, tan

from .accuracy import Accuracy, cases
from .ulp import both_signs, pairs

TINY = [5e-324, 1e-200, 1e-20, 1e-8]
MIDDLE = [0.1, 0.6, 0.999, 1.5707963267948966, 3.0, 17.2]
HUGE = [1e20, 1e154, 1e200, 1.7e308]
REAL = both_signs(TINY + MIDDLE + HUGE)
UNIT = both_signs([*TINY, 0.1, 0.49, 0.5, 0.51, 0.9, 1 - 2**-30, 1 - 2**-53])
PLANE = pairs(both_signs([1e-300, 1e-8, 0.3, 0.9, 50.0, 1e8, 1e300]))

every_op = cases(
    ("sin", mpmath.sin, REAL),
    ("cos", mpmath.cos, REAL),
    ("tan", mpmath.tan, REAL),
    ("asin", mpmath.asin, UNIT),
    ("acos", mpmath.acos, UNIT),
    ("atan", mpmath.atan, REAL),
    ("atan2", mpmath.atan2, PLANE),
    ("hypot", mpmath.hypot, PLANE),
)


@every_op
class TestAccuracy(Accuracy):
    pass


NUMPY = {asin: np.arcsin, acos: np.arccos, atan: np.arctan}


@pytest.mark.parametrize("op", [sin, cos, tan, asin, acos, atan])
@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan])
def test_edges_follow_numpy_down_to_the_sign_of_zero(op, x):
    with np.errstate(all="ignore"):
        wanted = NUMPY.get(op, getattr(np, op.name, None))(x)
    np.testing.assert_allclose(op(x), wanted, rtol=1e-15)
    assert np.isnan(wanted) or np.signbit(op(x)) == np.signbit(wanted)


@pytest.mark.parametrize("a", [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("b", [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
def test_edges_in_the_plane_follow_numpy(a, b):
    np.testing.assert_allclose(hypot(a, b), np.hypot(a, b), rtol=1e-15)
    np.testing.assert_allclose(atan2(a, b), np.arctan2(a, b), rtol=1e-15)
    if atan2(a, b) == 0.0:
        assert np.signbit(atan2(a, b)) == np.signbit(np.arctan2(a, b))


def test_arc_sine_and_cosine_rise_infinitely_steeply_at_the_ends():
    for end in (1.0, -1.0):
        x = Value(end)
        (asin(x) - acos(x)).backward()
        assert x.grad == math.inf


def test_distance_from_the_origin_has_a_flat_gradient_at_the_origin():
    for a, b in itertools.product([0.0, -0.0], repeat=2):
        x, y = Value(a), Value(b)
        hypot(x, y).backward()
        assert (x.grad, y.grad) == (0.0, 0.0)


def test_hypot_has_its_gradient_where_the_distance_overflows():
    x, y = Value(1.5e308), Value(1.5e308)
    r = hypot(x, y)
    r.backward()
    assert r.data == math.inf
    assert x.grad == pytest.approx(math.sqrt(0.5), rel=1e-15)


@pytest.mark.parametrize("n", [1.0, 2.0, 3.0, 10.0, 41.0, 170.0])
@pytest.mark.parametrize("x", [1e-30, 0.3, 2.0, 10.0, 13.05, 54.0, -200.25])
def test_slopes_of_sinc_of_any_order_are_as_exact_as_they_are_large(n, x):
    slope = plugins.ops["sinc_slope"].forward(n, x)
    with mpmath.workdps(400):
        z, turn = mpmath.pi * mpmath.mpf(x), mpmath.mpf(n) * mpmath.pi / 2
        # The integral of t**n cos(z t + n pi / 2) from 0 to 1, times pi**n.
        powers = [
            mpmath.hyp1f1(n + 1, n + 2, sign * 1j * z) * mpmath.expj(sign * turn)
            for sign in (1, -1)
        ]
        exact = mpmath.pi**n * mpmath.re(powers[0] + powers[1]) / 2 / (n + 1)
        size = mpmath.pi**n / (1 + max(n, abs(z)))
        assert abs(slope - exact) <= (4 + n / 4) * 2**-52 * min(size, abs(exact) * 1e6)


def test_slopes_of_sinc_at_the_largest_numbers_are_the_smallest():
    slope = plugins.ops["sinc_slope"].forward
    x = 1.7e308  # a whole number, and even
    assert slope(1.0, x) == 1 / x
    assert slope(11.0, x) == pytest.approx(-(math.pi**10) / x, rel=1e-15)
    assert slope(11.0, -x) == pytest.approx(math.pi**10 / x, rel=1e-15)


@pytest.mark.parametrize("y", [1.0, -2.0, 0.0, math.inf, -math.inf])
@pytest.mark.parametrize("x", [1.0, -2.0, 0.0, math.inf, -math.inf])
def test_the_derivatives_of_atan2_at_infinity_are_zero(y, x):
    if math.isfinite(y) and math.isfinite(x):
        pytest.skip("no infinity")
    angle = compile(atan2, executor="interpreter")
    assert func.grad(atan2, (0, 1))(y, x) == angle.grad(y, x) == (0.0, 0.0)
    assert func.hessian(atan2, (0, 1))(y, x) == ((0.0, 0.0), (0.0, 0.0))
    assert func.jvp(atan2, (y, x), (1.0, 1.0))[1] == 0.0
    assert angle.hvp((y, x), (1.0, 2.0)) == (0.0, 0.0)
