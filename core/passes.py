"""Passes that read or write the `grad` of Values come one after the other.

Threads wait for each other. What interrupts a pass in its own thread, a signal handler or a
`__del__`, cannot wait, and neither can a function that the pass calls: where it is about the same
Values, it is refused, as sums that are half done would be mixed up or shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .errors import GradientError

if TYPE_CHECKING:
    from .value import Value

Result = TypeVar("Result")


class _Pass(NamedTuple):
    """What is under way: its name, the Values it is about, whether it writes to their `grad`."""

    what: str
    values: tuple[Sequence[Value], ...]
    writes: bool


_lock = RLock()
_under_way: list[_Pass] = []


def _unlock() -> None:
    """Forget who held the lock: in a forked child that thread does not exist."""
    global _lock
    _lock = RLock()
    _under_way.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def alone(
    what: str,
    values: tuple[Sequence[Value], ...],
    work: Callable[..., Result],
    *args: Any,
    writes: bool = True,
) -> Result:
    """Call `work(*args)` while nobody else is at the `grad` of some Values.

    Parameters:
        what: what is done, for messages.
        values: the Values.
        work: does it.
        args: what it takes.
        writes: whether it writes to `grad`. What only reads may come inside what only reads.

    Raises:
        GradientError: when something else under way in this thread is about any of them.
    """
    mine = _Pass(what, values, writes)
    with _lock:
        if _under_way:
            _refuse_shared(mine)
        depth = len(_under_way)
        try:
            _under_way.append(mine)
            return work(*args)
        finally:
            del _under_way[depth:]


def _refuse_shared(mine: _Pass) -> None:
    for other in _under_way:
        taken = {id(x) for part in other.values for x in part}
        if (mine.writes or other.writes) and any(id(x) in taken for v in mine.values for x in v):
            raise GradientError(
                f"{mine.what} was called while {other.what} of the same values is under way in "
                "this thread: by a signal handler, a __del__ or a function called on the way. "
                "Their gradients are half done; do it afterwards. grad() is always possible, as it "
                "writes to no Value"
            )
