import math

import mpmath
import numpy as np
import pytest
from pluggrad import Value, grad
from pluggrad.ops import acosh, asinh, atanh, cosh, sech, sinh, tanh

from .accuracy import Accuracy, cases
from .ulp import both_signs

TINY = [5e-324, 1e-200, 1e-20, 1e-8]
MIDDLE = [0.1, 0.5, 1.1, 3.0, 17.2]
LARGE = [30.1, 300.1, 360.2, 372.0, 700.3]
HUGE = [1e20, 1e154, 1e200, 1.7e308]
WIDE = both_signs(TINY + MIDDLE + LARGE)
UNIT = both_signs([*TINY, 0.1, 0.49, 0.5, 0.51, 0.9, 1 - 2**-30, 1 - 2**-53])

every_op = cases(
    ("sinh", mpmath.sinh, WIDE),
    ("cosh", mpmath.cosh, WIDE),
    ("tanh", mpmath.tanh, WIDE),
    ("sech", mpmath.sech, WIDE),
    ("asinh", mpmath.asinh, both_signs(TINY + MIDDLE + LARGE + HUGE)),
    ("acosh", mpmath.acosh, [1 + 2**-52, 1 + 2**-30, 1.1, 3.0, 17.2, *LARGE, *HUGE]),
    ("atanh", mpmath.atanh, UNIT),
)


@every_op
class TestAccuracy(Accuracy):
    pass


NUMPY = {asinh: np.arcsinh, acosh: np.arccosh, atanh: np.arctanh, sech: lambda x: 1 / np.cosh(x)}


@pytest.mark.parametrize("op", [sinh, cosh, tanh, sech, asinh, acosh, atanh])
@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0, 2.0, 1e3, -1e3, np.inf, -np.inf, np.nan])
def test_edges_follow_numpy_down_to_the_sign_of_zero(op, x):
    with np.errstate(all="ignore"):
        wanted = NUMPY.get(op, getattr(np, op.name, None))(x)
    np.testing.assert_allclose(op(x), wanted, rtol=1e-15)
    assert np.isnan(wanted) or np.signbit(op(x)) == np.signbit(wanted)


def test_tanh_has_a_slope_where_the_result_is_rounded_to_one():
    x = Value(30.0)
    y = tanh(x)
    assert y.data == 1.0
    assert grad(y, x) == pytest.approx(4 * math.exp(-60.0), rel=1e-14)


def test_saturated_tanh_has_no_nan_in_any_derivative():
    x = Value(1000.0)
    y = tanh(x)
    for _ in range(3):
        y = grad(y, x, create_graph=True)
        assert y.data == 0.0


def test_inverse_functions_rise_infinitely_steeply_at_the_ends():
    for op in (acosh, atanh):
        x = Value(1.0)
        op(x).backward()
        assert x.grad == math.inf
