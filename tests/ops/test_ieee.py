import math
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from pluggrad import Value
from pluggrad.ops import copysign, fma, fmod, remainder

from .accuracy import Accuracy, cases
from .ulp import both_signs, pairs

SIGNED = both_signs([1e-300, 1e-8, 0.3, 50.0, 1e8, 1e300])
REMAINDERS = [(a, b) for a in (-7.3, -0.2, 0.3, 2.2, 40.5) for b in (-3.1, -0.7, 0.45, 1.7)]
TRIPLES = [(a, b, c) for a in (-7.3, 1e-8, 3e5) for b in (-0.2, 1e9) for c in (-1e3, 1e-9, 0.3)]


def whole(x):
    return mpmath.floor(x) if x > 0 else mpmath.ceil(x)


every_op = cases(
    ("copysign", lambda a, b: abs(a) if b > 0 else -abs(a), pairs(SIGNED)),
    ("fmod", lambda a, b: a - b * whole(a / b), REMAINDERS),
    ("remainder", lambda a, b: a - b * mpmath.nint(a / b), REMAINDERS),
    ("fma", lambda a, b, c: a * b + c, TRIPLES),
)


@every_op
class TestAccuracy(Accuracy):
    pass


# ----- Edges -----

EDGES = [0.0, -0.0, 5e-324, 0.25, -0.5, 1.0, -1.5, 2.5, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("a", EDGES)
@pytest.mark.parametrize("b", EDGES)
def test_edges_follow_numpy_and_math_down_to_the_sign_of_zero(a, b):
    with np.errstate(all="ignore"):
        np.testing.assert_equal(copysign(a, b), float(np.copysign(a, b)))
        np.testing.assert_equal(fmod(a, b), float(np.fmod(a, b)))
    try:
        expected = math.remainder(a, b)
    except ValueError:
        expected = math.nan
    np.testing.assert_equal(remainder(a, b), expected)


def random_float(chance):
    """Any sort of float: moderate, few digits, subnormal, next to a power of two."""
    match chance.randrange(4):
        case 0:
            return chance.uniform(-2.0, 2.0)
        case 1:
            digits = chance.randint(1, 2 ** chance.randint(1, 53))
            return math.ldexp(digits, chance.randint(-1074, 960)) * chance.choice([1, -1])
        case 2:
            return chance.choice([5e-324, 2.0**-1022, 1.7e308, 1.0 + 2**-52, 1.0 - 2**-53, 0.0])
    return math.ldexp(1.0 + chance.randint(-2, 2) * 2.0**-52, chance.randint(-500, 500))


def awkward(chance):
    """Operands whose sum cancels, or lies half a unit from a float, or gets subnormal."""
    a, b = random_float(chance), random_float(chance)
    product = a * b if math.isfinite(a * b) else 1.0
    c = chance.choice(
        [
            random_float(chance),
            -product * (1.0 + chance.randint(-3, 3) * 2.0**-52),
            product * 2.0 ** chance.choice([-111, -107, -106, -54, -53, -52, 52, 53, 106]),
            5e-324 * chance.randint(-9, 9),
        ]
    )
    return a, b, c if math.isfinite(c) else 0.0


def test_fused_multiply_add_rounds_once():
    chance = random.Random(5)
    for _ in range(20_000):
        a, b, c = awkward(chance)
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        try:
            expected = exact.numerator / exact.denominator
        except OverflowError:
            expected = math.inf if exact > 0 else -math.inf
        assert fma(a, b, c) == expected, (a, b, c)


def test_remainder_of_any_floats_is_that_of_the_standard_library():
    chance = random.Random(6)
    for _ in range(6_000):
        a, b = random_float(chance), random_float(chance)
        if b:
            np.testing.assert_equal(remainder(a, b), math.remainder(a, b))
            tie = b * chance.randint(-99, 99) * 0.5
            if math.isfinite(tie):
                np.testing.assert_equal(remainder(tie, b), math.remainder(tie, b))


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        (1e308, 10.0, -math.inf, -math.inf),  # not inf - inf
        (1e308, 10.0, -1e308, math.inf),
        (1e308, 1e308, -1e308, math.inf),
        (-1e308, 1e308, 0.0, -math.inf),
        (math.inf, 0.0, 1.0, math.nan),
        (math.inf, 1.0, -math.inf, math.nan),
        (1.0, 1.0, math.nan, math.nan),
        (0.0, 1.0, -0.0, 0.0),
        (-0.0, 1.0, -0.0, -0.0),
        (3.0, 4.0, 0.0, 12.0),
        (2.0, 0.5, -1.0, 0.0),
    ],
)
def test_edges_of_fused_multiply_add(a, b, c, expected):
    np.testing.assert_equal(fma(a, b, c), expected)


# ----- Gradients -----


def test_remainders_move_with_both_operands():
    for op, count in [(fmod, -3.0), (remainder, -4.0)]:
        a, b = Value(-7.5), Value(2.0)
        op(a, b).backward()
        assert (a.grad, b.grad) == (1.0, -count)


def test_remainder_is_a_sawtooth_about_its_ties():
    for x in (5.0, 6.9, 7.0, 7.1):  # ties of 2: 5 goes to 4, 7 to 8
        b = Value(2.0)
        remainder(x, b).backward()
        assert b.grad == -round(x / 2.0)


def test_the_sign_of_zero_counts_where_a_sign_is_copied():
    for sign, slope in [(0.0, 1.0), (-0.0, -1.0)]:
        a = Value(2.0)
        a.copysign(sign).backward()
        assert a.grad == slope
