"""Where Python's floats raise an error, `x.data` raises it in a compiled function, too."""

import math
import operator
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pluggrad import Op, Value, checkpoint, compile, func, grad, stop_gradient
from pluggrad.ops import exp, hypot, maximum, where

EXECUTORS = ["interpreter", "numba"]
ERRORS = (ArithmeticError, TypeError, ValueError)

RAISING = {
    "1 / x": lambda v: 1.0 / v,
    "x / 0": lambda v: v / 0,
    "x / x": lambda v: v / (v - 2.0),
    "x / a fraction": lambda v: v / Fraction(0, 3),
    "7 // x": lambda v: 7 // v,
    "x // 0.0": lambda v: v // 0.0,
    "-7 % x": lambda v: -7 % v,
    "x % x": lambda v: 3.0 % (v - 2.0),
    "divmod": lambda v: divmod(3.5, v)[1],
    "x ** 2": lambda v: v**2,
    "pow(x, 3)": lambda v: pow(v, 3),
    "x ** -1": lambda v: v**-1,
    "0 ** x": lambda v: 0**v,
    "2 ** x": lambda v: 2**v,
    "a complex root": lambda v: abs(v**0.5),
    "x * 1j": lambda v: abs(v * 1j) + (2j - v).real,
    "round(x, -308)": lambda v: round(v, -308),
    "round(x)": lambda v: round(v),
    "int(x)": lambda v: int(v),
    "math.floor": lambda v: math.floor(v),
    "math.sqrt": lambda v: math.sqrt(v),
    "math.log": lambda v: math.log(v),
    "math.exp": lambda v: math.exp(v),
    "math.fmod": lambda v: math.fmod(1.0, v),
    "as_integer_ratio": lambda v: v.as_integer_ratio()[1] % 7,
    "Fraction": lambda v: float(Fraction(v).limit_denominator(7)),
    "Decimal": lambda v: v + Decimal(1),
    "format": lambda v: len(f"{v:.1f}{v:d}"),
    "an op of floats": lambda v: 1.0 / (exp(-v) - 1.0),
    "several ops": lambda v: 1.0 / maximum(hypot(v, 0.0), where(v > 1.0, v, 0.0)),
    "func.grad": lambda v: 1.0 / func.grad(lambda w: w * w)(v),
    "stop_gradient": lambda v: 1.0 / stop_gradient(v),
    "abs and minus": lambda v: 1.0 / abs(-v),
}
NUMBERS = (2.0, 0.0, -0.0, -2.5, 1e200, -1e200, math.inf, -math.inf, math.nan, 1.7e308, 2e3, 0.5)
WAYS = {
    "data": lambda x: x.data,
    "grad()": lambda x: grad(x * x / 2, x),
    "computed": lambda x: x.data * 0.5 + x.data * 0.5,
}


def outcome(call, *args):
    try:
        return getattr(found := call(*args), "data", found)
    except ERRORS as cause:
        return type(cause)


@pytest.mark.filterwarnings("ignore:.*turns a Value into a float:pluggrad.CompileWarning")
@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("name", "number"),
    [(name, "data") for name in RAISING]
    + [(name, way) for name in ("1 / x", "x ** 2") for way in ("grad()", "computed")],
)
def test_what_raises_for_floats_raises_in_a_compiled_function(name, number, executor):
    raising, way = RAISING[name], WAYS[number]  # of all, a recording would look at each

    def f(x):
        return x + raising(way(x))

    def caught(x):
        try:
            return x * raising(way(x))
        except ERRORS as cause:
            return x + len(type(cause).__name__)

    for function in (f, caught):
        compiled = compile(function, executor=executor, bound=100)
        for x in (*NUMBERS, *NUMBERS):
            right, found = outcome(function, Value(x)), outcome(compiled, x)
            same = right == found or (right != right and found != found)
            assert same or found == pytest.approx(right, rel=1e-13), (function, x)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_way_through_an_except_is_a_recording_of_its_own(executor):
    def f(x):
        try:
            return x * (1.0 / (x.data - 1.0)) + (x.data * 1e100) ** 3
        except ZeroDivisionError:
            return 7.0 * x
        except OverflowError:
            return -x

    compiled = compile(f, executor=executor)
    for x in (2.0, 1.0, 1e10, 3.0, -4.0, 1e20, 1.0, -3e40):
        assert compiled(x) == f(Value(x)).data
    assert len(compiled.recordings) == 3
    xs = np.array([2.0, 1.0, 1e10, 3.0] * 100)
    assert compiled(xs).tolist() == [f(Value(x)).data for x in xs]
    value, gradient = compiled.value_and_grad(1.0)
    assert (value, gradient) == (7.0, 7.0)


def test_arithmetic_that_cannot_raise_is_not_guarded():
    def f(x):
        held = -x.data * 2.0 + abs(x.data) / 4 - x.data // 0.5 + x.data % 3 + divmod(x.data, 2)[0]
        return x * (held + x.data**0 + x.data**1 + round(x.data, 2))

    compiled = compile(f, executor="interpreter")
    assert compiled(3.0) == f(Value(3.0)).data
    assert compiled.recordings[0].guards == 0


