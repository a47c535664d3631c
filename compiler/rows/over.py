"""A compiled function over rows of data: some arguments have rows, all rows share the others.

What is shared (the parameters of a fit) may be numbers, arrays of any shape, or trees of them; each
element is a number of the function. The results for all rows are added up, and so are the gradients
by what is shared: they come back in its shape. Rows are taken a part at a time, so that memory does
not grow with them (summing.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from pluggrad import CompileError
from pluggrad.hints.packages import needed
from pluggrad.progress import waiting

from ..capture.arguments import put_together
from ..function import Compiled
from ..portable import files
from ..portable.fields import Fields
from ..recording import Recording
from .axes import ROWS, SHARED, axes_of, in_order, merged, names_of
from .batches import Batched
from .derived import slope, weighted
from .fit import Fit
from .on_dask import is_on_dask, total_on_dask, weights_on_dask
from .summing import Summing, products, values, values_and_slopes
from .tables import as_rows, count_rows
from .taken import Cursor, Given, as_array, shared_given
from .tiles import Tiles
from .total import Total

REDUCTIONS = ("sum", "mean", None)


class OverRows(Summing):
    """A function compiled once and computed for every row of its data.

    Parameters:
        function: of one row: takes numbers, (nested) lists of numbers, or trees of them, and
            returns one number.
        in_axes: for each argument 0 where it has a row for each call, along its first axis, and
            None where all rows share it; a tuple by position, or a dict by name (others are
            shared).
        reduce: `sum`, `mean`, or None to keep one result, and one gradient, for each row.
        check_finite: whether a nan or an infinity among results and gradients, or a nan among data,
            is an error that names the row and its number.
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
        needed("numpy", "a function over rows", "compile")
        if reduce not in REDUCTIONS:
            raise CompileError(f"reduce={reduce!r}; available: 'sum', 'mean', None")
        if options.pop("arrays", "elements") != "elements":
            raise CompileError("with in_axes= an array of what is shared is its elements")
        self.compiled = Compiled(function, arrays="elements", **options)
        self.in_axes = axes_of(function, in_axes)
        self.names = names_of(function, len(self.in_axes))
        self.reduce = reduce
        self.check_finite = check_finite
        self._tiles: WeakKeyDictionary[Recording, Tiles | None] = WeakKeyDictionary()
        self._derived: dict[str, OverRows] = {}

    def __repr__(self) -> str:
        return f"{repr(self.compiled)[:-1]}, {self.reduce or 'each'} over rows>"

    def __call__(self, *args: Any, weights: Any = None, **named: Any) -> Any:
        """Compute the function for all rows, and reduce the results.

        Parameters:
            args: the arguments.
            named: arguments by name.
            weights: a number for each row, that its result is multiplied by; a mean is divided by
                their sum.
        """
        args = in_order(self.names, args, named, repr(self)) if named else args
        if weights is not None:
            return self._weighted(args, weights, backward=False)[0]
        return self._of(args, backward=False)[0]

    def value_and_grad(self, *args: Any, weights: Any = None, **named: Any) -> Any:
        """Compute the reduced value, and its gradient.

        Parameters:
            args: the arguments.
            named: arguments by name.
            weights: see `__call__`.

        Returns:
            The value, and the gradient by the shared argument, built like it; a tuple of gradients
            if several arguments are shared. With `reduce=None` each number of them is an array,
            and each array has one more axis, the first: rows.
        """
        args = in_order(self.names, args, named, repr(self)) if named else args
        if weights is not None:
            value, given, gradients = self._weighted(args, weights, backward=True)
        else:
            value, given, gradients = self._of(args, backward=True)
        return value, self._built(given, gradients)

    def grad(self, *args: Any, weights: Any = None, **named: Any) -> Any:
        """Compute the gradient alone, built as `value_and_grad` builds it."""
        return self.value_and_grad(*args, weights=weights, **named)[1]

    def hvp(self, args: Sequence[Any], direction: Any) -> Any:
        """Compute the product of the Hessian by the shared arguments with a direction.

        Parameters:
            args: a tuple of the arguments.
            direction: built like the shared argument; a tuple if several are shared.

        Returns:
            The product, built like the gradient.
        """
        count = self.in_axes.count(SHARED)
        self._check_count(args)
        shared = [x for x, axis in zip(args, self.in_axes, strict=True) if axis is SHARED]
        directions = self._directions(shared, direction)
        found = self._slope().grad(*args, *directions)[:count]
        return found[0] if count == 1 else found

    def hessp(self, shared: Any, direction: Any, *rows: Any) -> Any:
        """Compute the same for one shared argument: `scipy.optimize.minimize(hessp=f.hessp)`."""
        return self.hvp(merged(self.in_axes, (shared,), rows, repr(self)), direction)

    def gauss_newton(self, *args: Any) -> tuple[float, Any, Any]:
        """Take the results as residuals r with Jacobian J, and compute what least squares needs.

        Memory does not grow with rows: parts of them are added up.

        Returns:
            The sum of squares r·r; J^T r, built like the gradient; and J^T J, a table with a row
            for each number that is shared, in their order.
        """
        self._check_count(args)
        if any(map(is_on_dask, args)):
            given, total = total_on_dask(self, args, products)
        else:
            given = self._given(args)
            with waiting():
                total = products(self, given)
        return self._squares(given, total)

    def _squares(self, given: Given, total: Total) -> tuple[float, Any, Any]:
        """Take apart what `products` added up."""
        found, count = total.found(), len(given.numbers)
        table = found[1 + count :].reshape(count, count)
        return float(found[0]), self._built(given, found[1 : 1 + count]), table

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

    def _slope(self) -> OverRows:
        """Make the derivative in a direction, whose parts come last."""
        made = partial(slope, self.compiled.function, self.in_axes)
        names = [
            name for name, axis in zip(self.names, self.in_axes, strict=True) if axis is SHARED
        ]
        more: dict[str, int | None] = {f"the direction of {name}": SHARED for name in names}
        return self._derivative("slope", made, more, self.reduce)

    def _directions(self, shared: Sequence[Any], direction: Any) -> tuple[Any, ...]:
        """Give a direction as a tuple of its parts, one for each shared argument.

        Raises:
            CompileError: where it has more or fewer numbers than what rows share.
        """
        found = (direction,) if len(shared) == 1 else tuple(direction)
        lengths = [len(shared_given(x)[1]) for x in (found, shared)]
        if lengths[0] != lengths[1] or len(found) != len(shared):
            raise CompileError(
                f"a direction is built like what rows share, which has {lengths[1]} numbers; it "
                f"has {lengths[0]}"
            )
        return found

    def _derivative(
        self, name: str, function: Any, more: dict[str, int | None], reduce: str | None
    ) -> OverRows:
        """Make a function of one row, of this one, with more arguments: their names and axes."""
        if name not in self._derived:
            c = self.compiled
            options = {"executor": c.executor, "bound": c.bound, "threads": c.threads}
            derived = self._derived[name] = OverRows(
                function, in_axes=(*self.in_axes, *more.values()), reduce=reduce,
                check_finite=self.check_finite, math=c.math, **options,
            )  # fmt: skip
            derived.names = (*self.names, *more)
        return self._derived[name]

    def _weighted(
        self, args: tuple[Any, ...], weights: Any, *, backward: bool
    ) -> tuple[Any, Given, Any]:
        import numpy as np

        self._check_count(args)
        own = next(x for x, axis in zip(args, self.in_axes, strict=True) if axis == ROWS)
        if is_on_dask(own):
            weights = weights_on_dask(weights, own)
        else:
            given, weights = weights, as_rows(weights).astype(float)
            count = self._given(args).count
            if weights.shape != (count,):
                raise CompileError(
                    f"weights= has the shape {weights.shape}; there are {count} rows"
                )
            if type(given) is not np.ndarray:
                rows = [x for x, axis in zip(args, self.in_axes, strict=True) if axis == ROWS]
                count_rows([*rows, given])  # whose labels are looked at
        reduce = None if self.reduce is None else "sum"
        made = partial(weighted, self.compiled.function)
        derived = self._derivative("weighted", made, {"weights": ROWS}, reduce)
        value, given, gradients = derived._of((*args, weights), backward=backward)
        if self.reduce == "mean":
            whole = float(weights.sum())
            if whole == 0.0:
                raise CompileError("weights= adds up to 0, so there is no mean")
            with np.errstate(invalid="ignore"):
                value, gradients = float(np.float64(value) / whole), gradients / whole
        return value, given, gradients

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tiles": None, "_derived": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _tiles=WeakKeyDictionary())

    # ----- Arguments -----

    def _given(self, args: tuple[Any, ...]) -> Given:
        self._check_count(args)
        return Given(args, self.in_axes, self.names)

    def _check_count(self, args: Sequence[Any]) -> None:
        if len(args) != len(self.in_axes):
            raise CompileError(
                f"in_axes= is for {len(self.in_axes)} arguments; {self!r} was given {len(args)}"
            )

    def _built(self, given: Given, gradients: Any) -> Any:
        numbers: Any = Cursor(gradients, copies=False)  # which nobody else has
        found = [
            put_together(shape, numbers, as_array, static=False)
            for shape, is_shared in given.arguments
            if is_shared
        ]
        return found[0] if len(found) == 1 else tuple(found)

    def _of(self, args: tuple[Any, ...], *, backward: bool) -> tuple[Any, Given, Any]:
        """Compute for arguments of any kind."""
        if not any(map(is_on_dask, args)):
            return self._computed(self._given(args), backward=backward)
        if self.reduce is None:
            raise CompileError("rows of Dask arrays are added up: reduce= is 'sum' or 'mean'")
        given, total = total_on_dask(self, args, values_and_slopes if backward else values)
        return self._reduced(given, total)
