"""Find where a rule or a forward changes abruptly: bisection finds what hides between points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from .many_digits import Point
from .sampling import kinks_of, spread
from .subject import Subject


def discontinuities(subject: Subject) -> Iterator[tuple[int, Point, Point]]:
    """Find neighbouring floats between which a rule jumps.

    Yields:
        the operand's index, the point below the jump, and the one above it.
    """
    for index, numbers, moved in _lines(subject):

        def partial(x: float, index: int = index, moved: Moved = moved) -> float:
            at = moved(x)
            return subject.partial(index, at, subject.forward(at))

        for low, high in pairwise(numbers):
            found = _closed_in(partial, low, high)
            if found is not None:
                yield index, moved(found[0]), moved(found[1])


def steps(subject: Subject) -> Iterator[tuple[int, Point, Point]]:
    """Find neighbouring floats between which the forward changes by more than its rule explains.

    Yields:
        the operand's index, the point below the step, and the one above it.
    """
    for index, numbers, moved in _lines(subject):

        def line(x: float, index: int = index, moved: Moved = moved) -> tuple[float, float]:
            at = moved(x)
            out = subject.forward(at)
            return out, subject.partial(index, at, out)

        for low, high in pairwise(numbers):
            found = _closed_in_on_a_step(line, low, high)
            if found is not None:
                yield index, moved(found[0]), moved(found[1])


Moved = Callable[[float], Point]


def _lines(subject: Subject) -> Iterator[tuple[int, list[float], Moved]]:
    """Go through lines along each operand: its index, numbers for it in order, and the points."""
    op = subject.op
    bases = subject.points[:1] if op.arity == 1 else subject.points[:3]
    for index, rule in enumerate(op.rules):
        if rule is None:
            continue
        numbers = sorted(x for x in spread(op.domain[index], kinks_of(op)) if abs(x) < 1e6)
        for base in bases:

            def moved(x: float, base: Point = base, index: int = index) -> Point:
                return (*base[:index], x, *base[index + 1 :])

            yield index, numbers, moved


def _closed_in(
    function: Callable[[float], float], low: float, high: float
) -> tuple[float, float] | None:
    """Bisect towards the greater change; None when it fades, as it does for smooth functions."""
    at_low, at_high = function(low), function(high)
    while _differ(at_low, at_high):
        middle = low + (high - low) / 2
        if not low < middle < high:
            return low, high
        at_middle = function(middle)
        if abs(at_middle - at_low) > abs(at_high - at_middle):
            high, at_high = middle, at_middle
        else:
            low, at_low = middle, at_middle
    return None


def _differ(a: float, b: float) -> bool:
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) > 1e-4 * max(abs(a), abs(b))


# So many units in the last place are the noise of a forward.
NOISE = 64 * 2.0**-52


def _closed_in_on_a_step(
    line: Callable[[float], tuple[float, float]], low: float, high: float
) -> tuple[float, float] | None:
    """Bisect towards the change that slopes do not explain; None when it fades.

    Parameters:
        line: gives result and slope at a number.
        low: where to begin.
        high: where to end.
    """
    below, above = line(low), line(high)
    while _unexplained(low, below, high, above) > NOISE * max(abs(below[0]), abs(above[0])):
        middle = low + (high - low) / 2
        if not low < middle < high:
            return low, high
        between = line(middle)
        if _unexplained(low, below, middle, between) > _unexplained(middle, between, high, above):
            high, above = middle, between
        else:
            low, below = middle, between
    return None


def _unexplained(
    low: float, below: tuple[float, float], high: float, above: tuple[float, float]
) -> float:
    """Return by how much two results differ beyond what the slopes at both ends say; nan is 0."""
    found = abs(above[0] - below[0] - (high - low) * (below[1] + above[1]) / 2)
    return found if math.isfinite(found) else 0.0
