"""Two operations: the log-odds of a probability, and the Huber loss.

An op is a forward function on floats, and for each operand a rule `(g, out, *operands)` that turns
the gradient `g` of the result into that of the operand. Rules are written in operators and other
ops; so the same line serves plain floats, higher derivatives and drawn pictures.
"""

from __future__ import annotations

import math

from pluggrad import Op, hookimpl
from pluggrad.ops import clip, relu


def _logit(p: float) -> float:
    # log(p) - log1p(-p) subtracts two nearly equal numbers around p = 1/2; there 2p - 1 is exact.
    return 2 * math.atanh(2 * p - 1) if 0.25 < p < 0.75 else math.log(p) - math.log1p(-p)


def _logit_at_the_edges(p: float) -> float:
    """Give the limits where `math.log` raises: -inf at 0, inf at 1, and nan outside."""
    return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)


def _huber(x: float, delta: float = 1.0) -> float:
    size = abs(x)
    return 0.5 * x * x if size <= delta else delta * (size - 0.5 * delta)


logit = Op(
    "logit",
    _logit,
    lambda g, out, p: g / (p * (1 - p)),
    domain=(0.0, 1.0),
    ieee=_logit_at_the_edges,
    doc="log(p / (1 - p)), the inverse of sigmoid; derivative 1 / (p (1 - p))",
)

huber = Op(
    "huber",
    _huber,
    lambda g, out, x, delta: g * clip(x, -delta, delta),
    lambda g, out, x, delta: g * relu(abs(x) - delta),
    domain=(None, (0.0, math.inf)),
    kinks=lambda x, delta: abs(x) - delta,
    doc="x^2 / 2 up to |x| = delta, then a straight line; derivative clip(x, -delta, delta)",
)


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Register logit and huber."""
    return [logit, huber]
