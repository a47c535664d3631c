"""What `x.data` and gradients are while they are recorded: floats, as far as anybody asks.

They are Values, whose numbers are computed again in each call, of a class of their own. The engine,
which tells the Values of a recording by their class, sees the one that the others have.
"""

from __future__ import annotations

import operator
import sys
from typing import Any, ClassVar

from pluggrad import Op, Value
from pluggrad.value import operand

from . import float_errors
from .classes import Recording
from .float_errors import divided, raised
from .slots import by_engine


class Plain:
    """What makes a recorded Value look like a float; a look at its number is guarded.

    Attributes:
        of: the class of the other Values of the recording.
        is_numpy: whether it is one of NumPy's floats, which raise no errors.
        numpy: the class of those.
    """

    __slots__ = ()
    of: ClassVar[Any]
    is_numpy: ClassVar[bool] = False
    numpy: ClassVar[Any]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class of the other Values for the engine, float for everybody else."""
        kind: type = self.of
        return kind if by_engine() else self._likeness()

    def _likeness(self) -> Any:
        return sys.modules["numpy"].float64 if self.is_numpy else float

    @classmethod
    def _spread(cls, out: Any) -> Any:
        return cls.of._spread(out)

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Any:
        """Compute an op: of floats it is a float."""
        for x in operands:
            kind = type(x)
            if not is_float(x) and hasattr(kind, "__pluggrad_op__"):  # it moves
                return kind.__pluggrad_op__(op, operands)
        out = op.record(tuple([operand(x, op) for x in operands]))
        are_floats = all(is_float(x) or not isinstance(x, Value) for x in operands)
        return _as_plain(out, is_numpy=False) if are_floats else out

    @property
    def detach(self) -> Any:
        """Not there, as floats have none; the engine gets what gives the number itself."""
        if by_engine():
            return lambda: self
        raise AttributeError("'float' object has no attribute 'detach'")

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
        return Value.__eq__(self, other) if by_engine() else self._equals(other)  # type: ignore[operator]

    def __ne__(self, other: object) -> Any:
        if by_engine():
            return self is not other
        answer = self._equals(other)
        return answer if answer is NotImplemented else answer ^ True

    def _equals(self, other: object) -> Any:
        if isinstance(other, Value) and not is_float(other):
            return Value.__eq__(self, other)  # type: ignore[operator]
        if isinstance(other, complex) and not other.imag:
            other = other.real
        if not hasattr(type(other), "__float__") or getattr(other, "shape", None):
            return NotImplemented  # an array compares its elements
        return self._told(self <= other and self >= other, other)  # type: ignore[operator]

    def _told(self, answer: Any, other: Any) -> Any:
        """Return an answer about two numbers: that of NumPy is its own True or False."""
        is_value = isinstance(other, Value) and not is_float(other)
        is_numpy = not is_value and (self.is_numpy or _is_numpy(other))
        return sys.modules["numpy"].bool_(answer) if is_numpy else bool(answer)

    def __hash__(self) -> int:
        return id(self) >> 4 if by_engine() else hash(float(self))  # type: ignore[arg-type]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return float, (float(self),)  # type: ignore[arg-type]

    def __round__(self, digits: int | None = None) -> Any:
        rounded = _method(self, "__round__")
        if digits is None:
            return int(rounded())
        out = float_errors.rounded(self, digits, rounded(digits))
        return _as_plain(out, is_numpy=self.is_numpy)

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
        return repr(self._likeness()(float(self)))  # type: ignore[arg-type]

    def __str__(self) -> str:
        return str(float(self))  # type: ignore[arg-type]

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)  # type: ignore[arg-type]


def _method(x: Any, name: str) -> Any:
    """Return what the other Values of the recording have for a method."""
    return getattr(super(Plain, x), name)


def _of_one(name: str) -> Any:
    """Make an operator of one float."""

    def operate(self: Any) -> Any:
        return _as_plain(_method(self, name)(), is_numpy=self.is_numpy)

    operate.__name__ = name
    return operate


def _comparison(name: str) -> Any:
    def compare(self: Any, other: Any) -> Any:
        answer = _method(self, name)(other)
        return answer if answer is NotImplemented else self._told(answer, other)

    compare.__name__ = name
    return compare


def _of_two(apply: Any, check: Any, *, reflected: bool) -> Any:
    """Make an operator of floats: with numbers and with one another they give floats.

    Parameters:
        apply: the same for any numbers.
        check: raises what Python's floats raise, see float_errors.py; NumPy's raise nothing.
        reflected: whether the recorded number stands on the right.
    """
    name = f"__{'r' if reflected else ''}{apply.__name__}__"

    def operate(self: Any, other: Any, *more: Any) -> Any:
        if isinstance(other, complex):
            number = float(self)
            return apply(other, number) if reflected else apply(number, other)
        out = _method(self, name)(other, *more)
        if out is NotImplemented or (isinstance(other, Value) and not is_float(other)):
            return out
        is_numpy = self.is_numpy or _is_numpy(other)
        if check is not None and not is_numpy:
            left, right = (other, self) if reflected else (self, other)
            out = check(apply, left, right, out)
        if isinstance(out, tuple):
            return tuple([_as_plain(x, is_numpy=is_numpy) for x in out])
        return _as_plain(out, is_numpy=is_numpy)

    operate.__name__ = name
    return operate


def _is_numpy(x: Any) -> bool:
    return x.is_numpy if is_float(x) else type(x).__module__ == "numpy"


def _as_plain(x: Any, *, is_numpy: bool) -> Any:
    is_recorded = isinstance(x, Value) and hasattr(type(x), "plain")
    return plain(x, is_numpy=is_numpy) if is_recorded and not is_float(x) else x


for _name in ("neg", "pos", "abs"):
    setattr(Plain, f"__{_name}__", _of_one(f"__{_name}__"))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Plain, f"__{_name}__", _comparison(f"__{_name}__"))
for _apply, _check in (
    (operator.add, None), (operator.sub, None), (operator.mul, None), (operator.truediv, divided),
    (operator.floordiv, divided), (operator.mod, divided), (divmod, divided), (pow, raised),
):  # fmt: skip
    for _made in (
        _of_two(_apply, _check, reflected=False),
        _of_two(_apply, _check, reflected=True),
    ):
        setattr(Plain, _made.__name__, _made)


def _hidden(name: str) -> property:
    """Make a member that floats do not have, for the engine alone."""

    def member(self: Any) -> Any:
        if by_engine():
            return _method(self, name)
        raise AttributeError(f"'float' object has no attribute {name!r}")

    return property(member)


for _name in ("data", "grad", "backward"):
    setattr(Plain, _name, _hidden(_name))


def is_float(x: Any) -> bool:
    """Return whether a recorded Value is a float to whoever asks."""
    return issubclass(type(x), Plain)


class LikeFloat(Recording):
    """Their class, which is equal to `float`, but for the engine.

    Abstract classes, such as `numbers.Real`, remember what classes they were asked for. They would
    say of floats what they said of these to the engine.
    """

    def __eq__(self, other: object) -> bool:
        if self is other or other is not float:
            return self is other
        return sys._getframe(1).f_globals.get("__name__") != "abc" and not by_engine()

    def __hash__(self) -> int:
        return hash(float)


def plain_class(kind: Any) -> Any:
    """Make the class of those Values of one recording that are floats to whoever asks."""
    return LikeFloat("float", (Plain, kind), {"__slots__": (), "of": kind, "numpy": None})


def plain(x: Any, *, is_numpy: bool = False) -> Any:
    """Let a recorded number be a float to whoever asks, of NumPy or of Python."""
    kind = x.__class__.plain
    x.__class__ = _numpy_class(kind) if is_numpy else kind
    return x


def _numpy_class(kind: Any) -> Any:
    """Return the class of those that are floats of NumPy, which few recordings have."""
    if kind.numpy is None:
        kind.numpy = LikeFloat("float64", (kind,), {"__slots__": (), "is_numpy": True})
    return kind.numpy
