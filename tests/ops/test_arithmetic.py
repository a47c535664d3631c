import math
import operator

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluggrad import Value, func, grad
from pluggrad.ops import abs as abs_op
from pluggrad.ops import ceil, div, floor, floordiv, mod, pow, power_rule, trunc
from pluggrad.ops import round as round_op

from .accuracy import PARTIAL, Accuracy, cases, worst_partial
from .ulp import both_signs, exact_partial, pairs, ulps

SIZES = [1e-300, 1e-8, 0.3, 0.9, 1.1, 50.0, 1e8, 1e300]
SIGNED = both_signs([1e-300, 1e-8, 0.3, 50.0, 1e8, 1e300])
EXPONENTS = both_signs([1e-300, 1e-8, 0.1, 1 / 3, 0.5, 1.0, 1.7, 2.0, 3.0, 10.0, 100.3])
REMAINDERS = [(a, b) for a in (-7.3, -0.2, 0.3, 2.2, 40.5) for b in (-3.1, -0.7, 0.45, 1.7)]

every_op = cases(
    ("add", operator.add, pairs(SIGNED)),
    ("sub", operator.sub, pairs(SIGNED)),
    ("mul", operator.mul, pairs(SIGNED)),
    ("div", operator.truediv, pairs(SIGNED)),
    ("neg", operator.neg, SIGNED),
    ("abs", abs, SIGNED),
    ("pow", mpmath.power, [(a, b) for a in SIZES for b in EXPONENTS]),
    ("mod", lambda a, b: a - b * mpmath.floor(a / b), REMAINDERS),
)


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_second(x):
        return 1e-3 < abs(x[0]) < 1e3  # farther out b - 2 costs digits

    for_third = for_second


@pytest.mark.parametrize("a", [1e-8, 0.4, 30.0])
@pytest.mark.parametrize("b", [-2.0, 0.3, 1.5, 3.0])
@pytest.mark.parametrize("factor", [1.0, -2.5])
def test_slope_of_a_power_is_differentiable_by_every_operand(a, b, factor):
    def slope(a, b, factor):
        return factor * b * a ** (b - 1)

    error, where = worst_partial(power_rule, slope, [(a, b, factor)])
    assert error <= 4 * PARTIAL, where  # b - 2 is rounded, and log(1e-8) magnifies that


def test_slope_of_a_power_keeps_its_digits_until_it_underflows_itself():
    for a, b in [(3e7, -41.0), (3e7, -41.5), (1e-8, 39.7)]:
        x = Value(a)
        (x**b).backward()
        assert ulps(x.grad, exact_partial(mpmath.power, (a, b), 0)) <= PARTIAL


# ----- Operators -----

SYMBOLS = [
    operator.add, operator.sub, operator.mul, operator.truediv,
    operator.floordiv, operator.mod, operator.pow,
]  # fmt: skip


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_operators_take_numbers_on_either_side(symbol):
    wanted = symbol(7.0, 2.5)
    for a, b in [(Value(7.0), Value(2.5)), (Value(7.0), 2.5), (7, Value(2.5)), (7.0, Value(2.5))]:
        assert symbol(a, b).data == wanted


@pytest.mark.parametrize("symbol", [abs, round, math.floor, math.ceil, math.trunc])
@pytest.mark.parametrize("x", [-2.5, -0.4, 0.5, 1.5, 3.7])
def test_functions_of_the_language_work_on_values(symbol, x):
    result = symbol(Value(x))
    assert isinstance(result, Value)
    assert result.data == symbol(x)


def test_builtin_max_and_min_choose_among_values():
    a, b = Value(1.0), Value(2.0)
    assert max(a, b) is b
    assert min(a, b, 3.0) is a


def test_rounding_takes_digits_and_goes_to_even():
    assert [round(Value(x)).data for x in (0.5, 1.5, 2.5, -0.5)] == [0.0, 2.0, 2.0, -0.0]
    assert round(Value(2.675), 2).data == round(2.675, 2)
    assert Value(1234.0).round(-2).data == 1200.0
    assert math.isnan(round_op(1.0, 0.5))
    assert round_op(1.7e308, -308) == math.inf


