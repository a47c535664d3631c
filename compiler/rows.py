"""A compiled function over rows of data: some arguments have rows, all rows share the others.

What is shared (the parameters of a fit) may be numbers, arrays of any shape, or trees of them; each
element is a number of the function. The results for all rows are added up, and so are the gradients
by what is shared: they come back in its shape. Rows are taken a part at a time, so that memory does
not grow with them: one fused function adds up a part (lanes/sums.py), and what it leaves, rows of
other ways through the function and the last few, goes through lanes. Parts are added with their
rounding errors kept (Neumaier's sum).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, signature
from typing import Any

from pluggrad import CompileError

from .capture.arguments import LEAF, put_together, taken_apart
from .function import Compiled

REDUCTIONS = ("sum", "mean", None)
BLOCK_NUMBERS = 1 << 20  # of all arguments and gradients of a block
LEAST_BLOCK, MOST_BLOCK = 256, 16384  # rows
PART = 1 << 16  # rows of one sum
FUSED = 256  # rows: for fewer it does not pay to compile a function of their own
SHARED, ROWS = None, 0


@dataclass(frozen=True)
class Taken:
    """The arguments of one call, taken apart.

    Attributes:
        shape: that of one row's arguments.
        columns: for each number of one row an array of all rows, or the number that all rows share.
        shared: the positions of those.
        count: how many rows there are.
        arguments: for each argument its shape, and whether it is shared.
    """

    shape: Any
    columns: list[Any]
    shared: list[int]
    count: int
    arguments: list[tuple[Any, bool]]

    def part(self, start: int, end: int) -> Taken:
        """Take some rows: views, where the data are floats."""
        import numpy as np

        read: dict[int, Any] = {}
        columns = []
        for x in self.columns:
            if isinstance(x, _Column):
                if id(x.rows) not in read:
                    read[id(x.rows)] = np.asarray(x.rows[start:end], float)
                x = read[id(x.rows)][(slice(None), *x.index)]
            columns.append(x)
        return replace(self, columns=columns, count=end - start)

    def picked(self, rows: Any) -> Taken:
        """Take the rows of these numbers, of a part."""
        columns = [x[rows] if _has_rows(x) else x for x in self.columns]
        return replace(self, columns=columns, count=len(rows))

    def blocks(self, start: int) -> Iterator[tuple[Taken, int]]:
        """Divide rows into blocks for which there is room; give each, and where it begins."""
        size = max(LEAST_BLOCK, min(MOST_BLOCK, BLOCK_NUMBERS // max(1, 2 * len(self.columns))))
        for first in range(0, self.count, size):
            end = min(first + size, self.count)
            if any(isinstance(x, _Column) for x in self.columns):
                yield self.part(first, end), start + first
            else:
                rows = slice(first, end)
                columns = [x[rows] if _has_rows(x) else x for x in self.columns]
                yield replace(self, columns=columns, count=end - first), start + first


def _has_rows(x: Any) -> bool:
    return bool(getattr(x, "shape", ()))


def _is_strided(x: Any) -> bool:
    """Tell whether numbers of this column are not side by side."""
    return _has_rows(x) and x.strides[0] != x.itemsize


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
        self.in_axes = _by_position(function, in_axes)
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

    # ----- Arguments -----

    def _taken(self, args: tuple[Any, ...]) -> Taken:
        if len(args) != len(self.in_axes):
            raise CompileError(
                f"in_axes= is for {len(self.in_axes)} arguments; {self!r} was given {len(args)}"
            )
        count = _count_rows([x for x, axis in zip(args, self.in_axes, strict=True) if axis == ROWS])
        columns: list[Any] = []
        shared: list[int] = []
        arguments = []
        for position, (x, axis) in enumerate(zip(args, self.in_axes, strict=True)):
            before = len(columns)
            shape = (
                taken_apart(x, columns, elements=True)
                if axis is SHARED
                else _rows_apart(x, columns, position)
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
        total = _Total(len(taken.shared) if backward else 0)
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
        strided = [i for i, x in enumerate(part.columns) if _is_strided(x)]
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
        value, taken, gradients = self._computed(shared, backward=True)
        return value, self.rows._built(taken, gradients)

    def _computed(self, shared: tuple[Any, ...], *, backward: bool) -> tuple[Any, Taken, Any]:
        import numpy as np

        total: _Total | None = None
        count = 0
        for batch in self.batches:
            args = self._arguments(shared, batch)
            value, taken, gradients = self.rows._computed(args, backward=backward)
            total = total or _Total(len(gradients))
            weight = taken.count if self.rows.reduce == "mean" else 1
            total.add(np.array([value, *gradients]) * weight)
            count += taken.count
        if total is None:
            raise CompileError("there is no batch; a generator can be gone through only once")
        found = total.found() / (count if self.rows.reduce == "mean" else 1)
        return float(found[0]), taken, found[1:].tolist()

    def _arguments(self, shared: tuple[Any, ...], batch: Any) -> tuple[Any, ...]:
        given = iter(batch if isinstance(batch, tuple | list) else (batch,))
        kept = iter(shared)
        try:
            args = tuple([next(kept if axis is SHARED else given) for axis in self.rows.in_axes])
        except StopIteration:
            args = ()
        if not args or any(True for _ in (*given, *kept)):
            axes = self.rows.in_axes
            raise CompileError(
                f"{self.rows!r} takes {axes.count(SHARED)} shared arguments, and batches of "
                f"{axes.count(ROWS)} arrays; it was given {len(shared)}, and a batch of "
                f"{len(batch) if isinstance(batch, tuple | list) else 1}"
            )
        return args


class _Total:
    """A sum of arrays with the rounding errors kept: Neumaier's."""

    def __init__(self, gradients: int) -> None:
        import numpy as np

        self.sums = np.zeros(1 + gradients)
        self.errors = np.zeros(1 + gradients)

    def add(self, x: Any) -> None:
        """Add other sums."""
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore"):
            total = self.sums + x
            larger = np.abs(self.sums) >= np.abs(x)
            lost = np.where(larger, (self.sums - total) + x, (x - total) + self.sums)
            self.errors += np.where(np.isfinite(total), lost, 0.0)
            self.sums = total

    def found(self) -> Any:
        return self.sums + self.errors


