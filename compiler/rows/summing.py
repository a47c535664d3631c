"""Adding up rows: parts of them, each in the fastest way that can take it.

Long functions run in tiles, others as one fused function; what these leave, rows of other ways
through the function and the last few, goes through lanes. Parts are added with their rounding
errors kept (Neumaier's sum).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

from pluggrad import CompileError
from pluggrad.progress import tell, waiting

from ..capture.arguments import ANSWER, LEAF
from ..function import Compiled
from ..recording import Recording
from .finite import check_data, check_results
from .taken import Column, Given, Taken, is_strided
from .tiles import TOGETHER, Tiles, tiles_for
from .total import Total

PART = 1 << 20  # rows of one sum at most
LEAST_PART = 1 << 16  # and at least
PART_NUMBERS = 1 << 22  # of all arguments of a part that have rows
FEW = 32  # rows: for fewer it does not pay to start a thread
FUSED = 256  # rows: for fewer it does not pay to compile a function of their own


class Summing:
    """A function over rows, as far as it adds up.

    Attributes:
        compiled: the function of one row.
        reduce: `sum`, `mean`, or None for a result for each row.
        check_finite: whether a nan or an infinity is an error.
    """

    compiled: Compiled
    reduce: str | None
    check_finite: bool
    _tiles: WeakKeyDictionary[Recording, Tiles | None]

    def _reduced(self, given: Given, total: Total) -> tuple[float, Given, Any]:
        found = total.found()
        if self.reduce == "mean":
            found = found / given.count
        return float(found[0]), given, found[1:]

    def _computed(self, given: Given, *, backward: bool) -> tuple[Any, Given, Any]:
        if self.reduce is None:
            values, gradients = self._each(given, backward=backward)
            return values, given, gradients
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore"):  # sums of infinities
            return self._reduced(given, self._total(given, backward=backward))

    def _total(self, given: Given, *, backward: bool) -> Total:
        """Add up all rows."""
        self.compiled._keep_current()
        total = Total()
        tiles = self._tiles_for(given)
        if tiles is None:
            parts = self._parts_of(given, backward=backward)
        else:
            parts = self._tiles_of(given, tiles, backward=backward)
        with waiting():
            for sums in parts:
                total.add(sums)
        if self.check_finite:
            check_data(given)
        return total

    def _parts_of(self, given: Given, *, backward: bool) -> Iterator[Any]:
        """Give the sums of parts of the rows."""
        taken = given.taken()
        size = max(LEAST_PART, min(PART, PART_NUMBERS // max(1, taken.width)))
        for start in range(0, taken.count, size):
            tell(f"row {start:,} of {taken.count:,}", done=start, total=taken.count)
            part = taken.part(start, min(start + size, taken.count))
            sums = self._summed(part, start, backward=backward)
            yield self._checked(given, sums, part, start)

    def _tiles_of(self, given: Given, tiles: Tiles, *, backward: bool) -> Iterator[Any]:
        """Give the sums of parts of the rows; each thread does one at a time."""
        count, threads = given.count, self.compiled.threads
        step = min(TOGETHER, max(FEW, -(-count // threads)))
        starts = range(0, count, step)
        shared = given.shared.parts if len(starts) == 1 else [given.numbers]

        def work(start: int) -> Any:
            rows = start, min(start + step, count)
            return self._summed_in_tiles(given, shared, tiles, rows, backward=backward)

        for k in range(0, len(starts), threads):
            tell(f"row {starts[k]:,} of {count:,}", done=starts[k], total=count)
            yield from each_in_a_thread(work, starts[k : k + threads])

    def _tiles_for(self, given: Given) -> Tiles | None:
        recording = self._recording(given.shape, lambda: given.taken().columns)
        if recording not in self._tiles:
            self._tiles[recording] = tiles_for(recording, given.is_shared)
        return self._tiles[recording]

    def _summed_in_tiles(
        self, given: Given, shared: Any, tiles: Tiles, rows: tuple[int, int], *, backward: bool
    ) -> Any:
        import numpy as np

        sums, left = tiles.sums(shared, given.table(*rows), backward=backward)
        if len(left) or (self.check_finite and not np.isfinite(sums).all()):
            start, _ = rows
            part = given.taken().part(*rows)
            sums = sums + self._in_blocks(part.picked(left), start, backward=backward)
            sums = self._checked(given, sums, part, start)
        return sums

    def _checked(self, given: Given, sums: Any, part: Taken, start: int) -> Any:
        """Give sums back, or find the row with a nan or an infinity, where that was asked for."""
        import numpy as np

        if self.check_finite and not np.isfinite(sums).all():
            for block, first in part.blocks(start):
                check_results(given, *self._block(block, backward=len(sums) > 1), first)
        return sums

    def _each(self, given: Given, *, backward: bool) -> tuple[Any, Any]:
        """Compute a result, and a gradient, for each row."""
        import numpy as np

        self.compiled._keep_current()
        found = []
        for block, first in given.taken().blocks(0):
            found.append(self._block(block, backward=backward))
            if self.check_finite:
                check_results(given, *found[-1], first)
        if self.check_finite:
            check_data(given)
        gradients = np.concatenate([g for _, g in found], axis=1) if backward else None
        return np.concatenate([v for v, _ in found]), gradients

    def _summed(self, part: Taken, start: int, *, backward: bool) -> Any:
        """Add up the results of some rows, and their gradients by what is shared."""

        sums, left = self._fused(part, backward=backward)
        rest = part if left is None else part.picked(left)
        return sums + self._in_blocks(rest, start, backward=backward)

    def _in_blocks(self, part: Taken, start: int, *, backward: bool) -> Any:
        """Add up rows by lanes."""
        import numpy as np

        sums = np.zeros(1 + len(part.shared) * backward)
        for block, _ in part.blocks(start):
            values, gradients = self._block(block, backward=backward)
            shares = [] if gradients is None else np.ascontiguousarray(gradients).sum(axis=1)
            sums = sums + np.array([values.sum(), *shares])  # each sum is pairwise
        return sums

    def _fused(self, part: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Add up what one function can; give the sums, and the rows left over, None for all."""
        import numpy as np

        sums = np.zeros(1 + len(part.shared) * backward)
        if part.count < FUSED:
            return sums, None
        recording = self._recording(part.shape, lambda: part.columns)
        strided = [i for i, x in enumerate(part.columns) if is_strided(x)]
        summing = recording.summing(part.shared, strided, backward=backward)
        if summing is None:
            return sums, None
        columns = [np.atleast_1d(np.asarray(part.columns[i], float)) for i in recording.used]
        given = [*columns, *(np.array([x._number]) for x in recording.read)]
        found, flags, done = summing.run(given, part.count, self.compiled.threads)
        sums[0] = found[0]
        if backward:
            used = set(recording.used)
            where = [1 + k for k, i in enumerate(part.shared) if i in used]
            sums[where] = found[1:]
        left = np.arange(done, part.count)
        if flags is not None:
            left = np.concatenate([np.flatnonzero(flags[:done]), left])
        return sums, left

    def _recording(self, shape: Any, columns: Callable[[], list[Any]]) -> Recording:
        """Give the recording that was used last for such rows, or else that of the first row."""
        compiled = self.compiled
        for entry in compiled._matching(shape):
            return entry[1]
        numbers = [_first(x) for x in columns()]
        try:
            return compiled._recorded(shape, numbers)[1]
        except CompileError:
            raise
        except Exception as cause:
            cause.add_note(f"This was raised for the first row, by {compiled!r}.")
            raise

    def _block(self, block: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Compute some rows; give their values, and gradients by what is shared."""
        recording, results, gradients = self.compiled._lanes(
            block.shape, block.columns, backward=backward
        )
        if recording.result != LEAF:
            what = "yes or no" if recording.result == ANSWER else "nested ones"
            raise CompileError(f"over rows a function gives one number; {self!r} gives {what}")
        return results[0], None if gradients is None else gradients[block.shared]


# ----- What is added up of the rows of some arguments -----


def values(rows: Summing, given: Given) -> Total:
    """Add up results."""
    return rows._total(given, backward=False)


def values_and_slopes(rows: Summing, given: Given) -> Total:
    """Add up results, and gradients by what is shared."""
    return rows._total(given, backward=True)


def products(rows: Summing, given: Given) -> Total:
    """Add up r·r, J^T r and J^T J of the residuals r and their Jacobian J, a part at a time."""
    import numpy as np

    rows.compiled._keep_current()
    total = Total()
    for block, first in given.taken().blocks(0):
        tell(f"row {first:,} of {given.count:,}", done=first, total=given.count)
        r, jacobian = rows._block(block, backward=True)
        if rows.check_finite:
            check_results(given, r, jacobian, first)
        squares = jacobian @ jacobian.T
        total.add(np.concatenate([[r @ r], jacobian @ r, squares.ravel()]))
    return total


def each_in_a_thread(work: Callable[[int], Any], starts: Sequence[int]) -> Iterator[Any]:
    """Do several things, each in a thread of its own; give the results in order."""
    if len(starts) == 1:
        yield work(starts[0])
        return
    contexts = [copy_context() for _ in starts]
    with ThreadPoolExecutor(len(starts)) as pool:
        found = list(pool.map(lambda now, start: now.run(work, start), contexts, starts))
    yield from found


def _first(x: Any) -> float:
    """Give the number that the first row has in a column."""
    if isinstance(x, Column):
        return float(x.rows[(0, *x.index)])
    return float(x[0]) if hasattr(x, "shape") else float(x)
