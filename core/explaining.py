"""Why a gradient is what it is: what `explain` gives, and how it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import GradientError
from .ranking import Between, Path
from .telling import told
from .value import Value


@dataclass(frozen=True)
class Explanation:
    """What `explain` found; `print` shows it as text.

    Attributes:
        gradient: d(output)/d(wrt).
        paths: those that contribute most, largest first.
        number_of_paths: how many there are; beyond 10**18 it stays there.
        text: the answer in words.
    """

    gradient: float
    paths: tuple[Path, ...]
    number_of_paths: int
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def explained(
    output: Value, wrt: Value, paths: int, digits: int, names: Mapping[str, Any] | None
) -> Explanation:
    """Do the work of `explain`."""
    for name, value in (("output", output), ("wrt", wrt)):
        if not isinstance(value, Value):
            raise TypeError(f"explain: {name} is a Value, not {type(value).__name__}")
    for name, number in (("paths", paths), ("digits", digits)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise GradientError(f"explain: {name} is a whole number above 0, not {number!r:.60}")
    between = Between(output, wrt, names)
    largest = between.largest(paths)
    number = between.counts[between.end] if between.links or between.start == between.end else 0
    return Explanation(
        between.gradient, largest, number, told(between, largest, number, min(digits, 17))
    )
