"""Losses: how wrong a model is, as one Value to go down from. Each is the mean over its examples.

They hold their digits for logits of any size: no probability is rounded to 0 or 1 on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from numbers import Integral, Real
from typing import Any, TypeVar

from pluggrad import Value, plugins
from pluggrad.errors import quoted
from pluggrad.ops import exp, floor, log_softmax, maximum

Number = TypeVar("Number", bound=Value | float)
Numbers = Sequence[Value | float]

expm1, log1p, relu, softplus, where = map(
    plugins.op, ("expm1", "log1p", "relu", "softplus", "where")
)


def mean(numbers: Sequence[Number]) -> Number:
    """Return the mean of numbers or Values.

    Parameters:
        numbers: one or more.

    Raises:
        TypeError: when there are none.

    >>> from pluggrad.nn import mean
    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    if len(numbers) == 0:
        raise TypeError("the mean of no numbers does not exist; a loss needs one example or more")
    first: Any = numbers[0]
    rest: Any = numbers[1:]
    average: Number = sum(rest, first) * (1.0 / len(numbers))
    return average


def mse(predictions: Sequence[Number], targets: Numbers) -> Number:
    """Return the mean squared error.

    Parameters:
        predictions: one for each example.
        targets: what they should be.

    Raises:
        TypeError: when there are not as many of both, or none.

    >>> from pluggrad.nn import mse
    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    errors = [p - t for p, t in paired(predictions, targets)]
    average: Number = mean([e * e for e in errors])
    return average


def hinge(scores: Sequence[Number], targets: Numbers) -> Number:
    """Return the mean of relu(1 - target * score): 0 where the margin is 1 or more.

    Parameters:
        scores: one for each example.
        targets: -1 or +1 for each.

    Raises:
        TypeError: when there are not as many of both, or none.
        ValueError: for a number that is no target. Values may hold any number.

    >>> from pluggrad.nn import hinge
    >>> hinge([2.0, -0.5], [1, 1])
    0.75
    """
    pairs = list(paired(scores, targets))
    check_targets(targets, "hinge()", "-1 or 1", lambda t: abs(t) == 1)
    average: Number = mean([relu(1 + -t * s) for s, t in pairs])
    return average


def binary_cross_entropy(logits: Sequence[Number], targets: Numbers) -> Number:
    """Return the mean of -log p(target), with p = sigmoid(logit) for 1 and 1 - p for 0.

    Parameters:
        logits: one score for each example, before any sigmoid.
        targets: 0 or 1 for each, or a probability.

    Raises:
        TypeError: when there are not as many of both, or none.
        ValueError: for a number that is no target. Values may hold any number.

    >>> from pluggrad.nn import binary_cross_entropy
    >>> binary_cross_entropy([1e4, -1e4], [1, 1])
    5000.0
    """
    pairs = list(paired(logits, targets))
    check_targets(targets, "binary_cross_entropy()", PROBABILITY, is_probability)
    terms = [t * softplus(-x) + (1 - t) * softplus(x) for x, t in pairs]
    average: Number = mean(terms)
    return average


def cross_entropy(
    logits: Sequence[Sequence[Number]], targets: Sequence[int | Integral | Numbers]
) -> Number:
    """Return the mean of -log p(target), with p = softmax(logits).

    Parameters:
        logits: for each example a score for each class.
        targets: for each example the number of its class, or a weight for each class, which can be
            an input of a compiled program.

    Raises:
        TypeError: when targets and logits do not fit together.
        IndexError: for a class number that does not exist.

    >>> from pluggrad.nn import cross_entropy
    >>> round(cross_entropy([[0.0, 0.0], [40.0, 0.0]], [0, 0]) - 0.5 * 0.6931471805599453, 15)
    0.0
    >>> cross_entropy([[-1e4, 1e4]], [0])
    20000.0
    """
    average: Number = mean([_surprise(row, target) for row, target in paired(logits, targets)])
    return average


def _surprise(logits: Sequence[Any], target: Any) -> Any:
    if not isinstance(target, int | Integral):
        return sum(-w * p for w, p in paired(target, log_softmax(logits)))
    own = int(target)
    if not 0 <= own < len(logits):
        raise IndexError(f"there are the classes 0 to {len(logits) - 1}, not {quoted(target)}")
    score, others = logits[own], [x for i, x in enumerate(logits) if i != own]
    if not others:
        return score - score
    # log(sum e**x) - score, with one number taken off each x. Where the score is the largest, it is
    # that number: log1p keeps the digits of a sum far below 1. Else it is the largest of the
    # others, so that the score may be as low as -inf; see `pluggrad.ops.softmax` for floor.
    top = reduce(maximum, others)
    below = floor(maximum(top - score, 0.0))
    near = where(below, floor(top), score)
    lift = where(below, floor(top) - score, 0.0)
    return lift + log1p(sum((exp(x - near) for x in others), expm1(-lift)))


PROBABILITY = "0 or 1, or a probability between them"


def is_probability(number: float) -> bool:
    """Tell whether a number is from 0 to 1."""
    return 0 <= number <= 1


def check_targets(
    targets: Sequence[Any], whose: str, wanted: str, holds: Callable[[float], bool]
) -> None:
    """Check plain numbers among targets; the numbers of Values change, and are not looked at.

    Raises:
        ValueError: naming the first that is wrong, and what it may be.
    """
    for i, t in enumerate(targets):
        if isinstance(t, Real) and not holds(float(t)):
            raise ValueError(f"targets[{i}] of {whose} is {wanted}, not {quoted(t)}")


def paired(first: Sequence[Any], second: Sequence[Any]) -> Any:
    """Return each example with its target; a TypeError where one is missing."""
    for x in (first, second):
        if (
            not hasattr(x, "__len__")
            or getattr(x, "shape", 1) == ()
            or isinstance(x, str | bytes | Mapping)
        ):
            raise TypeError(
                f"a loss takes lists of examples and targets, not {quoted(x)}: write [x]"
            )
    if len(first) != len(second):
        raise TypeError(f"{len(first)} examples do not go with {len(second)} targets")
    return zip(first, second, strict=True)
