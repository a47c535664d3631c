"""Arguments that have rows: their numbers, as columns of the data or shared by all rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted
from pluggrad.recording import computed_once

from ..capture.arguments import is_symbolic, taken_apart
from ..capture.numbers import check_numbers
from .axes import ROWS, SHARED
from .tables import count_rows, rows_apart

BLOCK_NUMBERS = 1 << 20  # of all arguments and gradients of a block
LEAST_BLOCK, MOST_BLOCK = 256, 16384  # rows


class Given:
    """The arguments of one call.

    Parameters:
        args: the arguments.
        axes: for each whether it has rows.
        names: what the function calls them.

    Attributes:
        first: the number of the first row, where these are not all.
        count: how many rows there are.
        arguments: for each argument its shape, and whether it is shared.
        shared: all that is shared, part by part.
        arrays: those that have rows.

    Raises:
        CompileError: for arguments that do not fit.
    """

    def __init__(
        self, args: tuple[Any, ...], axes: Sequence[int | None], names: Sequence[str]
    ) -> None:
        pairs = list(zip(args, axes, strict=True))
        self.args, self.axes, self.names = args, axes, names
        self.first = 0
        self.count = count_rows([x for x, axis in pairs if axis == ROWS])
        shared = _Shared()
        self.arguments: list[tuple[Any, bool]] = []
        self.arrays: list[Any] = []
        self._order: list[tuple[bool, int]] = []
        for x, axis in pairs:
            if axis is SHARED:
                before = shared.count
                shape = taken_apart(x, shared, elements=True)
                added = shared.count - before
            else:
                own: list[Any] = []
                shape = rows_apart(x, own)
                self.arrays += own
                added = sum(math.prod(array.shape[1:]) for array in own)
            self.arguments.append((shape, axis is SHARED))
            self._order.append((axis is SHARED, added))
        self.shared = shared

    @computed_once
    def numbers(self) -> Any:
        """All that is shared, in order."""
        return self.shared.vector()

    @property
    def shape(self) -> Any:
        """The shape of one row's arguments, as of a call."""
        shapes = tuple([shape for shape, _ in self.arguments])
        return tuple, 2, ((tuple, len(shapes), shapes), (dict, (), ()))

    @property
    def is_shared(self) -> list[bool]:
        """For each number of a row's arguments whether all rows share it."""
        return [shared for shared, count in self._order for _ in range(count)]

    def table(self, start: int, end: int) -> Any:
        """Copy the numbers of some rows."""
        import numpy as np

        parts = [np.asarray(x[start:end], float).reshape(end - start, -1) for x in self.arrays]
        return np.concatenate(parts, axis=1)

    def taken(self) -> Taken:
        """List each number apart."""
        import numpy as np

        columns: list[Any] = []
        numbers = iter(self.numbers.tolist())
        own = (Column(x, index) for x in self.arrays for index in np.ndindex(x.shape[1:]))
        for shared, count in self._order:
            columns += islice(numbers if shared else own, count)
        where = [i for i, shared in enumerate(self.is_shared) if shared]
        return Taken(self.shape, columns, where, self.count)


def shared_given(args: Sequence[Any]) -> tuple[list[Any], Any]:
    """Give the shapes of arguments that rows share, and all their numbers in one array."""
    numbers = _Shared()
    return [taken_apart(x, numbers, elements=True) for x in args], numbers.vector()


