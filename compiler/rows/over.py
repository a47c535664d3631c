"""A compiled function over rows of data: some arguments have rows, all rows share the others.

What is shared (the parameters of a fit) may be numbers, arrays of any shape, or trees of them; each
element is a number of the function. The results for all rows are added up, and so are the gradients
by what is shared: they come back in its shape. Rows are taken a part at a time, so that memory does
not grow with them: one fused function adds up a part (lanes/sums.py), and what it leaves, rows of
other ways through the function and the last few, goes through lanes. Parts are added with their
rounding errors kept (Neumaier's sum).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary

from pluggrad import CompileError

from ..capture.arguments import ANSWER, LEAF, put_together
from ..function import Compiled
from ..portable import files
from ..portable.fields import Fields
from ..progress import tell, waiting
from ..recording import Recording
from .batches import Batched
from .derived import slope, weighted
from .fit import Fit
from .on_dask import is_on_dask, total_on_dask
from .taken import (
    ROWS,
    SHARED,
    Column,
    Cursor,
    Given,
    Taken,
    as_array,
    as_rows,
    axes_of,
    is_strided,
    merged,
)
from .tiles import TOGETHER, Tiles, tiles_for
from .total import Total

REDUCTIONS = ("sum", "mean", None)
PART = 1 << 16  # rows of one sum
FUSED = 256  # rows: for fewer it does not pay to compile a function of their own


class OverRows:
    """A function compiled once and computed for every row of its data.

    Parameters:
        function: of one row: takes numbers, (nested) lists of numbers, or trees of them, and gives
            one number.
        in_axes: for each argument 0 where it has a row for each call, along its first axis, and
            None where all rows share it; a tuple by position, or a dict by name (others are
            shared).
        reduce: `sum`, `mean`, or None to keep one result, and one gradient, for each row.
        check_finite: whether a nan or an infinity among results is an error that names the row.
        options: those of `Compiled`: executor, bound, threads.

    Raises:
        CompileError: when it is called, and arguments do not fit, saying which and why.

    >>> from pluggrad.compiler import compile
    >>> def loss(w, x, y):
    ...     return (w[0] * x + w[1] - y) ** 2
    >>> fit = compile(loss, in_axes=(None, 0, 0), reduce="sum", executor="interpreter")
    >>> fit([2.0, 1.0], [1.0, 2.0], [3.0, 6.0])
    1.0
    >>> fit.value_and_grad([2.0, 1.0], [1.0, 2.0], [3.0, 6.0])
    (1.0, [-4.0, -2.0])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        in_axes: Sequence[int | None] | dict[str, int | None],
        reduce: str | None = "sum",
        check_finite: bool = False,
        **options: Any,
    ) -> None:
        if reduce not in REDUCTIONS:
            raise CompileError(f"reduce={reduce!r}; available: 'sum', 'mean', None")
        if options.pop("arrays", "elements") != "elements":
            raise CompileError("with in_axes= an array of what is shared is its elements")
        self.compiled = Compiled(function, arrays="elements", **options)
        self.in_axes = axes_of(function, in_axes)
        self.reduce = reduce
        self.check_finite = check_finite
        self._tiles: WeakKeyDictionary[Recording, Tiles | None] = WeakKeyDictionary()
        self._derived: dict[str, OverRows] = {}

    def __repr__(self) -> str:
        return f"<{self.compiled!r}, {self.reduce or 'each'} over rows>"

    def __call__(self, *args: Any, weights: Any = None) -> Any:
        """Compute the function for all rows, and reduce the results.

        Parameters:
            args: the arguments.
            weights: a number for each row, that its result is multiplied by; a mean is divided by
                their sum.
        """
        if weights is not None:
            return self._weighted(args, weights, backward=False)[0]
        return self._of(args, backward=False)[0]

    def value_and_grad(self, *args: Any, weights: Any = None) -> Any:
        """Compute the reduced value, and its gradient.

        Parameters:
            args: the arguments.
            weights: see `__call__`.

        Returns:
            The value, and the gradient by what is shared, built like it; a tuple of gradients
            where several arguments are shared. With `reduce=None` each number of them is an array,
            and each array has one more axis, the first: rows.
        """
        if weights is not None:
            value, given, gradients = self._weighted(args, weights, backward=True)
        else:
            value, given, gradients = self._of(args, backward=True)
        return value, self._built(given, gradients)

    def grad(self, *args: Any, weights: Any = None) -> Any:
        """Compute the gradient alone, built as `value_and_grad` builds it."""
        return self.value_and_grad(*args, weights=weights)[1]

    def hvp(self, args: Sequence[Any], direction: Any) -> Any:
        """Compute the product of the Hessian, by what is shared, with a direction.

        Parameters:
            args: a tuple of the arguments.
            direction: built like what is shared; a tuple where several arguments are.

        Returns:
            The product, built like the gradient.
        """
        count = self.in_axes.count(SHARED)
        directions = (direction,) if count == 1 else tuple(direction)
        made = partial(slope, self.compiled.function, self.in_axes)
        derived = self._derivative("slope", made, (SHARED,) * count, self.reduce)
        found = derived.grad(*args, *directions)[:count]
        return found[0] if count == 1 else found

    def hessp(self, shared: Any, direction: Any, *rows: Any) -> Any:
        """Compute the same for one shared argument: `scipy.optimize.minimize(hessp=f.hessp)`."""
        return self.hvp(merged(self.in_axes, (shared,), rows, repr(self)), direction)

    def gauss_newton(self, *args: Any) -> tuple[float, Any, Any]:
        """Take results as residuals r with the Jacobian J, and compute what least squares need.

        Memory does not grow with rows: parts of them are added up.

        Returns:
            The sum of squares r·r; J^T r, built like the gradient; and J^T J, a table with a row
            for each number that is shared, in their order.
        """
        import numpy as np

        _check_here(args, "for gauss_newton(); take map_blocks() and add up")
        given = self._given(args)
        self.compiled._keep_current()
        count = len(given.numbers)
        total = Total()
        taken = given.taken()
        with waiting():
            for block, first in taken.blocks(0):
                tell(f"row {first:,} of {given.count:,}")
                r, jacobian = self._block(block, backward=True)
                products = jacobian @ jacobian.T
                total.add(np.concatenate([[r @ r], jacobian @ r, products.ravel()]))
        found = total.found()
        products = found[1 + count :].reshape(count, count)
        return float(found[0]), self._built(given, found[1 : 1 + count]), products

    def start(self, *shared: Any) -> Fit:
        """Begin to fit what is shared: parameters in one array, for the optimizers of `nn`."""
        return Fit(self, shared)

    def over(self, batches: Iterable[Any], rows: int | None = None) -> Batched:
        """Take rows from an iterator of batches, each a tuple of the arguments that have rows.

        The iterator may be a generator, for one pass, or something that can be gone through again,
        for many.

        Parameters:
            batches: what gives batches.
            rows: how many rows there are in all, if that is known: fewer are an error then.
        """
        return Batched(self, batches, rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was recorded to a file of JSON, which `pluggrad.load(path)` reads.

        Raises:
            CompileError: as `Compiled.save` does.
        """
        content = {
            "in_axes": list(self.in_axes),
            "reduce": self.reduce,
            "check_finite": self.check_finite,
            **self.compiled._document(),
        }
        files.write(path, "function over rows", content)

    @classmethod
    def _read_from(cls, document: Fields, executor: str, source: str) -> OverRows:
        """Make the function that `save` wrote.

        Raises:
            DocumentError: where something does not fit.
        """
        axes = document.take("in_axes", list)
        reduce = document.one_of("reduce", REDUCTIONS)
        check = document.take("check_finite", bool)
        compiled = Compiled._read_from(document, executor, source)
        document.end()
        made = cls(compiled.function, in_axes=axes, reduce=reduce, check_finite=check)
        made.compiled = compiled
        return made

    # ----- Made of it -----

    def _derivative(
        self, name: str, function: Any, axes: tuple[int | None, ...], reduce: str | None
    ) -> OverRows:
        """Make a function of one row, of this one, with more arguments."""
        if name not in self._derived:
            c = self.compiled
            options = {"executor": c.executor, "bound": c.bound, "threads": c.threads}
            self._derived[name] = OverRows(
                function, in_axes=(*self.in_axes, *axes), reduce=reduce,
                check_finite=self.check_finite, math=c.math, **options,
            )  # fmt: skip
        return self._derived[name]

    def _weighted(
        self, args: tuple[Any, ...], weights: Any, *, backward: bool
    ) -> tuple[Any, Given, Any]:
        import numpy as np

        _check_here(args, "with weights=, which can be an argument of the function")
        given, weights = self._given(args), as_rows(weights).astype(float)
        if weights.shape != (given.count,):
            raise CompileError(
                f"weights= has the shape {weights.shape}; there are {given.count} rows"
            )
        reduce = None if self.reduce is None else "sum"
        made = partial(weighted, self.compiled.function)
        derived = self._derivative("weighted", made, (ROWS,), reduce)
        value, _, gradients = derived._computed(derived._given((*args, weights)), backward=backward)
        if self.reduce == "mean":
            whole = weights.sum()
            if whole == 0.0:
                raise CompileError("weights= adds up to 0, so there is no mean")
            with np.errstate(invalid="ignore"):
                value, gradients = float(value / whole), gradients / whole
        return value, given, gradients

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tiles": None, "_derived": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _tiles=WeakKeyDictionary())

    # ----- Arguments -----

    def _given(self, args: tuple[Any, ...]) -> Given:
        if len(args) != len(self.in_axes):
            raise CompileError(
                f"in_axes= is for {len(self.in_axes)} arguments; {self!r} was given {len(args)}"
            )
        return Given(args, self.in_axes)

    def _built(self, given: Given, gradients: Any) -> Any:
        numbers: Any = Cursor(gradients)
        found = [
            put_together(shape, numbers, as_array, static=False)
            for shape, is_shared in given.arguments
            if is_shared
        ]
        return found[0] if len(found) == 1 else tuple(found)

    # ----- Sums and blocks -----

    def _of(self, args: tuple[Any, ...], *, backward: bool) -> tuple[Any, Given, Any]:
        """Compute for arguments of any kind."""
        if not any(map(is_on_dask, args)):
            return self._computed(self._given(args), backward=backward)
        if self.reduce is None:
            raise CompileError("rows of Dask arrays are added up: reduce= is 'sum' or 'mean'")
        given, total = total_on_dask(self, args, backward=backward)
        return self._reduced(given, total)

    def _reduced(self, given: Given, total: Total) -> tuple[float, Given, Any]:
        found = total.found()
        if self.reduce == "mean":
            found = found / given.count
        return float(found[0]), given, found[1:]

    def _computed(self, given: Given, *, backward: bool) -> tuple[Any, Given, Any]:
        self.compiled._keep_current()
        if self.reduce is None:
            values, gradients = self._each(given.taken(), backward=backward)
            return values, given, gradients
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore"):  # sums of infinities
            return self._reduced(given, self._total(given, backward=backward))

    def _total(self, given: Given, *, backward: bool) -> Total:
        """Add up all rows."""
        total = Total()
        tiles = self._tiles_for(given)
        taken = None if tiles is not None else given.taken()
        step = TOGETHER if taken is None else PART
        with waiting():
            for start in range(0, given.count, step):
                tell(f"row {start:,} of {given.count:,}")
                if taken is None:
                    assert tiles is not None
                    sums = self._summed_in_tiles(given, tiles, start, backward=backward)
                else:
                    part = taken.part(start, min(start + step, taken.count))
                    sums = self._summed(part, start, backward=backward)
                total.add(sums)
        return total

    def _tiles_for(self, given: Given) -> Tiles | None:
        recording = self._recording(given.shape, lambda: given.taken().columns)
        if recording not in self._tiles:
            self._tiles[recording] = tiles_for(recording, given.is_shared)
        return self._tiles[recording]

    def _summed_in_tiles(self, given: Given, tiles: Tiles, start: int, *, backward: bool) -> Any:
        end = min(start + TOGETHER, given.count)
        sums, left = tiles.sums(given.numbers, given.table(start, end), backward=backward)
        if len(left):
            part = given.taken().part(start, end)
            sums = sums + self._in_blocks(part.picked(left), start, backward=backward)
            sums = self._checked(sums, part, start)
        return sums

    def _checked(self, sums: Any, part: Taken, start: int) -> Any:
        """Give sums back, or find the row with a nan or an infinity, where that was asked for."""
        if self.check_finite and not isfinite(sums[0]):
            for block, first in part.blocks(start):
                _check_finite(self._block(block, backward=False)[0], first)
        return sums

    def _each(self, taken: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Compute a result, and a gradient, for each row."""
        import numpy as np

        found = []
        for block, first in taken.blocks(0):
            found.append(self._block(block, backward=backward))
            if self.check_finite:
                _check_finite(found[-1][0], first)
        gradients = np.concatenate([g for _, g in found], axis=1) if backward else None
        return np.concatenate([v for v, _ in found]), gradients

    def _summed(self, part: Taken, start: int, *, backward: bool) -> Any:
        """Add up the results of some rows, and their gradients by what is shared."""

        sums, left = self._fused(part, backward=backward)
        rest = part if left is None else part.picked(left)
        sums = sums + self._in_blocks(rest, start, backward=backward)
        return self._checked(sums, part, start)

    def _in_blocks(self, part: Taken, start: int, *, backward: bool) -> Any:
        """Add up rows by lanes."""
        import numpy as np

        sums = np.zeros(1 + len(part.shared) * backward)
        for block, _ in part.blocks(start):
            values, gradients = self._block(block, backward=backward)
            shares = [] if gradients is None else np.ascontiguousarray(gradients).sum(axis=1)
            sums = sums + np.array([values.sum(), *shares])  # each sum is pairwise
        return sums

    def _fused(self, part: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Add up what one function can; give the sums, and the rows left over, None for all."""
        import numpy as np

        sums = np.zeros(1 + len(part.shared) * backward)
        if part.count < FUSED:
            return sums, None
        recording = self._recording(part.shape, lambda: part.columns)
        strided = [i for i, x in enumerate(part.columns) if is_strided(x)]
        summing = recording.summing(part.shared, strided, backward=backward)
        if summing is None:
            return sums, None
        columns = [np.atleast_1d(np.asarray(part.columns[i], float)) for i in recording.used]
        given = [*columns, *(np.array([x._number]) for x in recording.read)]
        found, flags, done = summing.run(given, part.count, self.compiled.threads)
        sums[0] = found[0]
        if backward:
            used = set(recording.used)
            where = [1 + k for k, i in enumerate(part.shared) if i in used]
            sums[where] = found[1:]
        left = np.arange(done, part.count)
        if flags is not None:
            left = np.concatenate([np.flatnonzero(flags[:done]), left])
        return sums, left

    def _recording(self, shape: Any, columns: Callable[[], list[Any]]) -> Recording:
        """Give the recording that was used last for such rows, or else that of the first row."""
        compiled = self.compiled
        for entry in compiled._matching(shape):
            return entry[1]
        numbers = [_first(x) for x in columns()]
        return compiled._recorded(shape, numbers)[1]

    def _block(self, block: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Compute some rows; give their values, and gradients by what is shared."""
        recording, results, gradients = self.compiled._lanes(
            block.shape, block.columns, backward=backward
        )
        if recording.result != LEAF:
            what = "yes or no" if recording.result == ANSWER else "nested ones"
            raise CompileError(f"over rows a function gives one number; {self!r} gives {what}")
        return results[0], None if gradients is None else gradients[block.shared]


def _check_here(args: Sequence[Any], where: str) -> None:
    if any(map(is_on_dask, args)):
        raise CompileError(f"rows of Dask arrays are not taken {where}")


def _first(x: Any) -> float:
    """Give the number that the first row has in a column."""
    if isinstance(x, Column):
        return float(x.rows[(0, *x.index)])
    return float(x[0]) if hasattr(x, "shape") else float(x)


def _check_finite(values: Any, start: int) -> None:
    import numpy as np

    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd):
        raise CompileError(f"row {start + int(odd[0])} gives {float(values[odd[0]])!r}")
