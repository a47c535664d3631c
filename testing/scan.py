"""Find where a rule changes abruptly: by bisection, so that no such place hides between points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from .sampling import kinks_of, spread
from .subject import Subject
from .truth import Point


def discontinuities(subject: Subject) -> Iterator[tuple[int, Point, Point]]:
    """Find neighbouring floats between which a rule jumps.

    Yields:
        the operand's index, the point below the jump, and the one above it.
    """
    op = subject.op
    bases = subject.points[:1] if op.arity == 1 else subject.points[:3]
    for index, rule in enumerate(op.rules):
        if rule is None:
            continue
        numbers = sorted(x for x in spread(op.domain[index], kinks_of(op)) if abs(x) < 1e6)
        for base in bases:

            def moved(x: float, base: Point = base, index: int = index) -> Point:
                return (*base[:index], x, *base[index + 1 :])

            def partial(
                x: float, index: int = index, moved: Callable[[float], Point] = moved
            ) -> float:
                at = moved(x)
                return subject.partial(index, at, subject.forward(at))

            for low, high in pairwise(numbers):
                found = _closed_in(partial, low, high)
                if found is not None:
                    yield index, moved(found[0]), moved(found[1])


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
