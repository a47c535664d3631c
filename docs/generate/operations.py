"""The reference of operations, from the registry: formula, derivative, domain, rule and plot."""

from __future__ import annotations

import ast
import inspect
import math
import re
from html import escape
from importlib import import_module

from pluggrad import Op, Plugin, plugins
from pluggrad.renderers.latex.derivatives import derivative as formula_of

from .docstrings import table
from .plots import plot

# Where the plots look, and what stands for the operands that do not move: operand by operand.
HELD: dict[str, tuple[float, ...]] = {
    "clip": (0.5, -1.0, 1.0),
    "where": (1.0, 2.0, -1.0),
    "round": (0.0, 0.0),
    "leaky_relu": (-1.0, 0.1),
    "elu": (-1.0, 1.0),
    "power_log": (2.0, 2.0),
    "power_rule": (2.0, 2.0, 1.0),
    "atan2": (1.0, 1.0),
    "hypot": (1.0, 1.0),
    "polygamma": (1.0, 1.0),
    "mills": (0.0, 1.0),
    "sinc_slope": (1.0, 1.0),
    "polygamma_rise": (0.0, 1.0, 1.0),
    "copysign": (1.0, 1.0),
}
WIDEST = 4.0

# What the functions of the operands that are 0 at kinks say, in words.
KINKS = {
    "x": "x = 0",
    "b": "b = 0",
    "a - b": "a = b",
    "_from_whole": "whole x",
    "_quotient_from_whole": "whole a / b, b = 0",
    "_from_half": "x halfway between two results",
    "_from_branch_cut": "y = 0 where x is not positive",
    "_hypot": "a = b = 0",
    "_from_pole": "x = 0, -1, -2, ...",
    "_from_pole(x)": "x = 0, -1, -2, ...",
    "a * b": "a = 0, b = 0",
    "min": "a = 0, b = 0",
    "_from_jump_of_fmod": "whole a / b but 0, b = 0",
    "_from_jump_of_remainder": "a / b halfway between whole numbers, b = 0",
}

INDEX = """\
# Operations

All of them come through the [hook](hooks.md) that your own ops use. Each is a method of `Value`
(`x.tanh()`), a function of floats and Values (`from pluggrad.ops import tanh`), and where it says
so, a Python operator. Numbers follow IEEE 754: `log(0)` is -inf, `1 / 0` is inf, `log(-1)` is nan.
[Accuracy](../accuracy.md) has the measured errors of each, in units in the last place.

"""
LEGEND = (
    '<p class="legend"><span class="value">the function</span> '
    '<span class="slope">its derivative by the operand on the axis</span></p>\n\n'
)


def built_in() -> list[Plugin]:
    """Return pluggrad's own plugins that have ops: one for each group."""
    return [p for p in plugins if p.name.startswith("pluggrad.") and p.ops]


def pages() -> dict[str, str]:
    """Return the index, and a page for each group."""
    groups = {plugin.name.rpartition(".")[2]: plugin for plugin in built_in()}
    index = [INDEX, "```{toctree}\n:hidden:\n\n", *(f"ops/{g}\n" for g in groups), "```\n\n"]
    for group, plugin in groups.items():
        rows = (
            (f"[`{op.name}`](ops/{group}.md#op-{op.name})", operator(op), *formulas(op))
            for op in plugin.ops
        )
        header = ("name", "operator", "formula", "derivative")
        index += [f"## {title(plugin)}\n\n", table(header, rows), "\n\n"]
    return {
        "operations.md": "".join(index),
        **{f"ops/{group}.md": page(plugin) for group, plugin in groups.items()},
    }


def page(plugin: Plugin) -> str:
    """Return the page of one group."""
    lines = (inspect.getdoc(import_module(plugin.value)) or "").partition("\n\n")[2]
    entries = [entry(op, plugin) for op in plugin.ops]
    return "".join([f"# {title(plugin)}\n\n", lines + "\n\n", LEGEND, *entries])


def title(plugin: Plugin) -> str:
    """Return a group's title: the first sentence of its module."""
    first = (inspect.getdoc(import_module(plugin.value)) or "").partition("\n")[0]
    return first.rstrip(".")


def entry(op: Op, plugin: Plugin) -> str:
    """Tell one op."""
    names = operand_names(op)
    formula, derivative = formulas(op)
    facts = {
        "Formula": formula,
        "Derivatives" if op.arity > 1 else "Derivative": derivative,
        "In LaTeX": latex(op),
        "Rules hold for": domains(op, names),
        "No derivative at": kinks(op, names),
    }
    told = "".join(
        f"<div><dt>{what}</dt><dd>{text}</dd></div>" for what, text in facts.items() if text
    )
    figures = "".join(figure(op, index, names) for index in range(op.arity))
    return (
        f"(op-{op.name})=\n## {op.name}\n\n```python\n{call(op, names)}\n```\n\n"
        f'<div class="op"><dl>{told}</dl><div class="plots">{figures}</div></div>\n\n'
        f"As it is declared:\n\n```python\n{declaration(op, plugin)}\n```\n\n"
    )


# ----- Words -----


def operand_names(op: Op) -> list[str]:
    """Return the names that calls can use."""
    return list(inspect.signature(op).parameters)


def operator(op: Op) -> str:
    """Return the Python operator, as code."""
    return f"`{op.operator}`" if op.operator else ""


def formulas(op: Op) -> tuple[str, str]:
    """Split an op's line into formula and derivative, typeset."""
    formula, found, derivative = (op.__doc__ or "").partition(". Derivative")
    derivative = derivative.partition(": ")[2].rstrip(".") if found else ""
    formula = formula.rstrip(".")
    if formula[:2].istitle():  # words
        formula = f"{op.name}({', '.join(operand_names(op))}). {formula}"
    return typeset(formula), typeset(derivative)


