"""Whatever Python can get to know of a recorded number is recorded, guarded or refused."""

import contextlib
import contextvars
import copy
import dataclasses
import functools
import inspect
import itertools
import math
import operator
import pickle
import sys
import threading
import types
from abc import ABCMeta
from collections import ChainMap, UserDict, deque
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from numbers import Real

import numpy as np
import pluggrad
import pytest
from pluggrad import (
    CompileError,
    ForwardError,
    Graph,
    Op,
    Value,
    compile,
    func,
    grad,
    no_grad,
    on_gradient,
    stop_gradient,
)
from pluggrad.compiler.capture.recorded import FUNCTIONS, WAYS
from pluggrad.hints.names import OF_OTHERS
from pluggrad.ops import cos, exp, log, mul, sin, where
from pluggrad.value import SOCKETS

EXECUTORS = ["interpreter", "numba"]
NUMBERS = [2.0, 3.0, -1.5, 2.0]
OUTSIDE = Value(2.0, requires_grad=False)


def compare(f, executor):
    """Compare a compiled function and its gradient with plain Values, at several points."""
    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        expected = f(Value(number))
        assert compiled(number) == pytest.approx(float(expected), rel=1e-13)
        slope = func.grad(lambda x: f(x) + 0.0 * x)(number)
        assert compiled.grad(number) == pytest.approx(float(slope), rel=1e-13)


# ----- The table -----


def test_every_way_out_of_a_value_is_in_the_table():
    own = set(vars(Value)) | {"__reduce_ex__", "__getstate__", "__str__", "__ne__"}
    own -= {op.name for op in pluggrad.plugins.ops.values()} | set(OF_OTHERS)
    structural = {
        "__doc__",
        "__init__",
        "__module__",
        "__slots__",
        "__annotations__",
        "__weakref__",
        *("__firstlineno__", "__static_attributes__"),  # of each class from Python 3.13 on
    }
    arithmetic = {name for names in SOCKETS.values() for name in names}
    arithmetic |= {"__pos__", "__divmod__", "__rdivmod__", "_sympy_", "conjugate"}
    inner = {"_number", "_grad", "_left", "_right", "_mark", "_operands", "_hooks"}
    assert own - structural - arithmetic - inner == set(WAYS)


def test_every_function_that_takes_a_value_is_in_the_table():
    takes_values = {
        name
        for name in pluggrad.__all__
        if inspect.isfunction(thing := getattr(pluggrad, name))
        and any(
            "Value" in str(parameter.annotation)
            for parameter in inspect.signature(thing).parameters.values()
        )
    }
    assert takes_values <= set(FUNCTIONS) | {"compile"}


# ----- Recorded -----


def inner_gradient(w):
    y = (w - 1) ** 3
    g = grad(y, w)
    return y + 0.1 * g * g


def penalty_that_trains(w):
    y = (w - 1) ** 3
    g = grad(y, w, create_graph=True)
    return y + 0.1 * g * g


def inner_backward(x):
    y = x * x * x
    y.backward()
    return x.grad * x


def two_backwards(x):
    (x * x).backward()
    sin(x).backward(2.0)
    return x.grad + x


def adds_up(x):
    w = Value(x.data)
    (w * w * w * 1e8).backward()
    (w * w).backward()
    return w.grad


def gradient_of_an_inner_node(x):
    y = x * x
    z = exp(0.1 * y) * y
    z.backward()
    return y.grad * x


def inner_descent(x):
    w = Value(0.5)
    for _ in range(5):
        loss = (w - x) ** 2
        loss.backward()
        w = Value(w.data - 0.1 * w.grad)
    return w * x


def reset_between(x):
    (x * x).backward()
    x.grad = 0.0
    (x * x * x).backward()
    return x.grad + 0.0 * x


def twice(x):
    dy = grad(x**4, x, create_graph=True)
    return grad(dy, x) * x


def data(x):
    return x * x.data + sin(x.data) * x


def detached(x):
    return x * (x * x).detach()


def stopped(x):
    return x * stop_gradient(sin(x))


def without_recording(x):
    with no_grad():
        k = OUTSIDE * 3 + x * x
    return x * k


def constant_from_outside(x):
    return x * OUTSIDE.detach()


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f",
    [
        inner_gradient, penalty_that_trains, inner_backward, two_backwards,
        gradient_of_an_inner_node, reset_between, twice, data, detached, stopped, without_recording,
    ],
)  # fmt: skip
def test_what_leaves_the_graph_is_computed_in_each_call(f, executor):
    compare(f, executor)


def test_gradients_that_add_up_inside_are_rounded_as_the_engine_rounds_them():
    compiled = compile(adds_up, executor="interpreter")
    for number in (1 / 3, 0.1, 1.7, 2 / 7, -0.0):
        assert str(compiled(number)) == str(adds_up(Value(number)))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_optimisation_inside_is_computed_in_each_call(executor):
    compiled = compile(inner_descent, executor=executor)
    for number in NUMBERS:
        w = 0.5
        for _ in range(5):
            w -= 0.2 * (w - number)
        assert compiled(number) == pytest.approx(w * number, rel=1e-13)


@pytest.mark.parametrize("f", [without_recording, constant_from_outside])
def test_constants_from_outside_are_read_in_each_call(f, monkeypatch):
    compiled = compile(f)
    for number in (2.0, 7.0):
        monkeypatch.setattr(OUTSIDE, "data", number)
        assert compiled(3.0) == f(Value(3.0)).data


def test_a_recording_serves_all_numbers():
    for f in (inner_gradient, inner_backward, inner_descent, data, detached):
        compiled = compile(f)
        for number in NUMBERS:
            compiled(number)
        assert len(compiled.recordings) == 1


def test_inner_gradients_work_over_lanes():
    np = pytest.importorskip("numpy")
    lanes = np.array(NUMBERS)
    expected = [inner_gradient(Value(x)).data for x in NUMBERS]
    assert compile(inner_gradient)(lanes) == pytest.approx(expected, rel=1e-13)


