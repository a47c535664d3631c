"""Forward mode written out as code, for each op once.

A rule that is called for every number costs more than the arithmetic in it. So the first time an
op is met, its rules are run on symbols, which write down what is done to them line by line. For
`a * b` on floats that gives

    def push(x0, x1, t0, t1):
        v0 = x0 * x1
        v1 = t0 * x1
        v2 = t1 * x0
        v3 = v1 + v2
        return v0, v3

and, with rules run on Duals of symbols, the code by which `hvp` carries the derivative of each
gradient along with the gradient. A rule that cannot be written down (one with an `if` on its
operands, say) has no such code, and is called as it stands. The numbers are those of the rules,
operation by operation; where Python raises, 1.0 / 0.0, callers go the long way, which follows
IEEE 754.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from ..composite import Composite
from ..op import Op
from ..recording import always_recording
from ..registry import plugins
from ..value import Value
from .dual import Dual, apply

INLINE: dict[Any, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
}
Code = Callable[..., Any]


class Program:
    """Lines of code, and the functions and numbers that occur in it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {}

    def add(self, expression: str) -> Symbol:
        """Write a line, and give the symbol of its result."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"    {name} = {expression}")
        return Symbol(name, self)

    def bind(self, thing: object) -> str:
        """Give a name to a function or number."""
        name = f"c{len(self.bound)}"
        self.bound[name] = thing
        return name

    def text(self, x: object) -> str:
        """Write an operand."""
        if isinstance(x, Symbol):
            return x.name
        if isinstance(x, Real):
            return self.bind(float(x))
        raise TypeError(f"a rule works with numbers, not {type(x).__name__}")

    def compiled(self, head: Sequence[str], tail: Sequence[str]) -> Code:
        """Make the function that begins with `head` and ends with `tail`."""
        source = "\n".join([*head, *self.lines, *tail])
        exec(compile(source, "<pluggrad forward mode>", "exec"), self.bound)
        made: Code = self.bound[head[0].split()[1].partition("(")[0]]
        return made


class Symbol:
    """Stands for a number, and writes down the arithmetic that is done to it."""

    __slots__ = ("name", "program")
    __hash__ = None  # type: ignore[assignment]  # nothing may look it up

    def __init__(self, name: str, program: Program) -> None:
        self.name = name
        self.program = program

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Any:
        if any(isinstance(x, Dual) for x in operands):
            return Dual.__pluggrad_op__(op, operands)
        program: Program = next(x for x in operands if isinstance(x, Symbol)).program
        texts = [program.text(x) for x in operands]
        if op.forward in INLINE:
            return program.add(f"{texts[0]} {INLINE[op.forward]} {texts[1]}")
        if op.forward is operator.neg:
            return program.add(f"-{texts[0]}")
        return program.add(f"{program.bind(op.evaluate)}({', '.join(texts)})")

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on its operands; use where() or step()")

    def __eq__(self, other: object) -> bool:
        raise TypeError("a rule cannot compare its operands; use where() or step()")

    def __neg__(self) -> Symbol:
        return self.program.add(f"-{self.name}")

    def __pos__(self) -> Symbol:
        return self


def _written(symbol: str, *, reflected: bool = False) -> Callable[[Symbol, object], Any]:
    def write(self: Symbol, other: object) -> Any:
        if isinstance(other, Dual):
            return NotImplemented
        texts = [self.name, self.program.text(other)]
        return self.program.add(f" {symbol} ".join(texts[::-1] if reflected else texts))

    return write


for _name, _symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/")):
    setattr(Symbol, f"__{_name}__", _written(_symbol))
    setattr(Symbol, f"__r{_name}__", _written(_symbol, reflected=True))


# ----- On floats: jvp -----


def push_code(op: Op, mask: int) -> Code | None:
    """Make the function from operands and tangents to result and tangent.

    Parameters:
        op: any op.
        mask: which operands have a tangent: bit 0 for the first.

    Returns:
        A function of all operands and then the tangents of those that have one; it gives the
        result and its tangent. None when the op cannot be written down.
    """
    program = Program()
    xs = [Symbol(f"x{i}", program) for i in range(op.arity)]
    moving = [i for i in range(op.arity) if mask >> i & 1]
    try:
        with always_recording():
            found = apply(
                op,
                [
                    Dual(x, Symbol(f"t{i}", program), 1) if i in moving else x
                    for i, x in enumerate(xs)
                ],
            )
        if not isinstance(found, Dual):
            return None
        result = f"    return {program.text(found.primal)}, {program.text(found.tangent)}"
    except Exception:  # whatever it did with a symbol, the rule itself still works on numbers
        return None
    parameters = ", ".join([x.name for x in xs] + [f"t{i}" for i in moving])
    return program.compiled([f"def push({parameters}):"], [result])


# ----- Along a recorded graph: hvp -----
#
# While these run, a node has its gradient in `grad`, and [tangent, derivative of the gradient] in
# `_mark`.


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
        down, Python raised where IEEE 754 has an answer, or a number is not finite.
    """
    for node in order:
        node.grad = 0.0
        node._mark = None
    for copy, t in zip(copies, tangents, strict=True):
        copy.grad = 0.0
        copy._mark = [t, 0.0]
    result.grad = 1.0
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
    return found if all(x - x == 0.0 for x in found) else None


def _graph_code(node: Value, now: int) -> tuple[Code, Code]:
    """Give the code of a node's op: it was made of the ops that served operators then."""
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
    program, back = Program(), Program()
    moving = [i for i in range(op.arity) if mask >> i & 1]
    load = ["    out = node.data"]
    match op.arity:
        case 1:
            load += ["    n0 = node._left"]
        case 2:
            load += ["    n0 = node._left", "    n1 = node._right"]
        case _:
            load += [f"    {', '.join([f'n{i}' for i in range(op.arity)])} = node._operands"]
    load += [f"    x{i} = n{i}.data" for i in range(op.arity)]
    load += [f"    m{i} = n{i}._mark" for i in moving]
    load += [f"    t{i} = m{i}[0]" for i in moving]
    contributions = []
    try:
        with always_recording():
            xs = [Symbol(f"x{i}", program) for i in range(op.arity)]
            tangent: Any = 0.0
            for n, i in enumerate(i for i in moving if op.rules[i] is not None):
                rule: Any = op.rules[i]
                part = rule(Symbol(f"t{i}", program), Symbol("out", program), *xs)
                tangent = part if n == 0 else tangent + part
            mark = f"    node._mark = [{program.text(tangent)}, 0.0]"
            g = Dual(Symbol("g", back), Symbol("h", back), 1)
            out = Dual(Symbol("out", back), Symbol("t", back), 1)
            operands = [
                Dual(Symbol(f"x{i}", back), Symbol(f"t{i}", back), 1)
                if i in moving
                else Symbol(f"x{i}", back)
                for i in range(op.arity)
            ]
            for i in moving:
                if op.rules[i] is not None:
                    part = op.rules[i](g, out, *operands)  # type: ignore[misc]  # not None
                    primal = part.primal if isinstance(part, Dual) else part
                    moved = part.tangent if isinstance(part, Dual) else 0.0
                    contributions.append(f"    n{i}.grad += {back.text(primal)}")
                    contributions.append(f"    m{i}[1] += {back.text(moved)}")
    except Exception:  # whatever it did with a symbol, the rule itself still works on numbers
        return None
    given = ["    g = node.grad", "    t, h = node._mark"]
    return (
        program.compiled(["def push(node):", *load], [mark]),
        back.compiled(["def pull(node):", *load, *given], contributions),
    )
