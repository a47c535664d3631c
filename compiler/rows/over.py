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
from typing import Any

from pluggrad import CompileError

from ..capture.arguments import LEAF, put_together, taken_apart
from ..function import Compiled
from ..portable import files
from ..portable.fields import Fields
from .batches import Batched
from .taken import ROWS, SHARED, Taken, axes_of, count_rows, is_strided, rows_apart
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

    def __repr__(self) -> str:
        return f"<{self.compiled!r}, {self.reduce or 'each'} over rows>"

    def __call__(self, *args: Any) -> Any:
        """Compute the function for all rows, and reduce the results."""
        return self._computed(args, backward=False)[0]

    def value_and_grad(self, *args: Any) -> Any:
        """Compute the reduced value, and its gradient.

        Returns:
            The value, and the gradient by what is shared, built like it; a tuple of gradients
            where several arguments are shared. With `reduce=None` each number of them is an array,
            and each array has one more axis, the first: rows.
        """
        value, taken, gradients = self._computed(args, backward=True)
        return value, self._built(taken, gradients)

    def grad(self, *args: Any) -> Any:
        """Compute the gradient alone, built as `value_and_grad` builds it."""
        return self.value_and_grad(*args)[1]

    def over(self, batches: Iterable[Any]) -> Batched:
        """Take rows from an iterator of batches, each a tuple of the arguments that have rows.

        The iterator may be a generator, for one pass, or something that can be gone through again,
        for many.
        """
        return Batched(self, batches)

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

    # ----- Arguments -----

    def _taken(self, args: tuple[Any, ...]) -> Taken:
        if len(args) != len(self.in_axes):
            raise CompileError(
                f"in_axes= is for {len(self.in_axes)} arguments; {self!r} was given {len(args)}"
            )
        count = count_rows([x for x, axis in zip(args, self.in_axes, strict=True) if axis == ROWS])
        columns: list[Any] = []
        shared: list[int] = []
        arguments = []
        for position, (x, axis) in enumerate(zip(args, self.in_axes, strict=True)):
            before = len(columns)
            shape = (
                taken_apart(x, columns, elements=True)
                if axis is SHARED
                else rows_apart(x, columns, position)
            )
            if axis is SHARED:
                shared += range(before, len(columns))
            arguments.append((shape, axis is SHARED))
        shape = (tuple, len(args), tuple([shape for shape, _ in arguments])), (dict, (), ())
        return Taken((tuple, 2, shape), columns, shared, count, arguments)

    def _built(self, taken: Taken, gradients: Any) -> Any:
        given = iter(gradients)
        found = [
            put_together(shape, given, _as_array, static=False)
            for shape, is_shared in taken.arguments
            if is_shared
        ]
        return found[0] if len(found) == 1 else tuple(found)

    # ----- Sums and blocks -----

    def _computed(self, args: tuple[Any, ...], *, backward: bool) -> tuple[Any, Taken, Any]:
        taken = self._taken(args)
        self.compiled._keep_current()
        if self.reduce is None:
            return self._each(taken, backward=backward)
        total = Total(len(taken.shared) if backward else 0)
        for start in range(0, taken.count, PART):
            part = taken.part(start, min(start + PART, taken.count))
            sums = self._summed(part, start, backward=backward)
            total.add(sums)
        scale = 1.0 / taken.count if self.reduce == "mean" else 1.0
        found = total.found() * scale
        return float(found[0]), taken, found[1:].tolist()

    def _each(self, taken: Taken, *, backward: bool) -> tuple[Any, Taken, Any]:
        """Compute a result, and a gradient, for each row."""
        import numpy as np

        found = []
        for block, first in taken.blocks(0):
            found.append(self._block(block, backward=backward))
            if self.check_finite:
                _check_finite(found[-1][0], first)
        gradients = np.concatenate([g for _, g in found], axis=1) if backward else None
        return np.concatenate([v for v, _ in found]), taken, gradients

    def _summed(self, part: Taken, start: int, *, backward: bool) -> Any:
        """Add up the results of some rows, and their gradients by what is shared."""
        import numpy as np

        sums, left = self._fused(part, backward=backward)
        for block, _ in (part if left is None else part.picked(left)).blocks(start):
            values, gradients = self._block(block, backward=backward)
            shares = [] if gradients is None else np.ascontiguousarray(gradients).sum(axis=1)
            sums = sums + np.array([values.sum(), *shares])  # each sum is pairwise
        if self.check_finite and not np.isfinite(sums[0]):
            for block, first in part.blocks(start):
                _check_finite(self._block(block, backward=False)[0], first)
        return sums

    def _fused(self, part: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Add up what one function can; give the sums, and the rows left over, None for all."""
        import numpy as np

        sums = np.zeros(1 + len(part.shared) * backward)
        if part.count < FUSED:
            return sums, None
        recording = self._recording(part)
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

    def _recording(self, part: Taken) -> Any:
        """Give the recording that was used last for such rows, or else that of the first row."""
        compiled = self.compiled
        for entry in compiled._matching(part.shape):
            return entry[1]
        numbers = [float(x[0]) if hasattr(x, "shape") else float(x) for x in part.columns]
        return compiled._recorded(part.shape, numbers)[1]

    def _block(self, block: Taken, *, backward: bool) -> tuple[Any, Any]:
        """Compute some rows; give their values, and gradients by what is shared."""
        recording, results, gradients = self.compiled._lanes(
            block.shape, block.columns, backward=backward
        )
        if recording.result != LEAF:
            raise CompileError(f"over rows a function gives one number; {self!r} gives nested ones")
        return results[0], None if gradients is None else gradients[block.shared]


def _check_finite(values: Any, start: int) -> None:
    import numpy as np

    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd):
        raise CompileError(f"row {start + int(odd[0])} gives {float(values[odd[0]])!r}")


def _as_array(numbers: list[Any], lengths: tuple[int, ...]) -> Any:
    import numpy as np

    found = np.array(numbers)
    return np.moveaxis(
        found.reshape(*lengths, *found.shape[1:]), range(len(lengths)), range(-len(lengths), 0)
    )