# ----- A compiled function inside -----


def among(inner, of):
    """Make a function that calls a compiled one, which reads a Value of its caller."""

    def outer(x):
        y = 2.0 * x
        return inner(compile(lambda v: v * y, executor="interpreter"), of(y), y)

    return outer


@pytest.mark.parametrize(
    "of",
    [
        lambda y: y,
        lambda y: y.data,
        lambda y: y.data * 0.5 + 1.0,
        lambda y: exp(y.data),
        lambda y: exp(Value(y.data)).data,
        lambda y: y.detach(),
        lambda y: Value(y.data),
        lambda y: Value(y.data).data,
        lambda y: 1.0,
        lambda y: Value(1.5),
        lambda y: stop_gradient(y) * y.data,
    ],
)
@pytest.mark.parametrize(
    "inner",
    [
        lambda f, v, y: f(v) * y,
        lambda f, v, y: f.value_and_grad(v)[0] + y,
        lambda f, v, y: f.value_and_grad(v)[1] + y,
        lambda f, v, y: f.jvp((v,), (1.0,))[1] * y,
        lambda f, v, y: f.hvp((v,), (1.0,)) + y,
    ],
)
def test_a_compiled_function_inside_gives_numbers_for_numbers_and_values_for_values(inner, of):
    outer = among(inner, of)
    compiled = compile(outer, executor="interpreter")
    for number in NUMBERS:
        expected = [getattr(x, "data", x) for x in func.value_and_grad(outer)(number)]
        assert compiled.value_and_grad(number) == pytest.approx(expected, rel=1e-13)


WEIGHT = Value(3.0)
FACTORS = {"last": 2.0}
weighted = compile(lambda v: v * v * WEIGHT * FACTORS["last"])
over_rows = compile(lambda w, x: w * x * WEIGHT, in_axes=(None, 0), executor="interpreter")
program = compile(WEIGHT * WEIGHT)


@pytest.mark.filterwarnings("ignore:.*recorded again and again")  # they share a function
@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * weighted(1.5),
        lambda x: x * weighted(v=1.5),
        lambda x: x * weighted.value_and_grad(1.5)[0],
        lambda x: x * weighted.value_and_grad(1.5)[1],
        lambda x: x * weighted.grad(1.5),
        lambda x: x * weighted.jvp((1.5,), (2.0,))[1],
        lambda x: x * weighted.hvp((1.5,), (2.0,)),
        lambda x: x * sum([weighted(float(n)) for n in range(3)]),
        lambda x: weighted(1.5) + weighted(x) if weighted(1.5) < 40.0 else x,
    ],
)
def test_what_a_compiled_function_inside_reads_is_read_in_each_call(f, executor, monkeypatch):
    compiled = compile(f, executor=executor)
    for weight, factor in ((3.0, 2.0), (5.0, 2.0), (5.0, 7.0)):
        monkeypatch.setattr(WEIGHT, "data", weight)
        monkeypatch.setitem(FACTORS, "last", factor)
        expected = [float(x) for x in func.value_and_grad(f)(2.0)]
        assert compiled.value_and_grad(2.0) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    "name",
    ["results", "gradients", "inputs", "parameters", "seeds"],
)
def test_arrays_of_a_program_are_read_in_each_call(name):
    weight = Value(3.0)
    program = compile(weight * weight)
    compiled = compile(lambda x: x * getattr(program, name)[0])
    direct = compile(lambda x: x * program.results[0])
    for number in (3.0, 5.0):
        weight.data = number
        program()
        program.seeds[0] = number
        assert compiled(2.0) == 2.0 * getattr(program, name)[0]
        assert direct(2.0) == 2.0 * number * number


def test_what_a_fit_has_come_to_is_read_in_each_call():
    run = over_rows.start([2.0])
    compiled = compile(lambda x: x * run.shared[0])
    for number in (2.0, 4.0):
        run.parameters[0] = number
        assert compiled(3.0) == 3.0 * number


def test_an_op_may_compute_with_a_compiled_function():
    cubed = compile(lambda v: v * v * v)
    cube = Op("cube", cubed, lambda g, out, x: g * cubed.grad(x))
    compiled = compile(lambda x: cube(x) * 2.0, executor="interpreter")
    for number in NUMBERS:
        assert compiled.value_and_grad(number) == pytest.approx((2 * number**3, 6 * number**2))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * weighted(np.array([1.0, 2.0]))[0],
        lambda x: x * weighted.value_and_grad(np.array([1.0, 2.0]))[1][0],
        lambda x: x * weighted(1.0, out=None),
        lambda x: x * compile(lambda v: v[0], arrays="elements").jacobian([1.0])[0],
        lambda x: x * weighted.hessian(1.0),
        lambda x: x * over_rows(2.0, [1.0, 2.0]),
        lambda x: x * over_rows.grad(2.0, [1.0, 2.0]),
        lambda x: x * over_rows.gauss_newton(2.0, [1.0, 2.0])[0],
        lambda x: x * over_rows.start(2.0).step([1.0, 2.0]),
        lambda x: x * over_rows.over([([1.0, 2.0],)])(2.0),
        lambda x: x * program(),
        lambda x: x * program.forward(),
        lambda x: x * program.backward()[0],
        lambda x: x * (program.step() or 2.0),
        lambda x: x * program.value_and_gradient([2.0])[0],
    ],
)
def test_what_is_compiled_and_computes_with_arrays_is_refused_inside(f):
    with pytest.raises(CompileError, match=r"in a compiled function, at .*test_recorded\.py"):
        compile(f)(2.0)


@pytest.mark.parametrize("number", [2, Fraction(1, 4), np.float32(0.5), np.int64(3)])
def test_a_compiled_function_inside_takes_numbers_of_every_type(number):
    inner = compile(lambda v: v * v * 3.0, executor="interpreter")
    compiled = compile(lambda x: inner(number) * x + inner.grad(number), executor="interpreter")
    assert compiled(2.0) == inner(number) * 2.0 + inner.grad(number)


