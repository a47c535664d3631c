"""Room for results, taken again when nobody holds it any more.

The system clears fresh memory page by page when it is first written, which takes longer than many a
lane's numbers. So what results leave behind is kept for the next ones, up to a bound.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 17  # bytes: what is smaller the C library keeps by itself
MOST = 48 << 20  # bytes that are kept
SPARE = 1.25  # how much larger than wanted a kept array may be
# Of places that lie so many floats apart a processor keeps but a few near at a time, so rows begin
# somewhat aside, at places of 64 bytes.
APART, ASIDE = 512, 40
LARGE = 1 << 19  # bytes: for fewer, large pages would be half empty
PAGE = 1 << 21  # bytes of a large page

Doubles = NDArray[np.float64]


class Room:
    """Arrays that are kept, those left longest ago first.

    Threads share it, and arrays come back whenever Python frees them: each step on the list is one
    under the interpreter's lock, and nothing is locked beyond it.
    """

    def __init__(self) -> None:
        self._left: list[_Kept] = []

    def empty(self, shape: tuple[int, ...]) -> Doubles:
        """Make an array of floats that holds anything."""
        size = math.prod(shape)
        return np.empty(shape) if size * 8 < LEAST else self._lent(size)[:size].reshape(shape)

    def rows(self, count: int, lengths: tuple[int, ...], size: int) -> list[Doubles]:
        """Make so many arrays of one shape, each side by side in memory, that hold anything.

        Parameters:
            count: how many.
            lengths: their shape.
            size: how many elements that are.
        """
        if size * 8 * count < LEAST:
            return [np.empty(lengths) for _ in range(count)]
        step = -(-size // APART) * APART + ASIDE
        lent = self._lent(step * count)
        rows = [lent[i * step : i * step + size] for i in range(count)]
        return rows if len(lengths) == 1 else [x.reshape(lengths) for x in rows]

    def _lent(self, size: int) -> Doubles:
        """Lend memory for so many floats or some more."""
        lent = self._taken(size).view(_Lent)
        lent.room = self
        return lent.view(np.ndarray)

    def give_back(self, array: _Kept) -> None:
        """Keep an array that nobody holds, and let go of others where that is too much."""
        self._left.append(array)
        while sum(map(len, self._left)) * 8 > MOST:
            self._next()

    def _taken(self, size: int) -> _Kept:
        for _ in range(len(self._left)):
            array = self._next()
            if array is None:
                break
            if size <= len(array) <= SPARE * size:
                return array
            self._left.append(array)
        return _fresh(size)

    def _next(self) -> _Kept | None:
        try:
            return self._left.pop(0)
        except IndexError:  # another thread was faster
            return None


# An array holds the array that it looks at, except that NumPy goes past those of its own class to
# the one that has the memory. So this is two classes deep: results hold the one that gives back.


class _Kept(np.ndarray[Any, np.dtype[np.float64]]):
    """Memory that is lent again and again."""


class _Lent(np.ndarray[Any, np.dtype[np.float64]]):
    """A look at it that results hold, and that gives it back after the last of them."""

    room: Room | None = None  # of slices of this one

    def __del__(self) -> None:
        if self.room is not None:
            self.room.give_back(self.base)  # type: ignore[arg-type]


def _fresh(size: int) -> _Kept:
    """Take memory for so many floats from the system, in large pages where that may be.

    A processor looks up the place of each page that it comes to, and of small ones there are many.
    """
    count = size * 8
    if count < LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return _Kept(size)
    memory = mmap.mmap(-1, count + PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    begin = -np.frombuffer(memory, np.uint8).ctypes.data % PAGE
    return _Kept(size, np.float64, memory, begin)


room = Room()


# ----- Many lanes, some at a time -----

TOGETHER = 3 << 20  # numbers, inputs and outputs, that are computed at a time
FEWEST = 1 << 12  # lanes


def parts(count: int, numbers: int) -> list[slice]:
    """Cut so many lanes, of so many numbers each, into parts."""
    size = max(FEWEST, TOGETHER // max(numbers, 1))
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def taken(row: Any, part: slice) -> Doubles:
    """Give a part of a row as floats, side by side; a row of one number is for all lanes."""
    return np.ascontiguousarray(row if len(row) == 1 else row[part], float)


class Rows:
    """Arrays that are filled as if they were the rows of one."""

    def __init__(self, rows: Sequence[Doubles]) -> None:
        self.rows = list(rows)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how long they are."""
        return len(self.rows), len(self.rows[0])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Doubles]:
        return iter(self.rows)

    def __getitem__(self, key: Any) -> Any:
        """Give one row, or with `[:, part]` a part of all."""
        return self.rows[key] if isinstance(key, int) else Rows([x[key[1]] for x in self.rows])

    def __setitem__(self, key: Any, values: Any) -> None:
        """Fill some lanes of some rows."""
        which, lanes = key
        chosen = self.rows[which] if isinstance(which, slice) else [self.rows[i] for i in which]
        for i, row in enumerate(chosen):
            row[lanes] = values[i] if np.ndim(values) else values


def is_plain(x: Any) -> bool:
    """Say whether x is a number, or an array of NumPy's and of no class built on it."""
    return type(x) is np.ndarray or isinstance(x, float | int | np.number)


def can_be_filled(out: Any, lengths: tuple[int, ...], others: Sequence[Any]) -> bool:
    """Say whether floats can be written into an array as they are computed.

    Parameters:
        out: the array.
        lengths: the shape that it has to have.
        others: arrays that are read meanwhile, or written.
    """
    return (
        type(out) is np.ndarray
        and out.dtype == np.float64
        and out.dtype.isnative
        and out.shape == lengths
        and out.flags.carray
        and not any(x is not out and np.may_share_memory(out, x) for x in others)
        and sum(x is out for x in others) == 1
    )
