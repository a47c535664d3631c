"""Finding a nan or an infinity: which row has it, and which of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pluggrad import CompileError

from .axes import ROWS, SHARED
from .taken import Given, has_rows

PART = 1 << 16  # rows that are looked at in one go


def check_results(given: Given, values: Any, gradients: Any, start: int) -> None:
    """Look at the results of some rows, and at their gradients.

    Parameters:
        given: the arguments.
        values: the results.
        gradients: for each number that is shared those of all these rows; or None.
        start: which row of `given` the first one is.

    Raises:
        CompileError: naming the first row where one is not finite, and what of its data is not.
    """
    import numpy as np

    fine = np.isfinite(values)
    if gradients is not None and len(gradients):
        fine &= np.isfinite(gradients).all(axis=0)
    odd = np.flatnonzero(~fine)
    if len(odd):
        k = int(odd[0])
        value = float(values[k])
        what = (
            repr(value)
            if not np.isfinite(value)
            else f"{value!r} with a gradient that is not finite"
        )
        raise CompileError(f"row {given.first + start + k} gives {what}{_why(given, start + k)}")


def check_data(given: Given) -> None:
    """Look for a nan among data that results do not show.

    Raises:
        CompileError: naming the first row that has one, and where.
    """
    import numpy as np

    for start in range(0, given.count, PART):
        for _, array in _arrays(given):
            part = array[start : start + PART]
            if part.dtype.kind == "f" and np.isnan(part).any():
                row = start + int(
                    np.flatnonzero(np.isnan(part.reshape(len(part), -1)).any(axis=1))[0]
                )
                name = next(name for name, x in _of_row(given, row) if x != x)
                raise CompileError(
                    f"row {given.first + row} has nan for {name}, which its result does not show"
                )


def _why(given: Given, row: int) -> str:
    """Say which number of a row, or of what all rows share, is not finite; nothing if all are."""
    for name, x in _of_row(given, row):
        if x - x != 0.0:
            return f"; {name} of it is {x!r}"
    for name, tree, axis in zip(given.names, given.args, given.axes, strict=True):
        for place, x in _numbers(tree, name) if axis is SHARED else ():
            if x - x != 0.0:
                return f"; {place}, which all rows share, is {x!r}"
    return ""


def _of_row(given: Given, row: int) -> Iterator[tuple[str, float]]:
    for name, array in _arrays(given):
        yield from _numbers(array[row], name)


def _arrays(given: Given) -> Iterator[tuple[str, Any]]:
    """List the arrays that have rows, each with what the function calls a row of it."""
    arrays = iter(given.arrays)
    for name, tree, axis in zip(given.names, given.args, given.axes, strict=True):
        if axis == ROWS:
            yield from ((place, next(arrays)) for place in _places(tree, name))


def _places(tree: Any, name: str) -> Iterator[str]:
    """Name the arrays of an argument that has rows."""
    if isinstance(tree, dict):
        for key, x in tree.items():
            yield from _places(x, f"{name}[{key!r}]")
    elif isinstance(tree, tuple):
        for i, x in enumerate(tree):
            yield from _places(x, f"{name}[{i}]")
    else:
        yield name


def _numbers(tree: Any, name: str) -> Iterator[tuple[str, float]]:
    """List the numbers of a tree, each with its place in it."""
    if isinstance(tree, dict):
        for key, x in tree.items():
            yield from _numbers(x, f"{name}[{key!r}]")
    elif isinstance(tree, list | tuple) or has_rows(tree):
        for i, x in enumerate(tree):
            yield from _numbers(x, f"{name}[{i}]")
    elif hasattr(tree, "__float__"):
        yield name, float(tree)