@pytest.mark.parametrize("w", [0.0, -0.0, 1.0])
def test_a_gradient_of_a_compiled_function_inside_has_the_sign_of_zero_that_it_has_alone(w):
    inner = compile(lambda v: v * v * w, executor="interpreter")
    both = compile(lambda x: list(inner.value_and_grad(x.data)), executor="interpreter")
    for x in (-0.0, 0.0, -2.0):
        assert repr(both(x)) == repr(list(inner.value_and_grad(x)))


def test_a_compiled_function_inside_refuses_what_is_no_number():
    inner = compile(lambda v: v * v, executor="interpreter")
    with pytest.raises(CompileError, match="takes real numbers"):
        compile(lambda x: inner(1j) * x, executor="interpreter")(2.0)


def test_what_a_compiled_function_inside_gives_is_computed_again_whatever_is_made_of_it():
    def outer(x):
        y = x
        inner = compile(lambda v: v * y, executor="interpreter")
        first = inner(x)
        y = first * 2.0
        return inner(2.0) * x + inner(inner(0.5))

    compiled = compile(outer, executor="interpreter")
    for number in NUMBERS:
        expected = func.value_and_grad(outer)(number)
        assert compiled.value_and_grad(number) == pytest.approx(expected, rel=1e-13)


# ----- Hooks -----


def hooked_inside(x):
    y = x * x
    on_gradient(y, lambda g: 2.0 * g)
    return y * 3 + x


def hooked_argument(x):
    on_gradient(x, lambda g: g * 3.0)
    on_gradient(x, lambda g: g + g * g)
    return x * x


def hook_taken_away(x):
    y = x * x
    with on_gradient(y, lambda g: 2.0 * g):
        pass
    return y * 3


def clipped(x):
    y = x * x
    on_gradient(y, lambda g: max(-1.0, min(g, 1.0)))
    return y * x


def hooked_in_an_inner_gradient(x):
    y = x * x
    on_gradient(y, lambda g: 2.0 * g)
    return grad(y * y, x) * x


@pytest.mark.parametrize("f", [hooked_inside, hooked_argument, hook_taken_away, clipped])
def test_hooks_are_called_in_compiled_functions(f):
    compiled = compile(f, executor="interpreter")
    for number in NUMBERS:
        x = Value(number)
        f(x).backward()
        assert compiled.grad(number) == x.grad
        assert compiled(number) == f(Value(number)).data


@pytest.mark.parametrize("executor", EXECUTORS)
def test_hooks_that_compute_are_compiled(executor):
    for f in (hooked_inside, hook_taken_away, hooked_in_an_inner_gradient):
        compiled = compile(f, executor=executor)
        for number in NUMBERS:
            assert compiled.value_and_grad(number) == pytest.approx(
                func.value_and_grad(f)(number), rel=1e-13
            )


def gradients_by_the_hooked(x):
    y = x * 3.0
    on_gradient(y, lambda g: 2.0 * g + 1.0)
    on_gradient(y, lambda g: -g)
    first, second = grad(y * y, [y, x])
    return first * second + grad(y * x, y, create_graph=True) * x


def backward_to_the_hooked(x):
    y, leaf = x * 3.0, Value(x.data)
    on_gradient(y, lambda g: 2.0 * g + 1.0)
    on_gradient(leaf, lambda g: 3.0 - g)
    (y * leaf).backward()
    (y * leaf).backward()
    return y.grad * x + leaf.grad


def transform_of_the_hooked(x):
    def inner(v):
        on_gradient(v, lambda g: 2.0 * g + 1.0)
        return v * v

    return func.grad(inner)(x * 2.0) * x


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f", [gradients_by_the_hooked, backward_to_the_hooked, transform_of_the_hooked]
)
def test_the_gradient_of_what_has_a_hook_is_what_the_hook_made_of_it(f, executor):
    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        x = Value(number)
        assert compiled(number) == f(x).data
        assert compiled.value_and_grad(number) == pytest.approx(
            func.value_and_grad(f)(number), rel=1e-13
        )


def test_a_hook_that_watches_sees_each_gradient():
    seen = []

    def f(x):
        y = x * x
        on_gradient(y, seen.append)
        return y * x

    compiled = compile(f, executor="interpreter")
    assert [compiled.grad(x) for x in (2.0, 3.0)] == [12.0, 27.0]
    assert seen[-2:] == [2.0, 3.0]


def test_a_program_refuses_a_graph_with_hooks():
    x = Value(3.0)
    y = x * x
    on_gradient(x, lambda g: max(-1.0, min(g, 1.0)))
    with pytest.raises(CompileError, match=r"hook of on_gradient\(\)"):
        compile(y)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_program_refuses_a_hook_put_on_its_graph_later_for_as_long_as_it_is_there(executor):
    x, other = Value(3.0), Value(1.0)
    y = x * x
    program = compile(y * 1.0, executor=executor)
    with on_gradient(other, lambda g: 0.0 * g):
        program()
    for node in (x, y):
        with on_gradient(node, lambda g: 10.0 * g):
            for _ in range(2):
                with pytest.raises(CompileError, match=r"hook of on_gradient\(\)"):
                    program()
    program()
    assert x.grad == 12.0


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_hook_on_a_value_from_outside_counts_from_when_it_is_put_there(executor):
    weight = Value(2.0)
    compiled = compile(lambda x: grad(weight * x * x, weight) + x, executor=executor)
    assert compiled(3.0) == 12.0
    with on_gradient(weight, lambda g: 10.0 * g):
        assert compiled(3.0) == 93.0
        assert compiled(2.0) == 42.0
    assert compiled(3.0) == 12.0


# ----- Guarded -----


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * float(f"{x:.1f}"),
        lambda x: x * len(str(x)) if float(x) > 0 else x,
        lambda x: x * float(x.data) + x,
        lambda x: x if x.data > 2.5 else 2 * x,
        lambda x: x * math.floor(float(x)),
        lambda x: where(grad(x * x, x), x, 1.0) if grad(x**3 - 9 * x, x) > 0 else x * x,
    ],
)
def test_a_look_holds_for_inputs_of_the_same_answer(f, executor):
    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        assert compiled(number) == float(f(Value(number)))


