"""Rows that come in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError
from pluggrad.errors import quoted
from pluggrad.progress import tell, waiting

from .axes import merged
from .summing import products, values, values_and_slopes
from .taken import Given
from .total import Total

if TYPE_CHECKING:
    from .over import OverRows  # which makes it

Added = Callable[[Any, Given], Total]  # what is added up of the rows of some arguments


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
        if not isinstance(batches, Iterable) or isinstance(batches, str):
            raise CompileError(
                "over() takes something that gives batches, a tuple of arrays each; not "
                f"{type(batches).__name__} {quoted(batches)}"
            )
        if count is not None and not isinstance(count, Integral):
            raise CompileError(f"rows= is how many rows there are in all, not {quoted(count)}")
        self.rows = rows
        self.batches = batches
        self.count = count

    def __call__(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches."""
        return self._reduced(shared, values)[0]

    def value_and_grad(self, *shared: Any) -> Any:
        """Compute the reduced value of all batches, and its gradient by what is shared."""
        value, given, gradients = self._reduced(shared, values_and_slopes)
        return value, self.rows._built(given, gradients)

    def grad(self, *shared: Any) -> Any:
        """Compute the gradient alone."""
        return self.value_and_grad(*shared)[1]

    def hvp(self, shared: Sequence[Any], direction: Any) -> Any:
        """Compute the product of the Hessian with a direction; see `OverRows.hvp`.

        Parameters:
            shared: a tuple of the arguments that all rows share.
            direction: built like them.
        """
        derived = Batched(self.rows._slope(), self.batches, self.count)
        found = derived.grad(*shared, *self.rows._directions(shared, direction))[: len(shared)]
        return found[0] if len(shared) == 1 else found

    def gauss_newton(self, *shared: Any) -> tuple[float, Any, Any]:
        """Add up r·r, J^T r and J^T J; see `OverRows.gauss_newton`."""
        given, total = self._added(shared, products)
        return self.rows._squares(given, total)

    def _reduced(self, shared: tuple[Any, ...], added: Added) -> tuple[float, Given, Any]:
        given, total = self._added(shared, added)
        sums = total.found() / (self._seen if self.rows.reduce == "mean" else 1)
        return float(sums[0]), given, sums[1:]

    def _added(self, shared: tuple[Any, ...], added: Added) -> tuple[Given, Total]:
        """Add up something of all batches; give the arguments of the first one, too."""
        total: Total | None = None
        first: Given | None = None
        with waiting():
            for given in self._taken(shared):
                first = first or given
                try:
                    found = added(self.rows, given)
                except CompileError as cause:
                    raise CompileError(f"batch {self._number}: {cause}") from cause
                total = found if total is None else total.with_other(found)
        if total is None or first is None:
            raise CompileError("there is no batch; a generator can be gone through only once")
        return first, total

    def _taken(self, shared: tuple[Any, ...]) -> Iterator[Given]:
        """Take the batches, each with what is shared; `_seen` counts their rows.

        Raises:
            CompileError: for a batch that does not fit, saying which, and where rows are missing.
        """
        self._seen = self._number = 0
        shape = None
        for number, batch in enumerate(self._told()):
            self._number = number
            what = f"batch {number:,}, after {self._seen:,} rows{self._of()}"
            tell(what, done=self._seen, total=self.count or 0)
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
