"""Logarithms on vectors of lanes.

x = 2**k m with sqrt(1/2) <= m < sqrt(2), and f = m - 1 exactly. With s = f / (2 + f) it is
log(1 + f) = 2 atanh(s) = f - f**2 / 2 + s (f**2 / 2 + s**2 P(s**2)), where P is short, and the last
term so small that its errors hardly count. The first two are kept as two numbers, so that only the
last rounding counts. (The formula is that of K. Ng's fdlibm, 1993.)
"""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

from .coefficients import LOG
from .exponentials import LEAST, LN2_HIGH, LN2_LOW, power
from .writer import Writer

inf, nan = math.inf, math.nan
TINY = 2.0**-1022  # the smallest number that is not subnormal
(ROOT_BITS,) = struct.unpack("<q", struct.pack("<d", math.sqrt(0.5)))
FRACTION = (1 << 52) - 1
BIAS = 1024 << 52
WHOLE_BITS = 0x433 << 52  # of 2**52: a small integer in the last bits is added to it
ZERO = 2.0**52 + 1024.0  # what 2**0 gives so
LOG2E = 1.0 / math.log(2.0)
LOG2E_LOW = 2.0355273740931033e-17
LOG10E = 0.4342944819032518
LOG10E_LOW = 1.098319650216765e-17
# log10(2) in two parts, as log(2) in exponentials.py.
LOG10_2_HIGH = float.fromhex("0x1.34413509f8p-2")
LOG10_2_LOW = -8.532344317057107e-14


class Split(NamedTuple):
    """x = 2**k (1 + f)."""

    k: Any
    f: Any


def split(w: Writer, x: Any) -> Split:
    """Take a positive number apart."""
    small = x < TINY
    x = w.select(small, x * 2.0**54, x)
    moved = w.bits(x) - (ROOT_BITS - BIAS)
    k = w.double(w.shifted(moved, -52) | WHOLE_BITS) - w.select(small, ZERO + 54.0, ZERO)
    return Split(k, w.double((moved & FRACTION) + ROOT_BITS) - 1.0)


def log_near(w: Writer, f: Any, low: Any = None) -> tuple[Any, Any]:
    """Give log(1 + f + low) as two numbers, for 1 + f between sqrt(1/2) and sqrt(2)."""
    s = f / (2.0 + f)
    square, error = w.product(f, f)
    half = 0.5 * square
    high, left = w.ordered_total(f, -half)
    left = w.fma(error, -0.5, left)
    if low is not None:  # times the slope 1 / (1 + f), to a few digits
        left = w.fma(low, w.fma(f, w.fma(f, w.fma(f, -0.9, 1.0), -1.0), 1.0), left)
    z = s * s
    return high, w.fma(s, w.fma(z, w.polynomial(z, LOG, levels=1), half), left)


def natural(w: Writer, k: Any, high: Any, low: Any) -> tuple[Any, Any]:
    """Give k log(2) + high + low as two numbers."""
    total, error = w.ordered_total(k * LN2_HIGH, high)
    return total, error + w.fma(k, LN2_LOW, low)


def at_ends(w: Writer, x: Any, result: Any) -> Any:
    """Put the logarithms of 0, inf, nan and negative numbers in their places."""
    below = w.select(x.equals(0.0), -inf, w.everywhere(nan))
    return w.select(x <= 0.0, below, w.select(x < inf, result, x))


def log_pair(w: Writer, x: Any) -> tuple[Any, Any]:
    """Give log(x) as two numbers, for x above 0 and below inf."""
    k, f = split(w, x)
    return natural(w, k, *log_near(w, f))


def log(w: Writer, x: Any) -> Any:
    """Give log(x)."""
    high, low = log_pair(w, x)
    return at_ends(w, x, high + low)


def to_base(w: Writer, x: Any, inverse: float, inverse_low: float) -> tuple[Any, Any, Any]:
    """Give k, and the logarithm of 1 + f to another base as two numbers."""
    k, f = split(w, x)
    high, low = w.ordered_total(*log_near(w, f))
    product, error = w.product(high, inverse)
    return k, product, error + w.fma(high, inverse_low, low * inverse)


def log2(w: Writer, x: Any) -> Any:
    """Give the logarithm to base 2."""
    k, high, low = to_base(w, x, LOG2E, LOG2E_LOW)
    total, error = w.ordered_total(k, high)
    return at_ends(w, x, total + (error + low))


def log10(w: Writer, x: Any) -> Any:
    """Give the logarithm to base 10."""
    k, high, low = to_base(w, x, LOG10E, LOG10E_LOW)
    total, error = w.ordered_total(k * LOG10_2_HIGH, high)
    return at_ends(w, x, total + (error + w.fma(k, LOG10_2_LOW, low)))


def log1p_pair(w: Writer, x: Any, low: Any = None) -> tuple[Any, Any]:
    """Give log(1 + x + low) as two numbers, for x above -1 and below inf."""
    whole, error = w.total(x, 1.0)
    if low is not None:
        error = error + low
    k, f = split(w, whole)
    is_near = k.equals(0.0)
    # 2**-k, for k between -53 and 1000: the error becomes part of f. Beyond, it is too small.
    bits = w.bits(w.smaller(k, 1000.0) + (2.0**52 + 1024.0)) & 4095
    scale = w.double(w.shifted((2047 - bits) & 4095, 52))
    f = w.select(is_near, x, f)
    left = w.select(is_near, low if low is not None else 0.0, error * scale)
    return natural(w, k, *log_near(w, f, left))


def log1p(w: Writer, x: Any) -> Any:
    """Give log(1 + x)."""
    high, low = log1p_pair(w, x)
    beyond = w.select(x.equals(-1.0), -inf, w.select(x < -1.0, nan, x))
    result = w.select((x > -1.0) & (x < inf), high + low, beyond)
    return w.select(x.equals(0.0), x, result)  # the sign of a zero


def softplus(w: Writer, x: Any) -> Any:
    """Give log(1 + e**x) = max(x, 0) + log(1 + e**-|x|)."""
    size = -w.fabs(x)
    e = power(w, w.select(size < LEAST, LEAST, size))
    value, value_low = e.pair(w)
    high, low = log1p_pair(w, value, value_low)
    total, error = w.ordered_total(w.select(x > 0.0, x, 0.0), high)
    result = w.select(x > 0.0, total + (error + low), high + low)
    return w.select(x < inf, w.select(x < -700.0, value, result), x)
