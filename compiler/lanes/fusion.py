"""One LLVM function for a whole tape: a loop over vectors of lanes, all numbers in registers.

Forward and backward are one straight line: each node is a vector, each gradient too, and what a
rule needs of the forward pass is still there. Results are written where they are wanted. A guard is
one more number; a lane in which it does not hold, or in which a gradient is nan, is flagged for the
careful way.

    i64 name(ptr inputs, ptr outputs, ptr flags, i64 start, i64 end)

`inputs` holds an address and a step of 0 or 1 for each input: of numbers, one for each lane, or of
one number written down as often as a vector has lanes. `outputs` holds an address for each result
and each gradient. `flags` are bytes. From `start` to `end` there are
at least as many lanes as a vector has: the last vector ends with the last lane, and computes some
lanes again. The function gives whether any lane was flagged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pluggrad import CompileError

from ..lower.kinds import translator
from ..lower.llvm_text import declarations
from ..lower.translation import Function
from ..tape.data import Tape
from .divisions import arranged
from .operations import Operations
from .schedule import mostly_waits
from .symbols import DOUBLE, Lanes
from .writer import Writer

GUARD, NAN = 1, 2  # flags
MOST_NODES = 4000
MOST_LINES = 20_000
AHEAD = 32  # lanes from those that are computed to those whose memory is fetched
LINE = 8  # numbers that memory gives at once
# What registers have no room for waits on the stack, where no vector then lies across two lines:
# reading and writing such ones takes twice the time.
STACK = "alignstack(64)"
INLINE_LINES = 1000  # from here on vector functions are functions of their own


class Fused(NamedTuple):
    """The text of a fused function.

    Attributes:
        name: its name, which tells all that it does.
        text: the text of its module.
        modules: texts of modules that it calls into.
        width: how many lanes it computes side by side.
    """

    name: str
    text: str
    modules: list[str]
    width: int


def fused(
    tape: Tape,
    writer: Writer,
    *,
    backward: bool,
    body: Callable[[Tape, Writer], Body] | None = None,
) -> Fused:
    """Write a tape down as one function.

    Parameters:
        tape: its last output counts guards that do not hold.
        writer: a new one; where a processor would mostly wait, there are twice its lanes.
        backward: whether gradients are computed, too.
        body: makes the loop; the one that writes a result for each lane when left out.

    Raises:
        CompileError: when an op has no meaning in machine code, or there are too many nodes.
    """
    if len(tape) > MOST_NODES:
        raise CompileError(f"a fused function has at most {MOST_NODES} nodes")
    made = body or Body
    loop = made(tape, writer)
    try:
        loop.loop(backward, INLINE_LINES)
        if writer.width > 1 and mostly_waits(writer.lines):
            writer = writer.like(times=2)
            loop = made(tape, writer)
            loop.loop(backward, MOST_LINES)
    except _TooLongError:
        writer = writer.like()
        writer.apart = True
        loop = made(tape, writer)
        try:
            loop.loop(backward, MOST_LINES)
        except _TooLongError:
            raise CompileError(f"a fused function has at most {MOST_LINES} instructions") from None
    functions = [f for function in loop.ops.called.values() for f in function.closure()]
    text = _module(loop.writer, functions)
    name = f"lanes_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    modules = {f.name: f.text for f in functions if f.is_module}
    return Fused(name, text.replace("@fused(", f"@{name}("), list(modules.values()), writer.width)


class _TooLongError(Exception):
    """There are more instructions than wanted."""


class Body:
    """The loop of a fused function, while it is written."""

    def __init__(self, tape: Tape, writer: Writer) -> None:
        self.tape = tape
        self.writer = writer
        self.ops = Operations(writer, translator())
        self.wrt = list(tape.wrt)
        self.values: list[Any] = []
        self.most = MOST_LINES

    # ----- The two passes -----

    def forward(self) -> None:
        """Compute all nodes."""
        tape = self.tape
        inputs = {row: i for i, row in enumerate(tape.inputs)}
        for row, kind in enumerate(tape.kinds):
            if row in inputs:
                self.values.append(self.loaded(inputs[row]))
            elif kind < 0:
                self.values.append(tape.numbers[row])
            else:
                self.values.append(self.ops.forward(tape.ops[kind], self.operands(row)))
            self.check_length()

    def check_length(self) -> None:
        """Begin a new block now and then; stop when it gets too long.

        Raises:
            _TooLongError: when there are too many lines.
        """
        if len(self.writer.lines) > self.most:
            raise _TooLongError
        self.writer.divide()

    def operands(self, row: int) -> list[Any]:
        """List what a node computes with."""
        return [self.values[x] for x in self.tape.operands_of(row)]

    def gradients(self) -> list[Any]:
        """Compute the gradients of what is wanted, of the sum of all results."""
        tape = self.tape
        moves = self.moving()
        found: dict[int, Any] = {}
        for row in tape.outputs[:-1]:
            found[row] = _sum(found.get(row), 1.0)
        for row in range(len(tape) - 1, -1, -1):
            if row not in found or tape.kinds[row] < 0:
                continue
            g, op = found[row], tape.ops[tape.kinds[row]]
            rows, operands = tape.operands_of(row), self.operands(row)
            for i, x in enumerate(rows):
                if op.rules[i] is not None and moves[x]:
                    part = self.ops.rule(op, i, g, self.values[row], operands)
                    found[x] = _sum(found.get(x), part)
            self.check_length()
        return [found.get(row, 0.0) + 0.0 for row in self.wrt]  # sums begin with 0, so none is -0

    def moving(self) -> bytearray:
        """Say which nodes depend on what is wanted, so that gradients flow there."""
        tape = self.tape
        moves = bytearray(len(tape))
        for row in self.wrt:
            moves[row] = 1
        for row, kind in enumerate(tape.kinds):
            if kind >= 0:
                rules = tape.ops[kind].rules
                rows = tape.operands_of(row)
                moves[row] |= any(
                    moves[x] and rule is not None for x, rule in zip(rows, rules, strict=True)
                )
        return moves

    # ----- The loop around them -----

    def loop(self, backward: bool, most: int) -> None:
        """Write the whole function's body, in so many lines at most."""
        w = self.writer
        self.most = most
        count = len(self.tape.outputs) - 1 + len(self.wrt) * backward
        self.begin(count)
        w.say(f"%last = sub i64 %end, {w.width}")
        w.say("%never = icmp ugt i64 %start, %end")
        w.say("br label %loop")
        w.label("loop")
        w.say("%at = phi i64 [ %start, %entry ], [ %next, %latch ]")
        w.say("%any = phi i1 [ false, %entry ], [ %more, %latch ]")
        self.fetch(count)
        self.forward()
        results = [self.values[row] for row in self.tape.outputs]
        failed = results.pop()
        wanted = self.gradients() if backward else []
        for i, x in enumerate([*results, *wanted]):
            self.store(i, x)
        self.flag(self.flags(failed, wanted))
        w.say("br label %latch")
        w.label("latch")
        w.say(f"%further = add i64 %at, {w.width}")
        w.say("%beyond = icmp ugt i64 %further, %last")
        w.say("%next = select i1 %beyond, i64 %last, i64 %further")
        w.say("%ended = icmp uge i64 %at, %last")
        w.say("br i1 %ended, label %done, label %loop")
        w.label("done")
        w.say("%found = zext i1 %more to i64")
        w.say("ret i64 %found")
        w.label("nowhere")
        w.say("ret i64 0")

    def begin(self, count: int) -> None:
        """Write down where inputs are, and where so many results go."""
        w = self.writer
        w.label("entry")
        for i in range(len(self.tape.inputs)):
            w.say(f"%inp{i} = getelementptr i64, ptr %inputs, i64 {2 * i}")
            w.say(f"%in{i} = load ptr, ptr %inp{i}")
            w.say(f"%inq{i} = getelementptr i64, ptr %inputs, i64 {2 * i + 1}")
            w.say(f"%step{i} = load i64, ptr %inq{i}")
        for i in range(count):
            w.say(f"%outp{i} = getelementptr ptr, ptr %outputs, i64 {i}")
            w.say(f"%out{i} = load ptr, ptr %outp{i}")

    def fetch(self, count: int) -> None:
        """Have memory for the lanes to come brought near, of inputs and so many results.

        Processors see by themselves where reading goes on, but only up to the end of a page, and
        with many arrays the next page comes soon.
        """
        w = self.writer
        before = len(w.lines)
        w.declared["declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"] = None
        rows = [(f"%in{i}", 0) for i in range(len(self.tape.inputs))]
        rows += [(f"%out{i}", 1) for i in range(count)]
        for place in range(AHEAD, AHEAD + w.width, LINE):
            w.say(f"%ahead{place} = add i64 %at, {place}")
            for row, is_written in rows:
                name = w.name()
                w.say(f"{name} = getelementptr double, ptr {row}, i64 %ahead{place}")
                w.say(f"call void @llvm.prefetch.p0(ptr {name}, i32 {is_written}, i32 3, i32 1)")
        self.most += len(w.lines) - before  # these do not make a function long

    def loaded(self, i: int) -> Lanes:
        """Read an input."""
        w = self.writer
        name = w.name()
        w.say(f"{name}.n = mul i64 %at, %step{i}")
        w.say(f"{name}.p = getelementptr double, ptr %in{i}, i64 {name}.n")
        w.say(f"{name} = load {w.type(DOUBLE)}, ptr {name}.p, align 8")
        return Lanes(w, DOUBLE, name)

    def store(self, i: int, x: Any) -> None:
        """Write a result."""
        w = self.writer
        w.say(f"%to{i} = getelementptr double, ptr %out{i}, i64 %at")
        w.say(f"store {w.type(DOUBLE)} {w.text(DOUBLE, x)}, ptr %to{i}, align 8")

    # ----- Lanes for the careful way -----

    def flags(self, failed: Any, gradients: Sequence[Any]) -> list[tuple[Any, int]]:
        """List the masks of flagged lanes, and the flag of each."""
        w = self.writer
        found: list[tuple[Any, int]] = []
        failed = w.everywhere(failed)
        found.append((w.compare("une", failed, 0.0), GUARD))
        vectors = [x for x in gradients if isinstance(x, Lanes)]
        while len(vectors) > 1:  # a sum is nan where one of them is, or where infinities meet
            sums = [a + b for a, b in zip(vectors[::2], vectors[1::2], strict=False)]
            vectors = sums + vectors[len(sums) * 2 :]
        if vectors:
            found.append((w.is_nan(vectors[0]), NAN))
        return found

    def flag(self, found: list[tuple[Any, int]]) -> None:
        """Write the flags down."""
        w = self.writer
        either = found[0][0]
        for mask, _ in found[1:]:
            either = either | mask
        answer = w.any(either)
        bytes_type = w.type("i8")
        total = w.constant("i8", 0)
        for mask, flag in found:
            name = w.name()
            w.say(
                f"{name}.f = select {w.type('i1')} {mask.name}, {bytes_type} "
                f"{w.constant('i8', flag)}, {bytes_type} {w.constant('i8', 0)}"
            )
            w.say(f"{name} = or {bytes_type} {total}, {name}.f")
            total = name
        w.say("%toflags = getelementptr i8, ptr %flags, i64 %at")
        w.say(f"store {bytes_type} {total}, ptr %toflags, align 1")
        w.say(f"%more = or i1 %any, {answer}")


