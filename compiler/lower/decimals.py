"""`round(x, digits)` as Python has it: the nearest decimal, and ties to the even one.

numba multiplies by a power of ten, rounds, and divides. The product is rounded itself, so 0.595,
which is a little less than its text says, becomes 0.6. Here the error of the product decides, or,
where powers of ten are no floats, the text: what is printed is rounded right, and so is what is
read. In machine code the library of C prints and reads, see printed.py.
"""

from __future__ import annotations

import math

MOST = 22  # digits: powers of ten up to this one are floats
LAST = 400  # digits: no float has so many, on either side of the point
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


# ----- By texts -----


def by_text(x: float, digits: int) -> float:
    """Round to so many decimal digits, of which there are more than MOST."""
    size = math.fabs(x)
    if not size < math.inf or digits > LAST:
        return x
    if digits > 0:
        return math.copysign(to_places(size, digits), x)
    kept = length(size) + digits
    if digits < -LAST or kept < 0:
        return math.copysign(0.0, x)
    if kept > 0:
        return math.copysign(to_figures(size, kept - 1), x)
    return math.copysign(ten_to(-digits) if is_over_half(size) else 0.0, x)


def to_places(size: float, places: int) -> float:
    """Round to so many digits after the point."""
    return float(f"{size:.{places}f}")


def to_figures(size: float, places: int) -> float:
    """Round to so many digits after the first one."""
    return float(f"{size:.{places}e}")


def length(size: float) -> int:
    """Return how many digits there are before the point."""
    return len(f"{size:.0f}")


def is_over_half(size: float) -> bool:
    """Return whether a number is more than 5, 50, 500, ...: the half of what has a digit more."""
    text = f"{size:.{LAST}e}"
    return text[0] > "5" or (text[0] == "5" and float(text[1 : LAST + 2]) > 0.0)


def ten_to(power: int) -> float:
    """Return a power of ten."""
    return float(f"1e{power}")
