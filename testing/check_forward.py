"""Checks of the forward function: the same every way it is reached, and on every number."""

from __future__ import annotations

import math
import operator
import pickle
from builtins import round as python_round
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from pluggrad import Op, Value, plugins

from .subject import Subject
from .truth import Point, same

OPERATORS: dict[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): operator.add,
    ("-", 2): operator.sub,
    ("*", 2): operator.mul,
    ("/", 2): operator.truediv,
    ("//", 2): operator.floordiv,
    ("%", 2): operator.mod,
    ("**", 2): operator.pow,
    ("-", 1): operator.neg,
    ("abs", 1): abs,
    ("floor", 1): math.floor,
    ("ceil", 1): math.ceil,
    ("trunc", 1): math.trunc,
    ("round", 2): python_round,
}

ODD_NUMBERS = (0.0, -0.0, 5e-324, 1e-300, 1e300, 1.7e308, math.inf, math.nan)


def _ways(op: Op, at: Point) -> Iterator[tuple[str, Callable[..., Any], Sequence[Any]]]:
    """Return the ways to evaluate an op at a point: name, function, operands."""
    values = [Value(x) for x in at]
    yield "calling the op again", op, at
    yield "the op on Values", op, values
    try:
        plain = op.forward(*at)
    except (ArithmeticError, ValueError):
        pass  # Python raises where IEEE 754 has an answer, which the op gives
    else:
        yield "the plain forward", lambda *_: plain, at
    if plugins.ops.get(op.name) is not op:
        return
    yield "the method", getattr(Value(at[0]), op.name), at[1:]
    symbol = OPERATORS.get((op.operator or "", op.arity))
    if symbol is not None:
        yield "the operator", symbol, (values[0], *at[1:])
        yield "the operator", symbol, values
        if op.arity == 2 and op.operator != "round":
            yield "the operator", symbol, (at[0], values[1])


def forward_is_the_same_every_way(subject: Subject) -> None:
    """Compare a plain call of the forward with the op, the method, the operator, and itself."""
    op = subject.op
    for at in subject.points[:60]:
        expected = subject.forward(at)
        for name, way, operands in _ways(op, at):
            try:
                got = way(*operands)
            except Exception as cause:
                raise subject.failure(
                    f"{name} raises {type(cause).__name__}: {cause}", at=at
                ) from cause
            got = got.data if isinstance(got, Value) else got
            if not same(got, expected):
                raise subject.failure(f"op(...) gives {expected!r}, {name} {got!r}", at=at)


def odd_numbers_raise_nothing(subject: Subject) -> None:
    """Try zeros, tiny and huge numbers, inf and nan, inside the domain and out of it."""
    op = subject.op
    numbers = [sign * x for x in ODD_NUMBERS for sign in (1.0, -1.0)]
    edges = [edge for domain in op.domain for edge in domain or () if math.isfinite(edge)]
    beyond = [edge + side for edge in edges for side in (-1.0, 1.0)]
    each = [*numbers, *edges, *beyond, *(() if callable(op.kinks) else op.kinks)]
    simple = subject.points[0]
    points: list[Point] = [
        (*simple[:index], x, *simple[index + 1 :]) for index in range(op.arity) for x in each
    ]
    if 1 < op.arity <= 3:
        points += product(
            (0.0, -0.0, 1e300, -1e-300, math.inf, -math.inf, math.nan), repeat=op.arity
        )
    for at in points:
        out = subject.forward(at)
        for index in range(op.arity):
            for g in (1.0, math.inf, math.nan):
                subject.partial(index, at, out, g)
    if op.arity == 1 and not math.isnan(subject.forward((math.nan,))):
        raise subject.failure(
            "a nan goes in and a number comes out, which hides what went wrong; write comparisons "
            "so that a nan passes through",
            at=(math.nan,),
        )


def it_pickles(subject: Subject) -> None:
    """Write and read a registered op, alone and inside a recorded result."""
    op = subject.op
    if plugins.ops.get(op.name) is not op:
        return  # a pickle finds ops by name, which only a registered one has
    if pickle.loads(pickle.dumps(op)) is not op:
        raise subject.failure("reading a pickle of it gives another op")
    out = op(*map(Value, subject.points[0]))
    if not same(pickle.loads(pickle.dumps(out)).data, out.data):
        raise subject.failure("a pickled result comes back with another number")
