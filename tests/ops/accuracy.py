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


class Accuracy:
    """The tests of a module's cases: `@every_op class TestAccuracy(Accuracy)`.

    A second or third derivative can be out of the range of floats where the op itself is not, or be
    a difference of large terms; `for_second` and `for_third` choose the points that are looked at.
    """

    @staticmethod
    def for_second(x):
        return True

    @staticmethod
    def for_third(x):
        return all(1e-30 < abs(z) < 1e30 for z in x)

    def test_result_is_right_to_the_last_digits(self, op, function, points):
        error, where = worst_forward(op, function, points)
        assert error <= FORWARD, where

    def test_derivative_is_right_to_the_last_digits(self, op, function, points):
        error, where = worst_partial(op, function, points)
        assert error <= PARTIAL, where

    def test_second_derivative_is_right_to_the_last_digits(self, op, function, points):
        error, where = worst_partial(op, function, filter(self.for_second, points), order=2)
        assert error <= 2 * PARTIAL, where

    def test_third_derivative_is_right_to_the_last_digits(self, op, function, points):
        error, where = worst_partial(op, function, filter(self.for_third, points), order=3)
        assert error <= 4 * PARTIAL, where
