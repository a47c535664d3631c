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
from .exponentials import Power, bounded, gaussian_power, remainder
from .writer import Writer

ERF_SLOPE = 2.0 / math.sqrt(math.pi)  # of erf at 0
ERF_SLOPE_LOW = 1.533545961316588e-17
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)  # of the normal distribution at 0
DENSITY_LOW = -2.49232720227773e-17
MOST = 39.0  # from here on ndtr(-x) is 0


class Tail(NamedTuple):
    """What a Gaussian is multiplied by: (value + low) / divisor; `over` is about 1 / divisor."""

    value: Any
    low: Any
    divisor: Any
    over: Any


class Kind(NamedTuple):
    """G(x) = P((x - far) / (x + far)) / (x + near), whose derivative is scale (x G(x) - limit)."""

    near: float
    far: float
    coefficients: Sequence[float]
    low: float  # of the first coefficient
    scale: float
    limit: float


OF_ERFC = Kind(0.875, 3.75, ERFC, ERFC_LOW, 2.0, 1.0 / math.sqrt(math.pi))
OF_NDTR = Kind(1.25, 5.25, NDTR, NDTR_LOW, 1.0, DENSITY)
GRID = 96.0  # adding it rounds to a multiple of 2**-46


def tail(w: Writer, x: Any, kind: Kind) -> Tail:
    """Give G(x) for x between 0 and 40.

    It is computed for x on a grid, where sums of x and constants are exact; the slope makes up for
    what that leaves out.
    """
    on_grid = (x + GRID) - GRID
    to_far, to_near, away = on_grid + kind.far, on_grid + kind.near, on_grid - kind.far
    inverse = w.reciprocal(to_far * to_near)
    over, over_far = to_far * inverse, to_near * inverse  # 1 / (x + near), but for a few roundings
    t = away * over_far
    t = w.fma(remainder(w, away, t, to_far), over_far, t)
    value, low = last_steps(w, t, kind.coefficients)
    slope = w.fma(x, value - kind.limit, -kind.limit * kind.near)  # that of G, times x + near
    low = w.fma((x - on_grid) * kind.scale, slope, low + kind.low)
    return Tail(value, low, to_near, over)


def last_steps(w: Writer, t: Any, coefficients: Sequence[float]) -> tuple[Any, Any]:
    """Evaluate a polynomial, the last two steps of it with their rounding errors."""
    constant, slope, third, *others = coefficients
    inner, inner_low = w.ordered_total(slope, t * w.fma(t, w.cubics(t, others), third))
    rest, rest_low = w.product(t, inner)
    value, low = w.ordered_total(constant, rest)
    return value, low + w.fma(t, inner_low, rest_low)


def times_tail(w: Writer, e: Power, g: Tail) -> Any:
    """Multiply a power by a tail, with one rounding in effect."""
    high, low = w.ordered_total(e.high, e.low)
    product, error = w.product(high, g.value)
    error = w.fma(high, g.low, w.fma(low, g.value, error))
    q = product * g.over
    return w.times_power(w.fma(remainder(w, product, q, g.divisor) + error, g.over, q), e.whole)


def erfc_of(w: Writer, size: Any) -> Any:
    """Give erfc(size) for size between 0 and 28."""
    return times_tail(w, gaussian_power(w, size, size), tail(w, size, OF_ERFC))


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


def bell(w: Writer, x: Any) -> Power:
    """Give e**(-x**2 / 2), which ndtr and its derivative share."""
    size = bounded(w, x, MOST)
    return gaussian_power(w, size, 0.5 * size)


def ndtr(w: Writer, x: Any) -> Any:
    """Give the normal distribution function."""
    part = times_tail(w, bell(w, x), tail(w, bounded(w, x, MOST), OF_NDTR))
    return w.select(x > 0.0, 1.0 - part, part)


def density(w: Writer, x: Any) -> Any:
    """Give its derivative, e**(-x**2 / 2) / sqrt(2 pi)."""
    e = bell(w, x)
    high, low = w.ordered_total(e.high, e.low)
    low = low + DENSITY_LOW / DENSITY  # times high, which is about 1
    return w.times_power(w.fma(high, DENSITY, low * DENSITY), e.whole)
