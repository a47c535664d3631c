"""The text of one function of vectors: its instructions, each written once, and its blocks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad.errors import TraceError, quoted

from .symbols import DOUBLE, MASK, Lanes, Operand

LONGEST = 600  # lines of a block


def literal(x: float) -> str:
    """Write a float as LLVM reads it: the bits, in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


class Instructions:
    """The instructions of one function, while they are written.

    What was written once is not written again: the same instruction on the same operands gives the
    same symbol.

    Parameters:
        width: how many lanes a vector has; 1 writes scalar instructions.

    Attributes:
        lines: the instructions.
        declared: what they call, as `declare` lines; a dict keeps the order.
        block: the name of the block that is written now.
        functions: vector functions that are functions of their own, by name.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []
        self.declared: dict[str, None] = {}
        self.block = "entry"
        self.functions: dict[str, tuple[Callable[..., Any], int]] = {}
        self._known: dict[str, str] = {}
        self._negated: dict[str, str] = {}
        self._count = 0
        self._begun = 0  # at which line the block begins

    def symbol(self, kind: str, name: str) -> Lanes:
        """Give the symbol of what has this name."""
        return Lanes(self, kind, name)  # type: ignore[arg-type]  # each is a Writer

    # ----- Types and constants -----

    def type(self, kind: str) -> str:
        """Name the type of vectors of `double`, `i64` or `i1`."""
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    @property
    def suffix(self) -> str:
        """What ends the name of an intrinsic on vectors of doubles."""
        return "f64" if self.width == 1 else f"v{self.width}f64"

    def constant(self, kind: str, x: float | int) -> str:
        """Write a number that is the same in all lanes."""
        one = literal(float(x)) if kind == DOUBLE else str(int(x))
        if self.width == 1:
            return one
        return f"<{', '.join([f'{kind} {one}'] * self.width)}>"

    def text(self, kind: str, x: Operand) -> str:
        """Write an operand."""
        if isinstance(x, Lanes):
            return x.name
        if not isinstance(x, int | float):
            raise TraceError(f"it computes with a {type(x).__name__}: {quoted(x, 40)}")
        return self.constant(kind, x)

    def everywhere(self, x: Operand) -> Lanes:
        """Give the symbol of a number that is the same in all lanes."""
        return x if isinstance(x, Lanes) else self.symbol(DOUBLE, self.constant(DOUBLE, x))

    # ----- Instructions -----

    def name(self) -> str:
        """Make a name for a new value."""
        self._count += 1
        return f"%v{self._count}"

    def say(self, line: str) -> None:
        """Write a line."""
        self.lines.append(f"  {line}")

    def state(self) -> tuple[Any, ...]:
        """Remember what has been written so far."""
        return len(self.lines), self.block, len(self._known)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take back what has been written since."""
        count, self.block, known = state
        del self.lines[count:]
        self._forget(known)

    def _forget(self, known: int) -> None:
        """Keep only what was known first."""
        while len(self._known) > known:
            self._known.popitem()

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name
        self._begun = len(self.lines)

    def new(self, kind: str, expression: str) -> Lanes:
        """Write an instruction, unless it has been written; give its result."""
        name = self._known.get(expression)
        if name is None:
            name = self._known[expression] = self.name()
            self.say(f"{name} = {expression}")
        return self.symbol(kind, name)

    def binary(self, instruction: str, kind: str, a: Operand, b: Operand) -> Lanes:
        """Write an instruction of two operands of one kind."""
        return self.new(
            kind, f"{instruction} {self.type(kind)} {self.text(kind, a)}, {self.text(kind, b)}"
        )

    def negative(self, x: Lanes) -> Lanes:
        """Give -x."""
        known = self.negated(x)
        if known is not None:
            return known
        found = self.new(DOUBLE, f"fneg {self.type(DOUBLE)} {x.name}")
        self._negated[found.name] = x.name
        return found

    def negated(self, x: Lanes) -> Lanes | None:
        """Give what x is the negative of, where `negative` made it."""
        name = self._negated.get(x.name)
        return None if name is None else self.symbol(DOUBLE, name)

    def intrinsic(self, name: str, *operands: Operand) -> Lanes:
        """Call one of LLVM's functions on vectors of doubles."""
        kind = self.type(DOUBLE)
        called = f"{kind} @llvm.{name}.{self.suffix}"
        self.declared[f"declare {called}({', '.join([kind] * len(operands))})"] = None
        listed = ", ".join(f"{kind} {self.text(DOUBLE, x)}" for x in operands)
        return self.new(DOUBLE, f"call {called}({listed})")

    def select(self, mask: Any, a: Operand, b: Operand) -> Any:
        """Choose a where the mask holds, else b."""
        if mask is True or mask is False:
            return a if mask else b
        kind = next((x.kind for x in (a, b) if isinstance(x, Lanes)), DOUBLE)
        full = self.type(kind)
        if self.text(kind, a) == self.text(kind, b):
            return a
        return self.new(
            kind,
            f"select {self.type(MASK)} {mask.name}, {full} {self.text(kind, a)}, "
            f"{full} {self.text(kind, b)}",
        )

    # ----- Functions of their own -----

    def call(self, name: str, function: Callable[..., Any], operands: Sequence[Operand]) -> Any:
        """Call a vector function, which is written down once."""
        self.functions[name] = function, len(operands)
        full = self.type(DOUBLE)
        listed = ", ".join(f"{full} {self.text(DOUBLE, x)}" for x in operands)
        return self.new(DOUBLE, f"call {full} @{name}({listed})")

    # ----- Long code -----

    def divide(self) -> None:
        """Begin a new block where one gets long: time to compile a block grows faster than it."""
        if len(self.lines) - self._begun < LONGEST:
            return
        number = self._count = self._count + 1
        # Nobody but us knows that this is never so.
        self.say(f"br i1 %never, label %nowhere, label %part{number}")
        self.label(f"part{number}")

    # ----- Lanes apart -----

    def one_by_one(self, function: str, operands: Sequence[Operand]) -> Any:
        """Call a function of doubles for each lane."""
        listed = ", ".join(["double"] * len(operands))
        self.declared[f"declare double @{function}({listed})"] = None
        if self.width == 1:
            listed = ", ".join(f"double {self.text(DOUBLE, x)}" for x in operands)
            return self.new(DOUBLE, f"call double @{function}({listed})")
        full = self.type(DOUBLE)
        result = "poison"
        for lane in range(self.width):
            given = []
            for x in operands:
                if isinstance(x, Lanes):
                    given.append(f"double {self._extracted(x, lane)}")
                else:
                    given.append(f"double {literal(float(x))}")
            one = self.new(DOUBLE, f"call double @{function}({', '.join(given)})").name
            result = self.new(
                DOUBLE, f"insertelement {full} {result}, double {one}, i64 {lane}"
            ).name
        return self.symbol(DOUBLE, result)

    def _extracted(self, x: Lanes, lane: int) -> str:
        return self.new(DOUBLE, f"extractelement {self.type(DOUBLE)} {x.name}, i64 {lane}").name

    def any(self, mask: Lanes) -> str:
        """Say whether a mask holds in any lane: the name of an `i1`."""
        if self.width == 1:
            return mask.name
        whole = f"i{self.width}"
        bits = self.new(MASK, f"bitcast {self.type(MASK)} {mask.name} to {whole}")
        return self.new(MASK, f"icmp ne {whole} {bits.name}, 0").name

    def rarely(self, mask: Lanes, usual: Lanes, other: Callable[[], Any]) -> Any:
        """Give `usual`, or in a block of its own what `other` gives, where a mask holds anywhere.

        Parameters:
            mask: where the usual result is not the right one.
            usual: the result elsewhere.
            other: writes what computes the right result there.
        """
        key = f"rarely {mask.name} {usual.name}"
        if key in self._known:
            return self.symbol(DOUBLE, self._known[key])
        answer = self.any(mask)
        number = self._count = self._count + 1
        start = self.block
        self.say(f"br i1 {answer}, label %rare{number}, label %usual{number}")
        known = len(self._known)
        self.label(f"rare{number}")
        found = self.select(mask, other(), usual)
        last = self.block
        self.say(f"br label %usual{number}")
        self._forget(known)  # what was written in there is known in there only
        self.label(f"usual{number}")
        name = self._known[key] = self.name()
        kind = self.type(DOUBLE)
        self.say(f"{name} = phi {kind} [ {usual.name}, %{start} ], [ {found.name}, %{last} ]")
        return self.symbol(DOUBLE, name)
