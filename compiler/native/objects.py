"""Where CPython keeps things in its objects, for machine code that reads them, as LLVM text."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cache as once

from pluggrad import Value

HEADER = object.__basicsize__  # of an object; its last word says its type
TYPE = HEADER - 8
ITEMS = tuple.__basicsize__  # where a tuple has its items


@once
def floats_are_plain() -> bool:
    """Return whether this Python keeps types and floats where machine code looks for them."""
    if sys.implementation.name != "cpython":
        return False
    sample = 1.5
    return (
        ctypes.c_int64.from_address(id(sample) + TYPE).value == id(float)
        and ctypes.c_double.from_address(id(sample) + HEADER).value == sample
    )


def counts_are_plain() -> bool:
    """Return whether an object begins with its reference count and its type, and no more.

    Free-threaded Pythons, and those for debugging, keep counts another way.
    """
    return HEADER == 16 and not hasattr(sys, "gettotalrefcount")


@once
def slot(name: str) -> int | None:
    """Find where in a Value a slot is; None where this Python keeps it another way."""
    if not (floats_are_plain() and counts_are_plain()):
        return None
    value, mark = Value(0.0), 12345.5
    setattr(value, name, mark)
    places = range(HEADER, Value.__basicsize__, 8)
    found = [x for x in places if ctypes.c_int64.from_address(id(value) + x).value == id(mark)]
    return found[0] if len(found) == 1 else None


def reading(fields: Sequence[str]) -> str:
    """Return LLVM text that reads 64-bit integers in this order, from `%c` on, each by its name."""
    return "\n".join(
        f"  %{name}.at = getelementptr i64, ptr %c, i64 {i}\n  %{name} = load i64, ptr %{name}.at"
        for i, name in enumerate(fields)
    )