def test_rules_compute_by_ieee_754_with_floats_among_the_operands():
    quotient = Op(
        "quotient_here", lambda a, b: a / b if b else math.inf,
        lambda g, out, a, b: g * (1.0 / b), lambda g, out, a, b: -g * out * (1.0 / b),
    )  # fmt: skip

    def f(x):
        return grad(quotient(x, x.data - 1.0), x)

    compiled = compile(lambda x: x * f(x), executor="interpreter")
    assert [compiled(x) for x in (3.0, 1.0, 0.5)] == [1.5, math.inf, -1.0]
    moved = compile(lambda x: func.jvp(lambda v: quotient(v, x.data - 1.0), (x,), (1.0,))[1])
    assert [moved(x) for x in (3.0, 1.0)] == [0.5, math.inf]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1.0 / (x.data * np.float64(2.0)),
        lambda x: (x.data + np.int64(0)) ** 2,
        lambda x: (-(x.data * np.float64(1.0))) ** 0.5,
        lambda x: x.data // np.float64(0.0) + round(x.data * np.float64(1.0), 1) ** -1,
        lambda x: (np.float64(1.0) / x.data) + np.array([x.data, 1.0]).sum() * 0.0,
    ],
)
def test_floats_of_numpy_raise_nothing(f):
    compiled = compile(lambda x: x + f(x), executor="interpreter")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for x in (2.0, 0.0, 1e200, 0.5):
            assert str(compiled(x)) == str((Value(x) + f(Value(x))).data)


def test_comparisons_of_numpys_floats_answer_with_numpys_true_and_false():
    def f(x):
        held, ours = x.data * np.float64(2.0), x.data
        found = [
            held, held < 1, held == 2.0, held != 2.0, held > 1.0, ours < np.float64(1.0), ours < 1,
            ours != 1.0, ours != np.float64(1.0), held >= ours, ours >= held, held < x, -held,
        ]  # fmt: skip
        match held < 5.0:
            case True:
                return x
        return [x * len(repr(one)) for one in found] + [x * isinstance(held, np.float64)]

    assert compile(f, executor="interpreter")(2.0) == [x.data for x in f(Value(2.0))]


RESULTS = {
    "op": lambda x: [exp(x.data), maximum(0.5, x.data), hypot(x.data, x.data), x.data**2],
    "op of a Value": lambda x: [exp(x), maximum(x, x.data), x * x.data],
    "grad": lambda x: [func.grad(lambda v: v * v)(x.data), func.grad(lambda v: v * x.data)(0.5)],
    "grad of a Value": lambda x: [func.grad(lambda v: v * v)(x), func.grad(lambda v: v * x)(0.5)],
    "grad of what is cut off": lambda x: [
        func.grad(lambda v: v * v)(x.detach()), func.grad(lambda v: v * stop_gradient(x))(0.5),
    ],
    "second": lambda x: [func.grad(func.grad(exp))(x.data), func.grad(func.grad(exp))(x)],
    "hessian": lambda x: func.hessian(lambda v: v[0] * v[1] * v[0])([x.data, 1.0])[0],
    "hvp": lambda x: [func.hvp(exp, (x.data,), (1.0,)), func.hvp(exp, (x.data,), (x,))],
    "jvp": lambda x: [func.jvp(exp, (x.data,), (1.0,))[1], func.jvp(exp, (x.data,), (x,))[1]],
    "vjp": lambda x: [func.vjp(exp, x.data)[1](1.0)[0], func.vjp(exp, x.data)[1](x)[0]],
    "linearize": lambda x: [func.linearize(exp, x.data)[1](1.0), func.linearize(exp, x)[1](1.0)],
    "vmap": lambda x: func.vmap(func.grad(exp))([x.data, x]),
    "with an aux": lambda x: func.value_and_grad(lambda v: (v, v * 2), has_aux=True)(x.data)[0],
    "checkpoint": lambda x: [checkpoint(exp, x.data), checkpoint(exp, x), stop_gradient(x.data)],
    "detach": lambda x: [x.detach(), stop_gradient(x), Value(x.data)],
    "Dual": lambda x: func.jvp(lambda v: v * stop_gradient(v), (x.data,), (1.0,)),
}  # fmt: skip


@pytest.mark.parametrize("what", RESULTS)
def test_ops_and_transforms_give_floats_where_they_do_outside(what):
    def f(x):
        return [x * isinstance(y, float) for y in RESULTS[what](x)]

    assert compile(f, executor="interpreter")(2.0) == [x.data for x in f(Value(2.0))]


def test_recordings_of_such_ways_are_saved(tmp_path):
    import pluggrad

    def f(x):
        try:
            return x * (1.0 / x.data) ** 3
        except ZeroDivisionError:
            return x + 7.0
        except OverflowError:
            return x + 5.0

    compiled = compile(f, executor="interpreter")
    right = [compiled(x) for x in (2.0, 0.0, 1e-200)]
    compiled.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor="interpreter")
    assert [loaded(x) for x in (2.0, 0.0, 1e-200)] == right == [0.25, 7.0, 5.0]
    assert [loaded(Value(x)).data for x in (2.0, 0.0, 1e-200)] == right


@pytest.mark.parametrize("apply", [operator.add, operator.mul, operator.truediv, pow])
def test_values_go_on_by_ieee_754_beside_floats(apply):
    compiled = compile(lambda x: apply(x, x.data) + apply(x.data, x), executor="interpreter")
    for x in (2.0, 0.0, 1e200, -0.5):
        right = (apply(Value(x), x) + apply(x, Value(x))).data
        found = compiled(x)
        assert found == right or (found != found and right != right)
