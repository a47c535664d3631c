"""`round(x, digits)` as Python has it: the nearest decimal, and ties to the even one.

numba multiplies by a power of ten, rounds, and divides. The product is rounded itself, so 0.595,
which is a little less than its text says, becomes 0.6. Here the error of the product decides.
"""

from __future__ import annotations

import math

MOST = 22  # digits: powers of ten up to this one are floats
SCALES = tuple([float(10**n) for n in range(MOST + 1)])
WHOLE = 2.0**53  # floats from here on are whole numbers
HALVES = 2.0**27 + 1.0  # times a float, it parts its digits in two halves


def by_digits(x: float, digits: int) -> float:
    """Round to so many decimal digits, of which there are at most MOST."""
    size = math.fabs(x)
    if not size < math.inf:
        return x
    scale = SCALES[abs(digits)]
    return math.copysign(to_parts(size, scale) if digits >= 0 else to_tens(size, scale), x)


def to_parts(size: float, scale: float) -> float:
    """Round to a multiple of 1 / scale."""
    product = size * scale
    if not product < WHOLE:  # there is no float that is nearer to the multiple
        return size
    error = error_of(size, scale, product)
    low = product // 1.0
    over = product - low
    is_odd = low % 2.0 == 1.0
    if over > 0.5 or (over == 0.5 and (error > 0.0 or (error == 0.0 and is_odd))):
        return (low + 1.0) / scale
    if math.fabs(error) == 0.5 and is_odd:  # the product is whole, and was a tie
        return (low + 2.0 * error) / scale
    return low / scale


def to_tens(size: float, scale: float) -> float:
    """Round to a multiple of scale."""
    rest = size % scale
    is_odd = size % (2.0 * scale) >= scale
    is_up = 2.0 * rest > scale or (2.0 * rest == scale and is_odd)
    return size + (scale - rest) if is_up else size - rest


def error_of(a: float, b: float, product: float) -> float:
    """Return what rounding took off a product. (T. J. Dekker, Numer. Math. 18, 1971.)"""
    a_high = a * HALVES - (a * HALVES - a)
    b_high = b * HALVES - (b * HALVES - b)
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
