"""A long path in few lines: the steps that change its product most, and what lies between them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from .paths import Step


def abridged(steps: Sequence[Step], lines: int) -> Iterator[Step | tuple[float, int]]:
    """Return a path in at most so many lines, in its order.

    Shown are the first step, the last, and those of which the factor is farthest from 1.

    Parameters:
        steps: the path.
        lines: how many lines there may be; at least 3.

    Yields:
        A step, or, in place of several steps, the product of their factors and their number.
    """
    weights = [_weight(step.local) for step in steps]
    ends = {0, len(steps) - 1}
    rest = sorted(set(range(len(steps))) - ends, key=lambda i: -weights[i])
    shown = ends
    if len(steps) <= lines:
        shown = ends.union(rest)
    else:
        for i in rest[: lines - len(ends)]:
            if _lines(more := shown | {i}) <= lines:
                shown = more
    before = -1
    for i in sorted(shown):
        if i - before == 2:
            yield steps[before + 1]
        elif i - before > 2:
            skipped = steps[before + 1 : i]
            yield math.prod(step.local for step in skipped), len(skipped)
        yield steps[i]
        before = i


def _weight(factor: float) -> float:
    size = abs(factor)
    return abs(math.log(size)) if 0 < size < math.inf else math.inf


def _lines(shown: set[int]) -> int:
    """Count the lines of steps and of the gaps between them."""
    order = sorted(shown)
    return len(order) + sum(b - a > 1 for a, b in itertools.pairwise(order))
