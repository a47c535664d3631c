"""Calls from Python into fused functions, for arrays that can be taken as they lie in memory.

Looking at a few arrays one by one takes Python longer than many a thousand lanes; a function of
CPython's C interface looks at them in a fraction of a microsecond. See call_text.py.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import cache as once
from typing import Any

import numpy as np

from ..capture.arguments import LEAF, put_together
from ..native.objects import HEADER, floats_are_plain
from ..room import TOGETHER, room
from ..run.c_functions import NUMBERS_BY_POSITION, made
from .call_text import CALL, DATA, DIMENSIONS, FIELDS, FLAGS, KIND, LENGTHS, MISSES
from .rows import row, shape_of
from .sharing import SHARE, side_by_side


class LanesFields(ctypes.Structure):
    """What such a function is told, and what it counts; all are 64-bit integers.

    Attributes:
        kernel: the address of the fused function.
        inputs: how many arguments it reads.
        outputs: how many arrays follow, which it fills.
        width: how many lanes are a vector.
        least: for fewer lanes it does not answer.
        calls: how many calls were answered.
        missed: how many calls found a lane for the careful way.
        array, float64s, float, float64, int: the types that are taken, and the dtype.
        begun: the type of what counts lanes for several calls.
        yes, no, none: the answers.
    """

    _fields_ = tuple([(name, ctypes.c_int64) for name in FIELDS])


class Begun(np.ndarray[Any, np.dtype[np.int64]]):
    """How many lanes have been begun: a type that no caller has, for it is written to."""


@once
def arrays_are_plain() -> bool:
    """Return whether this NumPy keeps its arrays where call_text.py looks for them."""
    sample = np.zeros((2, 3))
    at = id(sample) + HEADER
    lengths = ctypes.c_int64 * 2
    return (
        ctypes.c_int64.from_address(at + DATA).value == sample.ctypes.data
        and ctypes.c_int32.from_address(at + DIMENSIONS).value == 2
        and [*lengths.from_address(ctypes.c_int64.from_address(at + LENGTHS).value)] == [2, 3]
        and ctypes.c_int64.from_address(at + KIND).value == id(sample.dtype)
        and ctypes.c_int32.from_address(at + FLAGS).value == sample.flags.num
    )


def function_over_lanes(**told: int) -> tuple[Any, LanesFields] | None:
    """Make a function that takes inputs and arrays for outputs, and computes all lanes.

    An input is an array of floats, of the shape of the others and side by side in memory, or one
    number for all lanes. The function gives True where it has filled the outputs; None where a lane
    is for the careful way; False for what it does not take. It is None where this Python or NumPy
    keeps its objects another way.

    After some more calls with such a lane than without it gives False at once.

    Parameters:
        told: fields, by name; what is left out is 0.
    """
    if not (floats_are_plain() and arrays_are_plain()):
        return None
    known = {
        "array": np.ndarray,
        "float64s": np.dtype(np.float64),
        "float": float,
        "float64": np.float64,
        "int": int,
        "begun": Begun,
        "yes": True,
        "no": False,
        "none": None,
    }
    fields = LanesFields(**{name: id(x) for name, x in known.items()}, **told)
    return made("call_over_lanes", CALL, NUMBERS_BY_POSITION, fields)


class DirectLanes:
    """Calls of one recording on arrays that machine code answers; it makes the arrays for results.

    Parameters:
        recording: what it computes.
        function: see `function_over_lanes`.
        caller: says in its `threads` how many share the lanes.
        backward: whether there are gradients.
    """

    __slots__ = (
        "caller",
        "count",
        "fields",
        "function",
        "gradients",
        "is_one",
        "least",
        "read",
        "recording",
        "results",
    )

    def __init__(
        self, recording: Any, function: tuple[Any, LanesFields], caller: Any, *, backward: bool
    ) -> None:
        self.recording = recording
        self.function, self.fields = function
        self.read = recording.read
        self.caller = caller
        self.results = len(recording.tape.outputs) - 1
        self.count = self.fields.outputs
        self.least = self.fields.least
        self.gradients = self.count - self.results if backward else None
        self.is_one = recording.result == LEAF

    def call(self, *args: Any) -> Any:
        """Answer a call, or give None."""
        for x in args:
            if type(x) is np.ndarray:
                break
        else:
            return None
        if not self.recording.is_current():
            return None
        found = False
        if x.size >= self.least:
            found = self._computed(args, self._room(x.shape, x.size))
        if found is False and (rows := self._alike(args)) is not None:
            model = next(x for x in rows if type(x) is np.ndarray)
            found = self._computed(rows, self._room(model.shape, model.size))
        return None if found is False else found

    def into(self, args: Sequence[Any], outs: Sequence[Any]) -> Any:
        """Answer a call with `out=`, or give None."""
        if not self.is_one or not outs or type(outs[0]) is not np.ndarray:
            return None
        if not self.recording.is_current():
            return None
        found = self._computed(args, outs)
        # A copy would hide that an argument is written over, which the careful way may read.
        if found is False and not _may_overlap(args, outs):
            rows = self._alike(args, outs[0].shape)
            found = None if rows is None else self._computed(rows, outs)
        return None if found is False else found

    def _room(self, lengths: tuple[int, ...], size: int) -> list[Any]:
        """Make arrays for the results."""
        outs = room.rows(self.results, lengths, size)
        return outs + room.rows(self.gradients, lengths, size) if self.gradients else outs

    def _alike(self, args: Sequence[Any], wanted: tuple[int, ...] | None = None) -> Any:
        """Make arrays of floats of one shape from others, where they are few; None elsewhere."""
        if self.fields.missed >= self.fields.calls + MISSES:
            return None
        lengths = shape_of(args)
        if lengths is None or wanted not in (None, lengths):
            return None
        size = math.prod(lengths)
        if size < self.least or size * (len(args) + self.count) > TOGETHER:
            return None
        return [row(x, lengths) for x in args]

    def _computed(self, args: Sequence[Any], outs: Sequence[Any]) -> Any:
        """Give results; None where a lane is for the careful way, False for other arguments."""
        if self.read:  # Values from outside, behind the arguments
            args = [*args, *[x._number for x in self.read]]
        threads = self.caller.threads
        if threads > 1 and (threads := min(threads, outs[0].size // SHARE)) > 1:
            found = self._shared(args, outs, threads)
        else:
            found = self.function(*args, *outs)
        return self._built(outs) if found else found

    def _shared(self, args: Sequence[Any], outs: Sequence[Any], threads: int) -> Any:
        """Share the lanes among threads; answer as the function does."""
        begun = np.zeros(1, np.int64).view(Begun)
        found = side_by_side(lambda _: self.function(*args, *outs, begun), range(threads), threads)
        return None if None in found else all(found)

    def _built(self, outs: Sequence[Any]) -> Any:
        if self.gradients is not None:
            return outs[0], outs[1] if self.count == 2 else tuple(outs[1:])
        return outs[0] if self.is_one else put_together(self.recording.result, iter(outs), None)


class DirectPairs(DirectLanes):
    """The same for two tuples of arguments, a point and a direction."""

    __slots__ = ()

    def call(self, *args: Any) -> Any:
        """Answer a call, or give None."""
        if len(args) != 2 or type(args[0]) is not tuple or type(args[1]) is not tuple:
            return None
        if len(args[0]) != len(args[1]):
            return None
        return super().call(*args[0], *args[1])

    def into(self, _args: Sequence[Any], _outs: Sequence[Any]) -> Any:
        """Leave calls with `out=` to the careful way."""
        return None


def _may_overlap(args: Sequence[Any], outs: Sequence[Any]) -> bool:
    arrays = [x for x in args if type(x) is np.ndarray]
    return any(np.may_share_memory(x, y) for x in arrays for y in outs)
