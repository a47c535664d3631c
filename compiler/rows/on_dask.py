"""Rows in Dask arrays: partial sums where the blocks are, added up in a tree.

The function goes to the workers once, as bytes, and each keeps what it has made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from .axes import ROWS, merged
from .tables import as_rows
from .taken import Given
from .total import Total

if TYPE_CHECKING:
    from .over import OverRows  # which asks


def is_on_dask(x: Any) -> bool:
    """Tell whether an argument with rows is a Dask array."""
    return type(x).__module__.partition(".")[0] == "dask" and hasattr(x, "chunks")


def total_on_dask(
    rows: OverRows, args: Sequence[Any], added: Callable[[OverRows, Given], Total]
) -> tuple[Given, Total]:
    """Add up all rows, each block where it is.

    Parameters:
        rows: the function.
        args: its arguments; those that have rows are Dask arrays.
        added: what is added up of the rows of a block.

    Returns:
        The arguments, with the number of all rows; and the total.

    Raises:
        CompileError: where some arguments with rows are Dask arrays and others are not, or have
            other numbers of rows.
    """
    import numpy as np
    from dask.delayed import delayed

    dumps = import_module("cloudpickle").dumps

    own, shared = _apart(rows, args)
    one = [np.zeros((1, *x.shape[1:])) for x in own]
    given = rows._given(merged(rows.in_axes, shared, one, repr(rows)))
    given.count = own[0].shape[0]
    blocks = _blocks(own)
    code = dumps(rows)
    partial = delayed(_partial, pure=False)
    ends = [0, *accumulate(own[0].chunks[0])]
    sums = [
        partial(code, shared, block, added, int(first))
        for block, first in zip(blocks, ends[:-1], strict=True)
    ]
    joined = delayed(_joined, pure=False)
    while len(sums) > 1:
        sums = [joined(sums[i : i + 2]) for i in range(0, len(sums), 2)]
    return given, sums[0].compute()


def _apart(rows: OverRows, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    pairs = list(zip(args, rows.in_axes, strict=True))
    own = [x for x, axis in pairs if axis == ROWS]
    if not all(map(is_on_dask, own)):
        raise CompileError("some arguments with rows are Dask arrays; then all of them are")
    lengths = {x.shape[0] if x.ndim else None for x in own}
    if len(lengths) > 1 or lengths & {None, 0}:
        told = ", ".join(str(x.shape) for x in own)
        raise CompileError(f"Dask arrays with rows have different numbers of them, or none: {told}")
    return own, [x for x, axis in pairs if axis != ROWS]


def _blocks(own: Sequence[Any]) -> list[list[Any]]:
    """List the blocks of rows, in each those of all arrays."""
    chunks = own[0].chunks[0]
    if any(size != size for size in chunks):  # nan: nobody knows
        raise CompileError("the rows of a Dask array are not counted; call compute_chunk_sizes()")
    whole = [x.rechunk({0: chunks, **dict.fromkeys(range(1, x.ndim), -1)}) for x in own]
    return list(map(list, zip(*[x.to_delayed().ravel().tolist() for x in whole], strict=True)))


@lru_cache(maxsize=8)
def _made(code: bytes) -> OverRows:
    from pickle import loads

    found: OverRows = loads(code)
    return found


def _partial(
    code: bytes, shared: Sequence[Any], own: Sequence[Any], added: Any, first: int
) -> Total:
    rows = _made(code)
    given = rows._given(merged(rows.in_axes, shared, own, repr(rows)))
    given.first = first
    rows.compiled._keep_current()
    found: Total = added(rows, given)
    return found


def weights_on_dask(weights: Any, own: Any) -> Any:
    """Give weights of rows that lie in a Dask array as a Dask array, too.

    Raises:
        CompileError: where they are no numbers, or not one for each row.
    """
    if not is_on_dask(weights):
        weights = as_rows(weights).astype(float)
    if weights.shape != own.shape[:1]:
        raise CompileError(f"weights= has the shape {weights.shape}; there are {own.shape[0]} rows")
    if is_on_dask(weights):
        return weights
    return import_module("dask.array").from_array(weights, chunks=own.chunks[0])


def _joined(parts: Sequence[Total]) -> Total:
    first, *others = parts
    for other in others:
        first = first.with_other(other)
    return first
