"""Names that changed: the former one works, and says what it is called now."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn_renamed(former: str, name: str) -> None:
    """Say what the former name is called now, at the line that uses it."""
    warnings.warn(f"{former} is now called {name}", DeprecationWarning, stacklevel=3)


def renamed(former: str, name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take an argument by its former name too, with a DeprecationWarning."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            if former in kwargs:
                warn_renamed(f"{former}=", f"{name}=")
                given: Any = kwargs
                if name in given:
                    raise TypeError(f"{name}= was given twice, once as {former}=, its former name")
                given[name] = given.pop(former)
            return function(*args, **kwargs)

        return wrapper

    return decorate