def latex(op: Op) -> str:
    """Return the derivatives as LaTeX to copy, made from the rules."""
    found = [formula_of(op, index) for index, rule in enumerate(op.rules) if rule is not None]
    return "<br>".join(f"<code>{escape(text)}</code>" for text in found)


SIGNS = {
    r"\balpha\b": "α",
    r"\bpi\b": "π",
    r"\bpsi\b": "ψ",
    r"\bsqrt\(": "√(",
    r" \* ": " · ",
    r"-": "−",
}


def typeset(formula: str) -> str:
    """Write powers raised, and some names as the letters that they stand for.

    >>> typeset("2 / sqrt(pi) e**-x**2")
    '2 / √(π) e<sup>−x<sup>2</sup></sup>'
    """
    power = re.compile(r"(.*)\*\*(-?[\w.]+(?:<sup>.*</sup>)?|\((?:[^()]*)\))")
    while found := power.match(formula):
        raised = found[2].removeprefix("(").removesuffix(")")
        formula = f"{found[1]}<sup>{raised}</sup>{formula[found.end() :]}"
    for word, sign in SIGNS.items():
        formula = re.sub(word, sign, formula)
    return formula


def call(op: Op, names: list[str]) -> str:
    """Write how the op is called."""
    ways = [f"{names[0]}.{op.name}({', '.join(names[1:])})"]
    if op.defaults:
        required = len(names) - len(op.defaults)
        left_out = zip(names[required:], op.defaults, strict=True)
        told = ", ".join(f"{name} = {x:g}" for name, x in left_out)
        ways.append(f"{names[0]}.{op.name}({', '.join(names[1:required])})  # {told}")
    match op.operator, op.arity:
        case None, _:
            pass
        case "-", 1:
            ways.insert(0, f"-{names[0]}")
        case ("abs" | "round") as word, _:
            ways.insert(0, f"{word}({', '.join(names)})")
        case ("floor" | "ceil" | "trunc") as word, _:
            ways.insert(0, f"math.{word}({names[0]})")
        case symbol, _:
            ways.insert(0, f"{names[0]} {symbol} {names[1]}")
    return "\n".join(ways)


def domains(op: Op, names: list[str]) -> str:
    """Write where the rules hold."""
    return (
        ", ".join(
            f"{name} in ({edge(interval[0])}, {edge(interval[1])})"
            for name, interval in zip(names, op.domain, strict=True)
            if interval is not None
        )
        or "all numbers"
    )


def edge(x: float) -> str:
    """Write an end of an interval."""
    return {math.inf: "∞", -math.inf: "-∞"}.get(x, f"{x:g}")


def kinks(op: Op, names: list[str]) -> str:
    """Write where there is no derivative."""
    if not callable(op.kinks):
        return ", ".join(f"{names[0]} = {x:g}" for x in op.kinks)
    expression = source_of_kinks(op).rpartition(": ")[2]
    return KINKS.get(expression) or f"where <code>{expression}</code> is 0"


# ----- Source -----


def declaration(op: Op, plugin: Plugin) -> str:
    """Return the lines that declare an op, with the comment that explains them."""
    source = inspect.getsource(import_module(plugin.value))
    lines = source.splitlines()
    node = assignment(op, source)
    first, last = node.lineno - 1, node.end_lineno
    while lines[first - 1].startswith("# ") and "-----" not in lines[first - 1]:
        first -= 1
    return "\n".join(line for line in lines[first:last] if line != "# fmt: off")


def assignment(op: Op, source: str) -> ast.Assign:
    """Find the statement `name = Op("name", ...)`."""
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == op.name
        ):
            return node
    raise LookupError(f"op {op.name!r} is not declared at the top of its module")


def source_of_kinks(op: Op) -> str:
    """Return the expression after `kinks=`."""
    module = inspect.getmodule(op.kinks)
    assert module is not None
    for plugin in built_in():
        if op in plugin.ops:
            source = inspect.getsource(import_module(plugin.value))
            call = assignment(op, source).value
            assert isinstance(call, ast.Call)
            given = next(word.value for word in call.keywords if word.arg == "kinks")
            return ast.unparse(given)
    raise LookupError(op.name)


# ----- Plots -----


def figure(op: Op, index: int, names: list[str]) -> str:
    """Draw an op and its partial along one operand."""
    if op.rules[index] is None and op.arity > 1:
        return ""
    held = list(HELD.get(op.name, (2.0,) * op.arity))

    def value(x: float) -> float:
        return op.evaluate(*held[:index], x, *held[index + 1 :])

    def slope(x: float) -> float:
        operands = (*held[:index], x, *held[index + 1 :])
        return op.partial(index, 1.0, op.evaluate(*operands), *operands)

    low, high = interval = op.domain[index] or (-math.inf, math.inf)
    left, right = max(low, -WIDEST), min(high, WIDEST)
    if interval == (0.0, math.inf):
        left = 0.0
    others = ", ".join(
        f"{name} = {x:g}" for i, (name, x) in enumerate(zip(names, held, strict=True)) if i != index
    )
    where = f" where {others}" if others else ""
    title = f"{op.name} along {names[index]}{where}"
    inside = (right - left) * 1e-9
    drawn = plot([("slope", slope), ("value", value)], left + inside, right - inside, title)
    caption = f"along <code>{names[index]}</code>{where}" if op.arity > 1 else ""
    return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>"
