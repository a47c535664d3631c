"""Quotients that share a divisor are what dividing gives, at the ends of the range, too."""

import math
import re

import numpy as np
import pytest
from pluggrad import compile, func
from pluggrad.compiler.capture.arguments import taken_apart
from pluggrad.compiler.capture.capturing import captured
from pluggrad.compiler.lanes.fusion import fused as written_down
from pluggrad.compiler.lanes.writer import Writer
from pluggrad.ops import log, ndtr, sqrt

ENDS = [0.0, -0.0, 5e-324, 1e-310, 2.5e-308, 1e-200, 1.0, -3.0, 1e200, 1.7e308, math.inf, -math.inf]


def several(x, y):
    return x / y + (x * x) / y - 3.0 / y


def nested(x, y):
    return log(x / y) * (x / (y * sqrt(x)))


def numbers(seed):
    chance = np.random.default_rng(seed)
    tame = chance.uniform(-3.0, 3.0, 2000)
    wild = np.exp(chance.uniform(-700.0, 700.0, 2000)) * chance.choice([-1.0, 1.0], 2000)
    edges = np.repeat(ENDS, len(ENDS)) if seed else np.tile(ENDS, len(ENDS))
    return np.concatenate([tame, wild, edges])


@pytest.mark.parametrize("function", [several, nested])
def test_gradients_through_quotients_are_those_of_the_engine(function):
    x, y = numbers(0), numbers(1)
    x, y = (abs(x), abs(y)) if function is nested else (x, y)
    found = compile(function).value_and_grad(x, y)[1]
    eager = func.value_and_grad(function, (0, 1))
    exact = np.array([eager(float(a), float(b))[1] for a, b in zip(x, y, strict=True)])
    for i, part in enumerate(found):
        if function is several:
            np.testing.assert_array_equal(part, exact[:, i])
        else:
            usual = (x > 1e-50) & (x < 1e50) & (y > 1e-50) & (y < 1e50)
            np.testing.assert_allclose(part[usual], exact[usual, i], rtol=1e-13)
            np.testing.assert_array_equal(np.isnan(part), np.isnan(exact[:, i]))


def divisions(function, example, *, backward, has_fma=True):
    shape = taken_apart((example, {}), [], elements=False)
    tape = captured(function, shape, example).tape
    writer = Writer(8, has_fma=has_fma, has_ldexp=True)
    return len(re.findall(" = fdiv ", written_down(tape, writer, backward=backward).text))


def test_rules_share_a_divisor():
    assert divisions(several, (1.0, 2.0), backward=False) == 3
    assert divisions(several, (1.0, 2.0), backward=True) == 4
    assert divisions(several, (1.0, 2.0), backward=True, has_fma=False) > 4


def test_two_reciprocals_inside_vector_functions_take_one_division():
    assert divisions(lambda x, y: ndtr(x) * ndtr(y), (1.0, 2.0), backward=False) == 1
    assert divisions(lambda x, y: ndtr(ndtr(x)) * y, (1.0, 2.0), backward=False) == 2


def test_gradients_of_options_are_those_of_the_engine():
    def price(spot, strike, years):
        spread = 0.3 * sqrt(years)
        d = (log(spot / strike) + 0.02 * years) / spread
        return spot * ndtr(d) - strike * ndtr(d - spread)

    chance = np.random.default_rng(3)
    rows = [chance.uniform(low, high, 500) for low, high in ((50, 150), (50, 150), (0.01, 3.0))]
    found = np.array(compile(price).value_and_grad(*rows)[1])
    eager = func.value_and_grad(price, (0, 1, 2))
    exact = np.array([eager(*map(float, row))[1] for row in zip(*rows, strict=True)]).T
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-13)
