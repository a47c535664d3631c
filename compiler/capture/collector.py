"""The garbage collector, at rest while a function is recorded.

A recording is a graph of Values, in which nothing is cyclic: the collector would walk through it
again and again, for half of the time that recording takes, and find nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeVar

from pluggrad.recording import in_forked_child

Result = TypeVar("Result")
_resting: list[bool] = []  # whether it was on, for each recording that is under way


def without_collector(work: Callable[..., Result], *args: Any) -> Result:
    """Call `work(*args)` while Python collects no cyclic garbage."""
    is_on = gc.isenabled()
    try:
        _resting.append(is_on)
        gc.disable()
        return work(*args)
    finally:
        if is_on:
            gc.enable()  # before all that an interrupt may come after
        _resting.pop()


class Counter:
    """Counts about how many objects there are more than before, while the collector rests.

    Python counts those that were made since it collected last; where it is off, this may be long
    before anything is recorded.
    """

    def __init__(self) -> None:
        self._before = gc.get_count()[0]

    def count(self) -> int:
        """Return how many there are more; 0 where somebody collected meanwhile."""
        return max(0, gc.get_count()[0] - self._before)


def _wake() -> None:
    """Let a child process collect, though another thread of its parent was recording."""
    if any(_resting):
        gc.enable()


in_forked_child(_wake)
