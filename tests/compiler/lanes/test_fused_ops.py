"""Fused programs compute what eager does: every op, value and gradient, and random programs."""

import math
import random

import numpy as np
import pytest
from pluggrad import Value, compile, func, ops, plugins

SIMPLE = ["add", "sub", "mul", "div", "neg", "abs", "sqrt", "floor", "ceil", "trunc", "where"]
SIMPLE += [
    "maximum",
    "minimum",
    "clip",
    "sign",
    "step",
    "compare",
    "relu",
    "leaky_relu",
    "copysign",
]
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e300, -1e300, 1.0, -1.0]
BUILT_IN = sorted(
    name
    for name, op in plugins.ops.items()
    if op.forward.__module__.startswith("pluggrad.")
    or op.forward.__module__ in ("math", "_operator")
)


def operands(op, count):
    rng = random.Random(op.name)
    whole = op.name in ("polygamma", "polygamma_rise", "sinc_slope")
    rows = []
    for i in range(op.arity):
        low, high = op.domain[i] or (-4.0, 4.0)
        low, high = max(low, -4.0), min(high, 4.0)
        rows.append([rng.uniform(low, high) for _ in range(count)])
        if whole and i == 0:
            rows[0] = [float(rng.randrange(4)) for _ in range(count)]
    if op.name == "round":
        rows[1] = [float(rng.randrange(3)) for _ in range(count)]
    return rows


def same(a, b, tolerance):
    if a != a or b != b:
        return a != a and b != b
    if a == b:
        return a != 0.0 or math.copysign(1.0, a) == math.copysign(1.0, b)
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-15)


def check(function, rows, tolerance):
    compiled = compile(function)
    value, gradient = compiled.value_and_grad(*map(np.array, rows))
    gradient = gradient if len(rows) > 1 else (gradient,)
    eager = func.value_and_grad(function, tuple(range(len(rows))))
    for lane, numbers in enumerate(zip(*rows, strict=True)):
        expected, parts = eager(*numbers)
        assert same(float(value[lane]), float(expected), tolerance), (
            numbers,
            value[lane],
            expected,
        )
        for found, part in zip(gradient, parts, strict=True):
            part = float(part) + 0.0  # gradients of compiled functions begin with 0: none is -0
            assert same(float(found[lane]), part, tolerance), (numbers, found[lane], part)
    return compiled


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_op_gives_eagers_numbers_on_its_domain(name):
    op = plugins.ops[name]
    check(lambda *x: op(*x), operands(op, 300), 1e-12)


@pytest.mark.parametrize("name", [x for x in BUILT_IN if plugins.ops[x].arity <= 2])
def test_every_op_gives_eagers_numbers_at_the_edges(name):
    op = plugins.ops[name]
    if name in ("gamma", "lgamma", "beta", "betaln", "digamma", "polygamma", "round", "sinc_slope"):
        pytest.skip("called for each lane; the tests of machine code are about them")
    points = (
        [(x,) for x in SPECIAL] if op.arity == 1 else [(x, y) for x in SPECIAL for y in SPECIAL]
    )
    points += [(0.5,) * op.arity] * (256 - len(points))
    compiled = compile(lambda *x: op(*x))
    found = compiled(*map(np.array, zip(*points, strict=True)))
    for lane, numbers in enumerate(points):
        expected = op(*numbers)
        assert same(float(found[lane]), expected, 1e-13), (numbers, found[lane], expected)


@pytest.mark.parametrize("name", SIMPLE)
def test_what_only_selects_and_computes_gives_the_same_bits(name):
    op = plugins.ops[name]
    rows = operands(op, 300)
    found = compile(lambda *x: op(*x))(*map(np.array, rows))
    assert found.tolist() == [op(*numbers) for numbers in zip(*rows, strict=True)]


CHOICES = [
    ops.exp, ops.tanh, ops.sin, ops.cos, ops.sigmoid, ops.softplus, ops.gaussian, ops.ndtr, ops.erf,
    ops.relu, abs, ops.atan, ops.asinh, ops.cbrt,
]  # fmt: skip


def random_program(seed):
    rng = random.Random(seed)
    steps = [
        (rng.choice("+-*/fmw"), rng.choice(CHOICES), rng.random(), rng.random()) for _ in range(14)
    ]

    def program(x, y, z):
        known = [x, y, z]
        for kind, function, one, two in steps:
            a, b = known[int(one * len(known))], known[int(two * len(known))]
            match kind:
                case "+":
                    new = a + b
                case "-":
                    new = a - 0.5 * b
                case "*":
                    new = ops.tanh(a) * b
                case "/":
                    new = a / (1.0 + b * b)
                case "f":
                    new = function(ops.clip(a, -5.0, 5.0))
                case "m":
                    new = ops.maximum(a, ops.sin(b))
                case _:
                    new = ops.where(ops.step(a), b, a * 0.25)
            known.append(new)
        return sum(known[3:], known[0])

    return program


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_give_eagers_numbers(seed):
    rng = random.Random(seed)
    rows = [[rng.uniform(-2.0, 2.0) for _ in range(300)] for _ in range(3)]
    check(random_program(seed), rows, 1e-10)


