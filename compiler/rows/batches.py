"""Rows that come in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from ..progress import tell, waiting
from .taken import Given, merged
from .total import Total

if TYPE_CHECKING:
    from .over import OverRows  # which makes it


class Batched:
    """A function over rows that come in batches.

    Parameters:
        rows: the function.
        batches: tuples of the arguments that have rows, in their order.
        count: how many rows there are in all, if that is known.
    """

    def __init__(self, rows: OverRows, batches: Iterable[Any], count: int | None = None) -> None:
        if rows.reduce is None:
            raise CompileError("batches are added up: reduce= is 'sum' or 'mean'")
        self.rows = rows
        self.batches = batches
        self.count = count

    def __call__(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches."""
        return self._computed(shared, backward=False)[0]

    def value_and_grad(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches, and its gradient by what is shared."""
        value, given, gradients = self._computed(shared, backward=True)
        return value, self.rows._built(given, gradients)

    def grad(self, *shared: Any) -> Any:
        """Compute the gradient alone."""
        return self.value_and_grad(*shared)[1]

    def _computed(self, shared: tuple[Any, ...], *, backward: bool) -> tuple[Any, Given, Any]:
        total: Total | None = None
        first: Given | None = None
        with waiting():
            for given in self._taken(shared):
                first = first or given
                found = self.rows._total(given, backward=backward)
                total = found if total is None else total.with_other(found)
        if total is None or first is None:
            raise CompileError("there is no batch; a generator can be gone through only once")
        sums = total.found() / (self._seen if self.rows.reduce == "mean" else 1)
        return float(sums[0]), first, sums[1:]

    def _taken(self, shared: tuple[Any, ...]) -> Iterator[Given]:
        """Take the batches, each with what is shared; `_seen` counts their rows.

        Raises:
            CompileError: for a batch that does not fit, saying which, and where rows are missing.
        """
        self._seen = 0
        shape = None
        for number, batch in enumerate(self._told()):
            tell(f"batch {number:,}, after {self._seen:,} rows{self._of()}")
            own = batch if isinstance(batch, tuple | list) else (batch,)
            try:
                given = self.rows._given(merged(self.rows.in_axes, shared, own, repr(self.rows)))
            except CompileError as cause:
                raise CompileError(f"batch {number}: {cause}") from cause
            if shape is not None and given.shape != shape:
                raise CompileError(f"batch {number} has rows of another shape than those before")
            shape = given.shape
            yield given
            self._seen += given.count
        if self.count is not None and self._seen != self.count:
            raise CompileError(
                f"the batches ended after {self._seen:,} rows; there should be {self.count:,}"
            )

    def _told(self) -> Iterator[Any]:
        """Go through the batches; where that fails, say after how many rows."""
        try:
            yield from self.batches
        except Exception as cause:
            cause.add_note(f"This was raised by the batches, after {self._seen:,} rows.")
            raise

    def _of(self) -> str:
        return "" if self.count is None else f" of {self.count:,}"
