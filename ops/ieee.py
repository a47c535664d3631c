"""Operations on floats that the standard IEEE 754 defines, beyond Python's operators."""

import math

from pluggrad import Op, hookimpl

from .arithmetic import div, round
from .piecewise import sign

inf, nan = math.inf, math.nan
SPLITTER = 2.0**27 + 1.0  # Dekker's: it halves a float's bits
FAR = 110  # more binary places than a product of two floats has

# ----- Forward functions -----


def _remainder(a: float, b: float) -> float:
    # Of two multiples of b all but the last two are taken off, so that ties go to the even one.
    size = math.fabs(b)
    rest = math.fabs(a) % (2.0 * size)
    if rest + rest > size:
        rest -= size
        if rest + rest >= size:
            rest -= size
    return math.copysign(1.0, a) * rest


def _fma(a: float, b: float, c: float) -> float:
    if a == 0.0 or b == 0.0 or not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    # Between 1/4 and 1 nothing overflows or gets subnormal. What is far too small to change more
    # than the direction of rounding is brought nearer; what is that large stays alone.
    a, of_a = math.frexp(a)
    b, of_b = math.frexp(b)
    c, of_c = math.frexp(c)
    exponent = of_a + of_b
    away = of_c - exponent
    if away > FAR and c != 0.0:
        return math.ldexp(c, of_c)
    c = math.ldexp(c, max(away, -FAR)) if c != 0.0 else c
    # The product is high + low exactly, and a sum of two floats is a float and its rounding error.
    # (T. Dekker, "A floating-point technique for extending the available precision", 1971.)
    high = a * b
    shifted, other = SPLITTER * a, SPLITTER * b
    a_high, b_high = shifted - (shifted - a), other - (other - b)
    a_low, b_low = a - a_high, b - b_high
    low = a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)
    small, smallest = _two_sum(c, low)
    large, middle = _two_sum(high, small)
    middle, smallest = _two_sum(middle, smallest)
    total, rest = _two_sum(large, middle)
    total, rest = _two_sum(total, rest)
    # `rest` was rounded, too. That matters only where it looks like half a unit, exactly.
    if rest * smallest > 0.0 and (total + 2.0 * rest) - total == 2.0 * rest:
        total += 2.0 * rest
        rest = -rest
    elif rest == 0.0:
        rest = smallest
    result = math.ldexp(total, exponent)
    # The same again for a subnormal result, of which some digits were rounded off just now.
    cut = total - math.ldexp(result, -exponent)
    if cut * rest > 0.0 and math.fabs(cut) == math.ldexp(0.5, -1074 - exponent):
        result += math.copysign(5e-324, cut)
    return result


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Add two floats: the sum, and its rounding error. (D. Knuth, TAOCP 2, 4.2.2.)"""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


# ----- Where Python raises -----


def _fma_beyond(a: float, b: float, c: float) -> float:
    return math.copysign(inf, a * b + c)


# ----- Where rules hold -----


def _from_jump_of_fmod(a: float, b: float) -> float:
    quotient = div(a, b)
    return 1.0 if math.fabs(quotient) < 0.5 else quotient - round(quotient)


def _from_jump_of_remainder(a: float, b: float) -> float:
    quotient = div(a, b) - 0.5
    return quotient - round(quotient)


# Used in rules above its own line.
copysign: Op

# A table of rules reads better aligned.
# fmt: off

# ----- Signs -----

copysign = Op("copysign", math.copysign, lambda g, out, a, b: g * sign(a) * copysign(1.0, b),
                                         lambda g, out, a, b: 0.0, kinks=lambda a, b: a * b,
              doc="|a| with the sign of b, that of a zero too. Derivatives: 1 or -1; 0.")

# ----- What a division leaves -----

# How often b was taken off is a whole number, so it may be rounded to one. Not (a - out) / b: that
# difference may overflow.
fmod = Op("fmod", math.fmod, lambda g, out, a, b: g,
                             lambda g, out, a, b: -g * round(a / b - out / b, 0.0),
          ieee=lambda a, b: nan, kinks=_from_jump_of_fmod,
          doc="a - b trunc(a / b), with the sign of a. Derivatives: 1, -trunc(a / b).")
remainder = Op("remainder", _remainder, lambda g, out, a, b: g,
                                        lambda g, out, a, b: -g * round(a / b - out / b, 0.0),
               ieee=lambda a, b: nan, kinks=_from_jump_of_remainder,
               doc="a - n b, n the whole number nearest to a / b. Derivatives: 1, -n.")

# ----- One rounding for two operations -----

fma = Op("fma", _fma, lambda g, out, a, b, c: g * b,
                      lambda g, out, a, b, c: g * a,
                      lambda g, out, a, b, c: g, ieee=_fma_beyond,
         doc="a b + c, rounded once. Derivatives: b, a, 1.")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the operations of IEEE 754."""
    return [copysign, fmod, remainder, fma]
