"""Long programs over rows of data: a few rows at a time, in one program.

A layer of neurons over some rows is a product of two small matrices, and so is the gradient of its
weights; the plan of a tile finds them as loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Any

from pluggrad import CompileError
from pluggrad.progress import waiting

from ..recording import Recording
from ..run.executor import missing_packages

ROWS = 4  # of one tile; more are hardly faster, and take longer to plan
TOGETHER = 256  # rows whose results are added up one after the other


class Tiles:
    """Adds up results and gradients over rows, a tile at a time.

    Parameters:
        recording: what is computed for each row.
        is_shared: for each number of the arguments whether all rows share it.
    """

    def __init__(self, recording: Recording, is_shared: Any) -> None:
        import numpy as np

        from ..run.tile import tile_plan, tiled

        tape, used = recording.tape, np.array(recording.used, np.int64)
        mine = np.array(is_shared, bool)
        inputs, outside = tape.inputs[: len(used)], tape.inputs[len(used) :]
        common = [row for row, x in zip(inputs, mine[used], strict=True) if x]
        own = [row for row, x in zip(inputs, mine[used], strict=True) if not x]
        before = np.cumsum(mine)
        self.count = int(mine.sum())
        # Which of the numbers that rows share matter, and which of a row's own.
        self.wanted = _places(before[used[mine[used]]] - 1, self.count)
        self.columns = _places((np.cumsum(~mine) - 1)[used[~mine[used]]], len(mine) - self.count)
        self.known = len(common)
        self.is_some = len(common) < self.count
        self.read = recording.read
        self.shared = len(common) + len(outside)
        whole = replace(tape, inputs=[*common, *outside, *own], wrt=common)
        with waiting():
            self.tape = tiled(whole, self.shared, ROWS)
            self.plan = tile_plan(self.tape)
        self._free: list[Any] = []

    def sums(self, shared: Sequence[Any], rows: Any, *, backward: bool) -> tuple[Any, Any]:
        """Add up results, and gradients by what is shared.

        Parameters:
            shared: the numbers that all rows share: parts of them, one behind the other.
            rows: those of each row, a table.
            backward: whether there are gradients.

        Returns:
            The sums, and the numbers of rows that are not in them: where a guard does not hold, or
            there is a nan.
        """
        import numpy as np

        tile = self._begun(shared)
        rows = rows[:, self.columns]
        empty = np.zeros if self.is_some else np.empty
        sums = empty(1 + self.count * backward)
        left: list[int] = []
        total = 0.0
        for start in range(0, len(rows), ROWS):
            count = self._put(tile, rows[start : start + ROWS])
            tile.forward()
            results = tile.outputs.tolist()
            here = sum(results[:count])
            if here - here != 0.0 or any(results[ROWS:]):
                left += range(start, start + count)
                continue
            total += here
            if backward:
                tile.backward()
        if backward:
            tile.end()
            sums[1:][self.wanted] = tile.gradients
        self._free.append(tile)
        sums[0] = total
        if isnan(sums.min()):  # where one of them is
            return np.zeros_like(sums), np.arange(len(rows))
        return sums, np.array(left, np.int64)

    def _begun(self, shared: Sequence[Any]) -> Any:
        import numpy as np

        from ..run.tile import Tile

        try:
            tile = self._free.pop()
        except IndexError:
            assert self.plan is not None
            tile = Tile(self.tape, self.plan, self.shared, ROWS)
        if self.is_some:
            tile.inputs[: self.known] = np.concatenate(shared)[self.wanted]
        else:
            np.concatenate(shared, out=tile.inputs[: self.known])
        tile.inputs[self.known : self.shared] = [x._number for x in self.read]
        tile.seeds[:ROWS], tile.seeds[ROWS:] = 1.0, 0.0
        tile.begin()
        return tile

    def _put(self, tile: Any, rows: Any) -> int:
        """Put rows into a tile; where there are fewer, the last one again, which counts nothing."""
        count = len(rows)
        if count == ROWS:
            tile.rows[:] = rows
        else:
            tile.rows[:count], tile.rows[count:] = rows, rows[-1]
            tile.seeds[count:] = 0.0
        return count


def _places(chosen: Any, count: int) -> Any:
    """Give an index for these places of so many: a slice where it is all of them."""
    return slice(None) if len(chosen) == count else chosen


def tiles_for(recording: Recording, is_shared: Sequence[bool]) -> Tiles | None:
    """Make tiles for a recording that is too long for one loop over lanes, where they pay."""
    from ..lanes.fusion import MOST_NODES
    from ..lower.probing import check_ends

    long = len(recording.tape) > MOST_NODES
    if not long or recording.choice == "interpreter" or missing_packages():
        return None
    try:
        if recording.guards:
            check_ends(recording.tape.ops)
        found = Tiles(recording, is_shared)
    except CompileError:  # lanes say why, if they cannot either
        return None
    return found if found.plan is not None else None