def branching():
    def rule(g, out, x):
        return 2.0 * g if float(x) > 0 else 3.0 * g

    return Op("branching", lambda x: 2.0 * x if x > 0 else 3.0 * x, rule)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_branch_in_a_rule_is_guarded(executor):
    op = branching()
    for f in (lambda x: func.grad(op)(x), lambda x: grad(op(x) * x, x)):
        compiled = compile(f, executor="interpreter")
        for number in NUMBERS:
            assert compiled(number) == float(f(Value(number)))


def test_an_op_that_raises_on_the_way_not_taken_does_no_harm():
    def risky(x):
        if x <= 0:
            raise ValueError("below zero")
        return math.log(x)

    op = Op("risky", risky, lambda g, out, x: g / x)
    compiled = compile(lambda x: op(x) if x > 0 else x * x, executor="interpreter")
    assert [compiled(x) for x in (1.0, -2.0, math.e, -3.0)] == [0.0, 4.0, 1.0, 9.0]
    always = compile(lambda x: op(x) * x, executor="interpreter")
    assert always(1.0) == 0.0
    with pytest.raises(pluggrad.ForwardError, match="below zero"):
        always(-1.0)


# ----- Errors that the program catches -----

DIVIDED = Op("divided", operator.truediv, lambda g, out, a, b: g / b, lambda g, out, a, b: -g)


def caught(x):
    try:
        return DIVIDED(1.0, x) + x
    except ArithmeticError:
        return x * 7.0


def caught_int(x):
    try:
        return x * int(x)
    except (OverflowError, ValueError):
        return x + 7.0


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("f", [caught, caught_int])
def test_an_error_that_the_program_catches_is_guarded(f, first):
    numbers = [0.0 if f is caught else math.inf, 2.5][:: -1 if first else 1]
    compiled = compile(f, executor="interpreter")
    for number in numbers * 2:
        assert compiled(number) == f(Value(number)).data
    assert len(compiled.recordings) == 2


def picky(x):
    if x < 0.0:
        raise ValueError("below zero")
    if x == 0.0:
        raise ZeroDivisionError("zero")
    if x > 9.0:
        raise KeyError("large")
    if x > 4.0:
        raise TypeError("odd")
    return x * 2.0


PICKY = Op("picky", picky, lambda g, out, x: 2.0 * g)


def told_by_class(x):
    try:
        return PICKY(x)
    except ForwardError as error:
        return x * (3.0 if isinstance(error.__cause__, ValueError) else 4.0) + 1.0
    except KeyError:
        return x * 5.0
    except TypeError:
        return x * 6.0


def told_by_class_of_floats(x):
    try:
        return x + x.data**-1
    except OverflowError:
        return x * 13.0
    except ZeroDivisionError:
        return x + 17.0


@pytest.mark.parametrize("f", [told_by_class, told_by_class_of_floats])
def test_an_error_is_taken_for_no_other_one(f):
    numbers = [-1.0, 0.0, 1.0, 4.5, 10.0, 5e-324, -0.0, -2.0]
    for pair in itertools.permutations(numbers, 2):
        compiled = compile(f, executor="interpreter")
        for number in (*pair, *pair):
            assert compiled(number) == f(Value(number)).data, pair
    fresh = compile(f, executor="interpreter")
    assert [fresh(x) for x in numbers] == [f(Value(x)).data for x in numbers]


def checked(x):
    try:
        DIVIDED(1.0, x)  # for its error alone
    except ArithmeticError:
        return x - 1.0
    return 2.0 * x


def test_an_op_that_is_used_for_its_error_alone_is_computed():
    for given in ([0.0, 2.0, 0.0], [2.0, 0.0, 2.0]):
        compiled = compile(checked, executor="interpreter")
        assert [compiled(x) for x in given] == [checked(Value(x)).data for x in given]
    unused = compile(lambda x: (DIVIDED(1.0, x), x)[1], executor="interpreter")
    assert unused(2.0) == 2.0
    with pytest.raises(ForwardError):
        unused(0.0)


def test_a_hessian_product_takes_the_way_of_the_error():
    compiled = compile(lambda x: caught(x) * x, executor="interpreter")
    for number in (2.0, 0.0, 2.0):
        expected = func.hvp(lambda x: caught(x) * x, (number,), (1.0,))
        assert compiled.hvp((number,), (1.0,)) == pytest.approx(expected)


def test_a_decimal_that_meets_nan_raises_as_python_does():
    compiled = compile(lambda x: x if x < Decimal("0.1") else 2 * x)
    assert compiled(3.0) == 6.0
    with pytest.raises(InvalidOperation):
        compiled(math.nan)


# ----- What derivatives hand out -----


def cube(v):
    return v * v * v


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: func.grad(cube)(x.detach()) * 1.0,
        lambda x: func.value_and_grad(cube)(x.detach())[0] * 1.0,
        lambda x: func.jvp(cube, (x.detach(),), (1.0,))[1] * 1.0,
        lambda x: func.vjp(cube, x.detach())[1](1.0)[0] * 1.0,
        lambda x: func.linearize(cube, x.detach())[1](1.0) * 1.0,
        lambda x: func.jacfwd(cube)(x.detach()) * 1.0,
        lambda x: func.jacrev(cube)(x.detach()) * 1.0,
        lambda x: func.hessian(cube)(x.detach()) * 1.0,
        lambda x: func.hvp(cube, (x.detach(),), (1.0,)) * 1.0,
        lambda x: func.jvp(lambda v: [cube(v), x.detach()], (2.0,), (1.0,))[0][1] * 1.0,
    ],
)
def test_derivatives_at_a_constant_are_computed_in_each_call(f, executor):
    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        assert compiled(number) == pytest.approx(float(f(Value(number))), rel=1e-13)
    assert len(compiled.recordings) == 1


