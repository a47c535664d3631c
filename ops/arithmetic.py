"""Arithmetic: what the operators do."""

import math
import operator

from pluggrad import Op, hookimpl

inf, nan = math.inf, math.nan


def _quotient_by_zero(a: float, b: float) -> float:
    return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


add = Op("add", operator.add, lambda g, out, a, b: g, lambda g, out, a, b: g, operator="+")
sub = Op("sub", operator.sub, lambda g, out, a, b: g, lambda g, out, a, b: -g, operator="-")
mul = Op("mul", operator.mul, lambda g, out, a, b: g * b, lambda g, out, a, b: g * a, operator="*")
div = Op(
    "div",
    operator.truediv,
    lambda g, out, a, b: g / b,
    lambda g, out, a, b: -g * out / b,
    operator="/",
    ieee=_quotient_by_zero,
)
neg = Op("neg", operator.neg, lambda g, out, x: -g, operator="-")


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Register the arithmetic operators."""
    return [add, sub, mul, div, neg]
