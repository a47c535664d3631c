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
    for line in _lines(subject):
        for low, high in pairwise(line.numbers):
            found = _closed_in(line.slope, low, high)
            if found is not None:
                yield line.index, line.moved(found[0]), line.moved(found[1])


def steps(subject: Subject) -> Iterator[tuple[int, Point, Point]]:
    """Find neighbouring floats between which the forward changes by more than its rule explains.

    Yields:
        the operand's index, the point below the step, and the one above it.
    """
    for line in _lines(subject):
        for low, high in pairwise(line.numbers):
            found = _closed_in_on_a_step(line, low, high)
            if found is not None:
                yield line.index, line.moved(found[0]), line.moved(found[1])


class _Line:
    """A line along one operand; what is computed on it is kept for whoever goes along it next.

    Attributes:
        index: which operand.
        numbers: those to begin with, in order.
    """

    def __init__(self, subject: Subject, index: int, base: Point) -> None:
        op = subject.op
        self.index = index
        self.numbers = sorted(x for x in spread(op.domain[index], kinks_of(op)) if abs(x) < 1e6)
        self._subject, self._before, self._after = subject, base[:index], base[index + 1 :]
        self._seen = subject.seen.setdefault((index, base), {})

    def moved(self, x: float) -> Point:
        """Return the point at a number."""
        return (*self._before, x, *self._after)

    def __call__(self, x: float) -> tuple[float, float]:
        """Return result and partial."""
        found = self._seen.get(x)
        if found is None:
            at = (*self._before, x, *self._after)
            out = self._subject.forward(at)
            found = out, self._subject.partial(self.index, at, out)
            if x:  # there are two zeros
                self._seen[x] = found
        return found

    def slope(self, x: float) -> float:
        """Return the partial."""
        return self(x)[1]


def _lines(subject: Subject) -> Iterator[_Line]:
    """Go through lines along each operand."""
    bases = subject.points[: 1 if subject.op.arity == 1 else 3]
    for index, rule in enumerate(subject.op.rules):
        if rule is not None:
            yield from (_Line(subject, index, base) for base in bases)


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
    gap = _unexplained(low, below, high, above)
    while gap > NOISE * max(abs(below[0]), abs(above[0])):
        middle = low + (high - low) / 2
        if not low < middle < high:
            return low, high
        between = line(middle)
        under = _unexplained(low, below, middle, between)
        over = _unexplained(middle, between, high, above)
        if under > over:
            high, above, gap = middle, between, under
        else:
            low, below, gap = middle, between, over
    return None


def _unexplained(
    low: float, below: tuple[float, float], high: float, above: tuple[float, float]
) -> float:
    """Return by how much two results differ beyond what the slopes at both ends say; nan is 0."""
    found = abs(above[0] - below[0] - (high - low) * (below[1] + above[1]) / 2)
    return found if math.isfinite(found) else 0.0
