"""Learning rates that change as training goes on: functions of the step number, from 0.

>>> from pluggrad.nn import SGD, Neuron, linear
>>> optimizer = SGD(Neuron(2).parameters(), lr=linear(1.0, 0.1, steps=100))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from .hyperparameters import ANY, RATE_OR_SCHEDULE, check_counts, check_numbers

Schedule: TypeAlias = Callable[[int], float]


def linear(start: float, end: float, steps: int) -> Schedule:
    """Go from `start` to `end` in `steps` equal steps, and stay there.

    Parameters:
        start: the first rate.
        end: the last one.
        steps: how many steps there are from one to the other.

    Raises:
        ValueError: when `steps` is below 1.

    >>> [linear(1.0, 0.0, steps=4)(k) for k in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """
    check_counts("the schedule linear", steps=steps)
    check_numbers("the schedule linear", ANY, start=start, end=end)
    return partial(_linear, start, end, steps)


def _linear(start: float, end: float, steps: int, k: int) -> float:
    return start + (end - start) * min(k, steps) / steps


def cosine(start: float, end: float, steps: int) -> Schedule:
    """Go from `start` to `end` along half a cosine, slowly at both ends, and stay there.

    Parameters:
        start: the first rate.
        end: the last one.
        steps: how many steps there are from one to the other.

    Raises:
        ValueError: when `steps` is below 1.

    Loshchilov, Hutter: SGDR, 2017.

    >>> [round(cosine(1.0, 0.0, steps=4)(k), 4) for k in (0, 1, 2, 4, 9)]
    [1.0, 0.8536, 0.5, 0.0, 0.0]
    """
    check_counts("the schedule cosine", steps=steps)
    check_numbers("the schedule cosine", ANY, start=start, end=end)
    return partial(_cosine, start, end, steps)


def _cosine(start: float, end: float, steps: int, k: int) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(k, steps) / steps))


def exponential(start: float, factor: float) -> Schedule:
    """Multiply by `factor` at every step.

    Parameters:
        start: the first rate.
        factor: what each rate is multiplied by.

    >>> [exponential(1.0, 0.5)(k) for k in range(3)]
    [1.0, 0.5, 0.25]
    """
    check_numbers("the schedule exponential", ANY, start=start, factor=factor)
    return partial(_exponential, start, factor, 1)


def _exponential(start: float, factor: float, every: int, k: int) -> float:
    return start * factor ** (k // every)


def staircase(start: float, factor: float, every: int) -> Schedule:
    """Multiply by `factor` after each `every` steps.

    Parameters:
        start: the first rate.
        factor: what it is multiplied by.
        every: how many steps a rate holds.

    Raises:
        ValueError: when `every` is below 1.

    >>> [staircase(1.0, 0.5, every=2)(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    check_counts("the schedule staircase", every=every)
    check_numbers("the schedule staircase", ANY, start=start, factor=factor)
    return partial(_exponential, start, factor, every)


def warmup(steps: int, then: Schedule | float) -> Schedule:
    """Rise to a rate in `steps` equal steps; then keep it, or follow another schedule.

    Parameters:
        steps: how many steps the rise takes.
        then: the rate to keep, or the schedule to follow, from its step 0.

    Raises:
        ValueError: when `steps` is below 1.

    >>> [warmup(4, 1.0)(k) for k in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    check_counts("the schedule warmup", steps=steps)
    check_numbers("the schedule warmup", RATE_OR_SCHEDULE, then=then)
    return partial(_warmup, steps, then)


def _warmup(steps: int, then: Schedule | float, k: int) -> float:
    full = then(max(k - steps, 0)) if callable(then) else then
    return full * min(k + 1, steps) / steps if k < steps else full
