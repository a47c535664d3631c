"""Objects that stand for a function look like it."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any


def look_like(wrapper: Any, function: Callable[..., Any]) -> None:
    """Give `wrapper` the function's name, documentation and attributes.

    Unlike `functools.update_wrapper` it leaves alone what the wrapper has itself: a function may
    well have an attribute of the same name.
    """
    update_wrapper(wrapper, function, updated=())
    for name, thing in getattr(function, "__dict__", {}).items():
        if name != "__wrapped__" and name not in vars(wrapper) and not hasattr(type(wrapper), name):
            setattr(wrapper, name, thing)
