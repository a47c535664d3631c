"""Passes that read or write the `grad` of Values come one after the other.

Threads wait for each other. What interrupts a pass in its own thread, a signal handler or a
`__del__`, cannot wait, and neither can a function that the pass calls: where it is about the same
Values, it is refused, as sums that are half done would be mixed up or shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import GradientError

if TYPE_CHECKING:
    from .value import Value

Result = TypeVar("Result")

_lock = RLock()
_under_way: list[tuple[Sequence[Value], ...]] = []


def _unlock() -> None:
    """Forget who held the lock: in a forked child that thread does not exist."""
    global _lock
    _lock = RLock()
    _under_way.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def alone(
    what: str, values: tuple[Sequence[Value], ...], work: Callable[..., Result], *args: Any
) -> Result:
    """Call `work(*args)` while nobody else is at the `grad` of some Values.

    Raises:
        GradientError: when a pass that is under way in this thread is about any of them.
    """
    with _lock:
        if _under_way:
            _refuse_shared(what, values)
        depth = len(_under_way)
        try:
            _under_way.append(values)
            return work(*args)
        finally:
            del _under_way[depth:]


def _refuse_shared(what: str, values: tuple[Sequence[Value], ...]) -> None:
    taken = {id(x) for passed in _under_way for part in passed for x in part}
    if any(id(x) in taken for part in values for x in part):
        raise GradientError(
            f"{what} was called while a backward pass through the same values is under way in this "
            "thread: by a signal handler, a __del__ or a function that the pass called. Their "
            "gradients are half summed up now; do it when the pass is done. grad() is always "
            "possible, as it writes to no Value"
        )
