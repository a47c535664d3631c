"""Hyperparameters of optimizers: numbers in their range, checked whenever they are set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from numbers import Real
from typing import Any

Range = Callable[[float], bool]


class Number:
    """An attribute that is a finite number in a range.

    It has no `__get__`, so that reading it costs no more than reading any other attribute.

    Parameters:
        wanted: the range in words.
        holds: the range.
        schedule: whether it may be a function of the step number too.
    """

    def __init__(self, wanted: str, holds: Range, *, schedule: bool = False) -> None:
        self.wanted, self.holds, self.schedule = wanted, holds, schedule

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    def __set__(self, owner: Any, value: Any) -> None:
        if not (self.schedule and callable(value)):
            value = self.checked(owner, value)
        owner.__dict__[self.name] = value

    def checked(self, owner: Any, value: Any) -> Any:
        """Give the number.

        Raises:
            TypeError: for what is no number.
            ValueError: for a number out of the range.
        """
        return checked_number(owner, self.name, value, self.wanted, self.holds)


class Pair(Number):
    """An attribute that is two such numbers."""

    def checked(self, owner: Any, value: Any) -> tuple[float, float]:
        """Give the two numbers."""
        both = tuple(value) if isinstance(value, Iterable) else ()
        if len(both) != 2:
            raise TypeError(
                f"{type(owner).__name__}: {self.name} is a pair of numbers, not {value!r:.60}"
            )
        names = [f"{self.name}[{i}]" for i in range(2)]
        first, second = (
            checked_number(owner, name, x, self.wanted, self.holds)
            for name, x in zip(names, both, strict=True)
        )
        return first, second


def checked_number(owner: Any, name: str, value: Any, wanted: str, holds: Range) -> float:
    """Give a hyperparameter as a float.

    Raises:
        TypeError: for what is no number.
        ValueError: for a number that is not finite, or out of the range.
    """
    whose = f"{type(owner).__name__}: {name}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{whose} is a number, not {value!r:.60}")
    number = float(value)
    if not isfinite(number) or not holds(number):
        raise ValueError(f"{whose} is a number, {wanted}, not {value!r:.60}")
    return number


NOT_NEGATIVE: tuple[str, Range] = ("0 or more", lambda x: x >= 0)
POSITIVE: tuple[str, Range] = ("above 0", lambda x: x > 0)
KEPT: tuple[str, Range] = ("at least 0 and below 1", lambda x: 0 <= x < 1)
