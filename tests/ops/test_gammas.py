import math

import mpmath
import pytest
from pluggrad import Value, func
from pluggrad.ops import beta, betaln, gamma, lgamma

from .accuracy import Accuracy, cases
from .ulp import exact, pairs, ulps

inf = math.inf
RIGHT = [
    1e-300,
    1e-20,
    1e-8,
    0.1,
    0.4,
    0.7,
    0.99,
    1.2,
    1.4,
    1.9,
    2.1,
    2.6,
    3.7,
    5.9,
    6.7,
    11.3,
    50.2,
]
LEFT = [-1e-20, -1e-8, -0.1, -0.4, -0.7, -0.9, -1.2, -1.9]


def log_gamma(x):
    return mpmath.re(mpmath.loggamma(x))


def log_beta(a, b):
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


every_op = cases(
    ("gamma", mpmath.gamma, [*LEFT, *RIGHT, 139.9, 140.1]),
    ("lgamma", log_gamma, [*LEFT, *RIGHT, 1e3, 1e8]),
    ("beta", mpmath.beta, pairs([1e-8, 0.3, 0.9, 1.7, 4.2, 11.3])),
    ("betaln", log_beta, pairs([1e-8, 0.02, 1.7, 4.2, 33.3, 1e3])),
)  # fmt: skip


@every_op
class TestAccuracy(Accuracy):
    @staticmethod
    def for_second(x):
        return all(1e-10 < abs(z) < 1e8 for z in x)

    @staticmethod
    def for_third(x):
        return all(1e-3 < z < 100 for z in x)


# ----- Edges -----


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, inf), (-0.0, -inf), (-1.0, math.nan), (-2.0, math.nan), (-1e300, math.nan),
        (inf, inf), (-inf, math.nan), (math.nan, math.nan), (5e-324, inf), (-5e-324, -inf),
        (171.0, math.gamma(171.0)), (171.7, inf), (1e300, inf), (-200.5, -0.0), (-201.5, 0.0),
    ],
)  # fmt: skip
def test_gamma_at_its_edges(x, expected):
    found = gamma(x)
    assert found == pytest.approx(expected, rel=1e-13, nan_ok=True)
    assert math.copysign(1.0, found) == math.copysign(1.0, expected)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, inf), (-0.0, inf), (-1.0, inf), (-5.0, inf), (-1e300, inf), (inf, inf), (-inf, inf),
        (math.nan, math.nan), (1.0, 0.0), (2.0, 0.0), (2.6e305, inf),
        (-0.5, math.log(gamma(0.5) * 2)),
    ],
)  # fmt: skip
def test_log_gamma_at_its_edges(x, expected):
    assert lgamma(x) == pytest.approx(expected, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (0.0, 1.0, inf), (1.0, 0.0, inf), (1.0, inf, 0.0), (0.0, inf, math.nan),
        (-0.5, 1.0, math.nan), (1.0, math.nan, math.nan), (1e-300, 1e-300, 2e300),
        (1.0, 1.0, 1.0), (2.0, 3.0, 1 / 12), (1e300, 1e300, 0.0), (5e-324, 1e300, inf),
    ],
)  # fmt: skip
def test_beta_and_its_logarithm_at_their_edges(a, b, expected):
    assert beta(a, b) == pytest.approx(expected, rel=1e-14, nan_ok=True)
    if 0.0 < expected < inf or math.isnan(expected):
        logarithm = math.log(expected)
        assert betaln(a, b) == pytest.approx(logarithm, rel=1e-13, abs=1e-15, nan_ok=True)


def test_the_logarithm_of_beta_is_finite_where_beta_itself_is_not():
    assert betaln(5e-324, 1e300) == pytest.approx(744.44007192138, rel=1e-14)
    assert betaln(1e5, 2e5) == pytest.approx(float(log_beta(1e5, 2e5)), rel=1e-14)
    assert betaln(1.0, inf) == -inf
    assert betaln(0.0, 1.0) == inf


def test_factorials_are_whole_numbers_as_long_as_floats_hold_them():
    assert [gamma(float(n)) for n in range(1, 8)] == [1, 1, 2, 6, 24, 120, 720]
    assert [gamma(float(n)) for n in range(8, 24)] == [math.factorial(n - 1) for n in range(8, 24)]


def test_log_gamma_keeps_its_digits_beside_its_zeros_and_far_out():
    for x in (1.0 + 1e-10, 1.0 - 1e-13, 2.0 + 1e-12, 2.0 - 1e-9, 1.5, 1e15, 1e200):
        assert ulps(lgamma(x), exact(log_gamma, (x,))) <= 4, x


def test_beta_of_a_sum_that_is_rounded_keeps_its_digits():
    for a, b in [(40.710937927170576, 49.416150437531876), (0.1, 100.3), (1 / 3, 1 / 7)]:
        assert ulps(beta(a, b), exact(mpmath.beta, (a, b))) <= 8


# ----- Gradients -----


def test_slope_of_a_beta_function_keeps_its_digits_where_one_operand_is_small():
    a, b = Value(1e6), Value(1e-9)
    betaln(a, b).backward()
    assert a.grad == pytest.approx(-1e-9 / 1e6, rel=1e-6)
    assert b.grad == pytest.approx(-1e9, rel=1e-6)


def test_gradients_of_log_gamma_of_any_order_are_polygammas():
    slope = lgamma
    for order in range(1, 6):
        slope = func.grad(slope)
        assert slope(2.5) == pytest.approx(float(mpmath.psi(order - 1, 2.5)), rel=1e-14)
