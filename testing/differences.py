"""Slopes from differences of floats, for a forward that cannot be evaluated in many digits.

Differences are extrapolated to step zero with an estimate of what is left (C. Ridders, "Accurate
computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pluggrad import PluggradError

from .truth import Truth

# Where a sequence of halved steps begins, relative to the operand.
FIRST_STEPS = (1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 0.03, 0.3)


def extrapolated(function: Callable[[float], float], x: float, reach: float) -> Truth:
    """Differentiate a function of one float by differences, extrapolated to step zero.

    Parameters:
        function: may give nan or inf, or raise; such steps are not used.
        x: where.
        reach: how far from `x` the function may be evaluated.
    """
    scale = abs(x) if x else 1.0
    function = _careful(function)
    noise = _noise(function, x)
    if noise > 0.01 * abs(function(x)) > 0.0:
        return UNKNOWN  # neighbouring floats have nothing to do with each other
    steps = [min(scale * size, reach / 2) for size in FIRST_STEPS]
    steps = sorted({step for step in steps if step > max(4 * math.ulp(x), 1e-290)})
    steps = _believable(function, x, steps, noise)
    central = _best(
        lambda h: (function(x + h) - function(x - h)) / ((x + h) - (x - h)), steps, 2, noise
    )
    left = _best(lambda h: (function(x) - function(x - h)) / (x - (x - h)), steps, 1, noise)
    right = _best(lambda h: (function(x + h) - function(x)) / ((x + h) - x), steps, 1, noise)
    gap = abs(left[0] - right[0])
    if gap > 30 * (left[1] + right[1]) + 1e-6 * max(abs(left[0]), abs(right[0])):
        if not _bends(function, x, right[0] - left[0], noise):
            return UNKNOWN
        return Truth(left[0], right[0], 10 * max(left[1], right[1]), "finite differences")
    return Truth(central[0], central[0], 10 * central[1], "finite differences")


UNKNOWN = Truth(math.nan, math.nan, math.inf, "finite differences")


def _careful(function: Callable[[float], float]) -> Callable[[float], float]:
    """Give nan where a function raises; and ask it once for each number, but for the two zeros."""
    known: dict[float, float] = {}

    def careful(x: float) -> float:
        found = known.get(x)
        if found is None:
            try:
                found = function(x)
            except (ArithmeticError, ValueError, PluggradError):
                found = math.nan
            if x:
                known[x] = found
        return found

    return careful


def _noise(function: Callable[[float], float], x: float) -> float:
    """Measure how far neighbouring results are from a line, which quotients divide by the step.

    It is the function's own rounding; or all of the function, where it waves faster than floats
    can follow, as a sine from 1e15 on.
    """
    near = [function(x + k * math.ulp(x)) for k in range(-3, 4)]
    bends = [abs(a - 2 * b + c) for a, b, c in zip(near, near[1:], near[2:], strict=False)]
    return max(4 * 2.0**-52 * abs(near[3]), *(bend for bend in bends if bend < math.inf), 5e-324)


def _bends(function: Callable[[float], float], x: float, gap: float, noise: float) -> bool:
    """Look at a kink from as near as the noise allows: a bend that is only sharp has gone there."""
    h = max(40 * noise / abs(gap), 16 * math.ulp(x))
    below, above = x - h, x + h
    right = (function(above) - function(x)) / (above - x)
    left = (function(x) - function(below)) / (x - below)
    return abs((right - left) - gap) <= 0.25 * abs(gap)


def _believable(
    function: Callable[[float], float], x: float, steps: Sequence[float], noise: float
) -> list[float]:
    """Keep the steps over which the function moves further than over much smaller ones.

    A function that waves moves no further, and its differences over many periods are nothing but
    small.
    """
    here, kept, most = function(x), [], 0.0
    for step in steps:
        moved = [abs(function(x + side * step) - here) for side in (-1.0, 1.0)]
        moves = max((m for m in moved if m < math.inf), default=math.inf)
        if most > moves / 4 + 4 * noise:
            break
        kept.append(step)
        most = max(most, moves)
    return kept


def _best(
    quotient: Callable[[float], float], steps: Sequence[float], power: int, noise: float
) -> tuple[float, float]:
    """Extrapolate from each first step, and give the result that estimates its error smallest.

    A larger step is believed only if it does not contradict the smaller ones: it may have passed
    over something.
    """
    best = (math.nan, math.inf)
    for step in steps:
        value, error = _tableau(quotient, step, power, noise)
        if error < best[1] and not abs(value - best[0]) > 10 * (error + best[1]):
            best = value, error
    return best


def _tableau(
    quotient: Callable[[float], float], step: float, power: int, noise: float, rows: int = 9
) -> tuple[float, float]:
    """Extrapolate one sequence of halved steps, each column cancelling one power of the step."""
    best, error = math.nan, math.inf
    previous: list[float] = []
    each = 2.0**power
    for _ in range(rows):
        try:
            last = quotient(step)
        except (ArithmeticError, ValueError):
            last = math.nan
        row, factor, rounding = [last], each, noise / step
        for entry in previous:
            better = (factor * last - entry) / (factor - 1)
            change = max(abs(better - last), abs(better - entry), rounding)
            if change < error:
                best, error = better, change
            row.append(better)
            last = better
            factor *= each
        if previous and abs(last - previous[-1]) > 2 * error and error < 1e-6 * abs(best):
            break
        previous = row
        step /= 2
        if noise / step >= error:
            break  # which no shorter step can estimate to be smaller
    return best, error
