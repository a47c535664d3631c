"""Room for results, taken again when nobody holds it any more.

The system clears fresh memory page by page when it is first written, which takes longer than many a
lane's numbers. So what results leave behind is kept for the next ones, up to a bound.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 16  # bytes: what is smaller the C library keeps by itself
MOST = 48 << 20  # bytes that are kept
SPARE = 1.25  # how much larger than wanted a kept array may be

Doubles = NDArray[np.float64]


class Room:
    """Arrays that are kept, those left longest ago first.

    Threads share it, and arrays come back whenever Python frees them: each step on the list is one
    under the interpreter's lock, and nothing is locked beyond it.
    """

    def __init__(self) -> None:
        self._left: list[Doubles] = []

    def empty(self, shape: tuple[int, ...]) -> Doubles:
        """Make an array of floats that holds anything."""
        size = math.prod(shape)
        if size * 8 < LEAST:
            return np.empty(shape)
        lent = np.asarray(_Lent(self, self._taken(size)))
        return lent[:size].reshape(shape)

    def give_back(self, array: Doubles) -> None:
        """Keep an array that nobody holds, and let go of others where that is too much."""
        self._left.append(array)
        while sum([x.nbytes for x in self._left]) > MOST:
            self._next()

    def _taken(self, size: int) -> Doubles:
        for _ in range(len(self._left)):
            array = self._next()
            if array is None:
                break
            if size <= len(array) <= SPARE * size:
                return array
            self._left.append(array)
        return np.empty(size)

    def _next(self) -> Doubles | None:
        try:
            return self._left.pop(0)
        except IndexError:  # another thread was faster
            return None


class _Lent:
    """Holds an array for those that look at it, and gives it back after the last of them."""

    def __init__(self, room: Room, array: Doubles) -> None:
        self._room = room
        self._array = array
        self.__array_interface__: dict[str, Any] = array.__array_interface__

    def __del__(self) -> None:
        self._room.give_back(self._array)


room = Room()
