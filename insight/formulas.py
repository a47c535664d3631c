"""Derivatives as formulas: the steps of a rule as one would write them on paper."""

from __future__ import annotations

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
    rule = op.rules[index]
    if rule is None:
        return "0"
    names = ("x",) if op.arity == 1 else NAMES[: op.arity]
    trace = Trace()
    out = trace.parameter("out")
    result = trace.operand(trace.run(rule, 1.0, out, *map(trace.parameter, names)))
    texts: list[Text] = []
    for step in trace.steps:
        if step.name == "parameter" and step.detail == "out":
            texts.append(_of_call(op, [Text(name, WHOLE) for name in names]))
        else:
            texts.append(_text(step, [texts[i] for i in step.operands]))
    return texts[result].text


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
