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

from .fingerprint import fingerprint
from .native import library

Ints = NDArray[np.int64]


def zeros(*shape: int) -> Ints:
    """Make an array for such a loop."""
    return np.zeros(shape, np.int64)


def call(function: Callable[..., int], *arguments: int | Ints) -> int:
    """Call one of the planner's loops; arrays are passed by their addresses."""
    given = [x if isinstance(x, int) else x.ctypes.data for x in arguments]
    return _compiled(function)(*given)


@once
def _compiled(function: Any) -> Callable[..., int]:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    annotations = function.__annotations__
    kinds = ["i64" if annotations[x] == "int" else "ptr" for x in names]
    name = f"loop_{function.__name__}"

    def source() -> tuple[str, Iterable[str]]:
        from .numba_front import numba_ir

        return numba_ir(function, kinds, name, "i64"), []

    address = library().address(name, source, fingerprint(function), optimised=True)
    types = [ctypes.c_int64 if kind == "i64" else ctypes.c_void_p for kind in kinds]
    called: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(address)
    return called
