"""The planner's loops in machine code: Python functions over flat arrays of 64-bit integers.

They are written in the small language that numba translates: counting loops over arrays which the
caller owns. Each walks its arrays once or a few times, so planning takes time in proportion to the
graph.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache as once
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..native.library import library
from ..tape.fingerprint import fingerprint

Ints = NDArray[np.int64]


def zeros(*shape: int) -> Ints:
    """Make an array for such a loop."""
    return np.zeros(shape, np.int64)


# How much work is done in plain Python, in steps of a microsecond or so, before a loop is compiled:
# that takes half a second or more, and most graphs are small.
PATIENCE = 50_000


def call(function: Callable[..., int], *arguments: int | Ints, work: int) -> int:
    """Call one of the planner's loops, in machine code if there is some or it is worth it.

    Parameters:
        function: the loop.
        arguments: what it takes; arrays are passed by their addresses.
        work: about how many steps it will take.
    """
    done = _done.get(function, 0)
    if done <= PATIENCE and not _is_kept(function):
        _done[function] = done + work
        if done + work <= PATIENCE:
            return function(*map(_as_numbers, arguments))
    given = [x if isinstance(x, int) else x.ctypes.data for x in arguments]
    return _compiled(function)(*given)


def _as_numbers(x: Any) -> Any:
    """Let plain Python read and write an array as a flat list of plain numbers."""
    return x if isinstance(x, int) else memoryview(x.reshape(-1))


_done: dict[Callable[..., int], int] = {}


@once
def _key(function: Any) -> tuple[str, str]:
    return f"loop_{function.__name__}", fingerprint(function)


@once
def _is_kept(function: Any) -> bool:
    return library().has(*_key(function))


@once
def _compiled(function: Any) -> Callable[..., int]:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    annotations = function.__annotations__
    kinds = ["i64" if annotations[x] == "int" else "ptr" for x in names]
    name, made_from = _key(function)

    def source() -> tuple[str, Iterable[str]]:
        from ..lower.numba_front import numba_ir

        return numba_ir(function, kinds, name, "i64"), []

    address = library().address(name, source, made_from, optimised=True)
    types = [ctypes.c_int64 if kind == "i64" else ctypes.c_void_p for kind in kinds]
    called: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(address)
    return called
