"""What micrograd 0.1.0 lacks for three of the workloads, added as its users add it.

It has `+`, `*`, powers and relu. Each function below makes a Value whose `_backward` adds to the
gradient of the operand; nothing in micrograd itself is changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


def added(
    function: Callable[[float], float], slope: Callable[[float, float], float]
) -> Callable[[Any], Any]:
    """Make a function of one micrograd Value.

    Parameters:
        function: takes a number.
        slope: takes that number and what the function gives; gives the derivative.
    """

    def call(x: Any) -> Any:
        out = type(x)(function(x.data), (x,), function.__name__)

        def backward() -> None:
            x.grad += slope(x.data, out.data) * out.grad

        out._backward = backward
        return out

    return call


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


tanh = added(math.tanh, lambda x, y: 1.0 - y * y)
exp = added(math.exp, lambda x, y: y)
log = added(math.log, lambda x, y: 1.0 / x)
sqrt = added(math.sqrt, lambda x, y: 0.5 / y)
ndtr = added(normal, lambda x, y: density(x))
