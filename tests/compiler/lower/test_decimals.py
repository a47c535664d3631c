"""Machine code rounds to decimal digits as Python does."""

import math
import random

import pytest
from pluggrad import Op, compile
from pluggrad.compiler.lower.decimals import by_digits, by_text
from pluggrad.ops import round as rounded

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

EDGES = [0.0, -0.0, 0.5, -0.5, 2.5, 3.5, 0.125, 0.595, 2.675, 1e15 + 0.5, 5e-324, -1e308, math.inf]


def near_ties(digits, count):
    """Give numbers that end in a five behind the last digit, and their neighbours."""
    chance = random.Random(digits)
    for _ in range(count):
        whole = chance.randint(-(10 ** chance.randint(1, 15)), 10**15)
        tie = float(f"{whole}5e{-digits - 1}")
        if math.isfinite(tie):
            up, down = math.nextafter(tie, math.inf), math.nextafter(tie, -math.inf)
            yield chance.choice([tie, up, down])
        yield chance.uniform(-1, 1) * 10.0 ** chance.randint(-30, 30)


def same(a, b):
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


@pytest.mark.parametrize("digits", range(-22, 23))
def test_the_nearest_decimal_is_that_of_python(digits):
    for x in [*EDGES, *near_ties(digits, 300)]:
        assert same(by_digits(x, digits), round(x, digits)), x


FAR = [23, 24, 36, 100, 300, 323, 330, 400, 401, 500]


def python_s(x, digits):
    """Round as Python does, and to infinity where it says that this is too large for a float."""
    try:
        return round(x, digits)
    except OverflowError:
        return math.copysign(math.inf, x)


@pytest.mark.parametrize("digits", [*FAR, -308, -309, *(-x for x in FAR)])
def test_beyond_the_powers_of_ten_that_are_floats_it_is_that_of_python_too(digits):
    run = compile(lambda x: rounded(x, digits), executor="numba")
    halves = [5.0 * 10.0**k for k in range(20, 308)] if digits < 0 else [2.0**-24, 3 * 2.0**-24]
    for x in [*EDGES, *halves, 1.7e308, -9.9e307, *near_ties(digits, 100)]:
        wanted = python_s(x, digits)
        assert same(by_text(x, digits), wanted), x
        assert same(run(x), wanted), x


@pytest.mark.parametrize("digits", [-3, -1, 0, 1, 2, 7, 36, -30])
def test_machine_code_gives_it_for_the_op_and_for_those_of_users(digits):
    forward = lambda x: round(x, digits) + round(0.5 * min(max(x, -9.0), 9.0))
    own = Op("own", forward, None, ieee=lambda x: x)
    points = [*EDGES[:-1], *near_ties(digits, 40)]
    for f in (lambda x: rounded(x, digits), lambda x: x.__round__(digits), own):
        run = compile(lambda x, f=f: f(x), executor="numba")
        expected = [float(f(x)) for x in points]
        assert all(map(same, [run(x) for x in points], expected))
        assert all(map(same, run(np.array(points)).tolist(), expected))
