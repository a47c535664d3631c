"""Roots, and the inverses of trigonometric and hyperbolic functions, on vectors of lanes.

Where a quotient, a square root or a sum is rounded on the way, what was rounded off is kept beside
it, so that only the last rounding counts. Points far out, of which squares or quotients overflow or
get subnormal, are few and left to the C library.
"""

from __future__ import annotations

import math
from typing import Any

from .coefficients import ASIN, ATAN, CBRT
from .exponentials import remainder
from .logarithms import log1p_pair, log_pair
from .writer import Writer

inf, nan = math.inf, math.nan
HALF_PI, HALF_PI_LOW = math.pi / 2.0, 6.123233995736766e-17
# pi / 4 in two parts. The first has so few bits that its products with 2, 3 and 4 are exact.
QUARTER_PI = float.fromhex("0x1.921fb54442d10p-1")
QUARTER_PI_LOW = float.fromhex("0x1.08d313198a2e0p-50")
BEND = math.sqrt(2.0) - 1.0  # tan(pi / 8)
LN2, LN2_LOW = math.log(2.0), 2.3190468138462996e-17
LARGE = 1e8  # its square and one more are the same float


def quotient_pair(w: Writer, a: Any, a_low: Any, b: Any, b_low: Any) -> tuple[Any, Any]:
    """Divide two sums of two numbers each; give the quotient as two numbers."""
    inverse = 1.0 / b
    q = a * inverse
    left = remainder(w, a, q, b) + (a_low - q * b_low)
    return w.ordered_total(q, left * inverse)


def root_pair(w: Writer, x: Any, low: Any) -> tuple[Any, Any]:
    """Give sqrt(x + low) as two numbers; 0 for 0."""
    root = w.sqrt(x)
    left = (remainder(w, x, root, root) + low) * (0.5 / root)
    return root, w.select(x > 0.0, left, 0.0)


# ----- Arc functions -----


def atan_series(w: Writer, u: Any) -> Any:
    """Give atan(u) - u, for |u| up to tan(pi / 8)."""
    square = u * u
    return square * u * w.polynomial(square, ATAN)


def with_quarters(w: Writer, quarters: Any, u: Any, low: Any) -> Any:
    """Give quarters pi / 4 + u + low, of which u is the smaller unless quarters is 0."""
    high, error = w.ordered_total(quarters * QUARTER_PI, u)
    return high + (error + w.fma(quarters, QUARTER_PI_LOW, low))


def atan(w: Writer, x: Any) -> Any:
    """Give atan(x): of x, of (|x| - 1) / (|x| + 1) and pi / 4, or of -1 / |x| and pi / 2."""
    size = w.fabs(x)
    size = w.select(size > 1e300, 1e300, size)  # the quotient must not get 0 / inf
    near, far = size < BEND, size > 1.0 / BEND
    outside = near | far
    above, above_low = w.total(size, -1.0)
    above = w.select(near, size, w.select(far, -1.0, above))
    below, below_low = w.total(size, 1.0)
    below = w.select(near, 1.0, w.select(far, size, below))
    above_low, below_low = w.select(outside, 0.0, above_low), w.select(outside, 0.0, below_low)
    quarters = w.select(near, 0.0, w.select(far, 2.0, 1.0))
    u, low = quotient_pair(w, above, above_low, below, below_low)
    result = with_quarters(w, quarters, u, low + atan_series(w, u))
    return w.copysign(w.select(size < 1e-150, size, result), x)


def atan2(w: Writer, y: Any, x: Any) -> Any:
    """Give the angle of the point (x, y): the arc tangent of the quotient that is below 1."""
    y, x = w.everywhere(y), w.everywhere(x)
    a, b = w.fabs(y), w.fabs(x)
    steep = a > b
    small, large = w.select(steep, b, a), w.select(steep, a, b)
    near = small < large * BEND
    above, error = w.ordered_total(-large, small)
    above, error = w.select(near, small, above), w.select(near, 0.0, error)
    below, below_error = w.ordered_total(large, small)
    below, below_error = w.select(near, large, below), w.select(near, 0.0, below_error)
    u, low = quotient_pair(w, above, error, below, below_error)
    low = low + atan_series(w, u)
    sign = w.select(steep, -1.0, 1.0) * w.select(x < 0.0, -1.0, 1.0)
    quarters = w.select(near, 0.0, 1.0)
    base = w.select(steep, 2.0, w.select(x < 0.0, 4.0, 0.0))
    result = with_quarters(w, w.fma(sign, quarters, base), sign * u, sign * low)
    usual = (large > 1e-140) & (large < 1e140) & (small > 1e-140)
    return w.rarely(~usual, w.copysign(result, y), lambda: w.one_by_one("atan2", [y, x]))


