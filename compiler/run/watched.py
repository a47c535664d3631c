"""Places that machine code looks at before a call: whether the same object stands there.

A variable of an enclosing function and the parts of a Python function are words of memory; what a
dict has under a key is asked of the dict. Both take a nanosecond or ten, where Python takes fifty.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache as once
from types import CellType, FunctionType
from typing import Any

from ..capture.places import Place, Seen, class_in, parts_of_function
from ..native.objects import HEADER, TYPE, counts_are_plain


class Watched:
    """The places among some that machine code can look at.

    Parameters:
        places: all of them, where nothing has changed.

    Attributes:
        rest: those that it cannot.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.mine = [place for place in places if _is_mine(place)]
        self.rest = [place for place in places if not _is_mine(place)]
        self.refresh()

    def refresh(self) -> None:
        """Expect what stands there now: another object, perhaps, of the same number."""
        things = [_now(place) for place in self.mine]
        words = [
            x for place, now in zip(self.mine, things, strict=True) for x in _words(place, now)
        ]
        keys = [
            id(x)
            for (holder, key, _), now in zip(self.mine, things, strict=True)
            if isinstance(holder, dict)
            for x in (holder, key, now)
        ]
        if not hasattr(self, "words"):
            self.words = (ctypes.c_int64 * len(words))()
            self.keys = (ctypes.c_int64 * len(keys))()
        self.words[:] = words  # type: ignore[assignment]  # numbers, says ctypes
        self.keys[:] = keys  # type: ignore[assignment]
        self.things = things  # whose addresses belong to nothing else as long as they live

    def told(self) -> dict[str, int]:
        """Return where the words and keys stand, and how many there are."""
        return {
            "words": ctypes.addressof(self.words),
            "word_count": len(self.words) // 2,
            "keys": ctypes.addressof(self.keys),
            "key_count": len(self.keys) // 3,
        }


def _is_mine(place: Place) -> bool:
    holder, key, _ = place
    if not counts_are_plain() or _parts_at() is None or not _has_plain_cells():
        return False
    if isinstance(holder, Seen):
        return holder.look is parts_of_function or class_in(place) is not None
    return isinstance(holder, CellType) or (type(holder) is dict and type(key) is str)


def _now(place: Place) -> Any:
    holder, key, _ = place
    return holder.cell_contents if key is None else holder[key]


def _words(place: Place, now: Any) -> list[int]:
    """List addresses, and what stands there."""
    holder = place[0]
    if isinstance(holder, CellType):
        return [id(holder) + HEADER, id(now)]
    if (kind := class_in(place)) is not None:
        return [id(holder.thing) + TYPE, id(kind)]
    at = _parts_at()
    if isinstance(holder, dict) or at is None:
        return []
    return [
        x
        for offset, part in zip(at, now, strict=True)
        for x in (id(holder.thing) + offset, 0 if part is None else id(part))
    ]


@once
def _parts_at() -> tuple[int, ...] | None:
    """Find where in a Python function its code and defaults stand; None where they do not."""

    def sample(a: object = object(), *, b: object = object()) -> None:
        pass

    found = [_offsets(sample, FunctionType, part) for part in parts_of_function(sample)]
    return tuple([x[0] for x in found]) if all(len(x) == 1 for x in found) else None


@once
def _has_plain_cells() -> bool:
    content = object()
    return _offsets(CellType(content), CellType, content) == [HEADER]


def _offsets(thing: Any, kind: type, part: Any) -> list[int]:
    places = range(HEADER, kind.__basicsize__, 8)
    return [x for x in places if ctypes.c_int64.from_address(id(thing) + x).value == id(part)]
