import math

import mpmath
import pytest
from pluggrad import Value, grad
from pluggrad.ops import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus, softsign

from .accuracy import Accuracy, cases
from .ulp import both_signs, pairs

TINY = [5e-324, 1e-200, 1e-20, 1e-8]
MIDDLE = [0.1, 0.5, 2.1, 3.1, 17.2]
LARGE = [37.5, 300.1, 700.3, 740.2]
WIDE = both_signs(TINY + MIDDLE + LARGE)
PAIRS = pairs(both_signs([1e-200, 1e-8, 0.3, 2.0, 40.0]))

every_op = cases(
    ("relu", lambda x: max(x, mpmath.mpf(0)), WIDE),
    ("leaky_relu", lambda x, slope: x if x > 0 else slope * x, PAIRS),
    ("elu", lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x), PAIRS),
    ("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x)), WIDE),
    ("softplus", lambda x: mpmath.log1p(mpmath.exp(x)), WIDE),
    ("silu", lambda x: x / (1 + mpmath.exp(-x)), WIDE),
    (
        "gelu",
        lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
        both_signs([*TINY, 0.1, 0.5, 2.1, 3.1, 9.1, 17.2, 30.3, 36.9, 37.1, 38.2]),
    ),
    ("softsign", lambda x: x / (1 + abs(x)), both_signs([*TINY, *MIDDLE, 1e154, 1e200])),
)


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_second(x):
        return abs(x[0]) < 36  # above, factors of it are subnormal

    @staticmethod
    def for_third(x):
        return 1e-10 < abs(x[0]) < 20


@pytest.mark.parametrize(
    ("op", "least", "most"),
    [
        (relu, 0.0, math.inf),
        (leaky_relu, -math.inf, math.inf),
        (elu, -1.0, math.inf),
        (sigmoid, 0.0, 1.0),
        (softplus, 0.0, math.inf),
        (silu, 0.0, math.inf),
        (gelu, 0.0, math.inf),
        (softsign, -1.0, 1.0),
    ],
)
def test_activations_end_as_their_limits_at_infinity_say(op, least, most):
    assert (op(-math.inf), op(math.inf)) == (least, most)


@pytest.mark.parametrize(
    ("op", "zero", "slope"),
    [(silu, -1.2784645427610738, 0.0), (gelu, -0.7517915246935645, 0.0)],
)
def test_slope_near_the_minimum_is_right_in_absolute_terms(op, zero, slope):
    x = Value(zero)
    op(x).backward()
    assert x.grad == pytest.approx(slope, abs=3e-16)


def test_parameters_have_defaults_and_may_be_values():
    x = Value(-2.0)
    assert x.leaky_relu().data == -0.02
    assert x.leaky_relu(0.2).data == -0.4
    assert x.elu().data == math.expm1(-2.0)
    slope = Value(0.2)
    x.leaky_relu(slope).backward()
    assert (x.grad, slope.grad) == (0.2, -2.0)


def test_relu_is_flat_at_zero_and_lets_gradients_through_above():
    for number, slope in [(-1.0, 0.0), (-0.0, 0.0), (0.0, 0.0), (5e-324, 1.0), (math.inf, 1.0)]:
        x = Value(number)
        relu(x).backward()
        assert x.grad == slope


def test_saturated_sigmoid_still_has_a_slope():
    x = Value(40.0)
    y = sigmoid(x)
    assert y.data == 1.0
    assert grad(y, x) == pytest.approx(math.exp(-40.0), rel=1e-14)


def test_elu_does_not_overflow_far_above_zero():
    x, alpha = Value(1000.0), Value(1.0)
    elu(x, alpha).backward()
    assert (x.grad, alpha.grad) == (1.0, 0.0)
