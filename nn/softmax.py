"""Softmax and its logarithm, for logits of any size.

The same number may be taken off all logits, and one near the largest keeps `exp` from overflowing.
`floor` makes it a whole number, of which nothing gets lost, and has the derivative 0, as it should
be: the result does not depend on that number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pluggrad import plugins

exp, floor, log, maximum = map(plugins.op, ("exp", "floor", "log", "maximum"))


def softmax(logits: Sequence[Any]) -> list[Any]:
    """Give probabilities: e**x of each logit, divided by their sum.

    >>> from pluggrad.nn import softmax
    >>> softmax([1e4, 1e4, -1e4])
    [0.5, 0.5, 0.0]
    """
    powers = [exp(x) for x in shifted(logits)]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]


def log_softmax(logits: Sequence[Any]) -> list[Any]:
    """Give the logarithms of the probabilities, finite where these are 0.

    >>> from pluggrad.nn import log_softmax
    >>> log_softmax([1e4, -1e4])
    [0.0, -20000.0]
    """
    rest = shifted(logits)
    powers = [exp(x) for x in rest]
    total = log(sum(powers[1:], powers[0]))
    return [x - total for x in rest]


def shifted(logits: Sequence[Any]) -> list[Any]:
    """Take a whole number off all logits, so that the largest lies between 0 and 1."""
    if len(logits) == 0:
        raise TypeError("softmax takes one logit or more, not none")
    near = floor(reduce(maximum, logits))
    return [x - near for x in logits]
