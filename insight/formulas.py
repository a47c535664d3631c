"""Derivatives as formulas: the steps of a rule as one would write them on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pluggrad.op import NAMES, Op
from pluggrad.trace import Step, Trace

# How tightly a text holds together: sums, products, signs, powers, what needs no brackets.
SUM, PRODUCT, SIGN, POWER, WHOLE = range(5)

# Operator: its sign, how tightly it binds, and what its two operands need so as to stand bare.
INFIX = {
    "add": (" + ", SUM, SUM, SUM),
    "sub": (" - ", SUM, SUM, PRODUCT),
    "mul": (" ", PRODUCT, PRODUCT, SIGN),
    "truediv": (" / ", PRODUCT, PRODUCT, SIGN),
    "pow": ("**", POWER, WHOLE, POWER),
    "mod": (" mod ", PRODUCT, SIGN, SIGN),
    "floordiv": (" // ", PRODUCT, SIGN, SIGN),
}
SIGNS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "%": "mod"}


class Text(NamedTuple):
    """A formula, and how tightly it holds together."""

    text: str
    holds: int

    def within(self, needed: int) -> str:
        """Write it where so tight a text is needed."""
        return self.text if self.holds >= needed else f"({self.text})"


ONE, ZERO, MINUS_ONE = Text("1", WHOLE), Text("0", WHOLE), Text("-1", SIGN)


def derivative(op: Op, index: int) -> str:
    """Write the derivative of an op by one of its operands.

    Parameters:
        op: any op.
        index: by which operand, from 0.

    Raises:
        TraceError: when its rule cannot be written down; the text says why.

    >>> from pluggrad import ops
    >>> from pluggrad.insight.formulas import derivative
    >>> derivative(ops.tanh, 0), derivative(ops.mul, 1), derivative(ops.div, 1)
    ('sech(x)**2', 'a', '-(a / b) / b')
    """
    names = ("x",) if op.arity == 1 else NAMES[: op.arity]
    return _written(op, index, names, None, familiar=False)


def slope_templates(op: Op, index: int) -> tuple[str, str]:
    """Write a derivative twice, with `{0}`, `{1}`, ... where operands belong.

    Returns:
        One for names, in which the result is a call of the op; and one for numbers, in which it is
        `{out}`. Both are in the words that a beginner knows: no hyperbolic secant, and powers as
        one learns them.

    Raises:
        TraceError: when the rule cannot be written down.

    >>> from pluggrad import ops
    >>> slope_templates(ops.tanh, 0)
    ('1 - tanh({0})**2', '1 - {out}**2')
    >>> slope_templates(ops.pow, 0)[0]
    '{1} {0}**({1} - 1)'
    """
    names = [f"{{{i}}}" for i in range(op.arity)]
    words = _written(op, index, names, None, familiar=True)
    return words, _written(op, index, names, "{out}", familiar=True)


def _written(
    op: Op, index: int, names: Sequence[str], result: str | None, *, familiar: bool
) -> str:
    rule = op.rules[index]
    if rule is None:
        return "0"
    trace = Trace()
    parameters = [trace.parameter(name) for name in NAMES[: op.arity]]
    out = trace.parameter("out")
    last = trace.operand(trace.run(rule, 1.0, out, *parameters))
    operands = [Text(name, WHOLE) for name in names]
    known = dict(zip(NAMES, operands, strict=False))
    called = Text(result, WHOLE) if result else _of_call(op, operands)
    known["out"] = called
    texts: list[Text] = []
    for step in trace.steps:
        inner = [texts[i] for i in step.operands]
        if step.name == "parameter":
            texts.append(known[step.detail])
        elif familiar and step.name not in INFIX and getattr(step.detail, "name", "") in FAMILIAR:
            texts.append(FAMILIAR[step.detail.name](*inner))
        else:
            texts.append(_text(step, inner))
    text = texts[last].text
    if familiar and text in SHORTER:
        text = SHORTER[text]
        text = text.replace(f"{op.name}({names[0]})", result) if result else text
    return text


def _power_slope(a: Text, b: Text, c: Text) -> Text:
    exponent = _infix("sub", b, ONE)
    return _infix("mul", c, _infix("mul", b, _infix("pow", a, exponent)))


def _power_log(a: Text, b: Text) -> Text:
    return _infix("mul", _infix("pow", a, b), Text(f"log({a.text})", WHOLE))


# Ops that rules are written in, so as to be right at every edge, as what one learns them to be.
SHORTER = {
    "sech({0})**2": "1 - tanh({0})**2",
    "0.25 sech(0.5 {0}) sech(0.5 {0})": "sigmoid({0}) (1 - sigmoid({0}))",
}
FAMILIAR: dict[str, Callable[..., Text]] = {"power_rule": _power_slope, "power_log": _power_log}


def _text(step: Step, operands: list[Text]) -> Text:
    if step.name == "parameter":
        return Text(step.detail, WHOLE)
    if step.name == "number":
        return Text(f"{step.detail:.6g}", WHOLE if step.detail >= 0.0 else SIGN)
    if step.name == "read":
        return Text(step.detail[1] or "constant", WHOLE)
    if step.name == "neg":
        return _negative(operands[0])
    if step.name == "abs":
        return Text(f"|{operands[0].text}|", WHOLE)
    if step.name in INFIX:
        return _infix(step.name, *operands)
    return _of_call(step.detail, operands)


def _of_call(op: Op, operands: list[Text]) -> Text:
    name = SIGNS.get(op.operator or "")
    if name is not None and len(operands) == 2:
        return _infix(name, *operands)
    if op.operator == "-":
        return _negative(operands[0])
    return Text(f"{op.name}({', '.join(x.text for x in operands)})", WHOLE)


def _negative(x: Text) -> Text:
    return x if x == ZERO else Text(f"-{x.within(SIGN)}", SIGN)


def _infix(name: str, a: Text, b: Text) -> Text:
    if name == "mul" and ZERO in (a, b):
        return ZERO
    if (name in ("mul", "truediv") and b == ONE) or (name in ("add", "sub") and b == ZERO):
        return a
    if (name == "mul" and a == ONE) or (name == "add" and a == ZERO):
        return b
    if name == "mul" and a == MINUS_ONE:
        return _negative(b)
    if name == "mul" and a == b:
        return Text(f"{a.within(WHOLE)}**2", POWER)
    sign, holds, left, right = INFIX[name]
    return Text(f"{a.within(left)}{sign}{b.within(right)}", holds)
