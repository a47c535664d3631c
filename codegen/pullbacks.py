"""The gradient code of ops, which `backward()` runs: their rules, written out.

`backward()` visits every node once and has to add to each operand what the operand's rule says.
Calling `lambda g, out, a, b: g * b` for that costs more than the multiplication in it. So when an
op is first differentiated, its rules are run once on symbols, and what they do becomes one
function:

    def pullback(node):
        g = node._grad
        a = node._left
        b = node._right
        if a.requires_grad:
            a._grad += g * b._number
        if b.requires_grad:
            b._grad += g * a._number

A number that a rule reads from outside is read each time. A rule that cannot be written down (one
with an `if` on its operands, say) is called as it stands. Either way the numbers are those of the
rule, operation by operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from pluggrad.errors import quoted
from pluggrad.op import NAMES, Op, Rule
from pluggrad.trace import Trace
from pluggrad.trace.outside import refresh, standing
from pluggrad.value import Value

from .python_code import PythonCode
from .source import compiled, operand_lines

LARGE = 500  # from how many nodes on frequent ops are looked for, and how many nodes tell which
INLINED = 4


def fuse(op: Op) -> Callable[[Value], None]:
    """Make the function that adds a node's gradient contributions to its operands' `grad`."""
    namespace: dict[str, Any] = {"__name__": __name__}
    _fused.add(op)
    lines = _lines(op, namespace, "")
    return compiled(["def pullback(node):", *lines], "pullback", _file([op]), namespace)


def forget_fused() -> None:
    """Forget the code of all ops: the ops that their rules call are others now."""
    for op in tuple(_fused):
        vars(op).pop("pullback", None)
    _fused.clear()
    _loop.cache_clear()


_fused: WeakSet[Op] = WeakSet()


def pull_back(nodes: Sequence[Value]) -> None:
    """Run the pullbacks of all nodes, which stand operands before users, the last one first.

    A call for every node costs as much as what it does. So in a large graph the code of its most
    frequent ops stands in the loop itself.
    """
    if standing and refresh():
        _loop.cache_clear()
    if len(nodes) < LARGE:
        for node in reversed(nodes):
            node.op.pullback(node)  # type: ignore[union-attr]  # no leaves
    else:
        sample = Counter([node.op for node in nodes[:: len(nodes) // LARGE]])
        frequent = [op for op, _ in sample.most_common(INLINED) if op and _is_installed(op)]
        _loop(tuple(sorted(frequent, key=lambda op: op.name)))(nodes)


def _is_installed(op: Op) -> bool:
    """Return whether an op may stand in a loop, which is kept: others may be gone tomorrow."""
    return Op.installed.ops.get(op.name) is op


@lru_cache(maxsize=64)
def _loop(ops: tuple[Op, ...]) -> Callable[[Sequence[Value]], None]:
    namespace: dict[str, Any] = {f"op{i}": op for i, op in enumerate(ops)}
    bound = ", ".join(f"{name}={name}" for name in namespace)
    namespace["__name__"] = __name__
    lines = [
        f"def pull_back(nodes, {bound}):",
        "    for node in reversed(nodes):",
        "        op = node.op",
    ]
    for i, op in enumerate(ops):
        lines += [f"        {'elif' if i else 'if'} op is op{i}:"]
        lines += ["        " + line for line in _lines(op, namespace, f"op{i}_")]
    lines += (
        ["        else:", "            op.pullback(node)"] if ops else ["        op.pullback(node)"]
    )
    return compiled(lines, "pull_back", _file(ops), namespace)


def _file(ops: Sequence[Op]) -> str:
    return f"<pullback of {', '.join(op.name for op in ops)}>"


def _lines(op: Op, namespace: dict[str, Any], prefix: str) -> list[str]:
    """Write the code for one node of an op, and put what it calls in `namespace`."""
    names = NAMES[: op.arity]
    lines = ["    g = node._grad", *operand_lines(names)]
    for index, (x, rule) in enumerate(zip(names, op.rules, strict=True)):
        if rule is not None:
            part, is_float = _written(op, rule, f"{prefix}r{index}", names, namespace)
            lines += [f"    if {x}.requires_grad:"]
            if is_float:
                lines += [f"        {x}._grad += {part}"]
            else:
                namespace["as_double"] = _as_double
                lines += [
                    f"        part = {part}",
                    f"        {x}._grad += part if part.__class__ is float else as_double(part)",
                ]
    return lines


def _as_double(part: object) -> float:
    """Turn what a rule gave into a float.

    Raises:
        TypeError: for what is none, or was computed in another precision; the careful way knows.
    """
    if not isinstance(part, float | int):
        raise TypeError(f"a rule gave {quoted(part)}")
    return float(part)


def _written(
    op: Op, rule: Rule, prefix: str, names: tuple[str, ...], namespace: dict[str, Any]
) -> tuple[str, bool]:
    """Write a rule as an expression in which only operators and calls of ops occur.

    Returns:
        The expression, and whether it gives floats, whatever stands outside.
    """
    arguments = ["g", "node._number", *(f"{x}._number" for x in names)]
    trace = Trace()
    code = PythonCode(trace, f"{prefix}_", may_raise=True)
    try:
        text = code.expression(trace.run(rule, *map(trace.parameter, arguments), op=op))
    except Exception:  # whatever it did with a symbol, the rule itself still works on floats
        namespace[prefix] = rule
        return f"{prefix}({', '.join(arguments)})", False
    namespace.update(code.bound)
    return text, all(step.name != "read" for step in trace.steps)


Op.forget_code = staticmethod(forget_fused)
