"""Sine and cosine on vectors of lanes.

x = n pi / 2 + r with |r| <= pi / 4, where pi / 2 is four numbers and r is two; r and n choose
between the series of sine and cosine. The first three parts of pi / 2 have 33 bits each, so that
their products with n are exact (W. Cody and W. Waite, "Software Manual for the Elementary
Functions", 1980). The few lanes that lie beyond a million are left to the C library.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .coefficients import COS, SIN
from .exponentials import quotient
from .symbols import INTEGER
from .writer import Writer

PARTS = (
    float.fromhex("0x1.921fb54400000p+0"),
    float.fromhex("0x1.0b4611a600000p-34"),
    float.fromhex("0x1.3198a2e000000p-69"),
    float.fromhex("0x1.b839a252049c1p-104"),
)
FAR = 1e6
MAGIC = 1.5 * 2.0**52  # adding it rounds to a whole number, which stands in the last bits


class Angle(NamedTuple):
    """x = quarter pi / 2 + high + low; the quarter as an integer."""

    high: Any
    low: Any
    quarter: Any


def reduced(w: Writer, x: Any) -> Angle:
    """Take whole multiples of pi / 2 off x, for |x| up to a million."""
    shifted = w.fma(x, 2.0 / math.pi, MAGIC)
    n = shifted - MAGIC
    first, second, third, fourth = PARTS
    near, error = w.total(x - n * first, -(n * second))
    near, more = w.total(near, -(n * third))
    high, low = w.ordered_total(near, w.fma(n, -fourth, error + more))
    return Angle(high, low, w.bits(shifted))


def sine(w: Writer, r: Any, low: Any) -> tuple[Any, Any]:
    """Give sin(r + low) as two numbers, for |r| up to pi / 4."""
    z = r * r
    return r, w.fma(r * z, w.polynomial(z, SIN), w.fma(z * low, -0.5, low))


def cosine(w: Writer, r: Any, low: Any) -> tuple[Any, Any]:
    """Give cos(r + low) as two numbers, for |r| up to pi / 4."""
    z, error = w.product(r, r)
    high, left = w.ordered_total(1.0, z * -0.5)
    left = w.fma(error, -0.5, left) - r * low
    return high, w.fma(z * z, w.polynomial(z, COS), left)


def turned(w: Writer, angle: Angle, quarters: int) -> Any:
    """Give the sine of an angle turned by a number of right angles."""
    quarter = angle.quarter + quarters
    s, s_low = sine(w, angle.high, angle.low)
    c, c_low = cosine(w, angle.high, angle.low)
    result = w.select(is_odd(w, quarter), c + c_low, s + s_low)
    sign = w.shifted(quarter & 2, 62)
    return w.double(w.binary("xor", INTEGER, w.bits(result), sign))


def is_odd(w: Writer, quarter: Any) -> Any:
    """Say where an integer is odd."""
    return w.compare_integers("ne", quarter & 1, 0)


def sin(w: Writer, x: Any) -> Any:
    """Give sin(x)."""
    near = turned(w, reduced(w, x), 0)
    near = w.select(x.equals(0.0), x, near)  # the sign of a zero
    return w.rarely(w.fabs(x) > FAR, near, lambda: w.one_by_one("sin", [x]))


def cos(w: Writer, x: Any) -> Any:
    """Give cos(x)."""
    near = turned(w, reduced(w, x), 1)
    return w.rarely(w.fabs(x) > FAR, near, lambda: w.one_by_one("cos", [x]))


def tan(w: Writer, x: Any) -> Any:
    """Give tan(x), the quotient of sine and cosine, or of minus cosine and sine."""
    angle = reduced(w, x)
    s, s_low = w.ordered_total(*sine(w, angle.high, angle.low))
    c, c_low = w.ordered_total(*cosine(w, angle.high, angle.low))
    odd = is_odd(w, angle.quarter)
    above, above_low = w.select(odd, -c, s), w.select(odd, -c_low, s_low)
    below, below_low = w.select(odd, s, c), w.select(odd, s_low, c_low)
    near = quotient(w, above, above_low, below, below_low)
    near = w.select(w.fabs(x) < 1e-150, x, near)  # what is left of a quotient gets subnormal
    return w.rarely(w.fabs(x) > FAR, near, lambda: w.one_by_one("tan", [x]))