# ----- Shapes of lanes -----


@pytest.mark.parametrize("count", [*range(1, 18), 31, 32, 33, 255, 256, 257, 1000, 10_001])
def test_every_number_of_lanes_is_computed_to_the_last(count, fused):
    run = fused(lambda x, y: x * y + x, (1.0, 2.0), backward=True)
    x, y = np.arange(count) + 1.0, np.arange(count) * 0.5
    for threads in (1, 3):
        value, by_x, by_y, flags = run(x, y, threads=threads)
        assert value.tolist() == (x * y + x).tolist()
        assert by_x.tolist() == (y + 1.0).tolist()
        assert by_y.tolist() == x.tolist()
        assert not flags.any()


def test_a_number_for_all_lanes_is_read_as_one():
    compiled = compile(lambda x, a: ops.sin(a * x))
    x = np.linspace(-3.0, 3.0, 1000)
    value, (by_x, by_a) = compiled.value_and_grad(x, 2.0)
    np.testing.assert_allclose(value, np.sin(2.0 * x), rtol=1e-14)
    np.testing.assert_allclose(by_x, 2.0 * np.cos(2.0 * x), rtol=1e-14)
    np.testing.assert_allclose(by_a, x * np.cos(2.0 * x), rtol=1e-14)


def test_arrays_broadcast_as_for_a_ufunc():
    compiled = compile(lambda x, y, z: x * y - z)
    x, y = np.arange(40.0)[:, None], np.arange(30.0)
    assert compiled(x, y, np.array([2.0])).tolist() == (x * y - 2.0).tolist()


def test_a_value_from_outside_is_read_anew():
    scale = Value(2.0)
    compiled = compile(lambda x: scale * x)
    x = np.arange(500.0)
    assert compiled(x).tolist() == (2.0 * x).tolist()
    scale.data = 3.0
    assert compiled(x).tolist() == (3.0 * x).tolist()


def test_second_derivatives_run_fused():
    compiled = compile(lambda x, y: ops.exp(x * y) + ops.sin(x) * y)
    x, y = np.linspace(-1.0, 1.0, 400), np.linspace(0.0, 2.0, 400)
    by_x, by_y = compiled.hvp((x, y), (1.0, 0.0))
    np.testing.assert_allclose(by_x, y * y * np.exp(x * y) - np.sin(x) * y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(by_y, (1 + x * y) * np.exp(x * y) + np.cos(x), rtol=1e-12)


# ----- Guards, and lanes for the careful way -----


def test_each_lane_takes_its_own_branch():
    def function(x):
        if x > 0:
            return ops.log(x) if x > 1 else x * x
        return -x

    compiled = compile(function)
    x = np.linspace(-3.0, 3.0, 1001)
    value, slope = compiled.value_and_grad(x)
    expected = [func.value_and_grad(function)(float(a)) for a in x]
    np.testing.assert_allclose(value, [v for v, _ in expected], rtol=1e-15)
    np.testing.assert_allclose(slope, [g for _, g in expected], rtol=1e-15)
    assert len(compiled.recordings) == 3


def test_lanes_near_a_tie_are_not_recorded_one_by_one():
    """The last bit of a vector function may differ from the engine's, and a comparison with it."""

    def function(x):
        return x if ops.exp(ops.log(x)) > x else -x

    compiled = compile(function)
    x = np.random.default_rng(0).uniform(1.0, 2.0, 3000)
    found = compiled(x)
    assert [abs(y) for y in found.tolist()] == x.tolist()
    assert len(compiled.recordings) <= 3


def test_zero_wins_over_infinity_in_single_lanes():
    compiled = compile(lambda x: ops.where(ops.step(x), ops.sqrt(x), 0.0))
    x = np.linspace(-1.0, 1.0, 513)
    value, slope = compiled.value_and_grad(x)
    assert x[256] == 0.0
    assert slope[256] == 0.0
    assert not np.isnan(slope).any()
    assert value[x > 0].tolist() == np.sqrt(x[x > 0]).tolist()


def test_nan_lanes_stay_nan_and_leave_others_alone():
    compiled = compile(lambda x, y: ops.log(x) * y)
    x = np.linspace(0.5, 2.0, 300)
    x[7], x[123] = math.nan, -1.0
    value, (by_x, by_y) = compiled.value_and_grad(x, 2.0)
    assert np.flatnonzero(np.isnan(value)).tolist() == [7, 123]
    assert np.flatnonzero(np.isnan(by_y)).tolist() == [7, 123]
    assert by_x[123] == -2.0
    assert np.isnan(by_x[7]) == np.isnan(func.grad(lambda x, y: ops.log(x) * y)(math.nan, 2.0))


# ----- The C library's numbers -----


def test_math_libm_gives_eagers_bits():
    compiled = compile(lambda x: ops.exp(ops.sin(x)), math="libm")
    x = np.linspace(-5.0, 5.0, 2000)
    assert compiled(x).tolist() == [ops.exp(ops.sin(a)) for a in x.tolist()]


def test_math_takes_two_words():
    with pytest.raises(Exception, match="available: libm, vector"):
        compile(lambda x: x, math="fast")
