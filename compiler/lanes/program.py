"""Fused functions, compiled and called on arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache as once
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..native.library import has_fma, has_ldexp, library, vector_width
from ..tape.data import Tape
from .calls import function_over_lanes
from .fusion import Fused, fused
from .sharing import SHARE, pieces, side_by_side
from .writer import Writer

Doubles = NDArray[np.float64]
POINTER = 8  # bytes


class Program:
    """A tape as a fused function.

    Parameters:
        tape: what is computed; its last output counts guards that do not hold.
        backward: whether gradients are computed, too.
        writer: a new one; for this processor when left out.

    Raises:
        CompileError: when the tape cannot be fused, saying why.
    """

    def __init__(self, tape: Tape, *, backward: bool, writer: Writer | None = None) -> None:
        self.fused: Fused = fused(tape, writer or writer_here(), backward=backward)
        self._call = callable_of(self.fused)
        self._inputs = len(tape.inputs)
        self._outputs = len(tape.outputs) - 1 + len(tape.wrt) * backward

    def function_of_arrays(self, least: int) -> tuple[Any, Any] | None:
        """Make a function that Python calls with arrays, see calls.py; None where it cannot be.

        Parameters:
            least: for fewer lanes it does not answer.
        """
        return function_over_lanes(
            kernel=address_of(self.fused),
            inputs=self._inputs,
            outputs=self._outputs,
            width=self.fused.width,
            least=max(least, self.fused.width),
        )

    def run(self, inputs: Sequence[Doubles], outputs: Sequence[Doubles], threads: int) -> Any:
        """Compute all lanes.

        Parameters:
            inputs: contiguous, each with a number for each lane, or with one number for all.
            outputs: contiguous; filled, the results and then the gradients.
            threads: how many threads share the lanes at most.

        Returns:
            None, or for each lane a flag, which is not 0 where the careful way has to look.
        """
        count, width = len(outputs[0]), self.fused.width
        if count < width:
            return self._padded(inputs, outputs, count)
        kept = [x if len(x) == count else np.full(width, x[0]) for x in inputs]
        given = [
            y for x, own in zip(inputs, kept, strict=True) for y in (own.ctypes.data, x is own)
        ]
        targets = [x.ctypes.data for x in outputs]
        flags = np.empty(count, np.uint8)
        places = _words(len(given))(*given), _words(len(targets))(*targets), flags.ctypes.data
        return flags if self._shared(places, count, threads) else None

    def _shared(self, places: tuple[Any, Any, int], count: int, threads: int) -> bool:
        """Share the lanes among threads; say whether any lane was flagged."""
        threads = min(threads, count // SHARE)
        if threads < 2:
            return bool(self._call(*places, 0, count))
        jobs = pieces(count, threads)
        return any(side_by_side(lambda ends: self._call(*places, *ends), jobs, threads))

    def _padded(self, inputs: Sequence[Doubles], outputs: Sequence[Doubles], count: int) -> Any:
        """Compute fewer lanes than a vector has: the last one again and again."""
        width = self.fused.width
        room = [np.empty(width) for _ in outputs]
        full = [np.append(x, np.full(width - len(x), x[-1])) for x in inputs]
        flags = self.run(full, room, 1)
        for x, wide in zip(outputs, room, strict=True):
            x[:] = wide[:count]
        return None if flags is None else flags[:count]


@once
def _words(count: int) -> Any:
    """Give the C type of so many addresses."""
    return ctypes.c_int64 * count


def writer_here() -> Writer:
    """Make a writer for this processor."""
    return Writer(vector_width(), has_fma=has_fma(), has_ldexp=has_ldexp())


def callable_of(fused: Fused) -> Any:
    """Return a fused function as one that Python can call, compiled where it was not yet."""
    return _signature()(address_of(fused))


def address_of(fused: Fused) -> int:
    """Return the address of a fused function's machine code."""
    return library().address(fused.name, lambda: (fused.text, fused.modules), straight=True)


@once
def _signature() -> Any:
    """Give the C type of fused functions; the GIL is not held while they run."""
    return ctypes.CFUNCTYPE(
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
    )
