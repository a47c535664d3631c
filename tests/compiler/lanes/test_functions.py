"""Vector functions are as exact as they say, on their whole domain, and right at its edges."""

import math
import random
from functools import cache

import numpy as np
import pytest
from mpmath import mp
from pluggrad import ops

LIMIT = 1.0  # units in the last place
LOOSER = {"erfc": 2.0, "ndtr": 2.0, "expm1": 1.0, "silu": 1.5}
# Where a processor has no fused multiply-add, a few more roundings count.
WITHOUT_FMA = 1.5


@cache
def truths(name):
    """List the exact results at a function's points, and units in the last place of them."""
    found = [exactly(name, x) for x in POINTS[name]]
    return [(exact, unit(exact)) for exact in found]


def exactly(name, x):
    with mp.workdps(60 if abs(x) < 1e10 else 400):
        x = mp.mpf(x)
        match name:
            case "exp2":
                return mp.power(2, x)
            case "log2":
                return mp.log(x, 2)
            case "sigmoid":
                return 1 / (1 + mp.exp(-x))
            case "softplus":
                return mp.log1p(mp.exp(x))
            case "silu":
                return x / (1 + mp.exp(-x))
            case "gaussian":
                return mp.exp(-x * x)
            case "cbrt":
                return mp.sign(x) * mp.cbrt(abs(x))
            case "ndtr":
                return mp.erfc(-x / mp.sqrt(2)) / 2
        return getattr(mp, name)(x)


def unit(exact):
    """Return a unit in the last place of a result."""
    exponent = mp.mag(exact) - 1 if exact else -1022
    return mp.mpf(2) ** (max(exponent, -1022) - 52)


def ulps(found, exact, unit):
    """Measure an error in such units."""
    return float(abs(mp.mpf(found) - exact) / unit)


def even(low, high, count=700):
    rng = random.Random(f"{low} {high}")
    return [rng.uniform(low, high) for _ in range(count)]


def sizes(low, high, count=300, *, signs=(1.0, -1.0)):
    rng = random.Random(f"{low} {high} {signs}")
    return [
        rng.choice(signs) * math.exp(rng.uniform(math.log(low), math.log(high)))
        for _ in range(count)
    ]


TINY = sizes(1e-320, 1.0)
POSITIVE = sizes(5e-324, 1.79e308, signs=(1.0,)) + even(0.5, 2.0)
POSITIVE += [1.0 + x for x in sizes(2e-16, 0.1)]
ANGLES = even(-10.0, 10.0) + even(-1e6, 1e6) + TINY + sizes(1e6, 1.7e308, 40)
ANGLES += [k * math.pi / 2 for k in range(-300, 300)]
POINTS = {
    "exp": even(-745.1, 709.7) + even(-2.0, 2.0) + TINY,
    "exp2": even(-1074.9, 1023.9) + even(-2.0, 2.0) + TINY,
    "expm1": even(-60.0, 709.7) + even(36.0, 39.0) + even(-2.0, 2.0) + TINY,
    "sinh": even(-710.4, 710.4) + even(-30.0, 30.0) + even(36.0, 39.0) + even(-2.0, 2.0) + TINY,
    "cosh": even(-710.4, 710.4) + even(-30.0, 30.0) + even(-2.0, 2.0) + TINY,
    "tanh": even(-25.0, 25.0) + even(17.0, 20.0) + even(-2.0, 2.0) + TINY,
    "sech": even(-745.0, 745.0) + even(-30.0, 30.0) + even(-2.0, 2.0) + TINY,
    "log": POSITIVE,
    "log2": POSITIVE,
    "log10": POSITIVE,
    "log1p": POSITIVE + even(-0.9999, 2.0) + TINY + [-1.0 + x for x in sizes(2e-16, 0.1)],
    "sin": ANGLES,
    "cos": ANGLES,
    "tan": ANGLES,
    "erf": even(-6.0, 6.0) + even(-1.0, 1.0) + TINY,
    "erfc": even(-6.0, 27.2) + even(-1.0, 1.0) + TINY,
    "gaussian": even(-27.2, 27.2) + even(-2.0, 2.0) + TINY,
    "ndtr": even(-38.4, 9.0) + even(-2.0, 2.0) + TINY,
    "atan": even(-10.0, 10.0) + even(-1.0, 1.0) + TINY + sizes(1.0, 1e300),
    "asin": even(-1.0, 1.0) + TINY + [1.0 - x for x in sizes(2e-16, 0.5, signs=(1.0,))],
    "acos": even(-1.0, 1.0) + TINY + [1.0 - x for x in sizes(2e-16, 0.5, signs=(1.0,))],
    "asinh": even(-10.0, 10.0) + even(-1.0, 1.0) + TINY + sizes(1.0, 1e300),
    "acosh": even(1.0, 10.0)
    + [1.0 + x for x in sizes(2e-16, 1.0, signs=(1.0,))]
    + sizes(1.0, 1e300, signs=(1.0,)),
    "atanh": even(-1.0, 1.0) + TINY + [1.0 - x for x in sizes(2e-16, 0.5, signs=(1.0,))],
    "cbrt": even(-10.0, 10.0) + TINY + sizes(1.0, 1.7e308),
    "sigmoid": even(-745.0, 40.0) + even(-30.0, 30.0) + even(-2.0, 2.0) + TINY,
    "silu": even(-751.0, 40.0) + even(-30.0, 30.0) + even(-2.0, 2.0) + TINY,
    "softplus": even(-745.0, 745.0) + even(-40.0, 40.0) + even(-2.0, 2.0) + TINY,
}
EDGES = [
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1.0, -1.0, 0.5,
    -0.5, 2.0, -2.0, 1e308, -1e308, 1.7976931348623157e308, 709.782712893384, 709.7827128933841,
    -745.1332191019411, -745.1332191019412, 1023.9999999999999, 1024.0, -1075.0, 710.4758600739439,
    710.475860073944, 27.3, -38.6, 40.0, -40.0, 22.0, 1e6, 1e22,
]  # fmt: skip


