"""Hyperbolic functions."""

import math

from pluggrad import Op, hookimpl

from .arithmetic import abs
from .exponential import sqrt
from .piecewise import step, where
from .trigonometric import hypot

inf, nan = math.inf, math.nan


def _sech(x: float) -> float:
    e = math.exp(-math.fabs(x))  # not 1 / cosh(x), which overflows before sech(x) is 0
    return 2.0 * e / (1.0 + e * e)


def _atanh_beyond(x: float) -> float:
    return math.copysign(inf, x) if math.fabs(x) == 1.0 else nan


# Used in rules above their own lines.
cosh: Op
sech: Op

# A table of rules reads better aligned.
# fmt: off

# ----- Functions of an area -----

sinh = Op("sinh", math.sinh, lambda g, out, x: g * cosh(x), ieee=lambda x: math.copysign(inf, x),
          doc="Hyperbolic sine. Derivative: cosh(x).")
cosh = Op("cosh", math.cosh, lambda g, out, x: g * sinh(x), ieee=lambda x: inf,
          doc="Hyperbolic cosine. Derivative: sinh(x).")
# 1 - tanh(x)**2 has no correct digit left beyond |x| = 20.
tanh = Op("tanh", math.tanh, lambda g, out, x: g * sech(x) * sech(x),
          doc="Hyperbolic tangent. Derivative: sech(x)**2.")
sech = Op("sech", _sech,     lambda g, out, x: -g * out * tanh(x),
          doc="Hyperbolic secant, 1 / cosh(x). Derivative: -sech(x) tanh(x).")

# ----- Inverse functions -----

asinh = Op("asinh", math.asinh, lambda g, out, x: g / hypot(1.0, x),
           doc="Inverse of sinh. Derivative: 1 / sqrt(x**2 + 1).")
# Two roots: x**2 overflows from 1e154 on, and x**2 - 1 loses digits near 1.
acosh = Op("acosh", math.acosh, lambda g, out, x: g / (sqrt(x - 1) * sqrt(x + 1)),
           ieee=lambda x: nan, domain=(1.0, inf),
           doc="Inverse of cosh. Derivative: 1 / sqrt(x**2 - 1).")
# As for asin: each form of 1 - x**2 where it and its derivative keep their digits.
atanh = Op("atanh", math.atanh,
           lambda g, out, x: g / where(step(0.5 - abs(x)), 1 - x * x, (1 - x) * (1 + x)),
           ieee=_atanh_beyond, domain=(-1.0, 1.0),
           doc="Inverse of tanh. Derivative: 1 / (1 - x**2).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the hyperbolic ops."""
    return [sinh, cosh, tanh, sech, asinh, acosh, atanh]
