"""What `x.data` and gradients are while they are recorded: floats, as far as anybody asks.

They are Values, whose numbers are computed again in each call, of a class of their own. The engine,
which tells the Values of a recording by their class, sees the one that the others have.
"""

from __future__ import annotations

from typing import Any

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