@pytest.mark.parametrize("writer", ["here", "without ldexp", "without fma"])
@pytest.mark.parametrize("name", POINTS)
def test_a_vector_function_keeps_its_limit(name, writer, fused, writers):
    op = getattr(ops, name)
    run = fused(lambda x: op(x), (0.5,), writer=writers[writer]())
    found, _ = run(np.array(POINTS[name]))
    errors = [ulps(y, *truth) for y, truth in zip(found.tolist(), truths(name), strict=True)]
    limit = LOOSER.get(name, LIMIT) * (WITHOUT_FMA if writer == "without fma" else 1.0)
    worst = max(range(len(errors)), key=errors.__getitem__)
    assert errors[worst] <= limit, (POINTS[name][worst], found[worst], errors[worst])


AROUND = even(-22.0, 22.0) + even(-2.0, 2.0) + TINY + EDGES


def silu_slope(x):
    return 1 / (1 + mp.exp(-x)) + x * mp.sech(x / 2) ** 2 / 4


# For each function its derivative, where that is measured, and the limit.
SLOPES = {
    "tanh": (lambda x: mp.sech(x) ** 2, even(-371.0, 371.0) + AROUND, 1.0),
    "sigmoid": (lambda x: mp.sech(x / 2) ** 2 / 4, even(-744.0, 744.0) + AROUND, 1.0),
    "ndtr": (mp.npdf, even(-38.4, 38.4) + AROUND, 1.0),
    # Its derivative is 0 at -1.278, where the two terms cancel.
    "silu": (silu_slope, even(0.0, 700.0) + even(-745.0, -2.0) + even(-0.5, 2.0), 3.0),
}


@pytest.mark.parametrize("writer", ["here", "without ldexp", "without fma"])
@pytest.mark.parametrize("name", SLOPES)
def test_a_derivative_that_shares_with_its_function_keeps_the_limit(name, writer, fused, writers):
    op, (slope, points, limit) = getattr(ops, name), SLOPES[name]
    run = fused(lambda x: op(x), (0.5,), backward=True, writer=writers[writer]())
    _, found, _ = run(np.array(points))
    limit *= WITHOUT_FMA if writer == "without fma" else 1.0
    for x, y in zip(points, found.tolist(), strict=True):
        if math.isfinite(x):
            with mp.workdps(60 if abs(x) < 1e10 else 400):
                exact = slope(mp.mpf(x))
            assert ulps(y, exact, unit(exact)) <= limit, (x, y)
        else:
            assert math.isnan(y) if math.isnan(x) else y == 0.0, x


@pytest.mark.parametrize("writer", ["here", "without ldexp", "without fma"])
@pytest.mark.parametrize("name", POINTS)
def test_edges_are_those_of_the_op(name, writer, fused, writers):
    op = getattr(ops, name)
    found, _ = fused(lambda x: op(x), (0.5,), writer=writers[writer]())(np.array(EDGES))
    for x, y in zip(EDGES, found.tolist(), strict=True):
        expected = op(x)
        if expected != expected:
            assert y != y, x
        else:
            assert math.copysign(1.0, y) == math.copysign(1.0, expected), (x, y)
            close = math.isclose(y, expected, rel_tol=1e-14, abs_tol=1e-322)
            assert y == expected or close, (x, y, expected)
