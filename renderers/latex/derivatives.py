"""The derivative of an op in LaTeX: the steps of its rule as one would write them on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pluggrad.op import NAMES, Op
from pluggrad.printers.printer import filled, words_of_plugins
from pluggrad.trace import Step, Trace

from .formula import POWER, Formula, apply

OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "pow": "**",
    "mod": "%",
    "floordiv": "//",
    "neg": "-",
}
ZERO, ONE, MINUS_ONE = (Formula.number(text) for text in ("0", "1", "-1"))


def derivative(op: Op, index: int) -> str:
    r"""Write the derivative of an op by one of its operands, made from its rule.

    Parameters:
        op: any op.
        index: by which operand, from 0.

    Returns:
        Valid LaTeX in math mode. The operand is `x`, several are `a`, `b`, ...

    Raises:
        TraceError: when the rule cannot be written down; the text says why.
        RenderError: when a plugin's words for LaTeX are none.

    >>> from pluggrad import ops
    >>> from pluggrad.renderers.latex.derivatives import derivative
    >>> print(derivative(ops.tanh, 0), derivative(ops.sqrt, 0), derivative(ops.div, 1), sep="\n")
    (\operatorname{sech}(x))^{2}
    \frac{0.5}{\sqrt{x}}
    \frac{-\frac{a}{b}}{b}
    """
    rule = op.rules[index]
    if rule is None:
        return "0"
    names = ("x",) if op.arity == 1 else NAMES[: op.arity]
    trace, words = Trace(), words_of_plugins("latex")
    parameters = [trace.parameter(name) for name in ("out", *names)]
    last = trace.operand(trace.run(rule, 1.0, *parameters))
    result = _applied(op.name, op.symbol, [Formula(name) for name in names], words)
    written: list[Formula] = []
    for step in trace.steps:
        if step.name == "parameter":
            written.append(result if step.detail == "out" else Formula(step.detail))
        else:
            written.append(_step(step, [written[i] for i in step.operands], words))
    return written[last].text


def _step(step: Step, operands: list[Formula], words: dict[str, str]) -> Formula:
    if step.name == "number":
        return Formula.number(f"{step.detail:.6g}")
    if step.name == "read":
        name = step.detail[1] or "constant"
        return Formula(rf"\mathit{{{name}}}".replace("_", r"\_"))
    op: Op | None = step.detail
    name = op.name if op is not None else step.name
    symbol = op.symbol if op is not None else OPERATORS.get(name, "")
    return _applied(name, symbol, operands, words)


def _applied(name: str, symbol: str, operands: Sequence[Formula], words: dict[str, str]) -> Formula:
    own = worded(name, operands, words)
    if own is not None:
        return own
    if (name, len(operands)) in PAPER:
        return PAPER[name, len(operands)](*operands)
    return _shorter(symbol, *operands) or apply(name, symbol, operands)


def worded(name: str, operands: Sequence[Formula], words: dict[str, str]) -> Formula | None:
    """Write an op in the words that a plugin has for it; None where none has."""
    if f"op:{name}" not in words:
        return None
    text = words[f"op:{name}"].splitlines()[-1]
    depth = 1 + max((x.depth for x in operands), default=0)
    return Formula(filled(text, [x.text for x in operands]), POWER, depth)


# ----- Ops that rules are made of, as one writes them -----


def _power(a: Formula, b: Formula) -> Formula:
    return _shorter("**", a, b) or apply("pow", "**", [a, b])


def _square(x: Formula) -> Formula:
    return x if x == ONE else _power(x, Formula("2"))


def _product(*factors: Formula) -> Formula:
    return reduce(lambda a, b: _shorter("*", a, b) or apply("mul", "*", [a, b]), factors)


def _sum(a: Formula, b: Formula) -> Formula:
    return apply("add", "+", [a, b])


def _log(x: Formula) -> Formula:
    return apply("log", "log", [x])


def _power_rule(a: Formula, b: Formula, factor: Formula) -> Formula:
    return _product(factor, b, _power(a, apply("sub", "-", [b, ONE])))


def _cases(condition: Formula, a: Formula, b: Formula) -> Formula:
    text = rf"{a.text} & {condition.text} \neq 0 \\ {b.text} & \text{{else}}"
    return Formula(rf"\begin{{cases}} {text} \end{{cases}}", POWER, 2, tall=True)


PAPER: dict[tuple[str, int], Callable[..., Formula]] = {
    ("power_rule", 3): _power_rule,
    ("power_log", 2): lambda a, b: _product(_power(a, b), _log(a)),
    ("log1p", 1): lambda x: _log(_sum(ONE, x)),
    ("expm1", 1): lambda x: apply("sub", "-", [apply("exp", "exp", [x]), ONE]),
    ("exp2", 1): lambda x: _power(Formula("2"), x),
    ("gaussian", 1): lambda x: apply("exp", "exp", [apply("neg", "-", [_square(x)])]),
    ("hypot", 2): lambda a, b: apply("sqrt", "sqrt", [_sum(_square(a), _square(b))]),
    ("where", 3): _cases,
}


def _shorter(symbol: str, *operands: Formula) -> Formula | None:
    """Write a product or sum with 0 or 1, and a square, as nobody would write them out."""
    if len(operands) != 2:
        return ZERO if symbol == "-" and operands == (ZERO,) else None
    a, b = operands
    if symbol == "*":
        if ZERO in operands:
            return ZERO
        if MINUS_ONE in operands:
            return apply("neg", "-", [b if a == MINUS_ONE else a])
        if a == b:
            return apply("pow", "**", [a, Formula("2")])
    if symbol in ("*", "/", "**") and b == ONE:
        return a
    if symbol in ("+", "-") and b == ZERO:
        return a
    return b if (symbol, a) in (("*", ONE), ("+", ZERO)) else None
