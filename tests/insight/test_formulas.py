"""Formulas, read back as Python, against the rules they were made from."""

import math
import re

import pytest
from pluggrad import Op, ops, plugins
from pluggrad.errors import TraceError
from pluggrad.insight.formulas import derivative, slope_templates

RULES = [(op, index) for op in plugins.ops.values() for index in range(op.arity)]
CONSTANTS = {
    name: value
    for op in plugins.ops.values()
    for rule in op.rules
    if rule is not None
    for name, value in rule.__globals__.items()
    if isinstance(value, float)
}


def read_back(formula: str) -> str:
    """Write the products, which are a space on paper, as Python has them."""
    formula = re.sub(r"\|([^|]*)\|", r"abs(\1)", formula)
    spaced = re.sub(r"(?<![-+/%*,]) (?![-+/%*]+ )", " * ", formula)
    return spaced.replace(", * ", ", ")


@pytest.mark.parametrize(("op", "index"), RULES, ids=lambda x: getattr(x, "name", x))
def test_a_formula_read_back_is_the_rule(op, index):
    formula = read_back(derivative(op, index))
    names = ("x",) if op.arity == 1 else "abcdefhi"[: op.arity]
    for at in ([0.7, 1.3, 0.4], [1.5, 2.0, 3.0]):
        operands = at[: op.arity]
        out = op.evaluate(*operands)
        if not math.isfinite(out):
            continue
        scope = {
            **plugins.ops,
            "abs": ops.abs,
            **CONSTANTS,
            **dict(zip(names, operands, strict=True)),
        }
        right = op.partial(index, 1.0, out, *operands)
        assert float(eval(formula, scope)) == pytest.approx(right, rel=1e-5, nan_ok=True), formula


def test_a_formula_is_as_one_writes_it_on_paper():
    square = Op("square", lambda x: x * x, lambda g, out, x: g * (2.0 * x))
    assert derivative(square, 0) == "2 x"
    odd = Op("odd", lambda a, b: a, lambda g, out, a, b: g * -(a - (b - 1.0)) / (a * b), None)
    assert derivative(odd, 0) == "-(a - (b - 1)) / (a b)"
    assert derivative(odd, 1) == "0"


def test_a_rule_that_cannot_be_written_down_says_why():
    branching = Op("branching", lambda x: x, lambda g, out, x: g if x > 0 else -g)
    with pytest.raises(TraceError, match="compares its operands"):
        derivative(branching, 0)


def value_of(template: str, op: Op, operands: list[float]) -> float:
    """Compute what a template says, with Python's operators and the installed ops."""
    text = template.format(*[f"({x!r})" for x in operands], out=f"({op.evaluate(*operands)!r})")
    text = read_back(text)
    known = {name: other.evaluate for name, other in plugins.ops.items() if name != "abs"}
    return float(eval(text, {"__builtins__": {"abs": abs}}, known))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "pow", "div", "mul", "exp", "log", "sqrt"])
def test_the_formulas_for_beginners_are_the_slopes(name: str) -> None:
    op = plugins.op(name)
    operands = [0.7, 1.6][: op.arity]
    for index in range(op.arity):
        truth = op.partial(index, 1.0, op.evaluate(*operands), *operands)
        for template in slope_templates(op, index):
            assert value_of(template, op, operands) == pytest.approx(truth, rel=1e-12)


def test_a_result_is_used_where_the_slope_is_made_of_it() -> None:
    assert slope_templates(plugins.op("tanh"), 0) == ("1 - tanh({0})**2", "1 - {out}**2")
