"""Numbers back into Values: all of them or, where it is interrupted, none.

Ctrl-C comes between two instructions of Python. What has begun then is done again to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Value


def write(
    outputs: Sequence[Value],
    results: Sequence[float],
    leaves: Sequence[Value],
    gradients: Sequence[float],
) -> None:
    """Write the results into the outputs' `data`, and add the gradients to the leaves' `grad`.

    A leaf that requires no gradient any more, as in a layer that was frozen, keeps what it has.
    """
    sums = [
        x._grad + g if x.requires_grad else x._grad for x, g in zip(leaves, gradients, strict=True)
    ]
    try:
        _put(outputs, results, leaves, sums)
    except BaseException:
        _put(outputs, results, leaves, sums)
        raise


def write_and_add(
    outputs: Sequence[Value],
    results: Sequence[float],
    leaves: Sequence[Value],
    add: Callable[[], None],
) -> None:
    """Do the same, where `add` adds all gradients at once.

    Parameters:
        outputs: whose `data` is written.
        results: as many numbers.
        leaves: whose `grad` is added to.
        add: does that, or nothing where it is interrupted.
    """
    first = next((x for x in leaves if x.requires_grad), None)
    before = None if first is None else first._grad  # held, so that a sum is another float
    try:
        add()
    finally:
        if first is None or first._grad is not before:  # machine code adds all or nothing
            try:
                _put(outputs, results)
            except BaseException:
                _put(outputs, results)
                raise


def _put(
    outputs: Sequence[Value],
    numbers: Sequence[float],
    leaves: Sequence[Value] = (),
    grads: Sequence[Any] = (),
) -> None:
    for x, number in zip(outputs, numbers, strict=True):
        x._number = number
    for x, g in zip(leaves, grads, strict=True):
        x._grad = g
