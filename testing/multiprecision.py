"""The forward function of an op, evaluated in as many digits as wanted.

An op's forward is written for floats: `lambda x: math.log1p(math.exp(x))`. The same code computes
with any number of digits once the names in it mean mpmath's functions, so a Python function is
rebuilt here with the functions of `math` and `operator` and the ops that it calls exchanged, and
with it, in turn, the Python functions that it calls. What cannot be exchanged (compiled code, say)
has no such evaluation, and the kit then relies on finite differences of the floats.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any

from mpmath import MPContext
from pluggrad import Op

Forward = Callable[..., Any]

# A context of our own: its precision is nobody else's, and its numbers can be given the few
# methods of floats that mpmath's lack.
MP = MPContext()
MP.mpf.__floordiv__ = lambda a, b: MP.floor(a / b)
MP.mpf.__rfloordiv__ = lambda a, b: MP.floor(MP.mpf(b) / a)
MP.mpf.is_integer = lambda x: bool(MP.isint(x))

# What only takes floats (compiled code, tables) would round such a number without a word, and its
# differences would be 0. So while a forward runs, its numbers do not turn into floats.
_to_float = MP.mpf.__float__
_exact: ContextVar[bool] = ContextVar("_exact", default=False)


def _as_float(x: Any) -> float:
    if _exact.get():
        raise TypeError("a number with many digits does not become a float here")
    return float(_to_float(x))


MP.mpf.__float__ = _as_float


@contextmanager
def kept_exact() -> Iterator[None]:
    """Refuse inside to turn a number of many digits into a float."""
    token = _exact.set(True)
    try:
        yield
    finally:
        _exact.reset(token)


@lru_cache(maxsize=1 << 10)
def multiprecision(forward: Forward) -> Forward | None:
    """Give the function that computes `forward` on mpmath numbers; None if there is none."""
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
        if function in _COUNTERPARTS:
            return _COUNTERPARTS[function]
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
        namespace: dict[str, Any] = {"__builtins__": _BUILTINS}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        rebuilt = FunctionType(
            function.__code__, namespace, function.__name__, function.__defaults__, cells
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
        if thing is math:
            return SimpleNamespace(**_MATH)
        if thing is operator:
            return SimpleNamespace(**{**vars(operator), **_OPERATOR})
        if isinstance(thing, Op | FunctionType | BuiltinFunctionType) or hasattr(thing, "py_func"):
            return self.function(thing)
        return thing


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


# ----- Counterparts -----


def _copysign(x: Any, y: Any) -> Any:
    negative = y < 0 or (y == 0 and isinstance(y, float) and math.copysign(1.0, y) < 0)
    return -abs(x) if negative else abs(x)


def _truncated(x: Any) -> Any:
    return MP.floor(x) if x >= 0 else MP.ceil(x)


def _rounded(x: Any, digits: Any = 0) -> Any:
    power = MP.mpf(10) ** int(digits or 0)
    return MP.nint(x * power) / power


def _cbrt(x: Any) -> Any:
    return MP.cbrt(x) if x >= 0 else -MP.cbrt(-x)


def _isclose(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> bool:
    return bool(abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol))


def _lgamma(x: Any) -> Any:
    return MP.re(MP.loggamma(x))


_SAME = """
    acos acosh asin asinh atan atan2 atanh cos cosh degrees erf erfc exp expm1 fabs gamma hypot
    isfinite isinf isnan log log10 log1p radians sin sinh sqrt tan tanh
""".split()

_MATH: dict[str, Any] = {
    **{name: getattr(MP, name) for name in _SAME},
    **{name: getattr(math, name) for name in ("e", "inf", "nan", "pi", "tau")},
    "cbrt": _cbrt,
    "ceil": MP.ceil,
    "comb": MP.binomial,
    "copysign": _copysign,
    "dist": lambda p, q: MP.sqrt(sum((a - b) ** 2 for a, b in zip(p, q, strict=True))),
    "exp2": lambda x: MP.mpf(2) ** x,
    "factorial": MP.factorial,
    "floor": MP.floor,
    "fmod": lambda x, y: x - y * _truncated(MP.mpf(x) / y),
    "fsum": MP.fsum,
    "isclose": _isclose,
    "ldexp": lambda x, n: x * MP.mpf(2) ** n,
    "lgamma": _lgamma,
    "log2": lambda x: MP.log(x, 2),
    "modf": lambda x: (x - _truncated(x), _truncated(x)),
    "pow": lambda x, y: MP.mpf(x) ** y,
    "prod": MP.fprod,
    "remainder": lambda x, y: x - y * MP.nint(MP.mpf(x) / y),
    "trunc": _truncated,
}

_OPERATOR: dict[str, Any] = {
    "floordiv": lambda a, b: MP.floor(MP.mpf(a) / b),
    "mod": lambda a, b: a - b * MP.floor(MP.mpf(a) / b),
}

_BUILTINS: dict[str, Any] = {
    **vars(builtins),
    "float": lambda x=0: MP.mpf(x),
    "pow": _MATH["pow"],
    "round": _rounded,
}

_KEPT = "abs add and_ eq ge gt le lt mul ne neg not_ or_ pos pow sub truediv".split()

_COUNTERPARTS: dict[Any, Forward] = {
    **{getattr(operator, name): getattr(operator, name) for name in _KEPT},
    **{getattr(operator, name): counterpart for name, counterpart in _OPERATOR.items()},
    **{
        getattr(math, name): counterpart
        for name, counterpart in _MATH.items()
        if callable(counterpart) and hasattr(math, name)
    },
    **{function: function for function in (abs, max, min, sum)},
    round: _rounded,
}
