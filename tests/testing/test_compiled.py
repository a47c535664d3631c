"""The engine, the interpreter and machine code at the same points."""

import math
import operator

import pytest
from pluggrad import CompileError, Op, Value, ops, plugins
from pluggrad.testing import ConformanceError, check_compiled, check_op
from pluggrad.testing.check_compiled import WAYS, compiled_code_gives_the_same
from pluggrad.testing.subject import Subject

CHECKS = [compiled_code_gives_the_same]
OPS = list(plugins.ops.values())


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_built_in_ops_mean_the_same_in_all_three(op):
    check_op(op, checks=CHECKS)


@pytest.mark.parametrize("arity", [1, 2])
def test_the_points_are_those_at_which_machines_and_python_part(arity):
    op = ops.exp if arity == 1 else ops.add
    numbers = {(x, math.copysign(1.0, x)) for at in check_compiled._points(Subject(op)) for x in at}
    wanted = {0.0, -0.0, math.inf, math.nan, 5e-324, 1e19, 2.5} | (
        {-math.inf, 2.0**53 + 2.0, 0.5, 1.5, -2.5, 1.7e308} if arity == 1 else {-math.inf}
    )
    missing = [x for x in wanted if not any(repr(x) == repr(y) for y, _ in numbers)]
    assert missing == []
    assert {(0.0, 1.0), (0.0, -1.0)} <= numbers


def whole(x):
    return float(math.floor(x))


def alternating(x):
    return x if x % 2.0 == 0.0 else -x


def one_over(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return math.inf


ODD = [
    Op("whole", whole, lambda g, out, x: 0.0, ieee=lambda x: x),
    Op("alternating", alternating, lambda g, out, x: g * out / x, ieee=lambda x: math.nan),
    Op("one_over", one_over, lambda g, out, x: -g * out * out),
    Op("quotient", operator.truediv, lambda g, out, a, b: g / b, lambda g, out, a, b: -g * out / b,
       ieee=lambda a, b: 0.0),
    Op("root", math.sqrt, lambda g, out, x: g / (2 * out), ieee=lambda x: 0.0),
    Op("rounded", lambda x: round(x) * 1.0, lambda g, out, x: 0.0, ieee=lambda x: x),
]  # fmt: skip


@pytest.mark.parametrize("op", ODD, ids=lambda op: op.name)
def test_forwards_that_python_means_otherwise_mean_the_same_in_all_three(op):
    check_op(op, checks=CHECKS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spoiled", [0.0, -0.0, math.inf, math.nan, 1e19, 2.5, 1.7e308])
def test_one_wrong_result_at_one_such_point_is_found(way, spoiled, monkeypatch):
    right = WAYS[way]

    def wrong(subject, points):
        found = right(subject, points)
        at = [repr(at[0]) for at in points].index(repr(spoiled))
        found[at] = [-found[at][0] if found[at][0] == found[at][0] else 1.0, *found[at][1:]]
        return found

    monkeypatch.setitem(WAYS, way, wrong)
    with pytest.raises(ConformanceError) as caught:
        check_op(ops.neg, checks=CHECKS)
    assert f"at x = {spoiled!r}: {way} gives " in str(caught.value)


def test_a_wrong_gradient_of_compiled_code_names_the_operand(monkeypatch):
    def wrong(subject, points):
        return [[at[0] * at[1], at[1], 1.0 + at[0]] for at in points]

    monkeypatch.setitem(WAYS, "compiled code", wrong)
    with pytest.raises(ConformanceError, match=r"operand 1 \(b\), at .*: compiled code says "):
        check_op(ops.mul, checks=CHECKS)


def test_a_compiler_that_refuses_is_told_and_one_that_is_not_there_is_not_asked(monkeypatch):
    def refuses(*_, **__):
        raise CompileError("too hard")

    monkeypatch.setattr(check_compiled, "compile", refuses)
    with pytest.raises(ConformanceError, match="the compiler refuses a program of it: too hard"):
        check_op(ops.mul, checks=CHECKS)
    monkeypatch.setattr(check_compiled, "entry_points", lambda group: [])
    check_op(ops.mul, checks=CHECKS)


def test_the_engine_is_asked_by_backward():
    x = Value(3.0)
    (x * x).backward()
    found = check_compiled._by_the_engine(Subject(Op("sq", lambda x: x * x, ops_square)), (3.0,))
    assert found == [9.0, x.grad]


def ops_square(g, out, x):
    return 2 * g * x
