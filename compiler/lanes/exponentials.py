"""e**x and its kin on vectors of lanes.

e**x = 2**n e**r with |r| <= log(2) / 2, and e**r = 1 + r + r**2 Q(r). The sum is kept as
two numbers, so that only the last rounding counts.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .coefficients import EXP, EXP_FROM_SQUARE
from .writer import Writer

LOG2E = 1.0 / math.log(2.0)
# log(2) in two parts. The first has so few bits that its products with whole numbers are exact.
LN2_HIGH = float.fromhex("0x1.62e42feep-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
MAGIC = 1.5 * 2.0**52  # adding it rounds to a whole number, which stands in the last bits
MAGIC_BITS = 0x4338 << 48
MOST, LEAST = 710.0, -750.0  # beyond them e**x is inf and 0
FARTHEST = 1000.0  # times e**-1000 it is 0
FAR = 40.0  # from here on e**x - 1 is e**x
# (e**(2 r) - 1 - 2 r - 2 r**2) / (2 r**3), for |r| up to log(2) / 4.
EXP_OF_TWICE = [c * 2.0 ** (k + 2) for k, c in enumerate(EXP)]


class Reduced(NamedTuple):
    """e**x = (1 + r + rest) 2**n.

    Attributes:
        r: the reduced argument.
        rest: what is small beside it.
        whole: n, as an integer.
    """

    r: Any
    rest: Any
    whole: Any


class Power(NamedTuple):
    """e**x = (high + low) 2**whole."""

    high: Any
    low: Any
    whole: Any

    def pair(self, w: Writer) -> tuple[Any, Any]:
        """Give it as two numbers, where it is not subnormal."""
        return w.times_power(self.high, self.whole), w.times_power(self.low, self.whole)


def clamped(w: Writer, x: Any, least: float, most: float) -> Any:
    """Keep x between two numbers; nan stays."""
    x = w.select(most < x, most, x)
    return w.select(least > x, least, x)  # two instructions: x stands for one number in each


def without_multiples(w: Writer, x: Any, low: Any = None) -> tuple[Any, Any, Any]:
    """Take multiples of log(2) off x + low: give what is left as two numbers, and how many."""
    shifted = w.fma(x, LOG2E, MAGIC)
    n = shifted - MAGIC
    part = w.fma(n, -LN2_HIGH, x)
    if low is not None:
        low = w.fma(n, -LN2_LOW, low)
        r = part + low
        return r, (part - r) + low, w.bits(shifted) - MAGIC_BITS
    r = w.fma(n, -LN2_LOW, part)
    return r, w.fma(n, -LN2_LOW, part - r), w.bits(shifted) - MAGIC_BITS


def from_square(w: Writer, r: Any) -> Any:
    """Give (e**r - 1 - r) / r**2; beside the first term, errors of the others are small."""
    half, *others = EXP_FROM_SQUARE
    return w.fma(r, w.cubics(r, others), half)


def reduced(w: Writer, x: Any, low: Any = None) -> Reduced:
    """Give e**(x + low) as (1 + r + rest) 2**n."""
    r, rest, whole = without_multiples(w, x, low)
    return Reduced(r, w.fma(r * r, from_square(w, r), rest), whole)


def power(w: Writer, x: Any, low: Any = None) -> Power:
    """Give e**(x + low), for x between LEAST and MOST."""
    e = loose_power(w, x, low)
    return Power(*w.ordered_total(e.high, e.low), e.whole)


def loose_power(w: Writer, x: Any, low: Any = None) -> Power:
    """Give the same with a low part that may be a tenth of the high one, as factors may have it."""
    r, rest, whole = reduced(w, x, low)
    near, error = w.ordered_total(1.0, r)
    return Power(near, error + rest, whole)


def exp(w: Writer, x: Any) -> Any:
    """Give e**x, with r as one number: two tenths of a unit more for a quarter less to do."""
    x = clamped(w, x, LEAST, MOST)
    shifted = w.fma(x, LOG2E, MAGIC)
    n = shifted - MAGIC
    r = w.fma(n, -LN2_LOW, w.fma(n, -LN2_HIGH, x))
    return w.times_power(_of_reduced(w, r), w.bits(shifted) - MAGIC_BITS)


def _of_reduced(w: Writer, r: Any) -> Any:
    """Give e**r = 1 + r (1 + r (1/2 + ...)): what its steps round counts for a third of a unit."""
    rest = from_square(w, r)
    if w.has_fma:
        return w.fma(r, w.fma(r, rest, 1.0), 1.0)
    near, error = w.ordered_total(1.0, r)
    return near + (r * r * rest + error)


def exp2(w: Writer, x: Any) -> Any:
    """Give 2**x: the product x log(2) as two numbers."""
    x = clamped(w, x, -1080.0, 1025.0)
    shifted = x + MAGIC
    part = x - (shifted - MAGIC)  # exactly
    r, low = w.product(part, math.log(2.0))
    low = low + part * 2.3190468138462996e-17
    near, error = w.ordered_total(1.0, r)
    rest = w.fma(r * r, from_square(w, r), low)
    high = near + (error + rest)
    return w.times_power(high, w.bits(shifted) - MAGIC_BITS)


def less_one(w: Writer, x: Any) -> tuple[Any, Any]:
    """Give e**x - 1 as two numbers, for |x| below 45."""
    r, left, whole = without_multiples(w, x)
    square, square_low = w.product(r, r)
    rest = w.fma(r * square, w.cubics(r, EXP), w.fma(square_low, 0.5, left))
    near, error = w.ordered_total(r, 0.5 * square)
    near, error = w.ordered_total(near, error + rest)
    times = w.power_of_two(whole)
    # Where n is not 0, |2**n - 1| is at least 1/2, and 2**n (r + ...) is smaller.
    first = times - 1.0
    first_low = (times - first) - 1.0  # from n = 54 on
    product = times * near  # exactly
    high, left = w.ordered_total(first, product)
    return w.ordered_total(high, w.fma(times, error, left + first_low))


def expm1(w: Writer, x: Any) -> Any:
    """Give e**x - 1."""
    high, _ = less_one(w, clamped(w, x, -FAR, FAR))
    far = w.fabs(x) > FAR
    result = w.select(far, exp(w, x) - 1.0, high)
    return w.select(x.equals(0.0), x, result)  # the sign of a zero


def quotient(w: Writer, a: Any, a_low: Any, b: Any, b_low: Any) -> Any:
    """Divide two sums of two numbers each, with one rounding in effect."""
    inverse = 1.0 / b
    q = a * inverse
    left = remainder(w, a, q, b) + w.fma(-q, b_low, a_low)
    return w.fma(left, inverse, q)


def over_square(w: Writer, a: Any, a_low: Any, b: Any, b_low: Any) -> Any:
    """Divide a sum of two numbers by the square of another; the division is that of `quotient`."""
    inverse = 1.0 / b
    missing = w.fma(-inverse, b_low, remainder(w, 1.0, inverse, b))  # of 1, twice in the square
    square, square_low = w.product(inverse, inverse)
    high, low = w.product(a, square)
    low = w.fma(a, square_low, w.fma(a_low, square, low))
    return high + w.fma(high, missing + missing, low)


def remainder(w: Writer, a: Any, q: Any, b: Any) -> Any:
    """Give a - q b, of which only the small rest is left."""
    if w.has_fma:
        return w.fma(-q, b, a)
    high, low = w.product(q, b)
    return (a - high) - low


class Tanh(NamedTuple):
    """tanh(|x|) = (a + a_low) / (b + b_low).

    Its derivative is 4 (1 + p + rest) 2**whole / (b + b_low)**2.
    """

    a: Any
    a_low: Any
    b: Any
    b_low: Any
    p: Any
    rest: Any
    s: Any
    whole: Any


def tanh_parts(w: Writer, x: Any) -> Tanh:
    """Give tanh(x) = (1 - s + p) / (1 + s + p), with e**(2 |x|) = (1 + p) / s and s = 2**-n.

    So 1 - s and 1 + s are exact, and p is never multiplied by a power of two. It is e**(2 r) - 1,
    where |x| = n log(2) / 2 + r.
    """
    size = bounded(w, x, -0.5 * LEAST)  # from there on the derivative is 0
    shifted = w.fma(size, 2.0 * LOG2E, MAGIC)
    n = shifted - MAGIC
    part = w.fma(n, -0.5 * LN2_HIGH, size)
    r = w.fma(n, -0.5 * LN2_LOW, part)
    left = w.fma(n, -0.5 * LN2_LOW, part - r)
    square, square_low = w.product(r, r)
    twice = r + r
    near = w.fma(square, 2.0, twice)  # 2 r + 2 r**2
    error = w.fma(square, 2.0, twice - near)
    half = w.fma(r * square, w.cubics(r, EXP_OF_TWICE), left + square_low)
    p, rest = w.ordered_total(near, w.fma(half, 2.0, error))
    s = w.power_of_two(MAGIC_BITS - w.bits(w.smaller(MAGIC + 1000.0, shifted)))  # more is the same
    b = 1.0 + s
    a = b - (s + s)  # 1 - s, or where b has lost s, 1 - 2 s: the quotient is the same
    a, a_low = w.ordered_total(a, p)
    b, b_low = w.ordered_total(b, p)
    return Tanh(a, a_low + rest, b, b_low + rest, p, rest, s, MAGIC_BITS - w.bits(shifted))


def tanh(w: Writer, x: Any) -> Any:
    """Give tanh(x)."""
    t = tanh_parts(w, x)
    return w.copysign(quotient(w, t.a, t.a_low, t.b, t.b_low), x)


def tanh_slope(w: Writer, x: Any) -> Any:
    """Give the derivative of tanh, which keeps its digits where 1 - tanh(x)**2 has none."""
    t = tanh_parts(w, x)
    high, low = w.ordered_total(1.0, t.p)
    lost = t.s - ((1.0 + t.s) - 1.0)
    slope = over_square(w, high, low + t.rest, t.b, t.b_low + lost)
    return w.times_power(slope, t.whole + 2)


def half_power(w: Writer, size: Any) -> Any:
    """Give e**size / 2, which overflows later than e**size."""
    e = power(w, w.select(size > MOST + 1.0, MOST + 1.0, size))
    return w.times_power(e.high, e.whole - 1)


def sinh(w: Writer, x: Any) -> Any:
    """Give sinh(x) = (E + E / (E + 1)) / 2 with E = e**|x| - 1."""
    size = w.fabs(x)
    e, low = less_one(w, w.select(size > FAR, FAR, size))
    b, b_low = w.total(e, 1.0)
    b_low = b_low + low
    inverse = 1.0 / b
    q = e * inverse
    left = (remainder(w, e, q, b) + (low - q * b_low)) * inverse
    high, error = w.ordered_total(e, q)
    near = 0.5 * (high + (error + (left + low)))
    result = w.select(size > FAR, half_power(w, size), near)
    return w.copysign(w.select(size < 1e-9, size, result), x)


def cosh(w: Writer, x: Any) -> Any:
    """Give cosh(x) = (e**|x| + e**-|x|) / 2."""
    size = w.fabs(x)
    e = power(w, w.select(size > FAR, FAR, size))
    high, low = e.pair(w)
    inverse = 1.0 / high
    left = (remainder(w, 1.0, inverse, high) - inverse * low) * inverse
    total, error = w.ordered_total(high, inverse)
    near = 0.5 * (total + (error + (low + left)))
    return w.select(size > FAR, half_power(w, size), near)


def sech(w: Writer, x: Any) -> Any:
    """Give 2 / (e**|x| + e**-|x|) = 2 e / (1 + e**2) with e = e**-|x|."""
    e = power(w, w.select(-w.fabs(x) < LEAST, LEAST, -w.fabs(x)))
    high, low = e.pair(w)
    square, error = w.product(high, high)
    b, b_low = w.ordered_total(1.0, square)
    b_low = b_low + w.fma(high + high, low, error)
    return w.times_power(quotient(w, e.high, e.low, b, b_low), e.whole + 1)


def sigmoid_parts(w: Writer, x: Any) -> tuple[Power, Any, Any]:
    """Give e = e**-|x|, and 1 + e as two numbers."""
    size = -w.fabs(x)
    e = power(w, w.select(size < LEAST, LEAST, size))
    high, low = e.pair(w)
    b, b_low = w.ordered_total(1.0, high)
    return e, b, b_low + low


def sigmoid(w: Writer, x: Any) -> Any:
    """Give 1 / (1 + e**-x): with e = e**-|x| it is 1 / (1 + e) or e / (1 + e)."""
    return sigmoid_times(w, x, 1.0)


def silu(w: Writer, x: Any) -> Any:
    """Give x / (1 + e**-x), also where 1 / (1 + e**-x) is subnormal."""
    return sigmoid_times(w, x, w.larger(-FARTHEST, x))


def sigmoid_times(w: Writer, x: Any, factor: Any) -> Any:
    """Give a factor / (1 + e**-x)."""
    q, whole = sigmoid_quotient(w, x)
    return w.select(x > 0.0, q * factor, w.times_power(q * factor, whole))


def sigmoid_quotient(w: Writer, x: Any) -> tuple[Any, Any]:
    """Give 1 / (1 + e**-x), which for x below 0 is still to be multiplied by a power of two."""
    e, b, b_low = sigmoid_parts(w, x)
    right = x > 0.0
    a, a_low = w.select(right, 1.0, e.high), w.select(right, 0.0, e.low)
    return quotient(w, a, a_low, b, b_low), e.whole


def sigmoid_slope(w: Writer, x: Any) -> Any:
    """Give its derivative e / (1 + e)**2."""
    e, b, b_low = sigmoid_parts(w, x)
    return w.times_power(over_square(w, e.high, e.low, b, b_low), e.whole)


def silu_slope(w: Writer, x: Any) -> Any:
    """Give the derivative of silu, the sum of sigmoid(x) and x times the slope of that."""
    e, b, b_low = sigmoid_parts(w, x)
    q, whole = sigmoid_quotient(w, x)
    slope = clamped(w, x, -FARTHEST, FARTHEST) * over_square(w, e.high, e.low, b, b_low)
    return w.select(x > 0.0, q + w.times_power(slope, whole), w.times_power(q + slope, whole))


def gaussian_power(w: Writer, size: Any, other: Any) -> Power:
    """Give e**-(size other) as `loose_power` does, for products up to 750: exactly these."""
    product, low = w.product(size, other)
    shifted = w.fma(product, -LOG2E, MAGIC)
    n = shifted - MAGIC
    part = w.fma(n, -LN2_LOW, w.fma(n, -LN2_HIGH, -product))
    r = part - low
    near, error = w.ordered_total(1.0, part)
    rest = w.fma(r * r, from_square(w, r), error - low)
    return Power(near, rest, w.bits(shifted) - MAGIC_BITS)


def gaussian(w: Writer, x: Any) -> Any:
    """Give e**-x**2."""
    size = bounded(w, x, 28.0)
    e = gaussian_power(w, size, size)
    return w.times_power(e.high + e.low, e.whole)


def bounded(w: Writer, x: Any, most: float) -> Any:
    """Give |x|, `most` at most; nan stays."""
    size = w.fabs(x)
    return w.select(most < size, most, size)
