import math

import mpmath
import pytest
from pluggrad import Value, compile, func, grad
from pluggrad.ops import erf, erfc, gaussian, gelu, ndtr, silu

from .accuracy import Accuracy, cases
from .ulp import both_signs

POINTS = both_signs([5e-324, 1e-20, 1e-8, 0.1, 0.5, 1.1, 2.19, 3.0, 5.3, 9.1, 17.2, 25.3])

every_op = cases(
    ("erf", mpmath.erf, POINTS),
    ("erfc", mpmath.erfc, POINTS),
    ("gaussian", lambda x: mpmath.exp(-x * x), POINTS),
    ("ndtr", lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2, [*POINTS, -30.2, -37.1, -38.1]),
)


@every_op
class TestAccuracy(Accuracy):
    pass


def test_third_derivative_of_the_bell_curve_is_right():
    # e**-x**2 has the third derivative (12 x - 8 x**3) e**-x**2.
    x = Value(0.75)
    y = gaussian(x)
    for _ in range(3):
        y = grad(y, x, create_graph=True)
    assert y.data == pytest.approx((12 * 0.75 - 8 * 0.75**3) * math.exp(-(0.75**2)), rel=1e-14)


def test_special_functions_end_as_their_limits_at_infinity_say():
    inf = math.inf
    assert [erf(inf), erfc(inf), gaussian(inf), ndtr(inf)] == [1.0, 0.0, 0.0, 1.0]
    assert [erf(-inf), erfc(-inf), gaussian(-inf), ndtr(-inf)] == [-1.0, 2.0, 0.0, 0.0]


def test_error_function_keeps_the_sign_of_zero():
    assert math.copysign(1.0, erf(-0.0)) == -1.0


@pytest.mark.parametrize("x", [math.inf, -math.inf])
@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (gaussian, (0.0, 0.0)),
        (erf, (0.0, 0.0)),
        (erfc, (0.0, 0.0)),
        (ndtr, (0.0, 0.0)),
        (gelu, (0.0, 1.0)),
        (silu, (0.0, 1.0)),
    ],
)
def test_derivatives_at_infinity_are_their_limits(f, slopes, x):
    slope = slopes[x > 0]
    assert func.grad(f)(x) == func.jvp(f, (x,), (1.0,))[1] == compile(lambda v: f(v)).grad(x)
    assert func.grad(f)(x) == slope
    assert func.hessian(f)(x) == 0.0