def _folded(w: Writer, x: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Give |x|, whether it is below 1/2, x**2 or else (1 - |x|) / 2, and its root in two parts."""
    size = w.fabs(x)
    near = size < 0.5
    square = w.select(near, size * size, (1.0 - size) * 0.5)
    return size, near, square, *root_pair(w, square, 0.0)


def asin(w: Writer, x: Any) -> Any:
    """Give asin(x): its series, or pi / 2 - 2 asin(sqrt((1 - |x|) / 2))."""
    size, near, square, root, root_low = _folded(w, x)
    root = w.select(near, size, root)
    rest = root * square * w.polynomial(square, ASIN)
    high, error = w.ordered_total(HALF_PI, -2.0 * root)
    far = high + (error + (HALF_PI_LOW - 2.0 * (root_low + rest)))
    return w.copysign(w.select(near, root + rest, far), x)


def acos(w: Writer, x: Any) -> Any:
    """Give acos(x): pi / 2 - asin(x), 2 asin(sqrt((1 - x) / 2)), or pi - 2 asin(...)."""
    _, near, square, root, root_low = _folded(w, x)
    part = w.select(near, x, root)
    rest = part * square * w.polynomial(square, ASIN)
    high, error = w.ordered_total(HALF_PI, -x)
    middle = high + (error + (HALF_PI_LOW - rest))
    doubled = 2.0 * root
    more = 2.0 * (root_low + rest)
    high, error = w.ordered_total(2.0 * HALF_PI, -doubled)
    left = high + (error + (2.0 * HALF_PI_LOW - more))
    return w.select(near, middle, w.select(x > 0.0, doubled + more, left))


# ----- Area functions -----


def asinh(w: Writer, x: Any) -> Any:
    """Give log(|x| + sqrt(x**2 + 1)) = log(1 + |x| + x**2 / (1 + sqrt(x**2 + 1)))."""
    size = w.fabs(x)
    inner = w.select(size > LARGE, 1.0, size)
    square, square_low = w.product(inner, inner)
    total, error = w.total(square, 1.0)
    root, root_low = root_pair(w, total, error + square_low)
    below, below_low = w.ordered_total(root, 1.0)
    q, q_low = quotient_pair(w, square, square_low, below, below_low + root_low)
    high, low = w.total(inner, q)
    high, low = log1p_pair(w, high, low + q_low)
    far_high, far_low = log_pair(w, size)
    far = doubled_log(w, far_high, far_low)
    result = w.select(size > LARGE, far, high + low)
    result = w.select(size < 1e-9, size, w.select(size < inf, result, size))
    return w.copysign(result, x)


def doubled_log(w: Writer, high: Any, low: Any) -> Any:
    """Give log(2 x) from log(x), a number above 1, as two numbers."""
    total, error = w.ordered_total(high, LN2)
    return total + (error + (low + LN2_LOW))


def acosh(w: Writer, x: Any) -> Any:
    """Give log(x + sqrt(x**2 - 1)) = log(1 + t + sqrt(2 t + t**2)) with t = x - 1."""
    inner = w.select(x > LARGE, 2.0, x)
    t, t_low = w.ordered_total(inner, -1.0)
    square, square_low = w.product(t, t)
    total, error = w.total(2.0 * t, square)
    low = error + (square_low + 2.0 * t_low * inner)
    root, root_low = root_pair(w, total, low)
    high, left = w.total(root, t)
    high, left = log1p_pair(w, high, left + (root_low + t_low))
    far = doubled_log(w, *log_pair(w, x))
    result = w.select(x > LARGE, far, high + left)
    return w.select(x < 1.0, nan, w.select(x < inf, result, x))


def atanh(w: Writer, x: Any) -> Any:
    """Give log((1 + x) / (1 - x)) / 2 = log(1 + 2 |x| / (1 - |x|)) / 2."""
    size = w.fabs(x)
    below, error = w.ordered_total(1.0, -size)
    q, low = quotient_pair(w, 2.0 * size, 0.0, below, error)
    high, left = log1p_pair(w, q, low)
    result = 0.5 * (high + left)
    result = w.select(size < 1e-9, size, w.select(size < 1.0, result, w.select(
        size.equals(1.0), inf, nan
    )))  # fmt: skip
    return w.copysign(result, x)


# ----- Roots -----


def hypot(w: Writer, a: Any, b: Any) -> Any:
    """Give sqrt(a**2 + b**2)."""
    a, b = w.everywhere(a), w.everywhere(b)
    one, other = w.fabs(a), w.fabs(b)
    swap = other > one
    large, small = w.select(swap, other, one), w.select(swap, one, other)
    square, low = w.product(large, large)
    less, less_low = w.product(small, small)
    total, error = w.ordered_total(square, less)
    root, root_low = root_pair(w, total, error + (low + less_low))
    usual = (large > 1e-140) & (large < 1e150) & (small < inf)
    return w.rarely(~usual, root + root_low, lambda: w.one_by_one("hypot", [a, b]))


def cbrt(w: Writer, x: Any) -> Any:
    """Give the cube root: of m in x = 8**k m, from its inverse by Newton's method."""
    size = w.fabs(x)
    small = size < 2.0**-1000
    scaled = w.select(small, size * 2.0**90, size)
    bits = w.bits(scaled)
    exponent = w.double(w.shifted(bits, -52) | (0x433 << 52)) - (2.0**52 + 1023.0)
    third = w.floor(exponent * (1.0 / 3.0) + 1e-3)
    k = w.bits(third + 1.5 * 2.0**52) - (0x4338 << 48)
    m = w.times_power(scaled, k * -3)  # from 1 to 8
    r = w.polynomial(m, CBRT)
    for _ in range(3):
        r = w.fma(r, (1.0 - m * r * r * r) * (1.0 / 3.0), r)
    y = m * r * r
    square, square_low = w.product(y, y)
    cube, cube_low = w.product(square, y)
    error = ((m - cube) - cube_low) - square_low * y
    y = w.fma(error * (1.0 / 3.0), r * r, y)
    root = w.times_power(y, k - w.select(small, w.integers(30), w.integers(0)))
    return w.select((size > 0.0) & (size < inf), w.copysign(root, x), x)
