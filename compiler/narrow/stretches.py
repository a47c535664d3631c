"""Stretches: where a tape repeats itself, as what a Python loop recorded does.

Two rows of a tape, one period apart, are alike when they have the same op, and when their operands
move by as much as they did one period before: not at all (a weight), by one period (what the
iteration computed, or the one before it), or by any other constant step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..plan.columns import Ints
from ..tape.data import Tape

WINDOW = 8  # so many ops in a row look like one place of a body
CANDIDATES = 8
LONGEST = 3000  # rows of one body
SHORTEST = 200  # rows that are worth a loop
FEWEST = 8  # iterations


@dataclass(frozen=True)
class Stretch:
    """Rows of a tape: a body, and how often it stands there.

    Parameters:
        start: its first row.
        period: the rows of one body.
        count: how many bodies.
    """

    start: int
    period: int
    count: int

    @property
    def end(self) -> int:
        """The row behind it."""
        return self.start + self.period * self.count


class Finder:
    """Finds the stretches of a tape.

    Parameters:
        tape: what to look into.
        width: the most operands that any op has.
    """

    def __init__(self, tape: Tape, width: int) -> None:
        self.kinds: Ints = tape.kind
        self.operands: Ints = tape.operands(width)

    def stretches(self) -> list[Stretch]:
        """Divide the tape into stretches, in order; what does not repeat has a count of 1."""
        found: list[Stretch] = []
        pending = [(0, len(self.kinds))]
        while pending:
            first, end = pending.pop()
            best = self._longest(first, end) if end - first >= SHORTEST else None
            if best is None:
                if end > first:
                    found.append(Stretch(first, end - first, 1))
                continue
            found.append(best)
            pending += [(first, best.start), (best.end, end)]
        return sorted(found, key=lambda stretch: stretch.start)

    def _longest(self, first: int, end: int) -> Stretch | None:
        """Find the stretch of most rows between two rows, of the shortest body that has them."""
        best: Stretch | None = None
        for period in self._periods(first, end):
            found = self._run(first, end, period)
            if found is None or found.count < FEWEST or found.end - found.start < SHORTEST:
                continue
            rows = found.period * found.count
            if best is None or rows > 1.1 * best.period * best.count:
                best = found
        return best

    def _periods(self, first: int, end: int) -> list[int]:
        """List how far apart places stand that look alike, what occurs most first."""
        kinds = self.kinds[first:end]
        mixed = np.zeros(len(kinds) - WINDOW, np.int64)
        for k in range(WINDOW):
            mixed = mixed * 1_000_003 + kinds[k : k + len(mixed)]
        order = np.argsort(mixed, kind="stable")
        same = np.diff(mixed[order]) == 0
        apart = np.diff(order)[same]
        apart = apart[apart <= LONGEST]
        periods, counts = np.unique(apart, return_counts=True)
        chosen = np.argsort(-(counts * periods), kind="stable")[:CANDIDATES]
        return sorted(periods[chosen].tolist())

    def _run(self, first: int, end: int, period: int) -> Stretch | None:
        """Find the longest run of rows that are like those one period on, moving alike."""
        kinds, operands = self.kinds[first:end], self.operands[first:end]
        if len(kinds) < FEWEST * period:
            return None
        steps = operands[period:] - operands[:-period]
        alike = (kinds[period:] == kinds[:-period])[:-period]
        alike &= (kinds[2 * period :] == kinds[: -2 * period]) & (
            steps[period:] == steps[:-period]
        ).all(1)
        edges = np.flatnonzero(np.diff(alike, prepend=False, append=False))
        if len(edges) == 0:
            return None
        starts, ends = edges[::2], edges[1::2]
        longest = int(np.argmax(ends - starts))
        start = int(starts[longest])
        rows = int(ends[longest]) - start + 2 * period
        return Stretch(first + start, period, rows // period)
