"""What to write in place of a call that loses gradients: the installed op, or plain arithmetic."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence

from pluggrad.op import Op

# Calls that are arithmetic on Values: the name and number of operands -> what to write.
ARITHMETIC: dict[tuple[str, int], str] = {
    ("average", 1): "sum({0}) / len({0})",
    ("degrees", 1): "{0} * (180 / math.pi)",
    ("dist", 2): "sum((a - b) ** 2 for a, b in zip({0}, {1})) ** 0.5",
    ("fabs", 1): "abs({0})",
    ("fmean", 1): "sum({0}) / len({0})",
    ("fsum", 1): "sum({0})",
    ("hypot", 3): "({0} ** 2 + {1} ** 2 + {2} ** 2) ** 0.5",
    ("gauss", 2): "{0} + {1} * random.gauss()",
    ("ldexp", 2): "{0} * 2.0 ** {1}",
    ("log", 2): "pluggrad.ops.log({0}) / pluggrad.ops.log({1})",
    ("mean", 1): "sum({0}) / len({0})",
    ("nanmean", 1): "sum({0}) / len({0})",
    ("normal", 1): "{0} + np.random.normal()",
    ("normal", 2): "{0} + {1} * np.random.normal()",
    ("pow", 2): "{0} ** {1}",
    ("radians", 1): "{0} * (math.pi / 180)",
    ("std", 1): "sum((x - sum({0}) / len({0})) ** 2 for x in {0}) ** 0.5 / (len({0}) - 1) ** 0.5",
    ("sumprod", 2): "sum(a * b for a, b in zip({0}, {1}))",
    ("var", 1): "sum((x - sum({0}) / len({0})) ** 2 for x in {0}) / (len({0}) - 1)",
}
ARITHMETIC["stdev", 1] = ARITHMETIC["std", 1]
ARITHMETIC["variance", 1] = ARITHMETIC["var", 1]

SAME = {  # what NumPy and SciPy call an op
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh",
    "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "expit": "sigmoid", "power": "pow",
}  # fmt: skip

ARRAYS = {
    "arange", "array", "asarray", "asanyarray", "full", "fromiter", "fill", "put", "to_numpy",
}  # fmt: skip
WINDOWS = {"rolling", "expanding", "ewm"}  # in pandas their sums, too, are of plain numbers


def replacement(name: str, call: ast.AST | None, ops: Mapping[str, Op]) -> str:
    """Return what keeps the gradient, as the beginning of a sentence that goes on with `float(x)`.

    Parameters:
        name: the name of the function.
        call: the call; another expression where the function is handed on, as in `map(math.exp,
            x)`; None for what is no call, such as `array[0] = x`.
        ops: the installed ops.
    """
    if call is None or name in ARRAYS:
        return "use a list, or an array of dtype=object, or"
    operands = _operands(call) if isinstance(call, ast.Call) else []
    written = _arithmetic(name, call, operands)
    op = ops.get(SAME.get(name, name))
    if written:
        return f"use `{written}`, or"
    if op is not None and _takes(op, operands):
        return f"use `{_called(op, operands)}`, or"
    if not name or op or (isinstance(call, ast.Call) and _is_statistic(name, call)):
        return "compute it by operators and ops, or"
    return f"no installed op is named {name!r}, and `pluggrad.Op` makes one; use"


def _takes(op: Op, operands: Sequence[ast.expr]) -> bool:
    """Return whether an op takes that many operands, as far as the call says how many there are."""
    return (
        not operands
        or any(isinstance(operand, ast.Starred) for operand in operands)
        or op.arity - len(op.defaults) <= len(operands) <= op.arity
    )


def _is_statistic(name: str, call: ast.Call) -> bool:
    """Return whether a call is of the kind `owner.mean()`."""
    return isinstance(call.func, ast.Attribute) and not call.args and (name, 1) in ARITHMETIC


def _arithmetic(name: str, call: ast.AST, operands: Sequence[ast.expr]) -> str:
    """Write a call as arithmetic on Values; "" where that is not known.

    A method's owner may be a table, a group of rows or a window over them, which `sum` and `len` do
    not add up by rows; its own sum and count do.
    """
    if isinstance(call, ast.Call) and _is_statistic(name, call):
        owner = call.func.value  # type: ignore[attr-defined]
        made_by = _name_of_call(owner)
        if made_by in WINDOWS or (name != "mean" and (made_by or call.keywords)):
            return ""
        if name == "mean":
            text, how = _in_parentheses(owner), ", ".join(map(ast.unparse, call.keywords))
            return f"{text}.sum({how}) / {text}.count({how})"
    written = ARITHMETIC.get((name, len(operands)), "")
    return written.format(*map(_in_parentheses, operands))


def _name_of_call(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return str(getattr(function, "attr", None) or getattr(function, "id", ""))


def _operands(call: ast.Call) -> Sequence[ast.expr]:
    """List the operands of a call: those in parentheses, or what a method belongs to."""
    if call.args or not isinstance(call.func, ast.Attribute):
        return call.args
    return [call.func.value]


def _in_parentheses(node: ast.expr) -> str:
    compound = isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp | ast.Lambda | ast.Compare)
    return f"({ast.unparse(node)})" if compound else ast.unparse(node)


def _called(op: Op, operands: Sequence[ast.expr]) -> str:
    """Write the call of an op: from pluggrad.ops where it is there, else as a method."""
    others = ", ".join(map(ast.unparse, operands))
    if getattr(sys.modules.get("pluggrad.ops"), op.name, None) is op:
        return f"pluggrad.ops.{op.name}" + (f"({others})" if operands else "")
    if not operands or isinstance(operands[0], ast.Starred):
        return f"pluggrad.plugins.ops[{op.name!r}]" + (f"({others})" if operands else "")
    others = ", ".join(map(ast.unparse, operands[1:]))
    return f"{_in_parentheses(operands[0])}.{op.name}({others})"