def test_what_forward_mode_hands_through_is_computed_in_each_call():
    compiled = compile(lambda x: [x * x, x.detach()], executor="interpreter")
    for number in NUMBERS:
        assert compiled.jvp((number,), (1.0,)) == (
            [number * number, number],
            [2.0 * number, 0.0],
        )


def blocked_further_down(x):
    y = where(1.0 - x, x, (x * x - 1.0).sqrt())
    return grad(y * y, x, create_graph=True) * x


def blocked_forward(x):
    return func.jvp(lambda v: where(1.0 - v, v, (v * v - 1.0).sqrt()), (x,), (1.0,))[1] + x


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("f", [blocked_further_down, blocked_forward, func.grad(blocked_forward)])
@pytest.mark.parametrize("numbers", [[2.0, 1.0, 2.0, 0.5], [1.0, 0.5, 3.0, 1.0]])
def test_a_gradient_that_is_blocked_stays_zero_whichever_number_came_first(f, numbers, executor):
    compiled = compile(f, executor=executor)
    for number in numbers:
        assert compiled(number) == pytest.approx(float(f(Value(number))), rel=1e-13, nan_ok=True)
    lanes = pytest.importorskip("numpy").array(numbers)
    expected = [float(f(Value(x))) for x in numbers]
    assert compile(f)(lanes) == pytest.approx(expected, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("f", [inner_gradient, penalty_that_trains])
def test_a_function_that_takes_gradients_has_hessian_products(f, executor):
    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        slope, step = func.grad(f), 1e-5
        expected = (slope(number + step) - slope(number - step)) / (2 * step)
        assert func.hvp(f, (number,), (1.0,)) == pytest.approx(expected, rel=1e-6)
        assert compiled.hvp((number,), (1.0,)) == pytest.approx(expected, rel=1e-6)


# ----- What comes from outside -----


class Model:
    """Holds Values in an attribute, a list and a dict."""

    def __init__(self):
        self.w = Value(3.0)
        self.listed = [Value(1.0), {"k": Value(2.0)}]

    def __call__(self, x):
        return self.w * x + self.listed[0] * self.listed[1]["k"]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "f",
    [
        lambda m, x: m.w.data * x,
        lambda m, x: sum(v.data for v in [m.w, m.listed[0]]) * x,
        lambda m, x: (m.w * 2.0).data * x,
        lambda m, x: x * len(f"{m.w:.2f}"),
        lambda m, x: x * float(str(m.w)[6:9]),
    ],
)
def test_numbers_read_from_values_outside_are_read_in_each_call(f, executor):
    model = Model()
    compiled = compile(lambda x: f(model, x), executor=executor)
    for number in (3.0, 7.5, 12.25):
        model.w.data = number
        assert compiled(2.0) == float(f(model, 2.0))


USES_OF_COMPUTED = {
    "product": lambda b, a, x: b * x,
    "result": lambda b, a, x: b,
    "branch": lambda b, a, x: 2 * x if b > x else 3 * x,
    "data": lambda b, a, x: b.data * x,
    "gradient by what it was computed from": lambda b, a, x: grad(b * x, a),
    "gradient, differentiated again": lambda b, a, x: grad(b * x * x, a, create_graph=True) * x,
    "Hessian": lambda b, a, x: func.hessian(lambda z: b * z * z)(x),
    "tangent": lambda b, a, x: func.jvp(lambda z: b * z, (x,), (b,))[1],
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("use", USES_OF_COMPUTED)
def test_a_value_that_was_computed_outside_is_not_computed_again(use, executor):
    a = Value(2.0)
    b = a * a * 3
    compiled = compile(lambda x: USES_OF_COMPUTED[use](b, a, x), executor=executor)
    for change in (lambda: None, lambda: setattr(a, "data", 5.0), lambda: setattr(b, "data", 0.5)):
        change()
        expected = float(USES_OF_COMPUTED[use](b, a, Value(1.5)))
        assert compiled(1.5) == pytest.approx(expected)
        assert compiled(np.full(300, 1.5)) == pytest.approx(expected)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "w", Value(7.0)),
        lambda m: m.listed.__setitem__(0, Value(9.0)),
        lambda m: m.listed[1].update(k=Value(5.0)),
        lambda m: setattr(m, "listed", [Value(4.0), {"k": Value(4.0)}]),
    ],
)
def test_another_value_in_the_place_of_one_outside_is_noticed(change, executor):
    model = Model()
    compiled = compile(model, executor=executor)
    array = pytest.importorskip("numpy").array([2.0, 3.0])
    assert compiled(2.0) == model(2.0).data
    change(model)
    assert compiled(2.0) == model(2.0).data
    assert compiled.grad(2.0) == model.w.data
    assert compiled(array).tolist() == [model(2.0).data, model(3.0).data]
    assert len(compiled.recordings) == 1


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w


class Shared:
    w = None


def shared(w):
    Shared.w = w
    return Shared()


def in_context(w):
    variable = contextvars.ContextVar("variable")
    variable.set(w)
    return variable


def in_thread(w):
    found = threading.local()
    found.w = w
    return found


def set_attribute(held, w):
    held.w = w


@pytest.mark.parametrize(
    ("hold", "read", "change"),
    [
        (lambda w: types.SimpleNamespace(w=w), lambda h: h.w, set_attribute),
        (Slotted, lambda h: h.w, set_attribute),
        (shared, lambda h: h.w, set_attribute),
        (shared, lambda h: h.w, lambda h, v: setattr(Shared, "w", v)),
        (in_thread, lambda h: h.w, set_attribute),
        (in_context, lambda h: h.get(), lambda h, v: h.set(v)),
        (lambda w: deque([w]), lambda h: h[0], lambda h, v: h.__setitem__(0, v)),
        (lambda w: UserDict(w=w), lambda h: h["w"], lambda h, v: h.update(w=v)),
        (lambda w: ChainMap({"w": w}), lambda h: h["w"], lambda h, v: h.update(w=v)),
        (lambda w: {w}, lambda h: next(iter(h)), lambda h, v: (h.clear(), h.add(v))),
    ],
)
def test_another_value_is_noticed_wherever_one_is_held(hold, read, change):
    held = hold(Value(2.0))
    compiled = compile(lambda x: read(held) * x)
    assert [compiled(3.0), compiled(3.0)] == [6.0, 6.0]
    change(held, Value(5.0))
    assert compiled(3.0) == 15.0


