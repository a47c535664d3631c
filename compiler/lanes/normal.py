"""The error function and the normal distribution on vectors of lanes.

e**(x**2) erfc(x) (x + 7/8) is nearly constant for x from 0 to inf, and a polynomial of
t = (x - 3.75) / (x + 3.75); so is the same of the normal distribution. (The substitution is that of
J. Schonfelder, "Chebyshev expansions for the error and related functions", 1978.) One division
gives t and 1 / (x + 7/8); products are kept as two numbers, so that only the last rounding counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .coefficients import ERF, ERFC, ERFC_LOW, NDTR, NDTR_LOW
from .exponentials import bounded, gaussian_power, remainder
from .writer import Writer

ERF_SLOPE = 2.0 / math.sqrt(math.pi)  # of erf at 0
ERF_SLOPE_LOW = 1.533545961316588e-17


class Tail(NamedTuple):
    """What a Gaussian is multiplied by, as two numbers."""

    high: Any
    low: Any


def tail(
    w: Writer, x: Any, near: float, far: float, coefficients: Sequence[float], low: float
) -> Tail:
    """Give P((x - far) / (x + far)) / (x + near) for x >= 0."""
    to_far, to_near = x + far, x + near
    inverse = 1.0 / (to_far * to_near)
    t = (x - far) * to_near * inverse
    t = w.fma(remainder(w, x - far, t, to_far), to_near * inverse, t)
    over = to_far * inverse  # 1 / (x + near), but for a few roundings
    # 1 - over (x + near), exactly: the larger part is taken off first.
    product, error = w.product(over, x)
    part, part_error = w.product(over, near)
    first = w.select(product > part, product, part)
    second = w.select(product > part, part, product)
    left = ((1.0 - first) - second) - (error + part_error)
    value, value_low = last_steps(w, t, coefficients)
    high, high_low = w.product(over, value)
    return Tail(high, w.fma(high, left, w.fma(over, value_low + low, high_low)))


def last_steps(w: Writer, t: Any, coefficients: Sequence[float]) -> tuple[Any, Any]:
    """Evaluate a polynomial, the last two steps of it with their rounding errors."""
    constant, slope, *others = coefficients
    bend, bend_low = w.product(t, w.polynomial(t, others))
    inner, inner_low = w.ordered_total(slope, bend)
    rest, rest_low = w.product(t, inner)
    value, low = w.ordered_total(constant, rest)
    return value, low + w.fma(t, inner_low + bend_low, rest_low)


def erfc_of(w: Writer, size: Any) -> Any:
    """Give erfc(size) for size between 0 and 28."""
    e = gaussian_power(w, size)
    g = tail(w, size, 0.875, 3.75, ERFC, ERFC_LOW)
    product, error = w.product(e.high, g.high)
    low = w.fma(e.high, g.low, w.fma(e.low, g.high, error))
    return w.times_power(product + low, e.whole)


def erfc(w: Writer, x: Any) -> Any:
    """Give 1 - erf(x)."""
    part = erfc_of(w, bounded(w, x, 28.0))
    return w.select(x < 0.0, 2.0 - part, part)


def erf(w: Writer, x: Any) -> Any:
    """Give erf(x): its series near 0, 1 - erfc(x) elsewhere."""
    size = bounded(w, x, 28.0)
    square = size * size
    high, error = w.product(size, ERF_SLOPE)
    rest = w.fma(square * size, w.polynomial(square, ERF), w.fma(size, ERF_SLOPE_LOW, error))
    near = w.select(size < 1e-300, high, high + rest)  # where the error is subnormal
    return w.copysign(w.select(size > 0.5, 1.0 - erfc_of(w, size), near), x)


def ndtr(w: Writer, x: Any) -> Any:
    """Give the normal distribution function.

    e**(-x**2 / 2) is the square of e**-(x / 2)**2, which the rule of the derivative needs, too.
    """
    size = bounded(w, 0.5 * x, 28.0)
    e = gaussian_power(w, size)
    g = tail(w, size + size, 1.25, 5.25, NDTR, NDTR_LOW)
    high, low = e.pair(w)
    first, error = w.product(high, g.high)
    rest = w.fma(high, g.low, w.fma(low + low, g.high, error))
    part = w.fma(high, first, high * rest)
    return w.select(x > 0.0, 1.0 - part, part)
