"""A forward that takes `*operands` is machine code too."""

import math

import pytest
from pluggrad import CompileWarning, Op, compile


def largest(*xs):
    return max(xs)


def count_positive(a, *rest):
    total = a
    for x in rest:
        if x > 0.0:
            total += x
    return total


def scaled(*xs, factor=2.0):
    return xs[0] * factor if xs[0] > xs[1] else xs[1] * factor


def last_or_length(a, b, *rest):
    return a + b + len(rest) if a > b else math.fabs(a - b)


SHIFT = 10.0
closed = (lambda shift: lambda *xs: xs[-1] + shift if xs[0] > SHIFT else min(xs))(0.5)


@pytest.mark.parametrize("forward", [largest, count_positive, last_or_length, closed])
@pytest.mark.parametrize("arity", [2, 3, 5])
def test_it_gives_what_python_gives(forward, arity):
    op = Op("tried", forward, *[lambda g, out, *xs: g] * arity, ieee=forward)
    names = "abcde"[:arity]
    call = eval(f"lambda {', '.join(names)}: op({', '.join(names)})", {"op": op})
    compiled = compile(call, executor="numba")
    for numbers in ((1.5, -2.0, 3.0, 0.25, 8.0), (-1.0, 20.0, -3.0, 4.0, -5.0), (11.0,) * 5):
        chosen = numbers[:arity]
        assert compiled(*chosen) == forward(*chosen)
        assert compiled.grad(*chosen) == (1.0,) * arity


def test_what_numba_gets_wrong_beside_any_number_runs_in_the_interpreter():
    op = Op("scaled", scaled, *[lambda g, out, *xs: g] * 2, ieee=scaled)
    compiled = compile(lambda a, b: op(a, b))
    assert compiled(1.5, -2.0) == 3.0  # as it was recorded; a default is read from outside
    with pytest.warns(CompileWarning, match="numba cannot translate its forward"):
        assert compiled(1.5, -2.0) == 3.0
