"""The forward function of an op, evaluated in as many digits as wanted.

An op's forward is written for floats: `lambda x: math.log1p(math.exp(x))`. The same code computes
with any number of digits once the names in it mean mpmath's functions, so a Python function is
rebuilt here with the functions that it calls exchanged (see counterparts.py), and with it, in turn,
the Python functions that it calls. What cannot be exchanged (compiled code, say) has no such
evaluation, and the kit then relies on finite differences of the floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType
from typing import Any

from mpmath.libmp import from_float
from pluggrad import Op

from .counterparts import BUILTINS, counterpart

Forward = Callable[..., Any]


@lru_cache(maxsize=1 << 10)
def multiprecision(forward: Forward) -> Forward | None:
    """Return the function that computes `forward` on mpmath numbers; None if there is none."""
    try:
        return _Exchange().function(forward)
    except _NoCounterpartError:
        return None


class _NoCounterpartError(Exception):
    pass


class _Exchange:
    """Exchanges functions for their counterparts, each once, so that recursion ends."""

    def __init__(self) -> None:
        self.done: dict[int, Any] = {}

    def function(self, function: Any) -> Forward:
        function = getattr(function, "py_func", function)  # what numba compiled, as it was written
        if isinstance(function, Op):
            return self._op(function)
        known: Forward | None = counterpart(function)
        if known is not None:
            return known
        if isinstance(function, partial):
            return partial(self.function(function.func), *function.args, **function.keywords)
        if isinstance(function, FunctionType):
            return self._rebuilt(function)
        raise _NoCounterpartError(repr(function))

    def _op(self, op: Op) -> Forward:
        forward = self.function(op.forward)
        return lambda *operands: forward(*op.complete(operands))

    def _rebuilt(self, function: FunctionType) -> Forward:
        known: Forward | None = self.done.get(id(function))
        if known is not None:
            return known
        namespace: dict[str, Any] = {"__builtins__": BUILTINS}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        rebuilt = FunctionType(
            _written(function.__code__), namespace, function.__name__, function.__defaults__, cells
        )
        rebuilt.__kwdefaults__ = function.__kwdefaults__
        self.done[id(function)] = rebuilt
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = self._thing(old.cell_contents)
        for name in set(_names(function.__code__)):
            if name in function.__globals__:
                namespace[name] = self._thing(function.__globals__[name])
        return rebuilt

    def _thing(self, thing: Any) -> Any:
        known = counterpart(thing)
        if known is not None:
            return known
        if isinstance(thing, _FUNCTIONS) or hasattr(thing, "py_func"):
            return self.function(thing)
        return _written(thing)


class _Written(float):
    """A float that a function is written with; mpmath takes what it has as `_mpf_` as it is."""

    __slots__ = ("_mpf_",)
    _mpf_: Any


def _written(thing: Any) -> Any:
    """Return a thing with the floats in it converted for mpmath, once and not at each use."""
    if thing.__class__ is tuple:
        return tuple([_written(part) for part in thing])
    if thing.__class__ is CodeType:
        return thing.replace(co_consts=_written(thing.co_consts))
    if thing.__class__ is not float:
        return thing
    number = _Written(thing)
    number._mpf_ = from_float(thing)
    return number


_FUNCTIONS = (Op, FunctionType, BuiltinFunctionType, partial)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
