"""The accuracy that every op is held to, for the tests of each module.

A case is an op's name, the function in mpmath, and the points: floats, or tuples of operands.
"""

import pytest
from pluggrad import plugins

from .ulp import derivative, exact, exact_partial, ulps

FORWARD, PARTIAL = 4, 8  # units in the last place


def cases(*listed):
    """Make the tests of one module's ops."""
    return pytest.mark.parametrize(
        ("op", "function", "points"),
        [
            pytest.param(
                plugins.op(name),
                function,
                [p if isinstance(p, tuple) else (p,) for p in points],
                id=name,
            )
            for name, function, points in listed
        ],
    )


def worst_forward(op, function, points):
    """The largest error of the op itself, and where."""
    return max((ulps(op(*x), exact(function, x)), x) for x in points)


def worst_partial(op, function, points, order=1):
    """The largest error of any partial derivative, and for which operand where."""
    return max(
        (
            ulps(derivative(op, x, index, order), exact_partial(function, x, index, order)),
            (index, x),
        )
        for x in points
        for index, rule in enumerate(op.rules)
        if rule is not None
    )
