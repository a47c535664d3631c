"""Special functions: the bell curve and its integrals.

Formulas: NIST Digital Library of Mathematical Functions, chapter 7 (https://dlmf.nist.gov/7).
"""

import math
from typing import Any

from pluggrad import Op, hookimpl

from .piecewise import maximum, minimum

ERF_SLOPE = 2.0 / math.sqrt(math.pi)  # of erf at 0
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)  # of the standard normal distribution at 0

# sqrt(1/2) is ROOT + REST, and ROOT is HIGH + LOW, which have so few bits that products with half
# a float are exact. SPLITTER is Dekker's: it halves a float's bits.
ROOT = math.sqrt(0.5)
REST = -4.833646656726457e-17
HIGH = 94906266.0 * 2.0**-27
LOW = ROOT - HIGH
SPLITTER = 2.0**27 + 1.0
GRID = 1.5 * 2.0**46  # adding it rounds a number to a multiple of 1/64


def _gaussian(x: float) -> float:
    # exp magnifies the rounding of x * x by x * x. So x is cut to a grid on which squares are
    # exact, and what that leaves out is a small factor.
    t = math.fabs(x)
    if t > 28.0:
        return 0.0
    near = (t + GRID) - GRID
    return math.exp(-near * near) * math.exp((near - t) * (near + t))


def _ndtr(x: float) -> float:
    # erfc(t / sqrt(2)) / 2, with the rounding error of t / sqrt(2) made good to first order: at
    # t = 30 it would change the result by a thousand units in the last place.
    t = math.fabs(x)
    tail = 0.0
    if not t > 40.0:
        z = t * ROOT
        shifted = SPLITTER * t
        high = shifted - (shifted - t)
        low = t - high
        error = ((high * HIGH - z) + high * LOW + low * HIGH) + (low * LOW + t * REST)
        tail = 0.5 * (math.erfc(z) - ERF_SLOPE * math.exp(-z * z) * error)
    return 1.0 - tail if x > 0.0 else tail


def finite(x: Any) -> Any:
    """Return x, cut where the bell curve is 0 beside it: at infinity the product would be nan."""
    return maximum(minimum(x, 1e3), -1e3)


# Used in rules above their own lines.
gaussian: Op

# A table of rules reads better aligned.
# fmt: off

# ----- Error functions -----

erf  = Op("erf",  math.erf,  lambda g, out, x: g * (ERF_SLOPE * gaussian(x)),
          doc="Error function. Derivative: 2 / sqrt(pi) e**-x**2.")
erfc = Op("erfc", math.erfc, lambda g, out, x: -g * (ERF_SLOPE * gaussian(x)),
          doc="1 - erf(x), accurate for large x. Derivative: -2 / sqrt(pi) e**-x**2.")

# ----- The normal distribution -----

# Accuracy of gaussian, operand 0: inf units where abs(x) > 26. The result is subnormal, and has
# few digits left.
gaussian = Op("gaussian", _gaussian, lambda g, out, x: g * (-2 * (finite(x) * out)),
              doc="e**-x**2. Derivative: -2 x e**-x**2.")
# gaussian(x / 2)**2 is e**(-x**2 / 2), and nothing is rounded on the way into it.
ndtr = Op("ndtr", _ndtr, lambda g, out, x: g * (DENSITY * gaussian(0.5 * x) * gaussian(0.5 * x)),
          doc="Normal distribution function. Derivative: e**(-x**2 / 2) / sqrt(2 pi).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the special functions."""
    return [erf, erfc, gaussian, ndtr]
