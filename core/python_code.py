"""Steps of a trace as Python: expressions, lines, and the gradient code of ops.

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

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from .errors import TraceError
from .op import NAMES, Op, Rule, compiled, operand_lines
from .trace import ARITHMETIC, Step, Trace, read_again, refresh, standing
from .value import Value

# Forward functions that are an operator need no call.
INLINE: dict[Any, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
}
SIGNS = (*INLINE, operator.neg)
MOST_CHARACTERS = 2000  # of an expression; what is longer is not worth writing out


class PythonCode:
    """Writes the steps of a trace.

    Parameters:
        trace: the steps; their parameters are written by their names.
        prefix: what the names begin with that are bound here.

    Attributes:
        bound: the functions, numbers and places that occur in what was written, by name.
    """

    def __init__(self, trace: Trace, prefix: str = "c") -> None:
        self.trace = trace
        self.prefix = prefix
        self.bound: dict[str, Any] = {}

    def expression(self, result: object) -> str:
        """Write a result as one expression.

        Raises:
            TraceError: when it is too long.
        """
        index = self.trace.operand(result)
        texts: dict[int, str] = {}
        for i in self.trace.behind([index]):
            step = self.trace.steps[i]
            text = self._step(step, [texts[j] for j in step.operands])
            texts[i] = f"({text})" if self._is_infix(step) else text
            if len(text) > MOST_CHARACTERS:
                raise TraceError("it is too long to be worth writing out")
        return texts[index]

    def lines(self) -> list[str]:
        """Write a line for each step that computes something; `v0` is what step 0 gives."""
        return [
            f"    v{i} = {self._step(step, [self.name(j) for j in step.operands])}"
            for i, step in enumerate(self.trace.steps)
            if step.operands or step.name == "read"
        ]

    def name(self, result: object) -> str:
        """Return what `lines` calls a result: a symbol, a number, or the number of a step."""
        index = result if result.__class__ is int else self.trace.operand(result)
        step = self.trace.steps[index]
        return f"v{index}" if step.operands or step.name == "read" else self._step(step, [])

    def function(self, head: Sequence[str], tail: Sequence[str], file: str) -> Callable[..., Any]:
        """Make the function that begins with `head` and ends with `tail`."""
        lines = [*head, *self.lines(), *tail]
        name = head[0].split()[1].partition("(")[0]
        return compiled(lines, name, file, {**self.bound, "__name__": __name__})

    def _step(self, step: Step, operands: list[str]) -> str:
        name, detail = step.name, step.detail
        if name == "parameter":
            return str(detail)
        if name == "number":
            return self._bind(detail)
        if name == "read":
            source, variable = detail
            return read_again(self._bind(source), variable)
        if name in ARITHMETIC:
            return f" {ARITHMETIC[name]} ".join(operands)
        if name == "neg" or (name == "call" and detail.forward is operator.neg):
            return f"-{operands[0]}"
        if name == "abs":
            return f"abs({operands[0]})"
        if detail.forward in INLINE:
            return f" {INLINE[detail.forward]} ".join(operands)
        return f"{self._bind(detail.evaluate)}({', '.join(operands)})"

    def _is_infix(self, step: Step) -> bool:
        if not step.operands or step.name == "abs":
            return False
        return step.detail is None or step.detail.forward in SIGNS

    def _bind(self, thing: object) -> str:
        name = f"{self.prefix}{len(self.bound)}"
        self.bound[name] = thing
        return name


# ----- The gradient code of an op -----

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
        frequent = [op for op, _ in sample.most_common(INLINED) if op and op in may_be_inlined]
        _loop(tuple(sorted(frequent, key=lambda op: op.name)))(nodes)


# Ops that may stand in a loop, which is kept: of others their author may want to get rid.
may_be_inlined: WeakSet[Op] = WeakSet()


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
            lines += [
                f"    if {x}.requires_grad:",
                f"        {x}._grad += {_written(op, rule, f'{prefix}r{index}', names, namespace)}",
            ]
    return lines


def _written(
    op: Op, rule: Rule, prefix: str, names: tuple[str, ...], namespace: dict[str, Any]
) -> str:
    """Write a rule as an expression in which only operators and calls of ops occur."""
    arguments = ["g", "node._number", *(f"{x}._number" for x in names)]
    trace = Trace()
    code = PythonCode(trace, f"{prefix}_")
    try:
        text = code.expression(trace.run(rule, *map(trace.parameter, arguments), op=op))
    except Exception:  # whatever it did with a symbol, the rule itself still works on floats
        namespace[prefix] = rule
        return f"{prefix}({', '.join(arguments)})"
    namespace.update(code.bound)
    return text


Op.fuse = staticmethod(fuse)