def test_another_value_in_an_array_of_values_is_noticed():
    held = pytest.importorskip("numpy").array([[Value(2.0), Value(1.0)]])
    compiled = compile(lambda x: held[0, 0] * x)
    assert compiled(3.0) == 6.0
    held[0, 0] = Value(5.0)
    assert compiled(3.0) == 15.0


SCALE = Value(2.0)


def test_a_name_that_stands_for_another_value_is_noticed(monkeypatch):
    inner = Value(3.0)
    compiled = compile(lambda x: SCALE * x + inner)
    assert compiled.value_and_grad(1.0) == (5.0, 2.0)
    monkeypatch.setattr(sys.modules[__name__], "SCALE", Value(7.0))
    inner = Value(1.0)
    assert compiled.value_and_grad(1.0) == (8.0, 7.0)


STRENGTH = 1.0
HELPER = cos
REVERSED = Op("reversed_gradient", lambda x: x * STRENGTH, lambda g, out, x: -STRENGTH * g)
HELPED = Op("helped", lambda x: x, lambda g, out, x: g * HELPER(x))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "thing"), [("STRENGTH", 5.0), ("HELPER", exp)])
@pytest.mark.parametrize("f", [lambda x: REVERSED(x) * HELPED(x), lambda x: grad(REVERSED(x), x)])
def test_what_rules_and_forwards_read_may_change(f, name, thing, executor, monkeypatch):
    compiled = compile(f, executor=executor)
    program_input = Value(2.0)
    program = compile(REVERSED(program_input) * HELPED(program_input), executor=executor)
    for _ in range(2):
        for number in (2.0, 3.0, 2.0):
            assert compiled(number) == float(f(Value(number)))
            slope = func.grad(lambda x: f(x) + 0.0 * x)(number)
            assert compiled.value_and_grad(number)[1] == pytest.approx(slope, rel=1e-13)
        program()
        fresh = Value(2.0)
        (REVERSED(fresh) * HELPED(fresh)).backward()
        assert program.gradients[0] == pytest.approx(fresh.grad, rel=1e-13)
        monkeypatch.setattr(sys.modules[__name__], name, thing)


def test_classes_of_recorded_numbers_are_equal_to_value():
    def f(x):
        factors = {Value: 2.0, float: 3.0}
        same = type(x) == Value  # noqa: E721 - that it answers like Value is what is tested
        same = same and type(x) in (int, Value) and type(x) is not float
        return x * factors[type(x)] if same and isinstance(x, Value) else x

    assert compile(f)(4.0) == 8.0


def test_values_are_as_ever_when_nothing_is_recorded():
    checked = vars(Value)["data"]
    with pytest.raises(CompileError):
        compile(zero_outside)(1.0)
    assert vars(Value)["data"] is checked


def test_other_threads_work_with_values_while_one_records():
    weight = Value(2.0, label="weight")
    seen = []

    def train():
        weight.data += 1.0
        (weight * weight).backward()
        seen.append((weight.data, weight.grad))

    def f(x):
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
        return x * 2.0

    assert compile(f)(3.0) == 6.0
    assert seen == [(3.0, 6.0)]


class Line:
    """Has compiled methods."""

    def __init__(self):
        self.w = Value(3.0)

    @compile
    def scaled(self, x):
        return self.w * x

    @compile
    def shifted(self, x):
        return self.w + x


class Steeper(Line):
    """Inherits them."""


@pytest.mark.parametrize("kind", [Line, Steeper])
def test_a_bound_compiled_method_is_pickled_with_its_object(kind):
    line = kind()
    for method, expected in ((line.scaled, 6.0), (line.shifted, 5.0)):
        assert method(2.0) == expected
        loaded = pickle.loads(pickle.dumps(method))
        line.w.data = 100.0
        assert (loaded(2.0), type(loaded.owner)) == (expected, kind)
        line.w.data = 3.0


def test_recordings_that_read_values_from_outside_stay_behind_in_a_pickle(monkeypatch):
    compiled = compile(without_recording)
    compiled(2.0)
    loaded = pickle.loads(pickle.dumps(compiled))
    assert (len(compiled.recordings), len(loaded.recordings)) == (1, 0)
    monkeypatch.setattr(OUTSIDE, "data", 5.0)
    assert loaded(2.0) == compiled(2.0) == without_recording(Value(2.0)).data


# ----- Where it runs -----


def test_code_run_by_exec_in_a_bare_namespace_is_seen_too():
    scope = {"Value": Value}
    exec("def f(x):\n    w = Value(x.data)\n    (w * w).backward()\n    return w.grad * x", scope)
    compiled = compile(scope["f"])
    assert [compiled(x) for x in (2.0, 3.0)] == [8.0, 18.0]


# ----- Refused -----


def in_a_thread(look):
    def f(x):
        found = []

        def work():
            try:
                found.append(look(x))
            except CompileError as refused:
                found.append(refused)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(found[0], CompileError):
            raise found[0]
        return x * found[0]

    return f


def assign_data(x):
    x.data = 3.0
    return x


def freeze(x):
    y = x * x
    x.requires_grad = False
    return y + x


def assign_outside(x):
    OUTSIDE.data = OUTSIDE.data + 1.0
    return x * OUTSIDE


def zero_outside(x):
    OUTSIDE.grad = 0.0
    return x * OUTSIDE


def outside_backward(x):
    (x * Value_outside).backward()
    return x


