"""Which arguments have rows: what `in_axes=` says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted

SHARED, ROWS = None, 0


def axes_of(
    function: Callable[..., Any], in_axes: Sequence[int | None] | dict[str, int | None]
) -> tuple[int | None, ...]:
    """Write down for each argument whether it has rows.

    Raises:
        CompileError: for axes that are neither 0 nor None, names that are no arguments, and where
            nothing has rows.
    """
    if isinstance(in_axes, dict):
        names = _positional(function)
        if unknown := [name for name in in_axes if name not in names]:
            raise CompileError(
                f"in_axes= names {unknown[0]!r}; the arguments are {', '.join(names)}"
            )
        axes = tuple([in_axes.get(name) for name in names])
    elif isinstance(in_axes, Iterable) and not isinstance(in_axes, str):
        axes = tuple(in_axes)
    else:
        raise CompileError(
            f"in_axes= has 0 or None for each argument, (0, None) say; not {quoted(in_axes)}"
        )
    for axis in axes:
        if axis is not None and (type(axis) is not int or axis != 0):
            raise CompileError(f"in_axes= has {axis!r}; rows are along axis 0, and None is shared")
    if ROWS not in axes:
        raise CompileError("in_axes= has no 0: no argument has rows")
    return axes


def names_of(function: Callable[..., Any], count: int) -> tuple[str, ...]:
    """Say what a function calls its arguments, so many; where that is unknown, by number."""
    try:
        names = _positional(function)
    except (TypeError, ValueError):  # no signature
        names = []
    return (*names[:count], *(f"argument {i + 1}" for i in range(len(names), count)))


def in_order(
    names: Sequence[str], args: Sequence[Any], named: Mapping[str, Any], whose: str
) -> tuple[Any, ...]:
    """Put arguments that are given by name behind those given by position.

    Raises:
        TypeError: for a name that no other argument has, or one that is missing.
    """
    left = names[len(args) :]
    for name in named:
        if name not in left:
            twice = "was given twice" if name in names else "is none"
            raise TypeError(f"{whose} takes {', '.join(names)}, and weights=; {name}= {twice}")
    wanted = left[: len(named)]
    for name in wanted:
        if name not in named:
            raise TypeError(f"{whose} takes {', '.join(names)}; {name} is missing")
    return (*args, *(named[name] for name in wanted))


def _positional(function: Callable[..., Any]) -> list[str]:
    return [
        x.name
        for x in signature(function).parameters.values()
        if x.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]


def merged(
    axes: Sequence[int | None], shared: Sequence[Any], own: Sequence[Any], name: str
) -> tuple[Any, ...]:
    """Put what is shared and what has rows in the order of the arguments.

    Raises:
        CompileError: for more or fewer of them.
    """
    wanted = axes.count(SHARED), axes.count(ROWS)
    if (len(shared), len(own)) != wanted:
        raise CompileError(
            f"{name} takes {wanted[0]} shared arguments and {wanted[1]} with rows; it was given "
            f"{len(shared)} and {len(own)}"
        )
    first, second = iter(shared), iter(own)
    return tuple([next(first if axis is SHARED else second) for axis in axes])
