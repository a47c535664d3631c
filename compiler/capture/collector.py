"""The garbage collector, at rest while a function is recorded.

A recording is a graph of Values, in which nothing is cyclic: the collector would walk through it
again and again, for half of the time that recording takes, and find nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


def without_collector(work: Callable[..., Result], *args: Any) -> Result:
    """Call `work(*args)` while Python collects no cyclic garbage."""
    is_on = gc.isenabled()
    try:
        gc.disable()
        return work(*args)
    finally:
        if is_on:
            gc.enable()
