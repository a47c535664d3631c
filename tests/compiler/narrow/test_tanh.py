"""tanh in loops of straight-line code: our own function, beside 40 digits and the C library."""

import math
import random

import mpmath
import pytest
from pluggrad import Value, compile
from pluggrad.compiler.narrow import tanh as own

chance = random.Random(5)
POINTS = [
    *(sign * 10.0 ** chance.uniform(-8, 0) for sign in (1, -1) for _ in range(60)),
    *(chance.uniform(-20.0, 20.0) for _ in range(200)),
    *((i + 0.5) / 32 + delta for i in range(12) for delta in (-1e-9, 1e-9)),  # between two rows
    *(5e-324, 1e-310, 1e-300, 19.249999, 19.25, -19.25, 19.3, 25.0, -300.0, 340.0, 400.0, 1e300),
]


@pytest.fixture(params=[True, False], ids=["with fma", "without fma"])
def program(request, monkeypatch):
    """Compile a loop that takes tanh of points one by one."""
    if not request.param:
        monkeypatch.setattr(own, "has_fma", lambda: False)
    own.tanh.cache_clear(), own.tanh_rule.cache_clear()
    points = [Value(x) for x in POINTS]
    state, states = Value(0.5), []
    for x in points:
        state = (state * 0.0 + x).tanh()
        states.append(state)
    yield compile(states, wrt=points)
    own.tanh.cache_clear(), own.tanh_rule.cache_clear()


def ulps(found, exact):
    return abs(found - exact) / math.ulp(float(exact))


def test_it_is_off_by_less_than_a_unit_in_the_last_place(program):
    assert program.executor.straight is not None
    program.step()
    with mpmath.workdps(40):
        errors = [ulps(y, mpmath.tanh(x)) for x, y in zip(POINTS, program.results, strict=True)]
    assert max(errors) < 0.6


def test_its_derivative_keeps_its_digits_where_tanh_is_nearly_1(program):
    program.step()
    with mpmath.workdps(400):  # of 1 - tanh(x)**2
        for x, slope in zip(POINTS, program.gradients.tolist(), strict=True):
            exact = mpmath.sech(x) ** 2
            assert ulps(slope, exact) < 6 or abs(x) > 350, x  # beyond, it is subnormal or 0


@pytest.mark.parametrize("end", [math.inf, -math.inf, math.nan, 0.0, -0.0])
def test_its_edges_are_those_of_the_c_library(end):
    x, w = Value(0.3), Value(0.9)
    state = x
    for _ in range(120):
        state = (state * w).tanh()
    program = compile(state, wrt=[x, w])
    program.parameters[:] = [end, 1.0]
    program.step()
    value = end
    for _ in range(120):
        value = math.tanh(value)
    assert program.results[0] == pytest.approx(value, rel=1e-13, abs=0.0, nan_ok=True)
    assert math.copysign(1.0, program.results[0]) == math.copysign(1.0, value)


def chain(x, w, b):
    for _ in range(150):
        x = (x * w + b).tanh()
    return x


def test_math_libm_gives_the_bits_of_the_c_library():
    numbers = 0.3, 1.1, 0.05
    right = chain(*map(Value, numbers)).data
    assert compile(chain, math="libm")(*numbers) == right
    assert compile(chain(*map(Value, numbers)), math="libm").forward() == right
    assert compile(chain)(*numbers) == pytest.approx(right, rel=1e-14)


def test_an_op_with_tanh_and_a_rule_of_its_own_keeps_that_rule():
    from pluggrad import Op

    lazy = Op("lazy_tanh", math.tanh, lambda g, out, x: g * 0.5)
    x = Value(0.1)
    state = x
    for _ in range(120):
        state = lazy(state + 0.1) * 2.0
    program = compile(state, wrt=[x])
    assert program.executor.straight is not None
    program.step()
    assert program.gradients.tolist() == [1.0]
