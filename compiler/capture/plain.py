"""What `x.data` and gradients are while they are recorded: floats, as far as anybody asks.

They are Values, whose numbers are computed again in each call, of a class of their own. The engine,
which tells the Values of a recording by their class, sees the one that the others have.
"""

from __future__ import annotations

from typing import Any

from pluggrad import Value

from .classes import Recording
from .slots import by_engine


class Plain:
    """What makes a recorded Value look like a float; a look at its number is guarded."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class of the other Values for the engine, float for everybody else."""
        kind: Any = type(self).__base__
        return kind if by_engine() else float

    @classmethod
    def _spread(cls, out: Any) -> Any:
        kind: Any = cls.__base__
        return kind._spread(out)

    @property
    def real(self) -> Any:
        """The number itself."""
        return self

    @property
    def imag(self) -> float:
        """Zero."""
        return 0.0

    # Floats that are one number are equal; whether two are is guarded from both sides.

    def __eq__(self, other: object) -> Any:
        if by_engine() or (isinstance(other, Value) and not is_float(other)):
            return Value.__eq__(self, other)  # type: ignore[operator]
        if isinstance(other, complex) and not other.imag:
            other = other.real
        if not hasattr(type(other), "__float__") or getattr(other, "shape", None):
            return NotImplemented  # an array compares its elements
        return bool(self <= other and self >= other)  # type: ignore[operator]

    def __hash__(self) -> int:
        return id(self) >> 4 if by_engine() else hash(float(self))  # type: ignore[arg-type]

    def __round__(self, digits: int | None = None) -> Any:
        rounded = _method(self, "__round__")
        return int(rounded()) if digits is None else plain(rounded(digits))

    def __trunc__(self) -> int:
        return int(self)

    def __floor__(self) -> int:
        return int(_method(self, "__floor__")())

    def __ceil__(self) -> int:
        return int(_method(self, "__ceil__")())

    def is_integer(self) -> bool:
        """Return whether the number is whole."""
        return float(self).is_integer()  # type: ignore[arg-type]

    def hex(self) -> str:
        """Return the number in hexadecimal."""
        return float(self).hex()  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return repr(float(self))  # type: ignore[arg-type]

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)  # type: ignore[arg-type]


def _method(x: Any, name: str) -> Any:
    """Return what the other Values of the recording have for a method."""
    return getattr(super(Plain, x), name)


def _operator(name: str) -> Any:
    """Make an operator of floats: with numbers and with one another they give floats."""

    def operate(self: Any, *others: Any) -> Any:
        found = _method(self, name)(*others)
        are_floats = all(is_float(x) or not isinstance(x, Value) for x in others)
        if not are_floats:
            return found
        return tuple(map(_as_plain, found)) if isinstance(found, tuple) else _as_plain(found)

    operate.__name__ = name
    return operate


def _as_plain(x: Any) -> Any:
    is_recorded = isinstance(x, Value) and hasattr(type(x), "plain")
    return plain(x) if is_recorded and not is_float(x) else x


for _name in ("neg", "pos", "abs"):
    setattr(Plain, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "divmod"):
    for _side in ("", "r"):
        setattr(Plain, f"__{_side}{_name}__", _operator(f"__{_side}{_name}__"))


def is_float(x: Any) -> bool:
    """Return whether a recorded Value is a float to whoever asks."""
    return issubclass(type(x), Plain)


class LikeFloat(Recording):
    """Their class, which is equal to `float`, but for the engine."""

    def __eq__(self, other: object) -> bool:
        return self is other or (other is float and not by_engine())

    def __hash__(self) -> int:
        return hash(float)


def plain_class(kind: Any) -> Any:
    """Make the class of those Values of one recording that are floats to whoever asks."""
    return LikeFloat("float", (Plain, kind), {"__slots__": ()})


def plain(x: Any) -> Any:
    """Let a recorded number be a float to whoever asks."""
    x.__class__ = x.__class__.plain
    return x
