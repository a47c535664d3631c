"""Trigonometry, with the two functions of a point in the plane."""

import math
import sys
from typing import Any

from pluggrad import Op, hookimpl

from .arithmetic import abs
from .exponential import sqrt
from .piecewise import maximum, minimum, sign, step, where

inf, nan = math.inf, math.nan
LARGEST = sys.float_info.max


def _hypot(a: float, b: float) -> float:
    return math.hypot(a, b)


def _sinc(x: float) -> float:
    if x == 0.0 or math.fabs(x) == inf:
        return 1.0 if x == 0.0 else 0.0
    if math.fabs(x) < 0.5:
        return math.sin(math.pi * x) / (math.pi * x)
    whole = (x + 0.5) // 1.0
    sine = math.sin(math.pi * (x - whole))  # nothing is rounded before the product with pi
    return (sine if whole % 2.0 == 0.0 else -sine) / (math.pi * x)


def _sinc_slope(n: float, x: float) -> float:
    if not (0.0 <= n <= 500.0 and n % 1.0 == 0.0) or x != x:
        return nan
    if n == 0.0 or math.fabs(x) == inf:
        return _sinc(x)
    whole = (x + 0.5) // 1.0
    sine, cosine = math.sin(math.pi * (x - whole)), math.cos(math.pi * (x - whole))
    if whole % 2.0 == 1.0:
        sine, cosine = -sine, -cosine
    # x times sinc is a sine. Differentiated n times: z f(n) + n f(n - 1) = sin(z + n pi / 2), which
    # loses no digits upwards to about n = abs(z), and none downwards to it.
    if math.pi * math.fabs(x) < n + 1.0:
        return math.pow(math.pi, n) * _sinc_slope_downwards(n, math.pi * x, sine, cosine)
    slope, k, power = sine / math.pi / x, 0.0, 1.0  # power is pi**k / pi: pi * x may overflow
    while k < n:
        k += 1.0
        sine, cosine = cosine, -sine
        slope = (power * sine - k * slope) / x
        power *= math.pi
    return slope


def _sinc_slope_downwards(n: float, z: float, sine: float, cosine: float) -> float:
    k, left = n + 1.0, 1.0  # what is left of an error made at order k, if f(n) is as small as z
    while 1.0 + left > 1.0:
        k += 1.0
        left *= math.fabs(z) / k
    if k % 2.0 == 1.0:
        sine, cosine = cosine, -sine
    if k % 4.0 >= 2.0:
        sine, cosine = -sine, -cosine
    slope = 0.0
    while k > n:
        slope = (sine - z * slope) / k
        sine, cosine = -cosine, sine
        k -= 1.0
    return slope


def _finite(x: Any) -> Any:
    """Return x; for an infinity the largest number."""
    return minimum(maximum(x, -LARGEST), LARGEST)


def _from_branch_cut(y: float, x: float) -> float:
    return y if x < 0.0 else math.hypot(y, x)


# Used in rules above their own lines.
cos: Op
hypot: Op
sinc_slope: Op

# A table of rules reads better aligned.
# fmt: off

# ----- Functions of an angle in radians -----

sin = Op("sin", math.sin, lambda g, out, x: g * cos(x),           ieee=lambda x: nan,
         doc="Sine. Derivative: cos(x).")
cos = Op("cos", math.cos, lambda g, out, x: -g * sin(x),          ieee=lambda x: nan,
         doc="Cosine. Derivative: -sin(x).")
tan = Op("tan", math.tan, lambda g, out, x: g * (1 + out * out),  ieee=lambda x: nan,
         doc="Tangent. Derivative: 1 + tan(x)**2.")

# Of the product rule the terms cancel near 0. Slopes are as exact as their amplitudes.
# Accuracy of sinc, operand 0: 16 / abs(exact * x) units where abs(x) > 0.5. It has roots.
# Accuracy of sinc, higher: inf units where abs(x) > 0.3. They have roots, too.
sinc = Op("sinc", _sinc, lambda g, out, x: g * sinc_slope(1.0, x),
          doc="sin(pi x) / (pi x), 1 at 0. Derivative: sinc_slope(1, x).")
# Accuracy of sinc_slope, forward: (4 + n / 4) * 3.2**n / abs(exact) units where n > 0. They have
# roots.
# Accuracy of sinc_slope, operand 1: (5 + n / 4) * 3.2**(n + 1) / abs(exact) units where n >= 0. For
# the same reason.
# Accuracy of sinc_slope, higher: inf units where abs(x) > 0.1. For the same reason.
sinc_slope = Op("sinc_slope", _sinc_slope,
                None,
                lambda g, out, n, x: g * sinc_slope(n + 1, x),
                doc="The n-th derivative of sinc. Derivatives: none; sinc_slope(n + 1, x).")

# ----- Inverse functions -----

# 1 - x * x loses digits near 1, and (1 - x) * (1 + x) has a derivative that loses them near 0.
asin = Op("asin", math.asin,
          lambda g, out, x: g / sqrt(where(step(0.5 - abs(x)), 1 - x * x, (1 - x) * (1 + x))),
          ieee=lambda x: nan, domain=(-1.0, 1.0),
          doc="Arc sine. Derivative: 1 / sqrt(1 - x**2).")
acos = Op("acos", math.acos,
          lambda g, out, x: -g / sqrt(where(step(0.5 - abs(x)), 1 - x * x, (1 - x) * (1 + x))),
          ieee=lambda x: nan, domain=(-1.0, 1.0),
          doc="Arc cosine. Derivative: -1 / sqrt(1 - x**2).")
# 1 + x**2 overflows from 1e154 on, where the derivative is not 0 yet.
atan = Op("atan", math.atan, lambda g, out, x: g / hypot(1.0, x) / hypot(1.0, x),
          doc="Arc tangent. Derivative: 1 / (1 + x**2).")

# ----- A point in the plane -----

# The squares of the coordinates overflow and underflow; their ratios to the radius do not. Digits
# are lost where the radius is subnormal or beyond 1.8e308.
# Accuracy of atan2, operand 0: 40 units where abs(exact) < 1e-307. A subnormal has few digits.
# Accuracy of atan2, operand 1: 40 units where abs(exact) < 1e-307. A subnormal has few digits.
# Second derivatives are of the size 1 / r**2, which overflows where r < 1e-154: what is computed
# from them is then finite in one order of computing, and inf or nan in another.
# At infinity, where a coordinate over the radius has no value, both derivatives are 0.
atan2 = Op("atan2", math.atan2, lambda g, out, y, x: g * (_finite(x) / hypot(y, x) / hypot(y, x)),
                                lambda g, out, y, x: -g * (_finite(y) / hypot(y, x) / hypot(y, x)),
           kinks=_from_branch_cut,
           doc="Angle of the point (x, y). Derivatives: x / r**2, -y / r**2.")
# Of a / r itself the derivative is a difference that loses its digits where |b| is small. In this
# form r cannot overflow either. At the origin it is 0, between the slopes -1 and 1 as for abs.
hypot = Op("hypot", _hypot,
           lambda g, out, a, b: g * where(step(abs(a) - abs(b)), sign(a) * cos(atan2(b, abs(a))),
                                                                 sin(atan2(a, abs(b)))),
           lambda g, out, a, b: g * where(step(abs(b) - abs(a)), sign(b) * cos(atan2(a, abs(b))),
                                                                 sin(atan2(b, abs(a)))),
           kinks=_hypot,
           doc="r = sqrt(a**2 + b**2). Derivatives: a / r, b / r.")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the trigonometric ops."""
    return [sin, cos, tan, sinc, sinc_slope, asin, acos, atan, atan2, hypot]
