"""Gradients of branches not taken are 0, in every mode."""

import math

import numpy as np
import pytest
from pluggrad import Value, checkpoint, explain, func, grad
from pluggrad.compiler import Program, compile
from pluggrad.ops import (
    acosh,
    asin,
    atanh,
    cbrt,
    exp,
    hypot,
    log,
    log1p,
    maximum,
    minimum,
    relu,
    sqrt,
    step,
    where,
)

# name: function, where, first derivative, second derivative
BLOCKED = {
    "the branch not taken": (lambda x: where(x, sqrt(x), 0.0), 0.0, 0.0, 0.0),
    "the branch taken": (lambda x: where(1 - x, x, sqrt(x)), 0.0, 1.0, 0.0),
    # Its second derivative has the limit 2, which no rule for single terms can find.
    "a square of a root": (lambda x: sqrt(x * x) ** 2, 0.0, 0.0, None),
    "a floor below a norm": (lambda x: maximum(sqrt(x * x), 1e-10), 0.0, 0.0, 0.0),
    "a ceiling": (lambda x: minimum(-log(x * x), 5.0), 0.0, 0.0, 0.0),
    "a step": (lambda x: x + where(step(asin(x)), 1.0, x), 2.0, 1.0, 0.0),
    "a sigmoid far out": (lambda x: 1 / (1 + exp(-x)), -800.0, 0.0, 0.0),
    "zero times an infinite slope": (lambda x: 0.0 * cbrt(x) + 3.0 * x, 0.0, 3.0, 0.0),
    "a unit that is off": (lambda x: relu(log1p(x) - 5.0) + x, -1.0, 1.0, 0.0),
    "two of them in a row": (lambda x: 0.0 * sqrt(sqrt(x)) + x * x, 0.0, 0.0, 2.0),
    "edges of two domains": (lambda x: where(x - 1, atanh(x) + acosh(x), x * x), 1.0, 2.0, 2.0),
}

FIRST = {
    "backward": lambda f, at: _backward(f, at),
    "backward, fused over many nodes": lambda f, at: _backward(f, at, 600),
    "grad": lambda f, at: (lambda x: grad(f(x), x))(Value(at)),
    "grad, recorded": lambda f, at: (lambda x: grad(f(x), x, create_graph=True).data)(Value(at)),
    "func.grad": lambda f, at: func.grad(f)(at),
    "jvp": lambda f, at: func.jvp(f, (at,), (1.0,))[1],
    "checkpoint": lambda f, at: _backward(lambda x: checkpoint(f, x), at),
    "interpreter": lambda f, at: compile(f, executor="interpreter").grad(at),
    "machine code": lambda f, at: compile(f, executor="numba").grad(at),
    "machine code, again": lambda f, at: [c := compile(f), c.grad(at), c.grad(at)][-1],
    "lanes": lambda f, at: list(compile(f).grad(np.array([at, at])))[-1],
    "program": lambda f, at: (lambda p: [p.step(), p.gradients[0]][-1])(_program(f, at)),
    "explain": lambda f, at: (lambda x: explain(f(x), x).gradient)(Value(at)),
}
SECOND = {
    "grad of grad": lambda f, at: _twice(f, at),
    "hvp": lambda f, at: func.hvp(f, (at,), (1.0,)),
    "forward, forward": lambda f, at: func.jacfwd(func.jacfwd(f))(at),
    "reverse, reverse": lambda f, at: func.jacrev(func.jacrev(f))(at),
    "forward, reverse": lambda f, at: func.jacfwd(func.jacrev(f))(at),
    "hvp, interpreter": lambda f, at: compile(f, executor="interpreter").hvp((at,), (1.0,)),
    "hvp, machine code": lambda f, at: compile(f, executor="numba").hvp((at,), (1.0,)),
    "reverse, forward": lambda f, at: func.jacrev(func.jacfwd(f))(at),
}


def _backward(f, at, more=0):
    x = Value(at)
    y = f(x)
    for _ in range(more):
        y = y + 0.0
    y.backward()
    return x.grad


def _program(f, at):
    x = Value(at)
    return Program(f(x), x)


def _twice(f, at):
    x = Value(at)
    g = grad(f(x), x, create_graph=True)
    return grad(g, x) if g.requires_grad else 0.0


@pytest.mark.parametrize("mode", FIRST)
@pytest.mark.parametrize("name", BLOCKED)
def test_a_blocked_path_has_the_gradient_0(name, mode):
    f, at, first, _ = BLOCKED[name]
    assert FIRST[mode](f, at) == first


@pytest.mark.parametrize("mode", SECOND)
@pytest.mark.parametrize("name", [name for name in BLOCKED if BLOCKED[name][3] is not None])
def test_a_blocked_path_has_the_second_derivative_0(name, mode):
    f, at, _, second = BLOCKED[name]
    assert SECOND[mode](f, at) == second


def test_norms_at_the_origin():
    for norm in (lambda x, y: sqrt(x * x + y * y) ** 2, lambda x, y: hypot(x, y) ** 2):
        x, y = Value(0.0), Value(0.0)
        norm(x, y).backward()
        assert (x.grad, y.grad) == (0.0, 0.0)
        assert func.jvp(norm, (0.0, 0.0), (1.0, 2.0)) == (0.0, 0.0)


def test_a_nan_that_no_zero_blocks_stays_one():
    x = Value(0.0)
    (sqrt(x) - sqrt(x)).backward()
    assert math.isnan(x.grad)
    x = Value(-1.0)
    (x * sqrt(x)).backward()
    assert math.isnan(x.grad)


def test_an_infinite_gradient_stays_one():
    x = Value(0.0)
    sqrt(x).backward()
    assert x.grad == math.inf
