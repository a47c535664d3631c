"""Tables of Taylor coefficients of tanh and of its derivative, computed with 50 digits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext

DIGITS = 50


def tanh(step: float, rows: int, degree: int) -> list[list[float]]:
    """Return tanh at points of a grid, and what leads from there to tanh(a + d).

    Parameters:
        step: how far apart the points are; the first is 0.
        rows: how many there are.
        degree: of the polynomials.

    Returns:
        For each point a float next to tanh(a), and the coefficients of a polynomial in d, which is
        what is left when this float and d are taken off.
    """
    return [
        [float(value), float(value - Decimal(float(value))), float(slope - 1), *map(float, others)]
        for value, slope, *others in _all_series(step, rows, degree)
    ]


def slope(step: float, rows: int, degree: int) -> list[list[float]]:
    """Return for each point the coefficients of the derivative at a + d; parameters as above."""
    return [
        [float(n * c) for n, c in enumerate(series)][1:]
        for series in _all_series(step, rows, degree + 1)
    ]


def _all_series(step: float, rows: int, degree: int) -> Iterator[list[Decimal]]:
    """Give the Taylor coefficients of tanh around each point."""
    with localcontext() as context:
        context.prec = DIGITS
        small = (Decimal(step) * -2).exp()
        yield from [_series(small**number, degree) for number in range(rows)]


def _series(small: Decimal, degree: int) -> list[Decimal]:
    """Return Taylor coefficients: tanh' = 1 - tanh**2 gives each from those before it.

    Parameters:
        small: e**-2a, for the point a.
        degree: of the last one.
    """
    found = [(1 - small) / (1 + small)]
    for n in range(degree):
        square = sum([found[i] * found[n - i] for i in range(n + 1)], Decimal(0))
        found.append(((n == 0) - square) / (n + 1))
    return found
