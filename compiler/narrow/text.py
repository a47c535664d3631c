"""The code of a body, forward and backward, as LLVM text.

A function gets its instruction, 64-bit integers: how many iterations there are, then positions in
memory. What moves, moves at steps that are part of the text; so the same body in another program,
or repeated more often, is the same code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ..codegen.kernels import assembled
from ..lower.kinds import Kinds
from ..lower.lines import Lines
from ..lower.llvm_text import literal
from ..lower.translation import Function
from .bodies import NOWHERE, Body, How, Operand

TEXT = "pluggrad narrow 1"  # part of every key on disk: raise it when texts below change


class Routine(Lines):
    """One function: its text, and the instruction that calls it.

    Attributes:
        words: what the instruction says, without the function's address.
    """

    def __init__(self, body: Body, kinds: Kinds, *, backward: bool) -> None:
        super().__init__()
        self.body = body
        self.kinds = kinds
        self.words = [body.stretch.count]
        self.functions: dict[str, Function] = {}
        self.entry: list[str] = []
        self.loop: list[str] = []
        self.done: list[str] = []
        self.phis: list[tuple[str, str, str]] = []  # a name, where it starts, how it goes on
        self.lines = self.entry
        self.pointers: dict[tuple[int, int], str] = {}
        self.loaded: dict[tuple[int, int], str] = {}
        self.count = self._word_at(0)
        if backward:
            self._write_backward()
        else:
            self._write_forward()

    # ----- Text -----

    def _word_at(self, index: int) -> str:
        pointer = self.new(f"getelementptr i64, ptr %ins, i64 {index}")
        return self.new(f"load i64, ptr {pointer}")

    def word(self, number: int) -> str:
        """Read a position out of the instruction."""
        self.words.append(number)
        return self._word_at(len(self.words) - 1)

    def base(self, place: int) -> str:
        """Point to a place in memory."""
        lines, self.lines = self.lines, self.entry
        pointer = self.at("%m", self.word(place))
        self.lines = lines
        return pointer

    def moving(self, place: int, step: int) -> str:
        """Point to where something is in this iteration."""
        key = place, step
        if key not in self.pointers:
            base = self.base(place)
            if step:
                base = self.at(base, self.new(f"mul nsw i64 %k, {step}"))
            self.pointers[key] = base
        return self.pointers[key]

    def load(self, pointer: str, offset: int = 0) -> str:
        """Read a number from memory."""
        if offset:
            pointer = self.at(pointer, str(offset))
        return self.new(f"load double, ptr {pointer}")

    def store(self, number: str, pointer: str, offset: int = 0) -> None:
        """Write a number to memory."""
        if offset:
            pointer = self.at(pointer, str(offset))
        self.say(f"store double {number}, ptr {pointer}")

    def plus(self, one: str, other: str) -> str:
        """Add two numbers; an empty name is none."""
        return self.new(f"fadd double {one}, {other}") if one else other

    def call(self, function: Function, given: Iterable[str]) -> str:
        """Call a function of numbers."""
        self.functions[function.name] = function
        return self.new(f"call double @{function.name}({', '.join(f'double {x}' for x in given)})")

    def in_memory(self, operand: Operand) -> str:
        """Read an operand that stands in memory, once: before the loop where it does not move."""
        key = operand.place, operand.step
        if key not in self.loaded:
            lines = self.lines
            if self._is_fixed(operand.step):
                self.lines = self.entry
            self.loaded[key] = self.load(self.moving(*key))
            self.lines = lines
        return self.loaded[key]

    def _is_fixed(self, step: int) -> bool:
        return step == 0 and self.body.stretch.count > 1

    def definition(self, name: str) -> str:
        """Put it all together."""
        heads = [
            f"{name} = phi double [ {start}, %entry ], [ {then}, %loop ]"
            for name, start, then in self.phis
        ]
        parts = [
            f"define void @{name}(ptr noalias readonly %ins, ptr noalias %m) nounwind {{\nentry:",
            *self.entry,
            "br label %loop\nloop:",
            *self.heads,
            *heads,
            *self.loop,
            "br i1 %more, label %loop, label %done\ndone:",
            *self.done,
            "ret void\n}\n",
        ]
        return "\n".join(parts)

    def source(self, name: str) -> tuple[str, list[str]]:
        """Return the text, and the modules that it calls into."""
        return assembled(self.functions.values(), self.definition(name))

    def name(self) -> str:
        """Name the function by what it does."""
        called = " ".join(self.functions)
        digest = hashlib.sha256(f"{called}\n{self.definition('')}".encode()).hexdigest()
        return f"narrow_{digest[:24]}"

    # ----- Forward -----

    def _write_forward(self) -> None:
        body = self.body
        values = self.base(body.values)
        starts = {}
        for j, i in body.carried():
            starts[j, i] = self.load(self.base(body.before[j, i][0]))
            if body.kept[j] >= 0:
                self.store(starts[j, i], values, body.kept[j] - i * body.width)
        self.heads = ["%k = phi i64 [ 0, %entry ], [ %after, %loop ]"]
        self.lines = self.loop
        block = self._block(values, body.width)
        here: dict[int, str] = {}
        for j, kind in enumerate(body.kinds):
            if kind < 0:
                continue
            given = [self._value(x, here) for x in body.operands[j]]
            here[j] = self.call(self.kinds.forwards[kind], given)
            if body.kept[j] >= 0:
                self.store(here[j], block, body.kept[j])
        for (j, i), start in starts.items():
            self.phis.append((f"%c{j}.{i}", start, here[j] if i == 1 else f"%c{j}.{i - 1}"))
        self.loop.append("%after = add nuw nsw i64 %k, 1")
        self.loop.append(f"%more = icmp ult i64 %after, {self.count}")

    def _block(self, base: str, width: int) -> str:
        return self.at(base, self.new(f"mul nsw i64 %k, {width}"))

    def _value(self, operand: Operand, here: dict[int, str]) -> str:
        if operand.how is How.HERE:
            return here[operand.row]
        if operand.how is How.CARRIED:
            return f"%c{operand.row}.{operand.back}"
        if operand.how is How.NUMBER:
            return literal(operand.number)
        return self.in_memory(operand)

    # ----- Backward -----

    def _write_backward(self) -> None:
        body = self.body
        values, gradients = self.base(body.values), self.base(body.gradients)
        last = self.new(f"sub i64 {self.count}, 1")
        self.heads = [f"%k = phi i64 [ {last}, %entry ], [ %after, %loop ]"]
        self.lines = self.loop
        self.block = self._block(values, body.width)
        self.kept: dict[tuple[int, int], str] = {}
        sums = self._block(gradients, body.gradient_width)
        self.fixed: dict[int, tuple[str, str]] = {}  # what is added to the same place each time
        # What later iterations added: to this iteration's gradients, and to those before it.
        self.sent = {
            (j, i): f"%q{j}.{i}"
            for j, most in enumerate(body.back)
            if body.needs[j]
            for i in range(most)
        }
        self.here: dict[int, str] = {}
        for j in reversed(range(body.stretch.period)):
            if body.kinds[j] >= 0 and body.needs[j]:
                self._write_row(j, sums)
        self._write_carried()
        self._write_fixed()
        self.loop.append("%after = sub i64 %k, 1")
        self.loop.append("%more = icmp ne i64 %k, 0")

    def _write_row(self, j: int, sums: str) -> None:
        body = self.body
        gradient = self.load(sums, body.summed[j]) if body.summed[j] >= 0 else ""
        if (j, 0) in self.sent:
            gradient = self.plus(gradient, self.sent[j, 0])
        if j in self.here:
            gradient = self.plus(gradient, self.here[j])
        if not gradient:  # nothing depends on it
            return
        operands = body.operands[j]
        for operand, rule in zip(operands, self.kinds.rules[body.kinds[j]], strict=True):
            if rule is None or not operand.needs:
                continue
            share = gradient
            if not rule.is_identity:
                given = [
                    gradient,
                    self._kept(j, 0) if "out" in rule.used else literal(0.0),
                    *(
                        self._value_again(x) if f"a{i}" in rule.used else literal(0.0)
                        for i, x in enumerate(operands)
                    ),
                ]
                share = self.call(rule, given)
            self._send(operand, share)

    def _send(self, operand: Operand, share: str) -> None:
        """Add a share to the gradient of an operand."""
        if operand.how is How.HERE:
            self.here[operand.row] = self.plus(self.here.get(operand.row, ""), share)
        elif operand.how is How.CARRIED:
            key = operand.row, operand.back
            self.sent[key] = self.plus(self.sent.get(key, ""), share)
        elif self._is_fixed(operand.gradient_step):
            name, before = self.fixed.get(operand.gradient) or 2 * (f"%f{len(self.fixed)}",)
            self.fixed[operand.gradient] = name, self.plus(before, share)
        else:
            pointer = self.moving(operand.gradient, operand.gradient_step)
            self.store(self.plus(self.load(pointer), share), pointer)

    def _kept(self, j: int, back: int) -> str:
        key = j, back
        if key not in self.kept:
            offset = self.body.kept[j] - back * self.body.width
            self.kept[key] = self.load(self.block, offset)
        return self.kept[key]

    def _value_again(self, operand: Operand) -> str:
        if operand.how in (How.HERE, How.CARRIED):
            return self._kept(operand.row, operand.back)
        return self._value(operand, {})

    def _write_carried(self) -> None:
        """Hand on what was added to gradients of iterations before; the first ones are outside."""
        zero = literal(0.0)
        for j, most in enumerate(self.body.back):
            for i in range(most if self.body.needs[j] else 0):
                then = self.sent.get((j, i + 1), zero)
                self.phis.append((f"%q{j}.{i}", zero, then))
                to = self.body.before[j, i + 1][1]
                if to != NOWHERE and then != zero:
                    self._add_at_the_end(to, then)

    def _write_fixed(self) -> None:
        for place, (name, total) in self.fixed.items():
            self.phis.append((name, literal(0.0), total))
            self._add_at_the_end(place, total)

    def _add_at_the_end(self, place: int, total: str) -> None:
        pointer = self.base(place)
        self.lines = self.done
        self.store(self.plus(self.load(pointer), total), pointer)
        self.lines = self.loop
