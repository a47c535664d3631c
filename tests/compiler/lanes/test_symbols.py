"""Signs are passed on to what can take them, and no number changes."""

import itertools
import math

import numpy as np
import pytest
from pluggrad import compile
from pluggrad.compiler.capture.arguments import taken_apart
from pluggrad.compiler.capture.capturing import captured
from pluggrad.compiler.lanes.fusion import Body, fused
from pluggrad.compiler.lanes.writer import Writer
from pluggrad.ops import exp

ENDS = [0.0, -0.0, 1.0, -1.0, 0.1, -3.5, 1e-310, 1e308, -1e308, math.inf, -math.inf, math.nan]

FORMULAS = [
    lambda x, y: x + -y,
    lambda x, y: -x + y,
    lambda x, y: -x + -y,
    lambda x, y: x - -y,
    lambda x, y: -x - y,
    lambda x, y: -x - -y,
    lambda x, y: -x * y,
    lambda x, y: x * -y,
    lambda x, y: -x * -y,
    lambda x, y: -(1.0 * -x) * y,
    lambda x, y: -x * 1.0 + y,
    lambda x, y: -x * -1.0 - y,
    lambda x, y: 3.0 - -x * y,
    lambda x, y: -x + 0.0 + y,
    lambda x, y: (-x * y) * (-y * x) - -x,
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_passed_on_sign_leaves_the_bits_of_each_result(formula):
    x, y = np.array([*itertools.product(ENDS, ENDS)] * 2).T.copy()
    with np.errstate(all="ignore"):
        exact = formula(x, y)
    found = compile(formula)(x, y)
    np.testing.assert_array_equal(found, exact)
    known = ~np.isnan(exact)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(exact[known]))


def text_of(function, example):
    shape = taken_apart((example, {}), [], elements=False)
    tape = captured(function, shape, example).tape
    return fused(tape, Writer(8, has_fma=True), backward=False).text


@pytest.mark.parametrize("formula", [FORMULAS[0], FORMULAS[3], FORMULAS[12]])
def test_an_addition_takes_the_sign_of_what_it_adds(formula):
    stored = text_of(formula, (1.0, 2.0)).split("loop:")[1].split("store")[0]
    used = [line for line in stored.splitlines() if " = fneg " not in line]
    negative = [line.split()[0] for line in stored.splitlines() if " = fneg " in line]
    assert not any(name in line.split() for line in used for name in negative)


def longest_in_one_piece():
    """Return for how many terms vector functions are written where they are used."""
    for count in range(10, 80):
        text = text_of(lambda *xs: sum([exp(x) for x in xs]), (1.0,) * count)
        if "define internal" in text:
            return count - 1
    raise AssertionError("no function is long")


def test_fetching_memory_makes_no_function_long(monkeypatch):
    fetching = longest_in_one_piece()
    monkeypatch.setattr(Body, "fetch", lambda self, count: None)
    assert fetching == longest_in_one_piece()


def test_memory_of_every_array_is_fetched_before_its_lanes_are_computed():
    text = text_of(lambda x, y: x * y, (1.0, 2.0))
    assert text.count("call void @llvm.prefetch") == 3  # two inputs and a result


class OnNumbers(Writer):
    """Computes at once, and counts multiplications with an addition."""

    def __init__(self):
        super().__init__(1, has_fma=True)
        self.steps = 0

    def fma(self, a, b, c):
        self.steps += 1
        return a * b + c


@pytest.mark.parametrize("count", [*range(2, 12), 20, 21])
def test_a_polynomial_in_groups_of_four_is_the_polynomial(count):
    coefficients = [1.0 / math.factorial(k + 2) for k in range(count)]
    w = OnNumbers()
    exact = math.fsum(c * 0.3**k for k, c in enumerate(coefficients))
    assert math.isclose(w.cubics(0.3, coefficients), exact, rel_tol=1e-15)
    assert w.steps == count - 1 - count // 4
