"""Every built-in op at about 2,000 points, edges among them, and what Python computes there."""

import itertools
import math
import random

from pluggrad import Value, plugins, strong_zero

EDGES = [
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-310, 2.2e-308, 1e-200, 1e200,
    -1e200, 1.7e308, -1.7e308, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 20.0, -20.0,
    37.5, -37.5, 40.0, 170.0, -170.0, 171.5, 700.0, -700.0, 745.0, -745.0, 800.0, 1e15, 2.0**53,
    2.0**63, 1e19,
]  # fmt: skip
MANY = 2000
MOST_ORDER = 20.0  # of derivatives that are an operand: beyond, each takes as many steps

OPS = [op for plugin in plugins if plugin.name.startswith("pluggrad.") for op in plugin.ops]


def points(op, many=MANY):
    """List points for an op, the same in every run."""
    chance = random.Random(op.name)
    arity = op.arity
    edges = (
        itertools.product(EDGES, repeat=arity) if arity == 1 else _edges(chance, arity, many // 2)
    )
    drawn = (tuple(_number(chance, arity) for _ in range(arity)) for _ in itertools.count())
    found = (p for p in itertools.chain(edges, drawn) if _sensible(op, p))
    return list(itertools.islice(found, many))


def _edges(chance, arity, many):
    return (tuple(chance.choice(EDGES) for _ in range(arity)) for _ in range(many))


def _number(chance, arity):
    if arity > 1 and chance.random() < 0.2:
        return chance.choice(EDGES)
    if chance.random() < 0.3:
        return float(chance.randrange(-10, 11))
    return chance.gauss(0, chance.choice([1, 1, 3, 10, 100, 1e5]))


def _sensible(op, p):
    ordered = op.name in ("polygamma", "polygamma_rise", "mills", "sinc_slope")
    return not ordered or not abs(p[0]) > MOST_ORDER


def leaves_of(op):
    """Make an operand for each, to record the op on."""
    return [Value(0.7, label=f"x{i}") for i in range(op.arity)]


def expected(op, p):
    """Compute the op and its partial derivatives; those that do not exist are None."""
    out = op.evaluate(*p)
    rules = enumerate(op.rules)
    return [out, *[r and strong_zero.partial(op, i, 1.0, out, p) + 0.0 for i, r in rules]]


def same(a, b):
    """Whether two floats are the same bit for bit, any nan being like any other."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def ulps(a, b):
    """How far apart two floats are, in units in the last place of the second."""
    if a == b or (a != a and b != b):
        return 0.0
    return abs(a - b) / math.ulp(b) if math.isfinite(a) and math.isfinite(b) else math.inf
