"""Rows that come in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from .taken import ROWS, SHARED, Given
from .total import Total

if TYPE_CHECKING:
    from .over import OverRows  # which makes it


class Batched:
    """A function over rows that come in batches.

    Parameters:
        rows: the function.
        batches: tuples of the arguments that have rows, in their order.
    """

    def __init__(self, rows: OverRows, batches: Iterable[Any]) -> None:
        if rows.reduce is None:
            raise CompileError("batches are added up: reduce= is 'sum' or 'mean'")
        self.rows = rows
        self.batches = batches

    def __call__(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches."""
        return self._computed(shared, backward=False)[0]

    def value_and_grad(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches, and its gradient by what is shared."""
        value, given, gradients = self._computed(shared, backward=True)
        return value, self.rows._built(given, gradients)

    def _computed(self, shared: tuple[Any, ...], *, backward: bool) -> tuple[Any, Given, Any]:
        import numpy as np

        total: Total | None = None
        count = 0
        for batch in self.batches:
            args = self._arguments(shared, batch)
            value, given, gradients = self.rows._computed(self.rows._given(args), backward=backward)
            total = total or Total(len(gradients))
            weight = given.count if self.rows.reduce == "mean" else 1
            total.add(np.array([value, *gradients]) * weight)
            count += given.count
        if total is None:
            raise CompileError("there is no batch; a generator can be gone through only once")
        found = total.found() / (count if self.rows.reduce == "mean" else 1)
        return float(found[0]), given, found[1:]

    def _arguments(self, shared: tuple[Any, ...], batch: Any) -> tuple[Any, ...]:
        own = iter(batch if isinstance(batch, tuple | list) else (batch,))
        kept = iter(shared)
        try:
            args = tuple([next(kept if axis is SHARED else own) for axis in self.rows.in_axes])
        except StopIteration:
            args = ()
        if not args or any(True for _ in (*own, *kept)):
            axes = self.rows.in_axes
            raise CompileError(
                f"{self.rows!r} takes {axes.count(SHARED)} shared arguments, and batches of "
                f"{axes.count(ROWS)} arrays; it was given {len(shared)}, and a batch of "
                f"{len(batch) if isinstance(batch, tuple | list) else 1}"
            )
        return args
