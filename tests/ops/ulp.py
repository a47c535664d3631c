"""Measure results against mpmath, in units in the last place (ulp).

Derivatives come from central differences in hundreds of digits. So nothing here knows a rule.
"""

import itertools
import math

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
    """The derivative of some order by one operand.

    In so many digits that 30 are left of the difference, or else in as many as show a slope of
    1e-320 on a plateau at height 1.
    """
    for digits in (_digits(operands) + 60 * order, _most_digits(operands, order)):
        with mp.workdps(digits):
            points = [mpf(x) for x in operands]
            x = points[index]
            h = mpf(10) ** -50 * (min(1, abs(x)) or mpf(10) ** -330)
            terms = []
            for k in range(order + 1):
                points[index] = x + (mpf(order) / 2 - k) * h
                terms.append((-1) ** k * math.comb(order, k) * function(*points))
            total = sum(terms)
            # Terms that cancel are as wrong as what they were computed from.
            if abs(total) > max(map(abs, [*terms, *points])) * mpf(10) ** (40 - digits):
                return total / h**order
    with mp.workdps(digits):
        return total / h**order


def _digits(operands):
    # Enough to add 1e300 and 1e-300.
    return 60 + 2 * _exponent(operands)


def _most_digits(operands, order):
    return _digits(operands) + order * (60 + _exponent(operands)) + 350


def _exponent(operands):
    return int(max(abs(math.log10(abs(x))) if x else 330 for x in operands))


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
