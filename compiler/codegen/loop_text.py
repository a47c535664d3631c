"""The loops of a kernel, as LLVM text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..lower.lines import Lines
from .instructions import (
    JAM,
    LOOPS,
    TURNED_LANES,
    TURNED_STEPS,
    length_word,
    place_word,
    stride_word,
)
from .turning import turn_column

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


class Writer(Lines):
    """Writes one kernel, line by line."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.kernel = kernel
        self.count = 1 + len(kernel.columns)

    # ----- What a node does -----

    def word(self, index: int) -> str:
        """Read a word of the instruction."""
        pointer = self.new(f"getelementptr i64, ptr %ins, i64 {index}")
        return self.new(f"load i64, ptr {pointer}")

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
            turn_column(self, c, pointers[c], self.strides[c][3], lengths[2], lengths[3])
            pointers[c] = f"%turned{c}"
            self.strides[c] = [*kept[c][:2], str(TURNED_LANES), "1"]
        self.steps(lengths, pointers, [])
        self.strides = kept

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
