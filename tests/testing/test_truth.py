"""What the kit takes for the truth, against closed forms."""

import math

import pytest
from pluggrad.testing.counterparts import MP
from pluggrad.testing.differences import extrapolated
from pluggrad.testing.many_digits import number
from pluggrad.testing.multiprecision import multiprecision
from pluggrad.testing.truth import exact, exact_higher


def helper(x):
    return math.exp(x) if x < 700.0 else math.inf


def nested(x, shift=1.0):
    return helper(x) * math.sin(shift * x)


# ----- In many digits -----


def test_a_forward_of_functions_and_closures_is_rebuilt_in_many_digits():
    scale = 3.0

    def forward(x):
        return scale * nested(x) + math.log1p(x * x)

    rebuilt = multiprecision(forward)
    with MP.workdps(40):
        x = MP.mpf(0.7)
        truth = 3 * MP.exp(x) * MP.sin(x) + MP.log1p(x * x)
        assert abs(rebuilt(x) - truth) < MP.mpf("1e-38")


def test_every_counterpart_in_math_gives_the_float_it_stands_for():
    from pluggrad.testing.counterparts import _MATH

    at = {1: (0.7,), 2: (0.7, 2.0)}
    two = "atan2 comb copysign fmod hypot isclose ldexp pow remainder".split()
    for name, counterpart in _MATH.items():
        if not callable(counterpart) or name in ("dist", "fsum", "prod", "comb", "factorial"):
            continue
        operands = at[2 if name in two else 1]
        if name in ("acosh", "ldexp"):
            operands = (1.7, 2)[: len(operands)]
        expected = getattr(math, name)(*operands)
        found = counterpart(*[MP.mpf(x) for x in operands])
        if name == "modf":
            found, expected = found[0], expected[0]
        assert float(found) == pytest.approx(float(expected), rel=1e-15), name