def _by_position(
    function: Callable[..., Any], in_axes: Sequence[int | None] | dict[str, int | None]
) -> tuple[int | None, ...]:
    """Write down for each argument whether it has rows.

    Raises:
        CompileError: for axes that are neither 0 nor None, names that are no arguments, and where
            nothing has rows.
    """
    if isinstance(in_axes, dict):
        names = [
            x.name
            for x in signature(function).parameters.values()
            if x.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        ]
        if unknown := [name for name in in_axes if name not in names]:
            raise CompileError(
                f"in_axes= names {unknown[0]!r}; the arguments are {', '.join(names)}"
            )
        axes = tuple([in_axes.get(name) for name in names])
    else:
        axes = tuple(in_axes)
    for axis in axes:
        if axis is not None and (type(axis) is not int or axis != 0):
            raise CompileError(f"in_axes= has {axis!r}; rows are along axis 0, and None is shared")
    if ROWS not in axes:
        raise CompileError("in_axes= has no 0: no argument has rows")
    return axes


def _count_rows(trees: list[Any]) -> int:
    """Count the rows, the same in all arrays.

    Raises:
        CompileError: where there are none, or not the same number in each.
    """
    lengths: dict[int, Any] = {}
    for tree in trees:
        for x in _arrays(tree):
            lengths.setdefault(len(x), x)
    if len(lengths) > 1:
        told = ", ".join(map(str, sorted(lengths)))
        raise CompileError(f"arguments with rows have different numbers of them: {told}")
    if not lengths or 0 in lengths:
        raise CompileError("there are no rows")
    (count,) = lengths
    return int(count)


def _arrays(tree: Any) -> Iterator[Any]:
    """List the arrays of an argument that has rows.

    Raises:
        CompileError: for what is no array.
    """
    if isinstance(tree, dict):
        for x in tree.values():
            yield from _arrays(x)
    elif isinstance(tree, tuple):
        for x in tree:
            yield from _arrays(x)
    else:
        yield _array(tree)


def _array(x: Any) -> Any:
    import numpy as np

    found = x if isinstance(x, np.ndarray) and x.dtype.kind in "biuf" else None
    if found is None:
        try:
            found = np.asarray(x, float)
        except (TypeError, ValueError) as cause:
            raise CompileError(
                f"an argument with rows is an array of numbers, or a tuple or dict of arrays, not "
                f"{type(x).__name__}: {cause}"
            ) from cause
    if found.ndim == 0:
        raise CompileError("an argument with rows is an array; a number has none")
    return found


def _rows_apart(x: Any, columns: list[Any], position: int) -> Any:
    """Give the shape of one row of an argument, and append its numbers as arrays of all rows."""
    if isinstance(x, dict):
        shapes = tuple([_rows_apart(y, columns, position) for y in x.values()])
        return dict, tuple(x), shapes
    if isinstance(x, tuple):
        shapes = tuple([_rows_apart(y, columns, position) for y in x])
        return type(x), len(x), shapes
    rows = _array(x)
    if rows.ndim == 1:
        columns.append(_Column(rows, ()))
        return LEAF
    import numpy as np

    columns += [_Column(rows, index) for index in np.ndindex(rows.shape[1:])]
    return "elements", rows.shape[1:]


@dataclass(frozen=True)
class _Column:
    """One number of each row: an array of rows, and where in a row it is."""

    rows: Any
    index: tuple[int, ...]


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
