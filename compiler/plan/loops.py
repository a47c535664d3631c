"""The planner's loops in machine code: Python functions over columns.

They are written in the small language that numba translates: counting loops over arrays which the
caller owns. Each walks its arrays once or a few times, so planning takes time in proportion to the
graph. A parameter is an `int`, an array (`Ints`), or a named tuple of these, see columns.py.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache as once
from typing import Any

from ..native.library import library
from ..tape.fingerprint import fingerprint

KINDS = {"int": "i64", "Ints": "ptr"}
# How much work is done in plain Python, in steps of a microsecond or so, before a loop is compiled:
# that takes half a second or more, and most graphs are small.
PATIENCE = 50_000


def call(function: Callable[..., int], *arguments: Any, work: int) -> int:
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
    return _compiled(function)(*_flat(arguments))


def _as_numbers(x: Any) -> Any:
    """Let plain Python read and write an array as a flat list of plain numbers."""
    if isinstance(x, tuple):
        return type(x)(*map(_as_numbers, x))
    return x if isinstance(x, int) else memoryview(x.reshape(-1))


def _flat(arguments: Iterable[Any]) -> list[int]:
    """Return numbers, and the addresses of arrays, one by one."""
    found: list[int] = []
    for x in arguments:
        if isinstance(x, tuple):
            found += _flat(x)
        else:
            found.append(x if isinstance(x, int) else x.ctypes.data)
    return found


_done: dict[Callable[..., int], int] = {}


@once
def _key(function: Any) -> tuple[str, str]:
    return f"loop_{function.__name__}", fingerprint(function, _kinds(function))


@once
def _is_kept(function: Any) -> bool:
    return library().has(*_key(function))


@once
def _compiled(function: Any) -> Callable[..., int]:
    kinds = [kind for _, kind in _kinds(function)]
    name, made_from = _key(function)

    def source() -> tuple[str, Iterable[str]]:
        from ..lower.numba_front import numba_ir

        return numba_ir(function, kinds, name, "i64"), []

    address = library().address(name, source, made_from, optimised=True)
    types = [ctypes.c_int64 if kind == "i64" else ctypes.c_void_p for kind in kinds]
    called: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(address)
    return called


def _kinds(function: Any) -> list[tuple[str, str]]:
    """List the names and kinds of the numbers and arrays that a loop takes, one by one."""
    found = []
    for name, kind in _hints(function).items():
        fields = {"": kind} if kind in KINDS else _hints(function.__globals__[kind])
        found += [(f"{name}_{field}", KINDS[inner]) for field, inner in fields.items()]
    return found


def _hints(thing: Any) -> dict[str, str]:
    """Return what parameters or fields are, as it is written: to evaluate that takes longer."""
    return {
        name: getattr(hint, "__forward_arg__", hint)
        for name, hint in thing.__annotations__.items()
        if name != "return"
    }
