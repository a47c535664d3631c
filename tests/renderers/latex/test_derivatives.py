"""Derivatives in LaTeX, made from rules: what is written means what the rule computes."""

import math
import re

import pytest
from pluggrad import Op, Value, hookimpl, ops, plugins, render
from pluggrad.errors import TraceError
from pluggrad.renderers.latex.derivatives import derivative

BUILT_IN = [op for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]


@pytest.mark.parametrize(
    ("op", "index", "wanted"),
    [
        (ops.mul, 0, "b"),
        (ops.sub, 1, "-1"),
        (ops.where, 0, "0"),
        (ops.exp, 0, "e^{x}"),
        (ops.log, 0, r"\frac{1}{x}"),
        (ops.log1p, 0, r"\frac{1}{1 + x}"),
        (ops.sqrt, 0, r"\frac{0.5}{\sqrt{x}}"),
        (ops.pow, 0, "b a^{b - 1}"),
        (ops.pow, 1, r"a^{b} \ln(a)"),
        (ops.tanh, 0, r"(\operatorname{sech}(x))^{2}"),
        (ops.asinh, 0, r"\frac{1}{\sqrt{1 + x^{2}}}"),
        (ops.erf, 0, r"\mathit{ERF\_SLOPE} \cdot e^{-x^{2}}"),
        (ops.lgamma, 0, r"\psi(x)"),
        (ops.digamma, 0, r"\psi^{(1)}(x)"),
        (ops.mod, 1, r"-\left\lfloor \frac{a}{b} \right\rfloor"),
    ],
    ids=str,
)
def test_a_derivative_is_what_one_would_write(op, index, wanted):
    assert derivative(op, index) == wanted


@pytest.mark.parametrize("op", BUILT_IN, ids=lambda op: op.name)
def test_every_derivative_has_its_brackets_in_pairs(op):
    for index in range(op.arity):
        text = derivative(op, index)
        assert text.count("{") == text.count("}")
        assert text.count("(") == text.count(")")
        assert text.count(r"\left") == text.count(r"\right")
        assert not re.search(r"(?<!\\)[#$%&_~](?!\s)", text.replace(" & ", "")), text


@pytest.mark.parametrize(
    "op", [ops.div, ops.sqrt, ops.log, ops.exp, ops.tan, ops.mul, ops.sinh, ops.cbrt], ids=str
)
def test_what_is_written_has_the_value_of_the_derivative(op):
    operands = (0.7, 0.3)[: op.arity]
    for index in range(op.arity):
        names = dict(zip(("x",) if op.arity == 1 else "ab", operands, strict=False))
        expected = op.partial(index, 1.0, op(*operands), *operands)
        assert value_of(derivative(op, index), names) == pytest.approx(expected, rel=1e-12)


def value_of(text, names):
    """Evaluate simple LaTeX."""
    fraction = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
    while fraction.search(text):
        text = fraction.sub(r"((\1)/(\2))", text)
    text = re.sub(r"\\sqrt\[3\]\{(\w+)\}", r"cbrt(\1)", text)
    text = re.sub(r"\\sqrt\{(\w+)\}", r"sqrt(\1)", text)
    text = re.sub(r"\^\{(\w+)\}", r"**(\1)", text).replace("\\", "")
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", text)
    return eval(text, {**vars(math), **names})


def test_a_rule_that_branches_says_so():
    op = Op("half", lambda x: x, lambda g, out, x: g if x > 0 else 0.0)
    with pytest.raises(TraceError, match="compares its operands"):
        derivative(op, 0)


def test_words_of_a_plugin_are_written_in_formulas_and_derivatives():
    airy = Op("airy", lambda x: x, lambda g, out, x: g * x * airy(x))

    class Words:
        @hookimpl
        def pluggrad_register_words(self):
            return {"latex": {"airy": r"\operatorname{Ai}({0})"}}

    plugins.register(Words(), "airy-words")
    try:
        assert render(airy(Value(2.0, label="z")), "latex") == r"\operatorname{Ai}(z)"
        assert derivative(airy, 0) == r"x \operatorname{Ai}(x)"
    finally:
        plugins.unregister("airy-words")
