"""Elements of arrays: which are computed, where results are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import CompileError

from ..capture.guests import is_masked


def where_chosen(
    compute: Callable[[Sequence[Any]], list[Any]],
    numbers: Sequence[Any],
    where: Any,
    masked: Sequence[Any],
) -> list[Any]:
    """Compute the elements that are chosen and that no mask hides.

    Parameters:
        compute: takes flat arrays, one for each number, and gives the outputs.
        numbers: arrays of them.
        where: which elements are chosen.
        masked: the masked arrays among all inputs, whose masks the outputs have.
    """
    import numpy as np

    masks = [np.ma.getmaskarray(x) for x in masked]
    where = _answers(np.ma.filled(where, False))
    where, *arrays = np.broadcast_arrays(where, *map(np.ma.getdata, numbers), *masks)
    arrays, masks = arrays[: len(numbers)], arrays[len(numbers) :]
    hidden = np.logical_or.reduce(masks) if masks else None
    chosen = where if hidden is None else where & ~hidden
    results = [_spread(x, chosen) for x in compute([array[chosen] for array in arrays])]
    return results if hidden is None else [np.ma.MaskedArray(x, hidden) for x in results]


def written(results: list[Any], outs: list[Any], where: Any) -> list[Any]:
    """Write the outputs into the arrays that are there for them.

    Raises:
        CompileError: when one cannot take them, naming it.
    """
    import numpy as np

    for i, out in enumerate(outs):
        if out is not None:
            try:
                np.copyto(out, results[i], where=where)
            except (TypeError, ValueError) as cause:
                raise CompileError(f"out= cannot take output {i}: {cause}") from cause
            results[i] = out
    return results


def check_dtype(dtype: Any) -> None:
    """Check that a guest asks for a kind of number that can be computed.

    Raises:
        CompileError: naming another one.
    """
    import numpy as np

    if np.dtype(dtype) not in (np.dtype(float), np.dtype(bool)):
        raise CompileError(f"dtype={dtype}: a compiled function computes in float64")


def _answers(where: Any) -> Any:
    import numpy as np

    found = np.asarray(where)
    if found.dtype.kind != "b":
        raise CompileError(f"where= is True or False for each element, not {found.dtype}")
    return found


def _spread(x: Any, where: Any) -> Any:
    """Put results back to where they belong; nan, or False, stands where nothing was computed."""
    import numpy as np

    x = np.asarray(x)
    full = np.full(where.shape, False if x.dtype.kind == "b" else np.nan, x.dtype)
    full[where] = x
    return full


def same(a: Any, b: Any) -> bool:
    """Return whether two inputs have the same numbers."""
    import numpy as np

    if a is b:
        return True
    if is_masked(a) or is_masked(b) or np.shape(a) != np.shape(b):
        return False
    return np.array_equal(a, b, equal_nan=True)


def flat(out: Any) -> list[Any]:
    """List the arrays in nested tuples and lists."""
    if not isinstance(out, (tuple, list)):
        return [out]
    found: list[Any] = []
    for x in out:
        if isinstance(x, (tuple, list)):
            found += flat(x)
        else:
            found.append(x)
    return found