def test_steps_have_no_slope():
    for function in (round, math.floor, math.ceil, math.trunc, lambda v: v // 3.0):
        x = Value(5.2)
        (function(x) * x).backward()
        assert x.grad == function(5.2)


def test_remainder_moves_with_both_operands():
    a, b = Value(7.5), Value(2.0)
    (a % b).backward()
    assert (a.grad, b.grad) == (1.0, -3.0)


def test_size_has_no_slope_at_zero():
    x = Value(0.0)
    abs(x).backward()
    assert x.grad == 0.0


# ----- Powers -----


def derivatives(function, x, orders=3):
    x = Value(x)
    y = function(x)
    found = [y.data]
    for _ in range(orders):
        y = grad(y, x, create_graph=True) if y.requires_grad else Value(0.0, requires_grad=False)
        found.append(y.data)
    return found


@pytest.mark.parametrize(
    ("exponent", "x", "wanted"),
    [
        (0, 0.0, [1, 0, 0, 0]),
        (1, 0.0, [0, 1, 0, 0]),
        (2, 0.0, [0, 0, 2, 0]),
        (3, 0.0, [0, 0, 0, 6]),
        (0, 5e-324, [1, 0, 0, 0]),
        (2, -2.0, [4, -4, 2, 0]),
        (3, -2.0, [-8, 12, -12, 6]),
        (-1, -2.0, [-0.5, -0.25, -0.25, -0.375]),
        (0.5, 0.0, [0, math.inf, -math.inf, math.inf]),
    ],
)
def test_powers_have_all_derivatives_at_zero_and_below(exponent, x, wanted):
    assert derivatives(lambda v: v**exponent, x) == wanted
    v = Value(x)
    (v**exponent).backward()
    assert v.grad == wanted[1]


def test_zero_to_a_variable_power_has_the_limit_as_slope():
    for exponent in (0.0, 2.0):
        a, b = Value(0.0), Value(exponent)
        (a**b).backward()
        assert (a.grad, b.grad) == (0.0, 0.0)


def test_negative_base_has_no_slope_in_the_exponent():
    a, b = Value(-2.0), Value(3.0)
    (a**b).backward()
    assert a.grad == 12.0
    assert math.isnan(b.grad)


@given(st.floats(-50, 50), st.integers(0, 9))
def test_whole_powers_are_repeated_products(x, exponent):
    v, w = Value(x), Value(x)
    product = Value(1.0)
    for _ in range(exponent):
        product = product * w
    power = v**exponent
    (power + product * 0.0).backward()
    if exponent:
        product.backward()
    assert power.data == pytest.approx(product.data, rel=1e-13)
    assert v.grad == pytest.approx(w.grad, rel=1e-13)


# ----- IEEE 754 -----

# Not the exponent 0.5: NumPy takes a square root there, and C99's pow(-inf, 0.5) is inf.
EDGES = [0.0, -0.0, 0.25, -0.25, 1.0, -1.0, 2.0, -3.0, 1e300, -1e300, np.inf, -np.inf, np.nan]
NUMPY = {
    pow: np.power, div: np.divide, mod: np.remainder, floordiv: np.floor_divide,
    floor: np.floor, ceil: np.ceil, trunc: np.trunc, round_op: np.round, abs_op: np.abs,
}  # fmt: skip


@pytest.mark.parametrize("op", [pow, div, mod, floordiv])
@pytest.mark.parametrize("a", EDGES)
@pytest.mark.parametrize("b", EDGES)
def test_edges_of_two_operands_follow_numpy_down_to_the_sign_of_zero(op, a, b):
    with np.errstate(all="ignore"):
        wanted = NUMPY[op](a, b)
    np.testing.assert_equal(op(a, b), float(wanted))


@pytest.mark.parametrize("op", [floor, ceil, trunc, round_op, abs_op])
@pytest.mark.parametrize("x", [*EDGES, 2.0**52 - 0.5, 2.0**53 + 2, 0.3, -0.3])
def test_edges_of_one_operand_follow_numpy_down_to_the_sign_of_zero(op, x):
    np.testing.assert_equal(op(x), float(NUMPY[op](x)))


def test_division_by_zero_has_infinite_gradients_and_raises_nothing():
    a, b = Value(1.0), Value(0.0)
    y = a / b
    y.backward()
    assert (y.data, a.grad, b.grad) == (math.inf, math.inf, -math.inf)


inf = math.inf
HESSIANS_AT_INFINITY = [
    ((inf, 3.0), inf, inf, inf),
    ((inf, 1.0), 0.0, inf, inf),
    ((inf, 0.5), 0.0, 0.0, inf),
    ((inf, 0.0), 0.0, 0.0, inf),
    ((inf, -1.0), 0.0, 0.0, 0.0),
    ((inf, -inf), 0.0, 0.0, 0.0),
    ((0.5, inf), 0.0, 0.0, 0.0),
    ((2.0, -inf), 0.0, 0.0, 0.0),
    ((2.0, inf), inf, inf, inf),
    ((0.5, -inf), inf, inf, inf),
]


@pytest.mark.parametrize(("at", "aa", "ab", "bb"), HESSIANS_AT_INFINITY)
def test_second_derivatives_of_a_power_at_infinity_are_their_limits(at, aa, ab, bb):
    def power(v):
        return v[0] ** v[1]

    expected = [[aa, ab], [ab, bb]]
    assert func.hessian(power)(list(at)) == expected
    assert func.jacrev(func.grad(power))(list(at)) == expected
    assert func.jacfwd(func.jacfwd(power))(list(at)) == expected
