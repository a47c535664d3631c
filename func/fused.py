"""Hessian products: forward mode along a recorded graph and back, written out as code.

`hvp` could differentiate the gradient in forward mode, node by node and rule by rule; that costs 6
to 11 gradients. Here each op has code of its own, made by running its rules on symbols and on Duals
of symbols: it pushes a tangent up the graph, and pulls the gradient and its derivative down again.
That costs less than two gradients. The numbers are those of the rules, operation by operation.

While it runs, a node has its gradient in `grad`, and [tangent, derivative of the gradient] in
`_mark`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pluggrad.codegen.python_code import PythonCode
from pluggrad.codegen.source import operand_lines
from pluggrad.op import Op
from pluggrad.recording import always_recording
from pluggrad.registry import plugins
from pluggrad.trace import Trace
from pluggrad.value import Value

from .composite import Composite
from .dual import Dual
from .symbols import FILE, Code, tangent_of_rules


class _NoCodeError(Exception):
    """There is no code for an op."""


def gradient_moved(
    result: Value, order: Sequence[Value], copies: Sequence[Value], tangents: Sequence[float]
) -> list[float] | None:
    """Compute how the gradient of `result` changes when the copies move: the Hessian's product.

    Parameters:
        result: what the function gave.
        order: its graph, operands before users, which nobody else looks at.
        copies: the arguments in it.
        tangents: the direction.

    Returns:
        One number for each copy. None where the short way does not lead: an op cannot be written
        down, Python raised where IEEE 754 has an answer, or a number is no finite float.
    """
    for node in order:
        node._grad = 0.0
        node._mark = None
    for copy, t in zip(copies, tangents, strict=True):
        copy._grad = 0.0
        copy._mark = [t, 0.0]
    result._grad = 1.0
    steps: list[tuple[Code, Value]] = []
    now = plugins.changes
    try:
        for node in order:
            if node._mark is None:
                push, pull = _graph_code(node, now)
                push(node)
                steps.append((pull, node))
        for pull, node in reversed(steps):
            pull(node)
    except (ArithmeticError, ValueError, _NoCodeError):
        return None
    found = [copy._mark[1] for copy in copies]  # type: ignore[index]  # put there above
    return found if all(x.__class__ is float and x - x == 0.0 for x in found) else None


def _graph_code(node: Value, now: int) -> tuple[Code, Code]:
    """Return the code of a node's op: it was made of the ops that served operators then."""
    op = node.op
    assert op is not None
    right = node._right
    if right is not None:
        left: Value = node._left  # type: ignore[assignment]  # there is a right one
        mask = left.requires_grad + 2 * right.requires_grad
    else:
        mask = sum([x.requires_grad << i for i, x in enumerate(node.prev)])
    code: tuple[Code, Code] | None
    try:
        code = op.codes[now, mask]
    except KeyError:
        if isinstance(op, Composite):
            raise _NoCodeError from None
        code = op.codes[now, mask] = _write_graph_code(op, mask)
    if code is None:
        raise _NoCodeError
    return code


def _write_graph_code(op: Op, mask: int) -> tuple[Code, Code] | None:
    up, down = Trace(), Trace()
    push, pull = PythonCode(up), PythonCode(down)
    moving = [i for i in range(op.arity) if mask >> i & 1]
    load = ["    out = node._number", *operand_lines([f"n{i}" for i in range(op.arity)])]
    load += [f"    x{i} = n{i}._number" for i in range(op.arity)]
    load += [f"    m{i} = n{i}._mark" for i in moving]
    load += [f"    t{i} = m{i}[0]" for i in moving]
    rules = [(i, rule) for i in moving if (rule := op.rules[i]) is not None]
    contributions = []
    try:
        with always_recording():
            xs = [up.parameter(f"x{i}") for i in range(op.arity)]
            tangent = tangent_of_rules(op, moving, up.parameter("out"), xs, up)
            mark = f"    node._mark = [{push.name(0.0 if tangent is None else tangent)}, 0.0]"
            g, out, *operands = [
                Dual(down.parameter(x), down.parameter(t), 1) if t else down.parameter(x)
                for x, t in [("g", "h"), ("out", "t"), *_named(op, moving)]
            ]
            for i, rule in rules:
                part = down.run(rule, g, out, *operands, op=op)
                primal = part.primal if isinstance(part, Dual) else part
                moved = part.tangent if isinstance(part, Dual) else 0.0
                contributions.append(f"    n{i}._grad += {pull.name(primal)}")
                contributions.append(f"    m{i}[1] += {pull.name(moved)}")
    except Exception:  # whatever it did with a symbol, the rule itself still works on numbers
        return None
    given = ["    g = node._grad", "    t, h = node._mark"]
    return (
        push.function(["def push(node):", *load], [mark], FILE),
        pull.function(["def pull(node):", *load, *given], contributions, FILE),
    )


def _named(op: Op, moving: Sequence[int]) -> list[tuple[str, str]]:
    """Return what the operands are called in the code, and their tangents; "" where none is."""
    return [(f"x{i}", f"t{i}" if i in moving else "") for i in range(op.arity)]
