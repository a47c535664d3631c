"""Arguments that have rows, as arrays: an array, or a tuple or dict of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pluggrad import CompileError

from ..capture.arguments import LEAF, is_symbolic
from ..capture.guests import advice, is_guest, is_masked
from ..capture.numbers import check_numbers, floats


def count_rows(trees: list[Any]) -> int:
    """Count the rows, the same in all arrays.

    Raises:
        CompileError: where there are none, or not the same number in each, or the rows of two
            tables have different labels.
    """
    lengths: dict[int, Any] = {}
    labels: Any = None
    for tree in trees:
        for x in _arrays(tree):
            lengths.setdefault(len(as_rows(x)), x)
            labels = same_labels(x, labels)
    if len(lengths) > 1:
        told = ", ".join(map(str, sorted(lengths)))
        raise CompileError(f"arguments with rows have different numbers of them: {told}")
    if not lengths or 0 in lengths:
        raise CompileError("there are no rows")
    (count,) = lengths
    return int(count)


def same_labels(x: Any, labels: Any) -> Any:
    """Return the labels of rows that are told apart by labels, as those of pandas; else `labels`.

    Raises:
        CompileError: where both are there and differ: pandas would put rows of one label together.
    """
    own = _labels(x)
    if own is None or labels is None:
        return labels if own is None else own
    if not labels.equals(own):
        raise CompileError(
            f"the rows of a {type(x).__name__} have other labels than those of another argument. "
            "Align them first, or, if each is in its place, pass .to_numpy() of both"
        )
    return labels


def _labels(x: Any) -> Any:
    if hasattr(x, "dims") and hasattr(x, "indexes"):  # of xarray
        return x.indexes.get(x.dims[0]) if x.dims else None
    labels = getattr(x, "index", None)
    return labels if hasattr(labels, "equals") else None


def _arrays(tree: Any) -> Iterator[Any]:
    """List the arrays of an argument that has rows."""
    if isinstance(tree, dict):
        for x in tree.values():
            yield from _arrays(x)
    elif isinstance(tree, tuple):
        for x in tree:
            yield from _arrays(x)
    else:
        yield tree


def as_rows(x: Any) -> Any:
    """Give the array of an argument that has rows.

    Raises:
        CompileError: for what holds no numbers, or more than numbers.
    """
    import numpy as np

    if not (type(x) is np.ndarray and x.dtype.kind in "biuf"):
        x = _converted(x)
    if x.ndim == 0:
        raise CompileError("an argument with rows is an array; a number has none")
    if 0 in x.shape[1:]:
        raise CompileError(f"an argument with rows has no numbers in them: its shape is {x.shape}")
    return x


def _converted(x: Any) -> Any:
    """Make an array of what holds numbers, and nothing besides: no unit, mask, date or text.

    Raises:
        CompileError: saying what it is.
    """
    import numpy as np

    if is_masked(x) or (is_guest(x) and (isinstance(x, np.ndarray) or hasattr(x, "units"))):
        raise CompileError(f"rows are plain numbers, not a {type(x).__name__}. {advice(x)}")
    try:
        found = np.asarray(x)
        if found.dtype != "O" and found.dtype.kind not in "biuf":
            raise TypeError(f"it holds {found.dtype}")
    except (TypeError, ValueError) as cause:
        raise CompileError(
            f"an argument with rows is an array of numbers, or a tuple or dict of arrays, not "
            f"{type(x).__name__}: {cause}"
        ) from cause
    if found.dtype != "O":
        return found
    numbers = found.ravel().tolist()
    if any(map(is_symbolic, numbers)):
        raise CompileError("rows are numbers, not Values; give x.data of each")
    check_numbers(numbers)
    return np.array(floats(numbers)).reshape(found.shape)


def rows_apart(x: Any, arrays: list[Any]) -> Any:
    """Give the shape of one row of an argument, and append its arrays."""
    if isinstance(x, dict):
        return dict, tuple(x), tuple([rows_apart(y, arrays) for y in x.values()])
    if isinstance(x, tuple):
        return type(x), len(x), tuple([rows_apart(y, arrays) for y in x])
    rows = as_rows(x)
    arrays.append(rows)
    return LEAF if rows.ndim == 1 else ("elements", rows.shape[1:])
