"""Fits the polynomials of the vector functions in compiler/lanes/, and prints their coefficients.

    python benchmarks/fit.py                 # all of them, in half a minute
    python benchmarks/fit.py LOG ERFC        # some

Each is the Chebyshev interpolant of a smooth remainder, found with 60 digits of mpmath, which is
within a small factor of the best polynomial there is; then its coefficients are rounded, for some
functions one after the other, so that those behind make up for it. Where an error counts less in
some places than in others, it is the best polynomial with such weights, found by E. Remez's
exchange of points (1934). What is printed stands in compiler/lanes/coefficients.py, with the
largest error of the rounded polynomial relative to the function it belongs to, or with its weight.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from mpmath import mp

mp.dps = 60
SAMPLES = 400
EXCHANGES = 8


class Fit(NamedTuple):
    """What is fitted.

    Attributes:
        meaning: the formula, as it stands in the comment.
        function: what the polynomial stands for.
        low: the interval's lower end.
        high: its upper end.
        count: how many coefficients.
        in_turn: whether a coefficient is rounded before those behind it are fitted.
        weight: how much an error counts at a place.
    """

    meaning: str
    function: Callable[[Any], Any]
    low: Any
    high: Any
    count: int
    in_turn: bool = False
    weight: Callable[[Any], Any] | None = None


def interpolant(fit: Fit) -> list[Any]:
    """Return the coefficients of the polynomial, the constant first."""
    points = fit.count
    middle, half = (fit.low + fit.high) / mp.mpf(2), (fit.high - fit.low) / mp.mpf(2)
    angles = [mp.pi * (k + mp.mpf(1) / 2) / points for k in range(points)]
    values = [fit.function(middle + half * mp.cos(angle)) for angle in angles]
    chebyshev = [
        2 * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True)) / points
        for j in range(points)
    ]
    chebyshev[0] /= 2
    # The recurrence of Chebyshev polynomials, in powers of t; then t = (x - middle) / half.
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    powers = [mp.mpf(0)] * points
    for c in chebyshev:
        for i, x in enumerate(before):
            powers[i] += c * x
        doubled = [mp.mpf(0), *[2 * x for x in now]]
        shorter = [*before, *[mp.mpf(0)] * (len(doubled) - len(before))]
        before, now = now, [x - y for x, y in zip(doubled, shorter, strict=True)]
    return shifted(powers, middle, half)


def best(fit: Fit) -> list[Any]:
    """Return the coefficients of the polynomial whose largest weighted error is least."""
    weight = fit.weight
    assert weight is not None
    middle, half = (fit.low + fit.high) / mp.mpf(2), (fit.high - fit.low) / mp.mpf(2)
    fine = 4 * SAMPLES
    places = [middle - half * mp.cos(mp.pi * k / fine) for k in range(fine + 1)]
    count = fit.count
    points = [middle - half * mp.cos(mp.pi * k / count) for k in range(count + 1)]
    for _ in range(EXCHANGES):
        rows = [
            [*[x**j for j in range(count)], (-1) ** i / weight(x)] for i, x in enumerate(points)
        ]
        found = list(mp.lu_solve(mp.matrix(rows), mp.matrix([fit.function(x) for x in points])))
        errors = [(weight(x) * (mp.polyval(found[-2::-1], x) - fit.function(x)), x) for x in places]
        # Of each stretch in which the error has one sign, the place where it is largest.
        largest: list[tuple[Any, Any]] = []
        for e, x in errors:
            if not largest or (e > 0) != (largest[-1][0] > 0):
                largest.append((e, x))
            elif abs(e) > abs(largest[-1][0]):
                largest[-1] = e, x
        while len(largest) > count + 1:
            largest.pop(0 if abs(largest[0][0]) < abs(largest[-1][0]) else -1)
        points = [x for _, x in largest]
    return found[:-1]


def rounded_in_turn(fit: Fit) -> list[Any]:
    """Return the coefficients, all rounded but the constant, each a least-squares fit."""
    count = 3 * fit.count
    middle, half = (fit.low + fit.high) / mp.mpf(2), (fit.high - fit.low) / mp.mpf(2)
    points = [middle + half * mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    values = [fit.function(t) for t in points]
    found = interpolant(fit)[:1]
    for k in range(1, fit.count):
        left = [v - mp.polyval(found[::-1], t) for v, t in zip(values, points, strict=True)]
        rows = [
            [t**j / v for j in range(k, fit.count)] for v, t in zip(values, points, strict=True)
        ]
        matrix = mp.matrix(rows)
        wanted = mp.matrix([x / v for x, v in zip(left, values, strict=True)])
        found.append(mp.mpf(float(mp.lu_solve(matrix.T * matrix, matrix.T * wanted)[0])))
    return found


def shifted(powers: list[Any], middle: Any, half: Any) -> list[Any]:
    """Turn a polynomial in (x - middle) / half into one in x, by Horner's rule."""
    result: list[Any] = [mp.mpf(0)]
    for c in reversed(powers):
        times = [mp.mpf(0), *[x / half for x in result]]
        for i, x in enumerate(result):
            times[i] -= x * middle / half
        times[0] += c
        result = times
    return result[: len(powers)]


