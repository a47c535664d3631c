"""Functions of one row that are made of another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import func

from .axes import SHARED

Function = Callable[..., Any]


def weighted(function: Function, *args: Any) -> Any:
    """Multiply what a function gives by its last argument."""
    return args[-1] * function(*args[:-1])


def slope(function: Function, axes: Sequence[int | None], *args: Any) -> Any:
    """Differentiate a function in a direction, which comes last: one part for what is shared."""
    given = args[: len(axes)]
    primals = tuple([x for x, axis in zip(given, axes, strict=True) if axis is SHARED])

    def of_shared(*shared: Any) -> Any:
        parts = iter(shared)
        return function(
            *[next(parts) if axis is SHARED else x for x, axis in zip(given, axes, strict=True)]
        )

    return func.jvp(of_shared, primals, args[len(axes) :])[1]
