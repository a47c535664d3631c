"""Activation functions of neural networks."""

import math

from pluggrad import Op, hookimpl

from .arithmetic import abs
from .exponential import exp, expm1
from .hyperbolic import sech
from .piecewise import minimum, step, where
from .special import DENSITY, finite, gaussian, ndtr

# ----- Forward functions -----


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x  # in this order a nan stays


def _leaky_relu(x: float, slope: float = 0.01) -> float:
    return x if x > 0.0 else slope * x


def _elu(x: float, alpha: float = 1.0) -> float:
    return x if x > 0.0 else alpha * math.expm1(x)


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _softplus(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


def _silu(x: float) -> float:
    if x >= 0.0:
        return x / (1.0 + math.exp(-x))
    if x == -math.inf:
        return -0.0  # the limit
    e = math.exp(0.5 * x)  # e * e may have few digits left where x * e * e has all
    return x * e / (1.0 + e * e) * e


def _gelu(x: float) -> float:
    if not x < -37.0:
        return x * ndtr(x)
    # Here ndtr(x) gets subnormal: its asymptotic series, times x (DLMF 7.12.1).
    u = 1.0 / (x * x)
    series = 1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u * (1 - 9 * u * (1 - 11 * u)))))
    e = gaussian(0.5 * x)
    return -DENSITY * series * e * e


def _softsign(x: float) -> float:
    return x / (1.0 + math.fabs(x)) if math.fabs(x) != math.inf else math.copysign(1.0, x)


# A table of rules reads better aligned.
# fmt: off

# ----- With a corner -----

# where(1 - step(x), x, 0.0) is minimum(x, 0.0) with the slope 1 at 0, as 1 - step(x) has in the
# other rule: so the mixed second derivatives are the same there.

relu = Op("relu", _relu, lambda g, out, x: g * step(x), kinks=(0.0,),
          doc="x where x > 0, else 0. Derivative: step(x).")
leaky_relu = Op("leaky_relu", _leaky_relu,
                lambda g, out, x, slope: g * (step(x) + (1 - step(x)) * slope),
                lambda g, out, x, slope: g * where(1 - step(x), x, 0.0), kinks=lambda x, slope: x,
                doc="x where x > 0, else slope x. Derivatives: 1 or slope; 0 or x.")
# exp(minimum(x, 0)): exp(x) overflows where it is multiplied by 0.
elu = Op("elu", _elu,
         lambda g, out, x, alpha: g * (step(x) + (1 - step(x)) * alpha * exp(minimum(x, 0.0))),
         lambda g, out, x, alpha: g * expm1(where(1 - step(x), x, 0.0)), kinks=lambda x, alpha: x,
         doc="x where x > 0, else alpha (e**x - 1). Derivatives: 1 or alpha e**x; 0 or e**x - 1.")

# ----- Smooth -----

# Not out (1 - out): 1 - out has no digit left beyond x = 37. And sigmoid(x) sigmoid(-x), with the
# same value, has a derivative that loses its digits near 0.
sigmoid = Op("sigmoid", _sigmoid, lambda g, out, x: 0.25 * g * sech(0.5 * x) * sech(0.5 * x),
             doc="s = 1 / (1 + e**-x). Derivative: s (1 - s) = sech(x / 2)**2 / 4.")
softplus = Op("softplus", _softplus, lambda g, out, x: g * sigmoid(x),
              doc="log(1 + e**x). Derivative: sigmoid(x).")
# Near their minima, x = -1.278 and x = -0.752, these two derivatives are differences of two numbers
# that are nearly the same, and their error is a few units in the last place of those.
# Accuracy of silu, operand 0: 2 / abs(exact) units where -1.6 < x < -1. The two terms cancel.
# Accuracy of gelu, operand 0: 2 / abs(exact) units where -2 < x < -0.5. The two terms cancel.
silu = Op("silu", _silu,
          lambda g, out, x: (
              g * (sigmoid(x) + 0.25 * finite(x) * sech(0.5 * x) * sech(0.5 * x))),
          doc="x s with s = sigmoid(x), also called swish. Derivative: s + x s (1 - s).")
# In JavaScript, gelu, forward: 8 units where x < -0.5. Its erfc is a product of two exponentials.
gelu = Op("gelu", _gelu,
          lambda g, out, x: (
              g * (ndtr(x) + DENSITY * finite(x) * gaussian(0.5 * x) * gaussian(0.5 * x))),
          doc="x P(x), P the normal distribution function. Derivative: P(x) + x P'(x).")
# Its second derivative jumps at 0. Two divisions: the square overflows from 1e154 on.
softsign = Op("softsign", _softsign, lambda g, out, x: g / (1 + abs(x)) / (1 + abs(x)),
              kinks=(0.0,),
              doc="x / (1 + |x|). Derivative: 1 / (1 + |x|)**2.")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the activation functions."""
    return [relu, leaky_relu, elu, sigmoid, softplus, silu, gelu, softsign]
