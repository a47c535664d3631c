"""All built-in ops with odd operands, for tests of what is computed to the last bit."""

import math
import random

import pytest
from pluggrad import plugins
from pluggrad.func.dual import Dual

OPS = [op for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
ODD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1e-300, 1e300, 1.7e308, 0.5]
ORDERED = {"polygamma", "polygamma_rise", "mills", "sinc_slope"}  # the first operand is whole
every_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)


def bits(x):
    """A number, a tangent with it, told apart to the last bit."""
    return (bits(x.primal), bits(x.tangent)) if isinstance(x, Dual) else repr(float(x))


def number(x):
    """A number told apart to the last bit, but for the sign of zero, which sums begin with."""
    return repr(x + 0.0)


def drawn(op, count, odd):
    chance = random.Random(op.name)
    rows = [
        [chance.choice(ODD) if chance.random() < odd else chance.uniform(-3, 3) for _ in op.rules]
        for _ in range(count)
    ]
    if op.name == "round":
        return [[x, digits // 1.0] for x, digits in rows]
    if op.name in ORDERED:
        return [[abs(n) // 1.0, *rest] for n, *rest in rows]
    return rows