Value_outside = Value(4.0, label="weight")


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda x: copy.deepcopy(x) * x, "deepcopy"),
        (lambda x: copy.copy(x) * x, "copy"),
        (lambda x: pickle.loads(pickle.dumps(x)), "pickle"),
        (lambda x: {1.0: 7.0}.get(x, 0.0) + x, "hash"),
        (lambda x: len({x, x * 2}) * x, "hash"),
        (lambda x: x if x == 2.0 else x * x, "=="),
        (in_a_thread(lambda x: 1.0 if x > 0 else -1.0), "thread"),
        (in_a_thread(float), "thread"),
        (in_a_thread(lambda x: float(x * 2)), "thread"),
        (assign_data, "data"),
        (freeze, r"x\.requires_grad"),
        (assign_outside, "setting data"),
        (zero_outside, "setting grad"),
        (lambda x: x * OUTSIDE.grad, "grad of"),
        (lambda x: x * copy.deepcopy(OUTSIDE), "copy"),
        (lambda x: x if type(x) is Value else -x, "isinstance"),
        (lambda x: x if type(x.data) is float else -x, "isinstance"),
        (lambda x: x if type(grad(x * x, x)) is float else -x, "isinstance"),
        (lambda x: x if x.__class__ is not Value else -x, "isinstance"),
        (lambda x: x if type(x) is type(OUTSIDE) else -x, "isinstance"),
        (outside_backward, "'weight' from outside"),
    ],
)
def test_what_a_recording_would_miss_is_refused(f, what):
    with pytest.raises(CompileError, match=what) as refused:
        compile(f)(2.0)
    assert "test_recorded.py" in str(refused.value) or what == "=="
    assert Value_outside.grad == 0.0


def test_values_that_outlive_a_recording_are_plain_again():
    kept = []

    def f(x):
        kept.append(x)
        return x * log(x * x)

    compile(f)(2.0)
    (x,) = kept
    assert copy.deepcopy(x).data == x.data == 2.0
    assert {x: 1}[x] == 1


def test_a_number_that_goes_into_an_expression_of_sympy_is_guarded():
    pytest.importorskip("sympy")

    def f(x):
        expression = pluggrad.to_sympy(x.detach() * x + 1.0)
        return x * float(expression.subs(dict.fromkeys(expression.free_symbols, 1)))

    compiled = compile(f)
    assert [compiled(3.0), compiled(4.0)] == [12.0, 20.0]


# ----- What the package's own functions tell of a number -----


def smallest_interval(x):
    return np.interp(pluggrad.values([x]), [-2.0, 0.0, 2.5, 4.0], [1.0, 3.0, 0.0, 7.0])[0]


