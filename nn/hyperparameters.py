"""Hyperparameters of optimizers: numbers in their range, checked whenever they are set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from numbers import Real
from operator import index
from typing import Any, ClassVar

from pluggrad.errors import quoted

Range = Callable[[float], bool]


def count_of(whose: str, value: Any, least: int = 1) -> int:
    """Return a whole number that is large enough.

    Parameters:
        whose: what messages call it, such as `count= of Embedding`.
        value: what was given.
        least: what it is at least.

    Raises:
        TypeError: for what is no whole number.
        ValueError: for one that is too small.
    """
    try:
        count = index(value)
    except TypeError:
        raise TypeError(f"{whose} is a whole number, not {quoted(value)}") from None
    if count < least:
        raise ValueError(f"{whose} is {least} or more, not {quoted(count)}")
    return count


def check_counts(whose: str, **counts: Any) -> None:
    """Check that all of these are whole numbers, 1 or more."""
    for name, count in counts.items():
        count_of(f"{name}= of {whose}", count)


def check_numbers(whose: str, kind: Number, **numbers: Any) -> None:
    """Check that all of these are numbers of a kind."""
    for name, number in numbers.items():
        kind.checked(f"{name}= of {whose}", number)


class Number:
    """A finite number in a range.

    Parameters:
        wanted: the range in words.
        holds: the range.
        schedule: whether it may be a function of the step number too.
    """

    def __init__(self, wanted: str, holds: Range, *, schedule: bool = False) -> None:
        self.wanted, self.holds, self.schedule = wanted, holds, schedule

    def checked(self, whose: str, value: Any) -> Any:
        """Return the number as a float.

        Parameters:
            whose: what messages call it, such as `SGD: momentum`.
            value: what was given.

        Raises:
            TypeError: for what is no number.
            ValueError: for a number that is not finite, or out of the range.
        """
        if self.schedule and callable(value):
            return value
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{whose} is a number, not {quoted(value)}")
        try:
            number = float(value)
        except OverflowError:
            raise ValueError(f"{whose} is a number, {self.wanted}, that a float can hold") from None
        if not isfinite(number) or not self.holds(number):
            raise ValueError(f"{whose} is a number, {self.wanted}, not {quoted(value)}")
        return number


class Pair(Number):
    """Two such numbers."""

    def checked(self, whose: str, value: Any) -> tuple[float, float]:
        """Return the two numbers."""
        both = tuple(value) if isinstance(value, Iterable) else ()
        if len(both) != 2:
            raise TypeError(f"{whose} is a pair of numbers, not {quoted(value)}")
        return super().checked(f"{whose}[0]", both[0]), super().checked(f"{whose}[1]", both[1])


class Flag(Number):
    """True or False."""

    def __init__(self) -> None:
        super().__init__("True or False", lambda x: True)

    def checked(self, whose: str, value: Any) -> bool:
        """Return it; `"no"` would count as True."""
        if not isinstance(value, bool):
            raise TypeError(f"{whose} is {self.wanted}, not {quoted(value)}")
        return value


class Checked:
    """Has attributes that are checked whenever they are set; reading them costs nothing more.

    Attributes:
        hyperparameters: the check of each attribute that has one.
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self.hyperparameters.get(name)
        if check is not None:
            value = check.checked(f"{type(self).__name__}: {name}", value)
        super().__setattr__(name, value)


ANY = Number("finite", lambda x: True)
RATE = Number("0 or more", lambda x: x >= 0)
RATE_OR_SCHEDULE = Number("0 or more", lambda x: x >= 0, schedule=True)
NOT_NEGATIVE = Number("0 or more", lambda x: x >= 0)
POSITIVE = Number("above 0", lambda x: x > 0)
KEPT = Number("at least 0 and below 1", lambda x: 0 <= x < 1)
TWO_KEPT = Pair("at least 0 and below 1", lambda x: 0 <= x < 1)
FLAG = Flag()