def test_whole_numbers_and_sequences_have_counterparts_too():
    assert multiprecision(lambda x: math.fsum([x, 1.0]) * math.prod([x, 2.0]))(MP.mpf(3)) == 24
    assert multiprecision(lambda x: math.dist([x, 0.0], [0.0, 4.0]))(MP.mpf(3)) == 5
    assert multiprecision(lambda x: round(x * 2) + x // 1 + abs(x) % 2)(MP.mpf("3.25")) == 10.25
    assert multiprecision(lambda x: math.comb(5, 2) * x * math.factorial(3))(MP.mpf(1)) == 60


def test_compiled_functions_have_no_counterpart():
    import struct

    assert multiprecision(lambda x: struct.calcsize("d") * x) is not None  # a constant
    assert multiprecision(sorted) is None


def test_what_only_takes_floats_is_no_truth():
    import array

    def table(x):
        return array.array("d", [x])[0]

    assert number(multiprecision(table), [0.5]) is None
    assert float(MP.mpf("0.5")) == 0.5  # elsewhere numbers do become floats


@pytest.mark.parametrize(
    ("function", "slope", "x"),
    [
        (MP.sin, math.cos, 0.7),
        (MP.exp, math.exp, -300.0),
        (lambda x: x**3, lambda x: 3 * x * x, 1e-200),
        (lambda x: 1 / x, lambda x: -1 / x / x, 1e-100),
        (lambda x: x * x, lambda x: 2 * x, 0.0),
    ],
)
def test_derivatives_in_many_digits_are_right_to_the_last(function, slope, x):
    found = exact(function, (x,), 0)
    assert found.value == pytest.approx(slope(x), rel=4e-16, abs=0.0)
    assert not found.kink
    assert found.allows(slope(x), 1e-15 * abs(slope(x)))


def test_both_sides_of_a_kink_are_told():
    found = exact(abs, (0.0,), 0)
    assert (found.left, found.right, found.kink, found.jump) == (-1.0, 1.0, True, False)
    assert str(found) == "-1 from below and 1 from above (mpmath)"
    assert found.allows(0.3, 0.0)
    assert not found.allows(1.1, 0.0)
    assert not found.allows(math.inf, 0.0)
    assert found.value == 0.0


def test_a_jump_is_no_kink():
    found = exact(MP.floor, (2.0,), 0)
    assert found.jump
    assert exact(MP.floor, (2.5,), 0).value == 0.0


def test_a_steep_function_is_no_jump():
    assert not exact(lambda x: MP.tanh(1e20 * x), (0.0,), 0).jump


@pytest.mark.parametrize("b", [1e100, -1e100, 3.7e120])
def test_a_power_so_steep_that_a_step_is_too_long_is_resolved(b):
    assert exact(lambda a: a ** MP.mpf(b), (1.0,), 0).value == pytest.approx(b, rel=1e-15)


def test_an_infinite_slope_is_told_where_it_may_be():
    found = exact(lambda x: MP.sqrt(abs(x)), (0.0,), 0, singular=True)
    assert (found.left, found.right) == (-math.inf, math.inf)


def test_a_bend_beside_the_point_is_no_kink():
    # 0 below, x**2 above: both slopes are 0, and a difference over a step sees the step.
    found = exact(lambda x: x * x if x > 0 else MP.zero, (0.0,), 0)
    assert found.allows(0.0, 0.0)
    assert found.error < 1e-20


@pytest.mark.parametrize("x", [0.0, 1.0, -2.0])
@pytest.mark.parametrize("height", [0, 5])
def test_a_flat_spot_has_the_slope_0_whatever_the_step(x, height):
    found = exact(lambda t: (t - MP.mpf(x)) ** 3 + height, (x,), 0)
    assert not found.kink
    assert found.allows(0.0, 0.0)
    assert found.error < 1e-40


@pytest.mark.parametrize("height", [0.0, 3.0, 6.7e9, -1e10, 1e40])
def test_the_slopes_beside_a_declared_jump_do_not_depend_on_its_height(height):
    found = exact(lambda a, b: a + MP.sign(b), (height, 0.0), 1, singular=True)
    assert not found.kink
    assert found.value == 0.0


def test_functions_without_a_finite_number_have_no_truth():
    assert exact(lambda x: MP.log(x), (-1.0,), 0) is None
    assert exact(lambda x: 1 / x, (0.0,), 0) is None
    assert exact(lambda x: "text", (1.0,), 0) is None


def test_higher_derivatives_of_several_operands_are_right():
    def f(x, y):
        return MP.exp(x * y)

    x, y = 0.3, 1.2
    e = math.exp(x * y)
    assert exact_higher(f, (x, y), (0, 1))[0] == pytest.approx(e * (1 + x * y), rel=1e-15)
    assert exact_higher(f, (x, y), (0, 0, 0))[0] == pytest.approx(e * y**3, rel=1e-15)
    assert exact_higher(lambda x: MP.log(x), (-1.0,), (0, 0)) is None


# ----- In floats -----


@pytest.mark.parametrize(
    ("function", "slope", "x", "reach"),
    [
        (math.sin, math.cos, 0.7, math.inf),
        (math.sin, math.cos, 818181.8, math.inf),
        (math.exp, math.exp, 5.0, math.inf),
        (math.log, lambda x: 1 / x, 1e-3, 1e-3),
        (lambda x: 1 / x, lambda x: -1 / x / x, 1e8, math.inf),
        (math.sqrt, lambda x: 0.5 / math.sqrt(x), 4e-7, 4e-7),
    ],
)
def test_extrapolated_differences_know_how_far_off_they_are(function, slope, x, reach):
    found = extrapolated(function, x, reach)
    assert not found.kink
    assert abs(found.value - slope(x)) <= found.error
    assert found.error <= 1e-6 * abs(slope(x))
    assert found.source == "finite differences"


def test_extrapolated_differences_see_kinks_and_pass_over_what_raises():
    found = extrapolated(abs, 0.0, 1.0)
    assert (found.left, found.right) == (-1.0, 1.0)
    assert extrapolated(lambda x: math.nan, 1.0, 1.0).error == math.inf
    assert extrapolated(lambda x: 1.0 / (x - 1.0) if x != 1.0 else 0.0, 1.0, 1.0).error > 100.0


@pytest.mark.parametrize(
    ("function", "left"),
    [(math.exp, 0.0), (math.expm1, -1.0), (math.sinh, None), (math.cosh, None)],
)
def test_exponentials_of_what_no_float_comes_near_are_told_at_once(function, left):
    precise = multiprecision(function)
    with MP.workdps(400):
        far = MP.mpf("1e600")  # for which mpmath takes seconds
        assert number(precise, [far]) is None
        assert number(precise, [-far]) == left
        assert number(precise, [MP.mpf(2)]) == precise(MP.mpf(2))