class _Shared:
    """Collects numbers, and the elements of arrays."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.count = 0

    def append(self, x: Any) -> None:
        """Take one number."""
        if type(x) is not float:
            x = _checked(x)
        self.parts.append((x,))
        self.count += 1

    def extend(self, array: Any) -> None:
        """Take the elements of an array."""
        if array.dtype.kind not in "biuf":
            raise CompileError(f"an array that rows share holds numbers, not {array.dtype}")
        self.parts.append(array)
        self.count += len(array)

    def vector(self) -> Any:
        """Give all of them."""
        import numpy as np

        return np.concatenate([np.empty(0), *self.parts], dtype=float)


def _checked(x: Any) -> float:
    if is_symbolic(x):
        raise CompileError(
            "what rows share are numbers, and arrays and trees of them, not Values; give x.data "
            "of each, and take the gradient from the result"
        )
    check_numbers([x])
    try:
        return float(x)
    except OverflowError:
        raise CompileError("a number that rows share is too large for a float") from None
    except ValueError:
        raise CompileError(f"a number that rows share, {quoted(x)}, is no float") from None


@dataclass(frozen=True)
class Column:
    """One number of each row: an array of rows, and where in a row it is."""

    rows: Any
    index: tuple[int, ...]


@dataclass(frozen=True)
class Taken:
    """The arguments of one call, number by number.

    Attributes:
        shape: that of one row's arguments.
        columns: for each number of one row an array of all rows, or the number that all rows share.
        shared: the positions of those.
        count: how many rows there are.
    """

    shape: Any
    columns: list[Any]
    shared: list[int]
    count: int

    @property
    def width(self) -> int:
        """How many numbers a row has of its own."""
        return sum(isinstance(x, Column) or has_rows(x) for x in self.columns)

    def part(self, start: int, end: int) -> Taken:
        """Take some rows: views, where the data are floats."""
        import numpy as np

        read: dict[int, Any] = {}
        columns = []
        for x in self.columns:
            if isinstance(x, Column):
                if id(x.rows) not in read:
                    read[id(x.rows)] = _whole_steps(np.asarray(x.rows[start:end], float))
                x = read[id(x.rows)][(slice(None), *x.index)]
            elif has_rows(x):
                x = x[start:end]
            columns.append(x)
        return replace(self, columns=columns, count=end - start)

    def picked(self, rows: Any) -> Taken:
        """Take the rows of these numbers, of a part."""
        columns = [x[rows] if has_rows(x) else x for x in self.columns]
        return replace(self, columns=columns, count=len(rows))

    def blocks(self, start: int) -> Iterator[tuple[Taken, int]]:
        """Divide rows into blocks for which there is room; give each, and where it begins."""
        size = max(LEAST_BLOCK, min(MOST_BLOCK, BLOCK_NUMBERS // max(1, 2 * len(self.columns))))
        for first in range(0, self.count, size):
            end = min(first + size, self.count)
            yield self.part(first, end), start + first


def _whole_steps(x: Any) -> Any:
    """Copy an array whose numbers do not stand a whole number of floats apart, as in records."""
    whole = x.flags.aligned and all(step % x.itemsize == 0 for step in x.strides)
    return x if whole else x.copy()


def has_rows(x: Any) -> bool:
    """Tell whether a column is an array, and no number that all rows share."""
    return bool(getattr(x, "shape", ()))


def is_strided(x: Any) -> bool:
    """Tell whether numbers of this column are not side by side."""
    return has_rows(x) and x.strides[0] != x.itemsize


class Cursor:
    """Goes through an array number by number, or many at a time."""

    def __init__(self, numbers: Any, *, copies: bool = True) -> None:
        self._numbers = numbers
        self._copies = copies
        self._at = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """Give the next number, or the next array of numbers."""
        found = self._numbers[self._at]
        self._at += 1
        return found if found.shape else float(found)

    def take(self, count: int) -> Any:
        """Give the next so many, as an array of its own or as a view."""
        self._at += count
        found = self._numbers[self._at - count : self._at]
        return found.copy() if self._copies else found


def as_array(numbers: Any, lengths: tuple[int, ...]) -> Any:
    """Give an array these lengths; rows, if there are any, come first."""
    import numpy as np

    found = numbers.reshape(*lengths, *numbers.shape[1:])
    if numbers.ndim == 1:
        return found
    return np.moveaxis(found, range(len(lengths)), range(-len(lengths), 0))
