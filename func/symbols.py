"""Rules written out as code, for each op once.

A rule that is called for every number costs more than the arithmetic in it. So the first time
forward mode meets an op, its rules are run on symbols, which write down what is done to them line
by line. For `a * b` on floats that gives

    def push(x0, x1, t0, t1):
        v0 = x0 * x1
        v1 = t0 * x1
        v2 = t1 * x0
        v3 = v1 + v2
        return v0, v3

which makes `jvp` two to three times as fast. A rule that cannot be written down (one with an `if`
on its operands, say) has no such code, and is called as it stands. The numbers are those of the
rules, operation by operation; where Python raises, 1.0 / 0.0, callers go the long way, which
follows IEEE 754.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from pluggrad.op import Op, Rule
from pluggrad.reads import read_again, with_symbols
from pluggrad.recording import always_recording

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
        self.bound: dict[str, Any] = {"__name__": __name__}

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

    def reading(self, source: Any, name: str | None) -> Symbol:
        """Give the symbol of a number from outside, which is read each time."""
        return self.add(read_again(self.bind(source), name))

    def rule(self, op: Op, rule: Rule) -> Rule:
        """Give a rule as it can be written down: what it reads from outside is read each time."""
        return with_symbols(rule, self.reading, op)

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
        for x in operands:
            if hasattr(x, "__pluggrad_op__") and not isinstance(x, Symbol):
                return x.__pluggrad_op__(op, operands)  # a Dual made of symbols
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
        if not isinstance(other, Symbol | Real):
            return NotImplemented
        texts = [self.name, self.program.text(other)]
        return self.program.add(f" {symbol} ".join(texts[::-1] if reflected else texts))

    return write


for _name, _symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/")):
    setattr(Symbol, f"__{_name}__", _written(_symbol))
    setattr(Symbol, f"__r{_name}__", _written(_symbol, reflected=True))


# ----- Forward mode -----


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
            out = op(*xs)
            tangent = tangent_of_rules(op, moving, out, xs, program)
        if tangent is None:
            return None
        result = f"    return {program.text(out)}, {program.text(tangent)}"
    except Exception:  # whatever it did with a symbol, the rule itself still works on numbers
        return None
    parameters = ", ".join([x.name for x in xs] + [f"t{i}" for i in moving])
    return program.compiled([f"def push({parameters}):"], [result])


def tangent_of_rules(
    op: Op, moving: Sequence[int], out: Symbol, xs: Sequence[Symbol], program: Program
) -> Any:
    """Write down the sum of all rules on tangents t0, t1, ...; None where no rule is."""
    total: Any = None
    for i in moving:
        rule = op.rules[i]
        if rule is not None:
            part = program.rule(op, rule)(Symbol(f"t{i}", program), out, *xs)
            total = part if total is None else total + part
    return total
