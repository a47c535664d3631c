"""Crossings: how often the segments between two layers cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

from .segments import Segments


def count_crossings(lines: Iterable[tuple[float, float]]) -> int:
    """Count the crossings of straight lines between two rows; those that meet do not cross.

    Parameters:
        lines: the positions of each line's ends in the first and in the second row.

    >>> count_crossings([(0, 1), (1, 0), (2, 1), (2, 2)])
    1
    """
    return _inversions([end for _, end in sorted(lines)])


def crossings_of(segments: Segments, position: Sequence[int]) -> int:
    """Count the crossings of all segments where items stand at these positions in their layers."""
    total = 0
    ahead = segments.ahead
    for layer in segments.layers:
        ends: list[float] = []
        for item in layer:
            found = ahead[item]
            if len(found) == 1:
                other, place = found[0]
                ends.append(position[other] + place)
            elif found:
                ends += sorted([position[other] + place for other, place in found])
        total += _inversions(ends)
    return total


def _inversions(ends: list[float]) -> int:
    """Count the pairs in which the first is greater: by insertion, which C does fast."""
    seen: list[float] = []
    crossings = 0
    for end in ends:
        if not seen or end >= seen[-1]:
            seen.append(end)
        else:
            crossings += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return crossings
