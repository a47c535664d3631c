"""Steps of a trace, and what is printed from them, against the rule itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluggrad import Op, ops, plugins
from pluggrad.codegen.python_code import PythonCode
from pluggrad.errors import TraceError
from pluggrad.trace import Symbol, Trace

RULES = [(op, index) for op in plugins.ops.values() for index, rule in enumerate(op.rules) if rule]


def traced(rule, names):
    trace = Trace()
    return trace, trace.run(rule, *map(trace.parameter, names))


def printed(rule, names):
    """Return the rule as an expression, and as lines."""
    trace, result = traced(rule, names)
    code = PythonCode(trace)
    scope = dict(code.bound)
    text = code.expression(result)
    scope.update(code.bound)
    expression = eval(f"lambda {', '.join(names)}: {text}", scope)
    code = PythonCode(trace)
    tail = [f"    return {code.name(result)}"]
    return expression, code.function([f"def f({', '.join(names)}):"], tail, "<test>")


def same(a, b):
    return a == b or (a != a and b != b)


@pytest.mark.parametrize(("op", "index"), RULES, ids=lambda x: getattr(x, "name", x))
def test_what_is_printed_from_a_rule_gives_its_very_numbers(op, index):
    names = ["g", "out", *"abcdefhi"[: op.arity]]
    for function in printed(op.rules[index], names):
        for at in ([0.7, 1.3, 0.4], [1.5, 0.25, 2.0], [0.01, 0.02, 0.03]):
            operands = at[: op.arity]
            out = op.evaluate(*operands)
            assert same(function(0.3, out, *operands), op.rules[index](0.3, out, *operands))


@given(st.recursive(
    st.sampled_from(["a", "b", "2.0", "0.5"]),
    lambda x: st.one_of(
        st.tuples(x, st.sampled_from("+-*"), x).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        x.map(lambda t: f"(-{t})"),
        x.map(lambda t: f"abs({t})"),
        x.map(lambda t: f"tanh({t})"),
    ),
    max_leaves=12,
))  # fmt: skip
def test_any_expression_is_printed_with_its_order_kept(text):
    rule = eval(f"lambda a, b: {text}", {"tanh": ops.tanh})
    for function in printed(rule, ["a", "b"]):
        for a, b in [(0.3, -0.7), (1.5, 2.5), (-1e-3, 1e3)]:
            assert same(function(a, b), float(rule(a, b)))


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (lambda x: x if x > 0 else -x, "compares its operands"),
        (lambda x: 1.0 if x else 2.0, "branches on an operand"),
        (lambda x: math.sin(x), "turns an operand into a float"),
        (lambda x: x.sin(), r"uses the method .sin\(\)"),
        (lambda x: x.data * 2.0, "uses .data"),
        (lambda x: x * "a", "computes with a str"),
        (lambda x: int(x) * 1.0, "turns an operand into an int"),
    ],
)
def test_what_cannot_be_written_down_says_why(rule, reason):
    with pytest.raises(TraceError, match=reason):
        traced(rule, ["x"])


def test_a_rule_without_end_is_not_written_down():
    def long(x):
        for _ in range(501):
            x = x * 2.0
        return x

    with pytest.raises(TraceError, match="steps"):
        traced(long, ["x"])


def test_an_expression_that_would_grow_without_end_is_refused():
    def doubling(x):
        for _ in range(60):
            x = x * x
        return x

    trace, result = traced(doubling, ["x"])
    with pytest.raises(TraceError, match="too long"):
        PythonCode(trace).expression(result)
    code = PythonCode(trace)
    tail = [f"    return {code.name(result)}"]
    assert code.function(["def f(x):"], tail, "<test>")(1.0) == 1.0


def test_a_number_from_outside_is_read_each_time():
    strength = 2.0

    def rule(x):
        return strength * x

    expression, lines = printed(rule, ["x"])
    strength = 5.0
    assert (expression(3.0), lines(3.0)) == (15.0, 15.0)


def test_the_parameters_that_a_result_depends_on_are_known():
    trace, result = traced(lambda g, a, b: g * a + 0.0 * 1.0, ["g", "a", "b"])
    assert trace.parameters_of([result]) == {"g", "a"}
    assert isinstance(result, Symbol)


def test_an_op_that_a_rule_calls_is_one_step():
    half = Op("half_of", lambda x: 0.5 * x, lambda g, out, x: 0.5 * g)
    trace, _ = traced(lambda x: half(x) + 1.0, ["x"])
    assert [step.name for step in trace.steps] == ["parameter", "call", "number", "add"]
    assert trace.steps[1].detail is half
