"""How far rounding alone can move a result.

A rule such as `g * (1 - out * out)` is right, and yet has no correct digit left where `out` is
nearly 1. The kit must not call it wrong there, nor be so lenient elsewhere that a wrong rule slips
through. So the engine is asked: run on Values, the rule becomes a graph, its backward pass tells
how much the result moves with each intermediate number, and each of those may be off by half a unit
in the last place. (First-order running error analysis; N. Higham, "Accuracy and Stability of
Numerical Algorithms", 2nd ed., chapter 3.)
"""

from __future__ import annotations

import math

from pluggrad import Value, grad

# One unit in the last place, relative; and the smallest positive float, where floats are sparser.
ULP = 2.0**-52
TINY = 5e-324

# Operations are good to half a unit, functions of a maths library to one or two, ops to a few.
UNITS = 4.0


def rounding(result: Value, inexact: tuple[Value, ...] = ()) -> float:
    """Bound what rounding can do to a recorded result.

    Parameters:
        result: computed from Values.
        inexact: leaves that are rounded themselves; other leaves count as exact.

    Returns:
        An absolute bound, to first order; too small where a part of it is inf or nan.
    """
    nodes = _computed(result)
    touched = [*nodes, *inexact]
    if not result.requires_grad:
        return 0.0
    slopes = grad(result, [node for node in touched if node.requires_grad])
    moved = [
        abs(slope) * (UNITS * ULP * abs(node.data) + UNITS * TINY)
        for slope, node in zip(slopes, (n for n in touched if n.requires_grad), strict=True)
        if isinstance(slope, float)
        and slope  # else the node joins several results, and has no number
    ]
    bound = sum(filter(math.isfinite, moved))
    return bound if math.isfinite(bound) else 0.0


def _computed(result: Value) -> list[Value]:
    found: dict[Value, None] = {}
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node.op is not None and node not in found:
            found[node] = None
            waiting.extend(node.prev)
    return list(found)
