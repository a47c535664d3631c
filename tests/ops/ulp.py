"""Measure results against mpmath, in units in the last place (ulp).

Derivatives come from central differences in hundreds of digits. So nothing here knows a rule.
"""

import itertools
import math

import mpmath
from mpmath import mp, mpf
from pluggrad import Value, grad


def ulps(got, truth):
    """How many units in the last place of `truth` lie between the two."""
    if abs(truth) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54):  # what rounds to infinity
        return 0.0 if got == math.copysign(math.inf, truth) else math.inf
    if not math.isfinite(got):
        return math.inf
    return float(abs(mpf(got) - truth) / mpf(math.ulp(float(truth))))


def exact(function, operands):
    """The function in 50 digits and as many more as adding 1e300 and 1e-300 needs."""
    with mp.workdps(_digits(operands)):
        return function(*map(mpf, operands))


def exact_partial(function, operands, index, order=1):
    """The derivative of some order by one operand."""
    with mp.workdps(_digits(operands, order)):
        points = [mpf(x) for x in operands]
        x = points[index]
        h = mpf(10) ** -50 * (min(1, abs(x)) or mpf(10) ** -330)
        total = mpf(0)
        for k in range(order + 1):
            points[index] = x + (mpf(order) / 2 - k) * h
            total += (-1) ** k * mpmath.binomial(order, k) * function(*points)
        return total / h**order


def _digits(operands, order=0):
    # Enough to add 1e300 and 1e-300, and to see a slope of 1e-320 on a plateau at height 1.
    exponents = [abs(math.log10(abs(x))) if x else 330 for x in operands]
    return 60 + 2 * int(max(exponents)) + order * (60 + int(max(exponents))) + 350 * (order > 0)


def derivative(op, operands, index, order=1):
    """The same derivative as pluggrad computes it; by `backward` for the first."""
    values = [Value(x, requires_grad=i == index) for i, x in enumerate(operands)]
    out = op(*values)
    if order == 1:
        out.backward()
        return values[index].grad
    for _ in range(order):
        if not out.requires_grad:
            return 0.0
        out = grad(out, values[index], create_graph=True)
    return out.data


def both_signs(points):
    return [-x for x in reversed(points)] + list(points)


def pairs(points):
    return list(itertools.product(points, repeat=2))