def error(fit: Fit, coefficients: list[Any]) -> Any:
    """Return the largest error of a rounded polynomial, between its nodes and at ends.

    It is relative to the function, or has its weight.
    """
    worst = mp.mpf(0)
    for k in range(SAMPLES + 1):
        x = fit.low + (fit.high - fit.low) * mp.mpf(k) / SAMPLES
        exact = fit.function(x)
        found = mp.polyval([mp.mpf(c) for c in reversed(coefficients)], x)
        weight = fit.weight(x) if fit.weight else 1 / abs(exact)
        worst = max(worst, abs(found - exact) * weight)
    return worst


# ----- Remainders: what is left of a function when its first terms are taken off -----


def exp_rest(r: Any) -> Any:
    return series(
        lambda k: 1 / mp.factorial(k + 3), r, (mp.exp(r) - 1 - r - r * r / 2) / r**3 if r else 0
    )


def exp_from_square(r: Any) -> Any:
    return series(lambda k: 1 / mp.factorial(k + 2), r, (mp.exp(r) - 1 - r) / r**2 if r else 0)


def log_rest(z: Any) -> Any:
    s = mp.sqrt(z)
    return series(lambda k: 2 / mp.mpf(2 * k + 3), z, (2 * mp.atanh(s) - 2 * s) / s**3 if z else 0)


def sin_rest(z: Any) -> Any:
    r = mp.sqrt(z)
    return series(
        lambda k: -((-1) ** k) / mp.factorial(2 * k + 3), z, (mp.sin(r) - r) / r**3 if z else 0
    )


def cos_rest(z: Any) -> Any:
    r = mp.sqrt(z)
    return series(
        lambda k: (-1) ** k / mp.factorial(2 * k + 4), z, (mp.cos(r) - 1 + z / 2) / z**2 if z else 0
    )


def erf_rest(z: Any) -> Any:
    x = mp.sqrt(z)
    return series(
        lambda k: -2 / mp.sqrt(mp.pi) * (-1) ** k / (mp.factorial(k + 1) * (2 * k + 3)),
        z,
        (mp.erf(x) - 2 / mp.sqrt(mp.pi) * x) / x**3 if z else 0,
    )


def atan_rest(z: Any) -> Any:
    x = mp.sqrt(z)
    return series(
        lambda k: -((-1) ** k) / mp.mpf(2 * k + 3), z, (mp.atan(x) - x) / x**3 if z else 0
    )


def asin_rest(z: Any) -> Any:
    x = mp.sqrt(z)
    return series(
        lambda k: mp.binomial(2 * k + 2, k + 1) / (mp.mpf(4) ** (k + 1) * (2 * k + 3)),
        z,
        (mp.asin(x) - x) / x**3 if z else 0,
    )


def series(term: Callable[[int], Any], x: Any, closed: Any) -> Any:
    """Sum a power series near 0, where the closed form has few digits left."""
    if abs(x) > mp.mpf("1e-3"):
        return closed
    return mp.fsum(term(k) * mp.mpf(x) ** k for k in range(20))


