"""Tables of polynomials for tanh and its derivative, computed with 50 digits.

They are Taylor series around the points of a grid, shortened: each term that is left off takes the
Chebyshev polynomial along that begins with it, so that the error is spread over the interval and
some hundred times smaller. (C. Lanczos, "Trigonometric interpolation of empirical and analytical
functions", 1938, calls that economization.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from functools import cache as once

DIGITS = 50
BEYOND = 4  # terms that are computed and left off
GRID = 2**20  # of the float that stands for tanh(a): its sum with d is exact


def tanh(step: float, rows: int, degree: int) -> list[list[float]]:
    """Return tanh at points of a grid, and what leads from there to tanh(a + d).

    Parameters:
        step: how far apart the points are; the first is 0.
        rows: how many there are.
        degree: of the polynomials.

    Returns:
        For each point a float near tanh(a), and the coefficients of a polynomial in d, which is
        what is left when this float and d are taken off.
    """
    return [_less_begin(x, degree, step) for x in _all_series(step, rows, degree + BEYOND)]


def _less_begin(series: Sequence[Decimal], degree: int, step: float) -> list[float]:
    value, slope, *others = series
    near = round(value * GRID) / Decimal(GRID)
    rest = [value - near, slope - 1, *others]
    return [float(near), *map(float, _economized(rest, degree, step))]


def slope(step: float, rows: int, degree: int) -> list[list[float]]:
    """Return for each point the coefficients of the derivative at a + d; parameters as above."""
    found = []
    for series in _all_series(step, rows, degree + BEYOND + 1):
        derived = [n * c for n, c in enumerate(series)][1:]
        found.append([*map(float, _economized(derived, degree, step))])
    return found


def _all_series(step: float, rows: int, degree: int) -> Iterator[list[Decimal]]:
    """Give the Taylor coefficients of tanh around each point."""
    with localcontext() as context:
        context.prec = DIGITS
        small = (Decimal(step) * -2).exp()
        for number in range(rows):
            yield _series(small**number, degree)


def _series(small: Decimal, degree: int) -> list[Decimal]:
    """Return Taylor coefficients: tanh' = 1 - tanh**2 gives each from those before it.

    Parameters:
        small: e**-2a, for the point a.
        degree: of the last one.
    """
    found = [(1 - small) / (1 + small)]
    for n in range(degree):
        square = sum([a * b for a, b in zip(found, found[::-1], strict=True)], Decimal(0))
        found.append(((n == 0) - square) / (n + 1))
    return found


def _economized(series: Sequence[Decimal], degree: int, step: float) -> list[Decimal]:
    """Shorten a polynomial in d, for d up to half a step."""
    found = [*series]
    while len(found) > degree + 1:
        last = found.pop()
        for k, c in _tail(len(found), Decimal(step) / 2):
            found[k] -= last * c
    return found


@once
def _tail(n: int, far: Decimal) -> list[tuple[int, Decimal]]:
    """Return the other terms of the Chebyshev polynomial for |d| <= far that begins with d**n."""
    *lower, first = _chebyshev(n)
    return [(k, Decimal(c) / first * far ** (n - k)) for k, c in enumerate(lower) if c]


@once
def _chebyshev(n: int) -> list[int]:
    """Return the coefficients of a Chebyshev polynomial: T(n+1) = 2 x T(n) - T(n-1)."""
    if n < 2:
        return [0] * n + [1]
    doubled = [0, *(2 * c for c in _chebyshev(n - 1))]
    before = [*_chebyshev(n - 2), 0, 0]
    return [a - b for a, b in zip(doubled, before, strict=True)]