def _sum(total: Any, part: Any) -> Any:
    return part if total is None else total + part


def _definition(writer: Writer, name: str) -> str:
    """Write a vector function down that is called; what it calls is declared with the rest."""
    function, count = writer.functions[name]
    own = writer.like()
    full = own.type(DOUBLE)
    own.label("entry")
    given = [Lanes(own, DOUBLE, f"%a{i}") for i in range(count)]
    result = function(own, *given)
    own.say(f"ret {full} {own.text(DOUBLE, result)}")
    lines = arranged(own)
    writer.declared.update(own.declared)
    listed = ", ".join(f"{full} %a{i}" for i in range(count))
    head = f"define internal {full} @{name}({listed}) noinline nounwind {STACK} {{\n"
    return head + "\n".join(lines) + "\n}\n"


def _declared_in(line: str) -> str:
    return line.partition("@")[2].partition("(")[0]


def _module(writer: Writer, functions: Iterable[Function]) -> str:
    """Put a module together: what is called, what is declared, and the fused function."""
    kept = {f.name: f for f in functions}
    lines = arranged(writer)
    defined = [_definition(writer, name) for name in writer.functions]
    texts = [f.text.replace("alwaysinline", "noinline") for f in kept.values() if not f.is_module]
    # The writer declares what is defined above, too.
    declared = dict.fromkeys(x for x in writer.declared if _declared_in(x) not in kept)
    for f in kept.values():
        if f.is_module:
            declared[f"declare double @{f.name}({', '.join(['double'] * len(f.used))})"] = None
    declared.update(dict.fromkeys(declarations(texts)))
    head = (
        "define i64 @fused(ptr noalias readonly %inputs, ptr noalias readonly %outputs, "
        "ptr noalias %flags, i64 %start, i64 %end) nounwind "
        f'{STACK} "prefer-vector-width"="512" {{\n'
    )
    return (
        "".join(f"{x}\n" for x in declared)
        + "".join([*texts, *defined])
        + head
        + "\n".join(lines)
        + "\n}\n"
    )
