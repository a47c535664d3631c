"""The loops of a kernel, as LLVM text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .instructions import JAM, LOOPS, length_word, place_word, stride_word

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
        lengths = [self.word(length_word(loop)) for loop in range(LOOPS)]
        bases = [self.at("%m", self.word(place_word(c, 0))) for c in columns]
        self.strides = [[self.word(stride_word(c, i)) for i in range(LOOPS)] for c in columns]
        self.loop(
            "a",
            lengths[0],
            "0",
            bases,
            lambda i, a: self.loop("b", lengths[1], "1", a, lambda i, b: self.middle(lengths, b)),
        )
        self.say("ret void")
        return self.text()

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

    def middle(self, lengths: list[str], pointers: list[str]) -> None:
        """Write the loop around the innermost one, four steps at once if wanted."""
        if not self.kernel.jammed:
            self.loop(
                "c", lengths[2], "2", pointers, lambda i, c: self.inner("d", lengths[3], [c], "!3")
            )
            return
        whole = self.new(f"udiv i64 {lengths[2]}, {JAM}")
        rest = self.new(f"urem i64 {lengths[2]}, {JAM}")
        some = self.new(f"icmp ne i64 {whole}, 0")
        self.say(f"br i1 {some}, label %jam, label %rest")
        self.label("jam")
        single = [s[2] for s in self.strides]
        fours = [self.new(f"mul i64 {s}, {JAM}") for s in single]
        kept, self.strides = (
            self.strides,
            [[s[0], s[1], four, s[3]] for s, four in zip(self.strides, fours, strict=True)],
        )

        def four_steps(i: str, first: list[str]) -> None:
            steps = [first]
            for _ in range(JAM - 1):
                steps.append([self.at(p, s) for p, s in zip(steps[-1], single, strict=True)])
            self.inner("d", lengths[3], steps, "!6")

        self.loop("c", whole, "2", pointers, four_steps)
        self.strides = kept
        self.say("br label %rest")
        self.label("rest")
        # Where the whole steps ended, whichever way we came.
        gone = self.new(f"mul i64 {whole}, {JAM}")
        moved = [
            self.at(p, self.new(f"mul i64 {gone}, {s}"))
            for p, s in zip(pointers, single, strict=True)
        ]
        left = self.new(f"icmp ne i64 {rest}, 0")
        self.say(f"br i1 {left}, label %more, label %done")
        self.label("more")
        self.loop("e", rest, "2", moved, lambda i, e: self.inner("f", lengths[3], [e], "!7"))
        self.say("br label %done")
        self.label("done")

    def inner(self, name: str, length: str, steps: list[list[str]], mark: str) -> None:
        """Write the innermost loop, for one step of the loop around it or for several."""
        kernel = self.kernel
        # A stride of 0 is read once before the loop.
        fixed: dict[tuple[int, int], str] = {}
        for u, pointers in enumerate(steps):
            for c in range(1, self.count):
                if kernel.contiguous is not None and not kernel.contiguous[c]:
                    fixed[u, c] = self.new(f"load double, ptr {pointers[c]}")
        sums = []
        if kernel.summing:
            sums = [self.new(f"load double, ptr {pointers[0]}") for pointers in steps]
        before = self.block
        self.say(f"br label %{name}")
        self.label(name)
        i = f"%i{name}"
        self.say(f"{i} = phi i64 [ 0, %{before} ], [ {i}n, %{name} ]")
        for u, start in enumerate(sums):
            self.say(f"%s{name}{u} = phi double [ {start}, %{before} ], [ %s{name}{u}n, %{name} ]")

        def place(pointers: list[str], c: int) -> str:
            if kernel.contiguous is not None:
                return self.at(pointers[c], i)
            return self.at(pointers[c], self.new(f"mul i64 {i}, {self.strides[c][3]}"))

        target = total = ""
        if not kernel.summing:
            target = place(steps[0], 0)
            if kernel.adding:
                total = self.new(f"load double, ptr {target}, !llvm.access.group !0")
        for u, pointers in enumerate(steps):
            loaded = [
                fixed.get((u, c))
                or self.new(f"load double, ptr {place(pointers, c)}, !llvm.access.group !0")
                for c in range(1, self.count)
            ]
            result = self.applied(loaded)
            if kernel.summing:
                how = "" if kernel.exact else "reassoc "
                self.say(f"%s{name}{u}n = fadd {how}double %s{name}{u}, {result}")
            else:
                total = self.new(f"fadd double {total}, {result}") if total else result
        if not kernel.summing:
            self.say(f"store double {total}, ptr {target}, !llvm.access.group !0")
        self.say(f"{i}n = add nuw nsw i64 {i}, 1")
        done = self.new(f"icmp uge i64 {i}n, {length}")
        self.say(f"br i1 {done}, label %{name}end, label %{name}, !llvm.loop {mark}")
        self.label(f"{name}end")
        for u, pointers in enumerate(steps if kernel.summing else []):
            self.say(f"store double %s{name}{u}n, ptr {pointers[0]}")
