"""Two operations: the complementary log-log of a probability, and the Huber loss.

An op is a forward function on floats, and for each operand a rule `(g, out, *operands)` that turns
the gradient `g` of the result into that of the operand. Rules are written in operators and other
ops; so the same line serves plain floats, higher derivatives and drawn pictures.
"""

from __future__ import annotations

import math

from pluggrad import Op, hookimpl
from pluggrad.ops import clip, log1p, relu


def _cloglog(p: float) -> float:
    # log1p(-p), since 1 - p has no digit of a small p left.
    return math.log(-math.log1p(-p))


def _cloglog_at_the_edges(p: float) -> float:
    """Return the limits where `math.log` raises: -inf at 0, inf at 1, and nan outside."""
    return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)


def _huber(x: float, delta: float = 1.0) -> float:
    size = abs(x)
    return 0.5 * x * x if size <= delta else delta * (size - 0.5 * delta)


cloglog = Op(
    "cloglog",
    _cloglog,
    lambda g, out, p: -g / ((1 - p) * log1p(-p)),
    domain=(0.0, 1.0),
    ieee=_cloglog_at_the_edges,
    doc="log(-log(1 - p)), the complementary log-log; derivative -1 / ((1 - p) log(1 - p))",
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
    """Register cloglog and huber."""
    return [cloglog, huber]
