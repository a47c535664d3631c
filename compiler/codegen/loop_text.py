"""The loops of a kernel, as LLVM text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .instructions import (
    JAM,
    LOOPS,
    TURNED_LANES,
    TURNED_STEPS,
    length_word,
    place_word,
    stride_word,
)

if TYPE_CHECKING:
    from .kernels import Kernel

# A jammed loop has four steps side by side already; to interleave it more only makes it longer.
METADATA = """
!0 = distinct !{}
!1 = !{!"llvm.loop.parallel_accesses", !0}
!3 = distinct !{!3, !1}
!4 = !{!"llvm.loop.interleave.count", i32 1}
!5 = !{!"llvm.loop.unroll.disable"}
!6 = distinct !{!6, !1, !4, !5}
!7 = distinct !{!7, !1, !4, !5}
!8 = distinct !{!8, !1, !4, !5}
!9 = distinct !{!9, !1, !4, !5}
"""


class Writer:
    """Writes one kernel, line by line."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.lines: list[str] = []
        self.number = 0
        self.count = 1 + len(kernel.columns)
        self.block = "entry"

    def text(self) -> str:
        """Return all lines."""
        return "entry:\n" + "".join(
            f"  {line}\n" if not line.endswith(":") else f"{line}\n" for line in self.lines
        )

    def say(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)

    def new(self, expression: str) -> str:
        """Name the result of an expression; return the name."""
        self.number += 1
        name = f"%t{self.number}"
        self.say(f"{name} = {expression}")
        return name

    def label(self, name: str) -> None:
        """Begin a block."""
        self.say(f"{name}:")
        self.block = name

    # ----- What a node does -----

    def word(self, index: int) -> str:
        """Read a word of the instruction."""
        pointer = self.new(f"getelementptr i64, ptr %ins, i64 {index}")
        return self.new(f"load i64, ptr {pointer}")

    def at(self, pointer: str, offset: str) -> str:
        """Find the address so many numbers further on."""
        return self.new(f"getelementptr double, ptr {pointer}, i64 {offset}")

    def applied(self, loaded: Sequence[str]) -> str:
        """Apply the function to what was read."""
        kernel = self.kernel
        given = dict(zip(kernel.columns, loaded, strict=True))
        arguments = ", ".join(f"double {given.get(x, '0.0')}" for x in kernel.parameters)
        result = self.new(f"call double @{kernel.function.name}({arguments})")
        if kernel.parameters[:1] == ("g",) and not kernel.adding:
            result = self.new(f"fadd double 0.0, {result}")  # gradients begin with 0: none is -0
        return result

    def single(self) -> str:
        """Write a kernel for one node."""
        pointers = [self.at("%m", self.word(place_word(c, 1))) for c in range(self.count)]
        loaded = [self.new(f"load double, ptr {p}") for p in pointers[1:]]
        result = self.applied(loaded)
        if self.kernel.adding:
            before = self.new(f"load double, ptr {pointers[0]}")
            result = self.new(f"fadd double {before}, {result}")
        self.say(f"store double {result}, ptr {pointers[0]}")
        self.say("ret void")
        return self.text()

    # ----- Loops -----

    def nest(self) -> str:
        """Write a kernel for a nest of loops."""
        columns = range(self.count)
        for c in self.turned():
            self.say(f"%turned{c} = alloca [{TURNED_STEPS * TURNED_LANES} x double], align 64")
        lengths = [self.word(length_word(loop)) for loop in range(LOOPS)]
        bases = [self.at("%m", self.word(place_word(c, 0))) for c in columns]
        self.strides = [[self.word(stride_word(c, i)) for i in range(LOOPS)] for c in columns]
        self.loop("a", lengths[0], "0", bases, lambda i, a: self.outer(lengths, a))
        self.say("ret void")
        return self.text()

    def outer(self, lengths: list[str], pointers: list[str]) -> None:
        """Write the loop around the middle one, four steps at once if wanted."""
        if not self.kernel.blocks:
            self.loop("b", lengths[1], "1", pointers, lambda i, b: self.middle(lengths, b, []))
            return
        steps = [[self.new(f"mul i64 {s[1]}, {v}") for s in self.strides] for v in range(1, JAM)]
        self.several(
            1, ("blocks", "b", "others", "g"), lengths[1], pointers,
            lambda four: self.middle(lengths, four[0], steps),
            lambda g: self.middle(lengths, g, [], "o"),
        )  # fmt: skip

    def several(  # type: ignore[no-untyped-def]
        self, depth: int, names, length: str, pointers: list[str], four, one
    ) -> None:
        """Write a loop of which four steps run in one, and then the steps that are left.

        Parameters:
            depth: which loop of the nest it is.
            names: of the first block, of the first loop, of the second block, of the second loop.
            length: how many steps there are.
            pointers: where columns begin.
            four: writes four steps, given where the columns stand in each.
            one: writes one step.
        """
        block, loop, others, rest_loop = names
        whole = self.new(f"udiv i64 {length}, {JAM}")
        rest = self.new(f"urem i64 {length}, {JAM}")
        some = self.new(f"icmp ne i64 {whole}, 0")
        self.say(f"br i1 {some}, label %{block}, label %{others}")
        self.label(block)
        single = [s[depth] for s in self.strides]
        fours = [self.new(f"mul i64 {s}, {JAM}") for s in single]
        kept = self.strides
        self.strides = [[*s[:depth], x, *s[depth + 1 :]] for s, x in zip(kept, fours, strict=True)]

        def four_steps(i: str, first: list[str]) -> None:
            steps = [first]
            for _ in range(JAM - 1):
                steps.append([self.at(p, s) for p, s in zip(steps[-1], single, strict=True)])
            four(steps)

        self.loop(loop, whole, str(depth), pointers, four_steps)
        self.strides = kept
        self.say(f"br label %{others}")
        self.label(others)
        # Where the whole steps ended, whichever way we came.
        gone = self.new(f"mul i64 {whole}, {JAM}")
        moved = [
            self.at(p, self.new(f"mul i64 {gone}, {s}"))
            for p, s in zip(pointers, single, strict=True)
        ]
        left = self.new(f"icmp ne i64 {rest}, 0")
        self.say(f"br i1 {left}, label %{others}more, label %{others}done")
        self.label(f"{others}more")
        self.loop(rest_loop, rest, str(depth), moved, lambda i, x: one(x))
        self.say(f"br label %{others}done")
        self.label(f"{others}done")

    def loop(self, name: str, length: str, depth: str, pointers: list[str], body) -> None:  # type: ignore[no-untyped-def]
        """Write a counted loop, at least once round; pointers move by their strides."""
        before = self.block
        self.say(f"br label %{name}")
        self.label(name)
        i = f"%i{name}"
        moving = [f"%p{name}{c}" for c in range(self.count)]
        self.say(f"{i} = phi i64 [ 0, %{before} ], [ {i}n, %{name}latch ]")
        for c, p in enumerate(moving):
            self.say(f"{p} = phi ptr [ {pointers[c]}, %{before} ], [ {p}n, %{name}latch ]")
        body(i, moving)
        self.say(f"br label %{name}latch")
        self.label(f"{name}latch")
        self.say(f"{i}n = add nuw nsw i64 {i}, 1")
        for c, p in enumerate(moving):
            self.say(f"{p}n = getelementptr double, ptr {p}, i64 {self.strides[c][int(depth)]}")
        done = self.new(f"icmp uge i64 {i}n, {length}")
        self.say(f"br i1 {done}, label %{name}end, label %{name}")
        self.label(f"{name}end")

    def middle(
        self, lengths: list[str], pointers: list[str], beside: list[list[str]], tag: str = ""
    ) -> None:
        """Write the loop around the innermost one, four steps at once if wanted.

        Parameters:
            lengths: of all loops.
            pointers: where columns stand.
            beside: how far on they stand in other steps of the loop around that run in one.
            tag: tells names apart where this is written twice.
        """
        if self.turned():
            self.in_parts(
                "t", lengths[2], TURNED_STEPS, 2, pointers,
                lambda steps, t: self.in_parts(
                    "u", lengths[3], TURNED_LANES, 3, t,
                    lambda lanes, u: self.turn([*lengths[:2], steps, lanes], u),
                ),
            )  # fmt: skip
            return
        self.steps(lengths, pointers, beside, tag)

    def steps(
        self, lengths: list[str], pointers: list[str], beside: list[list[str]], tag: str = ""
    ) -> None:
        """Write the loop around the innermost one; see `middle`."""
        if not self.kernel.jammed:
            self.loop(
                "c", lengths[2], "2", pointers,
                lambda i, c: self.inner("d", lengths[3], [[c]], "!3"),
            )  # fmt: skip
            return

        def all_steps(steps: list[list[str]]) -> list[list[list[str]]]:
            others = [
                [[self.at(p, d) for p, d in zip(step, offsets, strict=True)] for step in steps]
                for offsets in beside
            ]
            return [steps, *others]

        marks = ("!8", "!9") if tag else ("!6", "!7")
        self.several(
            2, (f"jam{tag}", f"c{tag}", f"rest{tag}", f"e{tag}"), lengths[2], pointers,
            lambda steps: self.inner(f"d{tag}", lengths[3], all_steps(steps), marks[0]),
            lambda e: self.inner(f"f{tag}", lengths[3], all_steps([e]), marks[1]),
        )  # fmt: skip

    # ----- Columns that are turned -----

    def turned(self) -> list[int]:
        """List the columns that are copied first."""
        return [c for c, x in enumerate(self.kernel.turned) if x]

    def in_parts(  # type: ignore[no-untyped-def]
        self, name: str, length: str, most: int, depth: int, pointers: list[str], body
    ) -> None:
        """Write a loop over parts of a loop, given how many steps it may have at most."""
        up = self.new(f"add i64 {length}, {most - 1}")
        count = self.new(f"udiv i64 {up}, {most}")
        single = self.strides
        wide = [self.new(f"mul i64 {s[depth]}, {most}") for s in single]
        parts = [[*s[:depth], x, *s[depth + 1 :]] for s, x in zip(single, wide, strict=True)]

        def part(i: str, moved: list[str]) -> None:
            self.strides = single
            gone = self.new(f"mul i64 {i}, {most}")
            left = self.new(f"sub i64 {length}, {gone}")
            less = self.new(f"icmp ult i64 {left}, {most}")
            body(self.new(f"select i1 {less}, i64 {left}, i64 {most}"), moved)
            self.strides = parts

        self.strides = parts
        self.loop(name, count, str(depth), pointers, part)
        self.strides = single

    def turn(self, lengths: list[str], pointers: list[str]) -> None:
        """Copy parts of columns, turned, and go through them."""
        kept, pointers = self.strides, list(pointers)
        self.strides = list(kept)
        for c in self.turned():
            self.turn_column(c, pointers[c], lengths[2], lengths[3])
            pointers[c] = f"%turned{c}"
            self.strides[c] = [*kept[c][:2], str(TURNED_LANES), "1"]
        self.steps(lengths, pointers, [])
        self.strides = kept

    def turn_column(self, c: int, pointer: str, steps: str, lanes: str) -> None:
        """Copy part of a column: what stood side by side along steps then does along lanes."""
        stride = self.strides[c][3]
        most_steps, most_lanes = (self.new(f"and i64 {x}, -4") for x in (steps, lanes))

        def line(i: str) -> str:
            return self.at(pointer, self.new(f"mul i64 {i}, {stride}"))

        def place(i: str, j: str) -> str:
            return self.at(f"%turned{c}", self.new(f"add i64 {i}, {self.row(j)}"))

        def one(i: str, start: str, j: str) -> None:
            x = self.new(f"load double, ptr {self.at(start, j)}")
            self.say(f"store double {x}, ptr {place(i, j)}")

        def four(i: str) -> None:
            rows = [i, *(self.new(f"add i64 {i}, {k}") for k in range(1, 4))]
            starts = [line(row) for row in rows]
            self.counted(f"s{c}", "0", most_steps, 4, lambda j: self.square(c, i, j, starts))
            self.counted(f"r{c}", most_steps, steps, 1, lambda j: each(rows, starts, j))

        def each(rows: list[str], starts: list[str], j: str) -> None:
            for row, start in zip(rows, starts, strict=True):
                one(row, start, j)

        def last(i: str) -> None:
            start = line(i)
            self.counted(f"o{c}", "0", steps, 1, lambda j: one(i, start, j))

        self.counted(f"l{c}", "0", most_lanes, 4, four)
        self.counted(f"m{c}", most_lanes, lanes, 1, last)

    def row(self, j: str) -> str:
        """Find where in a turned column a step has its numbers."""
        return self.new(f"mul i64 {j}, {TURNED_LANES}")

    def square(self, c: int, i: str, j: str, starts: list[str]) -> None:
        """Copy four by four numbers, turned."""
        for half in range(2):
            step = self.new(f"add i64 {j}, {2 * half}")
            pairs = [
                self.new(f"load <2 x double>, ptr {self.at(x, step)}, align 8") for x in starts
            ]
            joined = [
                self.new(
                    f"shufflevector <2 x double> {pairs[k]}, <2 x double> {pairs[k + 2]}, "
                    "<4 x i32> <i32 0, i32 1, i32 2, i32 3>"
                )
                for k in range(2)
            ]
            for k in range(2):
                found = self.new(
                    f"shufflevector <4 x double> {joined[0]}, <4 x double> {joined[1]}, "
                    f"<4 x i32> <i32 {k}, i32 {4 + k}, i32 {2 + k}, i32 {6 + k}>"
                )
                row = self.row(self.new(f"add i64 {step}, {k}"))
                to = self.at(f"%turned{c}", self.new(f"add i64 {row}, {i}"))
                self.say(f"store <4 x double> {found}, ptr {to}, align 32")

    def counted(self, name: str, start: str, end: str, step: int, body) -> None:  # type: ignore[no-untyped-def]
        """Write a loop that counts from one number to another, perhaps not once round."""
        before = self.block
        some = self.new(f"icmp ult i64 {start}, {end}")
        self.say(f"br i1 {some}, label %{name}, label %{name}end")
        self.label(name)
        i = f"%i{name}"
        self.say(f"{i} = phi i64 [ {start}, %{before} ], [ {i}n, %{name}latch ]")
        body(i)
        self.say(f"br label %{name}latch")
        self.label(f"{name}latch")
        self.say(f"{i}n = add nuw nsw i64 {i}, {step}")
        more = self.new(f"icmp ult i64 {i}n, {end}")
        self.say(f"br i1 {more}, label %{name}, label %{name}end")
        self.label(f"{name}end")

    # ----- The innermost loop -----

    def inner(self, name: str, length: str, blocks: list[list[list[str]]], mark: str) -> None:
        """Write the innermost loop, for one step of the loops around it or for several.

        Parameters:
            name: of the loop.
            length: its number of steps.
            blocks: for each step of the second loop around, and for each of the first one in it,
                where columns stand.
            mark: what LLVM is told about the loop.
        """
        kernel = self.kernel
        every = [(v, u) for v, block in enumerate(blocks) for u in range(len(block))]
        # A stride of 0 is read once before the loop.
        fixed: dict[tuple[int, int, int], str] = {}
        for v, u in every:
            for c in range(1, self.count):
                if kernel.contiguous is not None and not kernel.contiguous[c]:
                    fixed[v, u, c] = self.new(f"load double, ptr {blocks[v][u][c]}")
        sums = {}
        if kernel.summing:
            sums = {(v, u): self.new(f"load double, ptr {blocks[v][u][0]}") for v, u in every}
        before = self.block
        self.say(f"br label %{name}")
        self.label(name)
        i = f"%i{name}"
        self.say(f"{i} = phi i64 [ 0, %{before} ], [ {i}n, %{name} ]")
        for (v, u), start in sums.items():
            total = f"%s{name}{v}x{u}"
            self.say(f"{total} = phi double [ {start}, %{before} ], [ {total}n, %{name} ]")

        def place(pointers: list[str], c: int) -> str:
            if kernel.contiguous is not None:
                return self.at(pointers[c], i)
            return self.at(pointers[c], self.new(f"mul i64 {i}, {self.strides[c][3]}"))

        read: dict[tuple[int, int, int], str] = {}

        def value(v: int, u: int, c: int) -> str:
            """Read a column, or take what was read before the loop, or for another step."""
            if (v, u, c) in fixed:
                return fixed[v, u, c]
            v = 0 if kernel.blocks and kernel.blocks[c] else v
            u = 0 if kernel.shared and kernel.shared[c] else u
            if (v, u, c) not in read:
                at = place(blocks[v][u], c)
                read[v, u, c] = self.new(f"load double, ptr {at}, !llvm.access.group !0")
            return read[v, u, c]

        once = "contract " if kernel.fused else ""
        how = once if kernel.exact else f"reassoc {once}"
        for v, block in enumerate(blocks):
            target = total = ""
            if not kernel.summing:
                target = place(block[0], 0)
                if kernel.adding:
                    total = self.new(f"load double, ptr {target}, !llvm.access.group !0")
            for u in range(len(block)):
                result = self.applied([value(v, u, c) for c in range(1, self.count)])
                if kernel.summing:
                    total = f"%s{name}{v}x{u}"
                    self.say(f"{total}n = fadd {how}double {total}, {result}")
                else:
                    total = self.new(f"fadd {once}double {total}, {result}") if total else result
            if not kernel.summing:
                self.say(f"store double {total}, ptr {target}, !llvm.access.group !0")
        self.say(f"{i}n = add nuw nsw i64 {i}, 1")
        done = self.new(f"icmp uge i64 {i}n, {length}")
        self.say(f"br i1 {done}, label %{name}end, label %{name}, !llvm.loop {mark}")
        self.label(f"{name}end")
        for v, u in sums:
            self.say(f"store double %s{name}{v}x{u}n, ptr {blocks[v][u][0]}")
