"""Gradients of branches not taken are 0, in every mode."""

import itertools
import math
from itertools import islice

import numpy as np
import pytest
from pluggrad import Value, checkpoint, explain, func, grad, plugins
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


def _edges():
    """List the ops with operands at the edges of their domains, at kinks and at infinity."""
    for op in plugins.ops.values():
        if op.operator is None and op.name.startswith("_"):
            continue
        corners = [_corners(op, i) for i in range(op.arity)]
        for operands in islice(itertools.product(*corners), 40):
            yield op, operands


def _corners(op, index):
    domain = op.domain[index] if op.domain else None
    edges = [edge for edge in domain or () if math.isfinite(edge)]
    return dict.fromkeys([*edges, 0.0, 1.0, -1.0, math.inf, -800.0])


def _blocked(ops):
    """Add up what ops give where nothing of it is chosen; x[0] itself goes through."""

    def f(*xs):
        total, rest = 3.0 * xs[0], list(xs[1:])
        for op in ops:
            operands, rest = rest[: op.arity], rest[op.arity :]
            total = total + where(0.0, op(*operands), 0.0) + 0.0 * where(op(*operands), 1.0, 2.0)
        return total

    return f


@pytest.mark.parametrize("op", plugins.ops.values(), ids=lambda op: op.name)
def test_an_op_that_is_not_chosen_has_the_gradient_0_at_every_edge(op):
    f = _blocked([op])
    for operands in [operands for other, operands in _edges() if other is op]:
        at = (1.0, *operands)
        right = [3.0] + [0.0] * op.arity
        xs = [Value(x) for x in at]
        f(*xs).backward()
        assert [x.grad for x in xs] == right, operands
        xs = [Value(x) for x in at]
        first = grad(f(*xs), xs, create_graph=True)
        assert [g.data for g in first] == right, operands
        for g in first:
            if g.requires_grad:
                assert grad(g, xs) == [0.0] * len(xs), operands
        ones = (1.0,) * len(at)
        assert func.jvp(f, at, ones)[1] == 3.0, operands
        assert list(func.hvp(f, at, ones)) == [0.0] * len(at), operands


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_ops_that_are_not_chosen_have_the_gradient_0_when_compiled(executor):
    cases = list(_edges())
    f = _blocked([op for op, _ in cases])
    at = [1.0, *(x for _, operands in cases for x in operands)]
    gradients = compile(f, executor=executor).grad(*at)
    assert [i for i, g in enumerate(gradients) if g != (0.0 if i else 3.0)] == []


HESSIANS = {
    "reverse, reverse": lambda f: func.jacrev(func.jacrev(f)),
    "forward, forward": lambda f: func.jacfwd(func.jacfwd(f)),
    "forward, reverse": lambda f: func.jacfwd(func.jacrev(f)),
    "reverse, forward": lambda f: func.jacrev(func.jacfwd(f)),
    "hessian": func.hessian,
    "compiled": lambda f: (
        lambda at: [
            compile(lambda *xs: f(xs)).hvp(tuple(at), direction)
            for direction in [(1.0, 0.0), (0.0, 1.0)]
        ]
    ),
}


@pytest.mark.parametrize("mode", HESSIANS)
@pytest.mark.parametrize(
    ("exponent", "corner"), [(1.0, -math.inf), (0.0, math.inf), (2.0, 0.0), (-1.0, math.inf)]
)
def test_the_mixed_derivatives_of_a_power_of_0_are_its_limits(mode, exponent, corner):
    hessian = HESSIANS[mode](lambda v: v[0] ** v[1])([0.0, exponent])
    assert (hessian[0][1], hessian[1][0]) == (corner, corner)
