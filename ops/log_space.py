"""Sums of exponentials and odds on a logarithmic scale, for numbers and for lists of any length."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar

from pluggrad import Op, Value, hookimpl
from pluggrad.errors import quoted

from .activation import sigmoid
from .arithmetic import MOST, abs, floor
from .exponential import exp, log
from .piecewise import compare, maximum, minimum, step, where

inf, nan = math.inf, math.nan
Number = TypeVar("Number", bound=Value | float)
LN2 = math.log(2.0)

# ----- Forward functions -----


def _logaddexp(a: float, b: float) -> float:
    if a == b:
        return a + LN2  # two equal infinities have no difference
    return a + math.log1p(math.exp(b - a)) if a > b else b + math.log1p(math.exp(a - b))


def _logit(x: float) -> float:
    if 0.25 < x < 0.75:
        return 2.0 * math.atanh(2.0 * x - 1.0)  # nothing is rounded on the way into it
    if 0.0 < x < 1.0:
        return math.log(x / (1.0 - x))
    return -inf if x == 0.0 else inf if x == 1.0 else nan


# ----- In rules -----


def _apart(a: Any, b: Any) -> Any:
    """Return a - b, and 0 for two equal infinities."""
    return where(step(MOST - minimum(abs(a), abs(b))), a - b, 1000.0 * compare(a, b))


# A table of rules reads better aligned.
# fmt: off

# Accuracy of logaddexp, forward: 4 + abs(a - b) + 4 * abs(a / exact) units where abs(exact) < 1.
# Two terms cancel.
# Accuracy of logaddexp, operand 0: 8 + abs(a - b) units where b > a. The difference is rounded,
# which its exponential magnifies.
# Accuracy of logaddexp, operand 1: 8 + abs(a - b) units where a > b. For the same reason.
logaddexp = Op("logaddexp", _logaddexp, lambda g, out, a, b: g * sigmoid(_apart(a, b)),
                                        lambda g, out, a, b: g * sigmoid(_apart(b, a)),
               doc="log(e**a + e**b). Derivatives: e**(a - out), e**(b - out).")
logit = Op("logit", _logit, lambda g, out, x: g / (x * (1 - x)), domain=(0.0, 1.0),
           doc="log(x / (1 - x)), the inverse of sigmoid. Derivative: 1 / (x (1 - x)).")

# fmt: on

# ----- Of lists -----


def logsumexp(values: Sequence[Number]) -> Number:
    """Return log(e**x + e**y + ...) of numbers and Values, as many as there are.

    Two by two, by `logaddexp`, so that nothing overflows and no more than the last digits are lost:
    pairs, pairs of pairs, and so on. Entries of -inf count nothing.

    Parameters:
        values: one or more.

    Raises:
        TypeError: when there are none.

    >>> from pluggrad.ops import logsumexp
    >>> logsumexp([1000.0, 1000.0, -1e300])
    1000.6931471805599
    """
    row: list[Any] = _several(values, "logsumexp")
    while len(row) > 1:
        pairs = [logaddexp(a, b) for a, b in zip(row[::2], row[1::2], strict=False)]
        row = pairs if len(row) % 2 == 0 else [*pairs, row[-1]]
    total: Number = row[0]
    return total


def softmax(values: Sequence[Number]) -> list[Number]:
    """Return e**x of each number or Value, divided by the sum of them all.

    Parameters:
        values: one or more, of any size.

    Raises:
        TypeError: when there are none.

    >>> from pluggrad.ops import softmax
    >>> softmax([1e4, 1e4, -1e4])
    [0.5, 0.5, 0.0]
    """
    powers = [exp(x) for x in _near_zero(_several(values, "softmax"))]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]


def log_softmax(values: Sequence[Number]) -> list[Number]:
    """Return the logarithms of `softmax`, finite where that is 0.

    Parameters:
        values: one or more, of any size.

    Raises:
        TypeError: when there are none.

    >>> from pluggrad.ops import log_softmax
    >>> log_softmax([1e4, -1e4])
    [0.0, -20000.0]
    """
    rest = _near_zero(_several(values, "log_softmax"))
    powers = [exp(x) for x in rest]
    total = log(sum(powers[1:], powers[0]))
    return [x - total for x in rest]


def _several(values: Sequence[Any], what: str) -> list[Any]:
    is_list = hasattr(values, "__len__") and getattr(values, "shape", None) != ()
    if not is_list or isinstance(values, Mapping | str | bytes):
        raise TypeError(f"{what} takes a list of numbers, not {quoted(values)}: write [x]")
    if len(values) == 0:
        raise TypeError(f"{what} takes one number or more, not none")
    return list(values)


def _near_zero(values: Sequence[Any]) -> list[Any]:
    """Take a whole number off all, so that the largest lies between 0 and 1.

    The result of those who call does not depend on it, and the derivative of `floor` is 0, as it
    should be. Of a whole number nothing gets lost.
    """
    near = floor(reduce(maximum, values))
    return [x - near for x in values]


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the ops on a logarithmic scale."""
    return [logaddexp, logit]
