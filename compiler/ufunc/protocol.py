"""A compiled function as a ufunc, for arguments that have a protocol for ufuncs.

NumPy's ufuncs ask their arguments first: whoever has its own `__array_ufunc__` computes the result,
so Dask stays lazy, pandas aligns, xarray broadcasts by name and units refuse. A compiled function
does the same. It hands over an object that looks like a ufunc of as many inputs as there are
numbers in the arguments; when the guest calls that with plain arrays, they are put back into them.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from ..capture.arguments import put_together, taken_apart
from ..capture.guests import in_turn, is_masked, named
from .elements import check_dtype, flat, same, where_chosen, written
from .handing import Handing

if TYPE_CHECKING:
    from ..function import Compiled

KEPT = 32  # how many functions that came by pickle stay compiled


class Log:
    """How often a ufunc was called, and what it has computed while guests are asked."""

    def __init__(self) -> None:
        self.calls = 0
        self.kept: list[tuple[Sequence[Any], list[Any]]] | None = None


class Ufunc:
    """What guests are handed: a compiled function for arguments of one shape, as a ufunc.

    Parameters:
        compiled: the compiled function.
        mode: `__call__`, or the name of its method.
        shape: the shape of positional and keyword arguments, a pair.
        count: how many numbers they have.
        choosing: whether one more input, the last, says which elements are computed.

    Attributes:
        log: what has happened to it, and to what is made from it.
    """

    signature: str | None = None
    identity = None
    ntypes = 1

    def __init__(
        self, compiled: Compiled, mode: str, shape: Any, count: int, *, choosing: bool
    ) -> None:
        self.compiled = compiled
        self.mode = mode
        self.shape = shape
        self.choosing = choosing
        self.nin = count + choosing
        self.result, kinds = self._probed(count)
        self._give(kinds)
        # Some guests go by the name, so it is one that no function of NumPy has.
        self.__name__ = self.__qualname__ = f"pluggrad.{getattr(compiled, '__name__', 'compiled')}"
        self.log = Log()
        self._output: int | None = None
        self._bytes: bytes | None = None
        self._copied: Ufunc | None = None

    def __repr__(self) -> str:
        return f"<ufunc {self.__name__}>"

    def __copy__(self) -> Ufunc:
        other = Ufunc.__new__(Ufunc)
        other.__dict__.update(self.__dict__, _bytes=None)
        return other

    def generalised(self) -> Ufunc:
        """Return the same, with the signature of NumPy's generalised ufuncs."""
        other = self.__copy__()
        other.signature = ",".join(["()"] * self.nin) + "->" + ",".join(["()"] * self.nout)
        return other

    def elementwise(self) -> Ufunc:
        """Return the same without such a signature."""
        if self.signature is None:
            return self
        other = self.__copy__()
        other.signature = None
        return other

    def single(self, output: int) -> Ufunc:
        """Return a ufunc of one output."""
        other = self.__copy__()
        other._output = output
        other._give(self.kinds[output : output + 1])
        return other

    def __call__(self, *inputs: Any, out: Any = None, dtype: Any = None) -> Any:
        """Compute the outputs: one, or a tuple of them."""
        self.log.calls += 1
        if dtype is not None:
            check_dtype(dtype)
        results = self.results(inputs, out)
        return results[0] if self.nout == 1 else tuple(results)

    def results(self, inputs: Sequence[Any], out: Any = None, where: Any = True) -> list[Any]:
        """Compute the outputs, or have them computed by a guest.

        Parameters:
            inputs: all of them, and which elements are computed as the last, where that is chosen.
            out: arrays to write into.
            where: which elements are written.
        """
        if self._copied is not None:
            return self._copied.results(inputs, out, where)
        outs = self._outs(out)
        guests = in_turn([*inputs, *outs])
        if guests:
            if outs and where is not True:
                raise CompileError(
                    f"out= and where= together are for plain arrays, and not for {named(guests[0])}"
                )
            return Handing(self, guests, inputs, outs).results()
        found = list(self._remembered(inputs))
        if self._output is not None:
            found = [found[self._output]]
        return written(found, outs, where)

    def _give(self, kinds: list[str]) -> None:
        self.kinds = kinds
        self.nout = len(kinds)
        self.nargs = self.nin + self.nout
        numbers = "d" * (self.nin - self.choosing)
        self.types = [numbers + "?" * self.choosing + "->" + "".join(kinds)]

    # ----- Plain arrays -----

    def _probed(self, count: int) -> tuple[Any, list[str]]:
        """Find the shape of the result and the kinds of its numbers, from no numbers at all."""
        import numpy as np

        found: list[Any] = []
        result = taken_apart(self._called([np.empty(0)] * count), found, elements=False)
        return result, ["?" if np.asarray(x).dtype.kind == "b" else "d" for x in found]

    def _called(self, numbers: Sequence[Any]) -> Any:
        args, kwargs = put_together(self.shape, iter(numbers), None)
        return getattr(self.compiled, self.mode)(*args, **kwargs)

    def _remembered(self, inputs: Sequence[Any]) -> list[Any]:
        kept = self.log.kept
        if kept is None:
            return self._computed(inputs)
        for known, results in kept:
            if all(map(same, known, inputs)):
                return results
        results = self._computed(inputs)
        kept.append((inputs, results))
        return results

    def _computed(self, inputs: Sequence[Any]) -> list[Any]:
        numbers = inputs[: self.nin - self.choosing]
        hidden = [x for x in inputs if is_masked(x)]
        if not hidden and not self.choosing:
            return self._flat(numbers)
        return where_chosen(self._flat, numbers, inputs[-1] if self.choosing else True, hidden)

    def _flat(self, numbers: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        taken_apart(self._called(numbers), found, elements=False, answers=True)
        return found

    def _outs(self, out: Any) -> list[Any]:
        if out is None:
            return []
        outs = flat(out)
        if len(outs) != self.nout:
            raise CompileError(
                f"out= has {len(outs)} arrays; {self.compiled!r} has {self.nout} outputs here"
            )
        return [] if all(x is None for x in outs) else outs

    # ----- Pickles -----

    def __reduce__(self) -> tuple[object, ...]:
        return _arrived, (self._packed(),)

    def __dask_tokenize__(self) -> Any:
        """Name what is computed: the function, and the Values from outside as they are now."""
        try:
            packed = self._packed()
        except Exception:  # it cannot be sent to another process, and need not be
            return os.urandom(16).hex()
        if any(recording.read for recording in self.compiled.recordings):
            self._copied = _arrived(packed)
        return packed

    def _packed(self) -> bytes:
        if self._bytes is None:
            parts = self.mode, self.shape, self.nin - self.choosing, self.choosing
            self._bytes = _dumps(self.compiled, parts, self.signature is not None, self._output)
        return self._bytes


def _dumps(compiled: Compiled, *more: Any) -> bytes:
    """Pickle by value where it can be done, so that a function of `__main__` or a notebook goes."""
    try:
        import cloudpickle  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        return pickle.dumps((compiled, *more))
    found: bytes = cloudpickle.dumps((_ByValue(compiled), *more))
    return found


class _ByValue:
    """Pickles as the parts of a compiled function, not as its name."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled

    def __reduce__(self) -> tuple[object, ...]:
        return self.compiled.by_value()


@lru_cache(KEPT)
def _arrived(packed: bytes) -> Ufunc:
    """Unpickle, once in each process, so that what is compiled stays compiled."""
    compiled, (mode, shape, count, choosing), generalised, output = pickle.loads(packed)
    ufunc = Ufunc(compiled, mode, shape, count, choosing=choosing)
    if generalised:
        ufunc = ufunc.generalised()
    if output is not None:
        ufunc = ufunc.single(output)
    ufunc._bytes = packed
    return ufunc
