"""explain: why a gradient is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pluggrad.errors import GradientError, quoted
from pluggrad.index import value_hints
from pluggrad.value import Value

from .explanation_text import told
from .paths import Between, Path


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


def explain(
    output: Value,
    wrt: Value,
    *,
    paths: int = 3,
    digits: int = 4,
    names: Mapping[str, Any] | None = None,
) -> Explanation:
    """Explain why d(output)/d(wrt) is what it is, shortest answer first.

    The gradient is a sum over all paths from `wrt` to `output`, and each path contributes the
    product of the local derivatives along it. The answer shows the paths that contribute most;
    where the gradient is zero, what blocks it; where it is nan or infinite, where that began. The
    time is linear in the size of the graph, however many paths there are. No `.grad` is touched,
    and hooks of `on_gradient` do not run.

    Parameters:
        output: what was computed.
        wrt: the Value to differentiate with respect to, leaf or result.
        paths: the largest number of paths to show.
        digits: significant digits of numbers.
        names: labels for Values without one, from a dict such as `locals()`.

    Returns:
        An `Explanation`, which prints as text and holds the numbers: `gradient`, `paths` with their
        contributions, and `number_of_paths`.

    Raises:
        TypeError: when `output` or `wrt` is not a Value.
        GradientError: when `paths` or `digits` is not a whole number above 0.
        RuleError: when a derivative rule fails.

    >>> from pluggrad import Value, explain
    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (x * w).tanh() + x
    >>> y.label = "y"
    >>> explain(y, x)
    d(y)/d(x) = 0.9999: if x grows a little, y grows 0.9999 times as much.
    <BLANKLINE>
    2 paths lead from x to y, and their contributions add up:
    <BLANKLINE>
    1. contributes 1 (100 %)
         x = 2
         × 1            y = n3 + x = -1 + 2 = 1
    <BLANKLINE>
    2. contributes -7.373e-05 (-0.007 %)
         x = 2
         × -3           n2 = x * w = 2 * -3 = -6
         × 2.458e-05    n3 = tanh(n2) = tanh(-6) = -1
         × 1            y = n3 + x = -1 + 2 = 1
    """
    for name, value in (("output", output), ("wrt", wrt)):
        if not isinstance(value, Value):
            hint = value_hints.moving_hint(value, "explain what is computed outside of it")
            raise TypeError(f"explain: {name} is a Value, not {type(value).__name__}{hint}")
    for name, number in (("paths", paths), ("digits", digits)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise GradientError(f"explain: {name} is a whole number above 0, not {quoted(number)}")
    between = Between(output, wrt, names)
    largest = between.largest(paths)
    number = between.counts[between.end] if between.links or between.start == between.end else 0
    return Explanation(
        between.gradient, largest, number, told(between, largest, number, min(digits, 17))
    )
