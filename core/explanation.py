"""explain(): the public door to the chain rule in words; what does the work is imported on use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .value import Value

if TYPE_CHECKING:
    from .explaining import Explanation


def explain(
    output: Value,
    wrt: Value,
    *,
    paths: int = 3,
    digits: int = 4,
    names: Mapping[str, Any] | None = None,
) -> Explanation:
    """Tell why d(output)/d(wrt) is what it is, shortest answer first.

    The gradient is a sum over all paths from `wrt` to `output`, and each path contributes the
    product of the local derivatives along it. Told are the paths that contribute most; where the
    gradient is zero, what blocks it; where it is nan or infinite, where that began. The time taken
    is linear in the size of the graph, however many paths there are. No `.grad` is touched, and
    hooks of `on_gradient` do not run.

    Parameters:
        output: what was computed.
        wrt: with respect to what; any Value, leaf or result.
        paths: how many paths to tell at most.
        digits: significant digits of numbers.
        names: names for Values without a label, from a dict such as `locals()`.

    Returns:
        An `Explanation`, which prints as text and has the numbers: `gradient`, `paths` with their
        contributions, and `number_of_paths`.

    Raises:
        TypeError: when `output` or `wrt` is no Value.
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
    from .explaining import explained

    return explained(output, wrt, paths, digits, names)