def tail(scale: Any, near: Any, far: Any) -> Callable[[Any], Any]:
    """Make t -> (x + near) e**(z**2) erfc(z), with t = (x - far) / (x + far) and z = x / scale."""

    def function(t: Any) -> Any:
        if t >= 1:
            return scale / mp.sqrt(mp.pi)
        x = far * (1 + t) / (1 - t)
        z = x / scale
        if z > 1e8:
            return scale / mp.sqrt(mp.pi) * (1 + near / x)
        return (x + near) * mp.exp(z * z) * mp.erfc(z)

    return function


HALF_LN2 = mp.log(2) / 2
FITS = {
    "EXP": Fit(
        "(e**r - 1 - r - r**2 / 2) / r**3, |r| <= log(2) / 2", exp_rest, -HALF_LN2, HALF_LN2, 10
    ),
    "EXP_FROM_SQUARE": Fit(
        "(e**r - 1 - r) / r**2, |r| <= log(2) / 2, relative to e**r", exp_from_square,
        -HALF_LN2, HALF_LN2, 10, weight=lambda r: max(r * r, mp.mpf("1e-8")) / mp.exp(r),
    ),
    "LOG": Fit(
        "(2 atanh(s) - 2 s) / s**3 in s**2, |s| <= (sqrt(2) - 1) / (sqrt(2) + 1)",
        log_rest, 0, (mp.sqrt(2) - 1) ** 4, 7,
    ),
    "SIN": Fit("(sin(r) - r) / r**3 in r**2, |r| <= pi / 4", sin_rest, 0, (mp.pi / 4) ** 2, 7),
    "COS": Fit(
        "(cos(r) - 1 + r**2 / 2) / r**4 in r**2, |r| <= pi / 4", cos_rest, 0, (mp.pi / 4) ** 2, 7
    ),
    "ERF": Fit(
        "(erf(x) - 2 x / sqrt(pi)) / x**3 in x**2, |x| <= 1/2", erf_rest, 0, mp.mpf("0.25"), 11
    ),
    "ERFC": Fit(
        "(x + 7/8) e**(x**2) erfc(x) in (x - 3.75) / (x + 3.75), 0 <= x <= 28",
        tail(1, mp.mpf("0.875"), mp.mpf("3.75")),
        -1, mp.mpf("24.25") / mp.mpf("31.75"), 23, in_turn=True,
    ),
    "NDTR": Fit(
        "(x + 5/4) e**(x**2 / 2) ndtr(-x) in (x - 5.25) / (x + 5.25), 0 <= x <= 39",
        lambda t: tail(mp.sqrt(2), mp.mpf("1.25"), mp.mpf("5.25"))(t) / 2,
        -1, mp.mpf("33.75") / mp.mpf("44.25"), 23, in_turn=True,
    ),
    "ATAN": Fit(
        "(atan(x) - x) / x**3 in x**2, |x| <= tan(pi / 8)", atan_rest, 0, (mp.sqrt(2) - 1) ** 2, 12
    ),
    "CBRT": Fit("m**(-1/3), 1 <= m <= 8; a beginning for Newton's method",
                lambda m: 1 / mp.cbrt(m), 1, 8, 7),
    "ASIN": Fit("(asin(x) - x) / x**3 in x**2, |x| <= 1/2", asin_rest, 0, mp.mpf("0.25"), 14),
}  # fmt: skip


def main(names: list[str]) -> None:
    """Print the coefficients."""
    for name in names or FITS:
        fit = FITS[name]
        exact = (rounded_in_turn if fit.in_turn else best if fit.weight else interpolant)(fit)
        rounded = [float(c) for c in exact]
        worst = error(fit, exact if fit.in_turn else rounded)
        print(f"# {fit.meaning};\n# relative error 2**{float(mp.log(worst, 2)):.1f}.")
        print(f"{name} = (")
        for c in rounded:
            print(f"    {c!r},")
        print(")")
        print(f"{name}_LOW = {float(exact[0] - rounded[0])!r}  # of the first coefficient\n")


if __name__ == "__main__":
    main(sys.argv[1:])
