"""A stand-in for numbers that sees what a rule is made of.

A Value is too obliging for this: `math.cos(x)` and `if x > 0` work on it, by its data, and the
second derivative is then silently wrong. This one accepts operators and ops only.
"""

from __future__ import annotations

from typing import Any, NoReturn

from pluggrad import Op, PluggradError, Value, plugins
from pluggrad.insight.replacements import SAME


class NotTraceableError(PluggradError, TypeError):
    """A rule did something that only plain floats can do."""


class Traced:
    """A number whose value nobody may look at; `depends` names the arguments it comes from."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, depends: frozenset[str]) -> None:
        self._depends = depends

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Traced:
        return cls(depends_on(*operands))

    def __getattr__(self, name: str) -> Any:
        if name in plugins.ops:
            raise NotTraceableError(
                f"it uses the method .{name}(), which floats do not have; call the op: {name}(x)"
            )
        if hasattr(Value, name) and not name.startswith("__"):
            raise NotTraceableError(
                f"it uses .{name}, which cuts the result off from what it was computed from; "
                "use the operand itself"
            )
        raise AttributeError(f"a number in a rule has no {name!r}; use operators and ops")

    def __array_ufunc__(self, ufunc: Any, *_: Any, **__: Any) -> NoReturn:
        _refuse(f"calls NumPy's {ufunc.__name__}; {_instead_of(ufunc.__name__)}")

    def __float__(self) -> float:
        _refuse(
            "turns an operand into a float, as math.* functions do; use an op, such as cos(x) for "
            "math.cos(x)"
        )

    def __int__(self) -> int:
        _refuse("turns an operand into an int; use an op such as floor")

    def __bool__(self) -> bool:
        _refuse("branches on an operand (if, and, or, not); use where() or step()")


def depends_on(*numbers: object) -> frozenset[str]:
    """Collect the names of the arguments that `numbers` come from."""
    return frozenset().union(*(x._depends for x in numbers if isinstance(x, Traced)))


# What NumPy's functions are in plain arithmetic.
WRITTEN = {
    "add": "a + b", "divide": "a / b", "floor_divide": "a // b", "multiply": "a * b",
    "negative": "-a", "positive": "a", "power": "a ** b", "reciprocal": "1 / a",
    "remainder": "a % b", "square": "a * a", "subtract": "a - b", "degrees": "a * (180 / math.pi)",
    "rad2deg": "a * (180 / math.pi)", "radians": "a * (math.pi / 180)",
    "deg2rad": "a * (math.pi / 180)", "fabs": "abs(a)", "absolute": "abs(a)", "rint": "round(a)",
    "float_power": "a ** b", "matmul": "a * b",
}  # fmt: skip


def _instead_of(name: str) -> str:
    """Say what a rule does in place of a NumPy function."""
    if name in WRITTEN:
        return f"write {WRITTEN[name]}"
    op = SAME.get(name, name)
    if op in plugins.ops:
        return f"use the op {op}"
    return "no installed op is that function; write it with operators and ops, or make an op of it"


def _refuse(what: str) -> NoReturn:
    raise NotTraceableError(f"it {what}")


def _operator(self: Traced, *others: object) -> Traced:
    for other in others:
        if not isinstance(other, Traced | int | float):
            raise NotTraceableError(f"it computes with a {type(other).__name__}: {other!r:.40}")
    return Traced(depends_on(self, *others))


def _comparison(self: Traced, other: object) -> bool:
    _refuse("compares its operands (<, >, ==); use where() or step()")


for _name in """
    add radd sub rsub mul rmul truediv rtruediv pow rpow mod rmod floordiv rfloordiv
    neg pos abs floor ceil trunc round
""".split():
    setattr(Traced, f"__{_name}__", _operator)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Traced, f"__{_name}__", _comparison)
