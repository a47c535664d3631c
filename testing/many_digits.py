"""A forward function in many digits, on numbers of mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath

from .counterparts import MP, kept_exact

Point = tuple[float, ...]

DIGITS = 80  # to compute with
# More digits are added where a derivative is small beside the result, but not without end: what is
# smaller than 1e-100 of the result is told to be less than that.
MOST_DIGITS = 100


class TooSlowError(Exception):
    """A function did not come back with many digits; see patience.py."""


# What was too slow once is not tried again: the differences of floats have to tell.
too_slow: set[Callable[..., Any]] = set()


def number(forward: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """Evaluate on mpmath numbers; None where there is no real, finite result."""
    if forward in too_slow:
        return None
    mp, bits = mpmath.mp, MP.prec
    before = mp.prec
    try:
        # Functions of mpmath that nobody could exchange compute with the digits of its context.
        if before != bits:
            mp.prec = bits
        outside = kept_exact.set(True)
        try:
            result = forward(*[x if x.__class__ is MP.mpf else MP.mpf(x) for x in operands])
        finally:
            kept_exact.reset(outside)
        if isinstance(result, MP.mpc):
            result = result.real if result.imag == 0 else MP.nan
        if result.__class__ is not MP.mpf or result._mpf_[3] > bits:
            result = MP.mpf(result)
        if forward in too_slow:  # mpmath has swallowed the exception, and gone on with a nan
            return None
    except Exception:  # whatever the forward does on numbers that it was not written for
        return None
    finally:
        if mp.prec != before:
            mp.prec = before
    _, mantissa, exponent, _ = result._mpf_
    return result if mantissa or not exponent else None  # neither infinite nor nan


def value(forward: Callable[..., Any], at: Point) -> float | None:
    """Evaluate in many digits; None where there is no real, finite result."""
    with MP.workdps(DIGITS + extra_digits(at)):
        result = number(forward, at)
        return None if result is None else float(result)


def change_between(forward: Callable[..., Any], below: Point, above: Point) -> float | None:
    """Return the change of the result between two points in many digits; None where unknown."""
    with MP.workdps(DIGITS + extra_digits(below)):
        ends = number(forward, below), number(forward, above)
        return None if None in ends else abs(float(ends[1] - ends[0]))


def computes_with_many_digits(forward: Callable[..., Any], places: Sequence[Point]) -> bool:
    """Return whether a function uses the digits it is given, rather than 15 or 50 of them.

    With fewer, a result stays the same when an operand changes by 1e-60 of itself, and changes
    with larger steps; a function that is flat, as floor, stays the same with both.
    """
    stuck = 0
    for at in places:
        with MP.workdps(DIGITS + MOST_DIGITS):  # 1 - exp(-x) is flat in fewer
            here, beside, far = (
                number(forward, [MP.mpf(x) * (1 + MP.mpf(part)) for x in at])
                for part in ("0", "1e-60", "1e-9")
            )
        if here is not None and here != beside:
            return True
        stuck += here is not None and here != far
    return 2 * stuck <= len(places)


def extra_digits(at: Point) -> int:
    """Count the digits between the smallest operand and the largest, beyond the usual."""
    sizes = [math.log10(abs(x)) for x in at if x]
    extra = int(max(0.0, *sizes) - min(0.0, *sizes)) if sizes else 0
    return extra if all(at) else extra + 40
