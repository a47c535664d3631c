"""What a page tells about an operation: its formula, and the source of its derivative rules."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable
from functools import cache
from textwrap import dedent
from typing import Any

from pluggrad import Op, PluggradError, plugins
from pluggrad.insight.formulas import slope_templates

LONGEST = 1500  # characters of a rule's source
SHORT = 60  # characters of a derivative that a person reads


def told(names: Iterable[str]) -> list[dict[str, Any]]:
    """Describe operations by name: what they compute, and the program text of their rules.

    Those that are in no plugin, such as rules made in a function, have their name alone.

    >>> told(["mul"])[0]["symbol"]
    '*'
    """
    return [_described(name) for name in names]


def arity(name: str | None) -> int:
    """Count the operands of an operation; 0 where that is not known."""
    op = plugins.ops.get(name or "")  # asked for each node, and an error would be long in making
    return 0 if op is None else op.arity


def _described(name: str) -> dict[str, Any]:
    op = plugins.ops.get(name)
    if op is None:
        return {"name": name, "symbol": name, "doc": "", "rule": "", "where": "", "slopes": []}
    rule, where = _source(op)
    return {
        "name": name,
        "symbol": op.symbol,
        "doc": (op.__doc__ or "").strip()[:LONGEST],
        "rule": rule,
        "where": where,
        "slopes": [_slope(op, index) for index in range(op.arity)],
    }


def _slope(op: Op, index: int) -> tuple[str, str] | None:
    """Write a derivative for names and for numbers; None where that says little."""
    try:
        found = slope_templates(op, index)
    except (PluggradError, TypeError):
        return None
    return found if max(map(len, found)) <= SHORT else None


def _source(op: Op) -> tuple[str, str]:
    """Find the statements that declare an op's rules, and where the first one stands."""
    texts: dict[str, None] = {}
    where = ""
    for rule in op.rules:
        code = getattr(inspect.unwrap(rule), "__code__", None) if rule is not None else None
        if code is None:
            continue
        module = getattr(rule, "__module__", "")
        found = _statement(module, code.co_firstlineno)
        if found:
            texts[found] = None
            where = where or f"{module}, line {code.co_firstlineno}"
    return "\n".join(texts)[:LONGEST], where


def _statement(module: str, line: int) -> str:
    """Return the smallest statement of a module around a line; "" where there is no source."""
    text, spans = _statements(module)
    around = [span for span in spans if span[0] <= line <= span[1]]
    if not around:
        return ""
    first, last = min(around, key=lambda span: span[1] - span[0])
    return _narrow(dedent("\n".join(text.splitlines()[first - 1 : last])))


def _narrow(statement: str) -> str:
    """Put each rule of a declaration on a line of its own, as a panel is narrow.

    >>> print(_narrow('mul = Op("mul", f, lambda g: g,\\n                   lambda g: -g)'))
    mul = Op("mul", f,
        lambda g: g,
        lambda g: -g)
    """
    if statement.startswith(("def ", "class ", "@")):
        return statement
    aligned = re.sub(r"\n {9,}", "\n    ", statement)
    return re.sub(r",[ \n]+(lambda |operator=|doc=)", r",\n    \1", aligned)


@cache
def _statements(module: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Read a module's source, and find from which line to which each of its statements goes."""
    try:
        text = inspect.getsource(sys.modules[module])
        tree = ast.parse(text)
    except (KeyError, OSError, TypeError, SyntaxError):
        return "", ()
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return text, tuple((node.lineno, node.end_lineno or node.lineno) for node in found)