TOLD = {
    "the text of a graph": lambda x: len(pluggrad.render(x * x, "text")),
    "a node of a graph": lambda x: Graph(x * x).nodes[0].data,
    "a graph computed anew": lambda x: Graph(x * x, refresh=True).nodes[-1].data,
    "a local derivative": lambda x: (lambda g: g.local(g.edges[0]))(Graph(x * x)),
    "an explanation": lambda x: len(str(pluggrad.explain(x * x, x))),
    "the paths of an explanation": lambda x: pluggrad.explain(x * x * x, x).gradient,
    "numbers of an array": lambda x: float(pluggrad.values([x, 2.0 * x]).data[1]),
    "an op's derivative": lambda x: mul.partial(0, 1.0, x * x, x, x),
    "isfinite": lambda x: 1.0 + bool(np.isfinite(1.0 / pluggrad.values([x - 3.0]))[0]),
    "signbit": lambda x: 1.0 + bool(np.signbit(pluggrad.values([x]))[0]),
    "isclose": lambda x: 1.0 + bool(np.isclose(pluggrad.values([x]), 2.0)[0]),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("what", TOLD)
def test_what_the_package_tells_of_a_number_holds_for_that_number(what, executor):
    def f(x):
        return x * TOLD[what](x)

    compiled = compile(f, executor=executor)
    for number in NUMBERS:
        assert compiled(number) == float(f(Value(number)))


def test_interpolation_asks_again_only_which_interval_it_is():
    compiled = compile(smallest_interval)
    for number in (-1.0, -0.5, 1.0, 2.0, 3.0, 3.5, 9.0, 10.0, -3.0):
        assert compiled(number) == float(smallest_interval(Value(number)))
    assert len(compiled.recordings) == 5


def test_gradients_of_an_array_from_outside_are_refused():
    weights = pluggrad.values([1.0, 2.0])
    compiled = compile(lambda x: x * float(weights.grad[0]))
    with pytest.raises(CompileError, match="grad of a Value from outside"):
        compiled(2.0)


def test_anomalies_are_looked_for_around_a_compiled_function_and_not_in_it():
    @compile
    def careful(x):
        with pluggrad.detect_anomaly():
            return log(x)

    with pytest.raises(CompileError, match=r"detect_anomaly\(\) in a compiled function"):
        careful(2.0)


# ----- Refused, and the program goes on -----


def in_a_set(x):
    return len({x})


def as_a_copy(x):
    return copy.deepcopy(x)


def equal(x):
    return 1.0 if x == 2.0 else 3.0


def from_outside(x):
    return OUTSIDE.grad


def in_a_dataclass(x):
    return dataclasses.astuple(Pair(x, x))[0]


def in_a_thread(x):
    found = []
    with contextlib.suppress(CompileError), ThreadPoolExecutor(1) as pool:
        found.append(pool.submit(lambda: float(x)).result())
    return found[0]


@dataclasses.dataclass
class Pair:
    a: object
    b: object


@pytest.mark.parametrize(
    "look", [in_a_set, as_a_copy, equal, from_outside, in_a_dataclass, in_a_thread]
)
def test_what_is_refused_ends_the_recording_even_where_the_program_catches_it(look):
    def f(x):
        try:
            return x * look(x)
        except Exception:
            return 5.0 * x

    with pytest.raises(CompileError, match=r"test_recorded\.py:\d+"):
        compile(f)(2.0)


FLOATS = {
    "isinstance": lambda x: 2.0 if isinstance(x, float) else 5.0,
    "a class of numbers": lambda x: 2.0 if isinstance(x, Real) else 5.0,
    "class": lambda x: 2.0 if x.__class__ is float else 5.0,
    "equal classes": lambda x: 2.0 if type(x) == float else 5.0,  # noqa: E721
    "dict of classes": lambda x: {float: 2.0}.get(type(x), 5.0),
    "match": lambda x: matched(x),
    "dispatch": lambda x: dispatched(x),
    "str": lambda x: len(str(x)),
    "repr": lambda x: len(repr([x])),
    "format": lambda x: len(f"{x} {x:.3f}"),
    "is_integer": lambda x: 2.0 if x.is_integer() else 5.0,
    "hex": lambda x: float.fromhex(x.hex()),
    "real": lambda x: x.real + x.imag,
    "Fraction": lambda x: float(Fraction(x)),
    "dtype": lambda x: 2.0 if np.array([x, 1.0]).dtype == float else 5.0,
    "number": lambda x: x,
    "product": lambda x: x * 3.0,
    "equal": lambda x: 2.0 if x == 2.5 else 3.0 if x != 3 else 4.0,
    "equal to one another": lambda x: 2.0 if x * 2.0 == x + x and x != -x else 5.0,
    "in": lambda x: 2.0 if x in (1.0, 2.5) else 5.0 if x != "a" else 6.0,
    "key": lambda x: {2.5: 2.0, 3: 5.0}.get(x, 7.0) + len({x, 2.5}),
    "equal to complex": lambda x: 2.0 if x == complex(2.5) else 3.0 if x != 3j else 4.0,
    "equal to an array": lambda x: (x == np.array([2.5, 3.0])).sum() + 2.0,
    "literal": lambda x: literal(x),
    "floor": lambda x: [4.0, 5.0, 6.0, 7.0][math.floor(x)] if math.floor(x) in range(4) else 1.0,
    "ceil": lambda x: math.copysign(1.0, math.ceil(x * 0.01)) + math.trunc(x) // 2,
    "round": lambda x: isinstance(round(x), int) * 2.0 + isinstance(round(x, 1), float),
    **{
        f"text of {name}": lambda x, f=f: len(f"{f(x)}") + isinstance(f(x), float) * 2.0
        for name, f in {
            "x * 2": lambda x: x * 2,
            "2 - x": lambda x: 2 - x,
            "-x": lambda x: -x,
            "+x": lambda x: +x,
            "abs(x)": abs,
            "x / 4": lambda x: x / 4,
            "1 / x": lambda x: 1 / x,
            "x // 2": lambda x: x // 2,
            "7 % x": lambda x: 7 % x,
            "x ** 2": lambda x: x**2,
            "2 ** x": lambda x: 2**x,
            "x + x": lambda x: x + x,
            "sum": lambda x: sum([x, x]),
            "divmod": lambda x: divmod(x, 0.5)[1],
            "max": lambda x: max(x, 0.5) * 0.5,
        }.items()
    },
}


def literal(x):
    match x:
        case 2.5:
            return 2.0
        case float(number) if number == 3:
            return 3.0
    return 5.0


def test_a_float_beside_a_value_is_a_value():
    f = lambda x: (
        x * (2.0 if isinstance(x.data * x, float) or isinstance(x + x.data, float) else 5.0)
    )
    assert compile(f, executor="interpreter")(3.0) == f(Value(3.0)).data == 15.0


def matched(x):
    match x:
        case float(number):
            return number
    return 5.0


@functools.singledispatch
def dispatched(x):
    return 5.0


dispatched.register(float, lambda x: 2.0 * x)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "number",
    [lambda x: x.data, lambda x: grad(x * x, x), lambda x: [(x * x).backward(), x.grad][1]],
    ids=["data", "grad()", "grad"],
)
@pytest.mark.parametrize("use", FLOATS)
def test_what_is_a_float_is_one_to_whoever_asks(use, number, executor):
    used = FLOATS[use]  # of all, a recording would look at each, whatever it reaches

    def f(x):
        return used(number(x)) * x

    compiled = compile(f, executor=executor)
    for x in (2.5, 3.0, -1.25):
        assert compiled(x) == f(Value(x)).data
        assert compiled(np.full(300, x)).tolist() == [f(Value(x)).data] * 300


@pytest.mark.parametrize("number", [lambda x: x.data, lambda x: grad(x * x / 2, x)])
def test_a_float_that_is_nan_is_not_equal_to_itself(number):
    def f(x):
        held = number(x)
        return 7.0 if held != held else 2 * x

    compiled = compile(f, executor="interpreter")
    for _ in range(2):
        assert [compiled(math.nan), compiled(2.0)] == [7.0, 4.0]


def test_a_float_is_equal_to_a_complex_number_where_that_is_real():
    compiled = compile(lambda x: 7.0 if x.data == 2 + 0j else 5.0 if x.data == 3 + 1j else x)
    assert [compiled(2.0), compiled(3.0), compiled(2.0)] == [7.0, 3.0, 7.0]


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_abstract_classes_say_of_floats_what_they_said_before():
    real = ABCMeta("Real", (), {})
    real.register(float)
    engine = {"__name__": "pluggrad.func", "real": real}
    kept = []

    def f(x):
        kept.append(x.data)
        found = eval("isinstance(x, real)", engine, {"x": kept[-1]})
        return [x * found, x * isinstance(kept[-1], real)]

    assert compile(f, executor="interpreter")(2.0) == [0.0, 2.0]
    assert isinstance(1.0, real)


def test_values_that_outlive_a_recording_are_pickled_as_values():
    kept = []
    compile(lambda x: [kept.extend([x, x * 2, x.data]), x][1], executor="interpreter")(3.0)
    loaded = pickle.loads(pickle.dumps(kept))
    assert [x.data for x in loaded] == [3.0, 6.0, 3.0]
    assert [type(x) for x in loaded] == [Value] * 3
    assert loaded[1].prev[0] is loaded[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_was_refused_in_another_thread_is_what_the_caller_hears_of():
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(float(x)))
        thread.start()
        thread.join()
        return found[0] * x

    with pytest.raises(CompileError, match="another thread"):
        compile(f)(2.0)
