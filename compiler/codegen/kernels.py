"""Kernels: loops over one op's function, as LLVM text.

A kernel applies one function to a whole nest of nodes, four loops deep, whose operands stand in
memory at constant strides along each loop. Its text depends on the op and on how the innermost
strides look, never on a graph; so kernels are compiled once and serve every graph.

A call gets its instruction, 64-bit integers: the four loop lengths, then for each column (where to
write, then what to read) a position in memory and its strides along the four loops. Two shapes of
loop do all the work:

- lanes: the innermost loop writes to one position after another;
- sum: the innermost loop adds up into one position.

Both may `jam` four steps of the next loop out into the innermost one, which then loads what these
share only once: in a matrix-vector product that is most of the memory traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..lower.translation import Function

DEPTH = 4
JAM = 4
KERNEL_TEXT = "pluggrad kernel 3"  # part of every key on disk: raise it when texts below change


@dataclass(frozen=True)
class Kernel:
    """One kernel.

    Parameters:
        function: what is applied to each node.
        parameters: the names of its parameters, in order.
        columns: those that are read from memory, in the order of the instruction.
        contiguous: for each column, the written one first, whether its innermost stride is 1
            rather than 0; None when they are whatever the instruction says.
        summing: whether the innermost loop adds up into one position.
        jammed: whether four steps of the loop around it run in one.
        adding: whether results are added to what is in memory, or replace it.
        exact: whether sums keep their order; otherwise several parts are added up side by side.
        single: a kernel for one node: the instruction is a position for each column.
    """

    function: Function
    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    contiguous: tuple[bool, ...] | None
    summing: bool = False
    jammed: bool = False
    adding: bool = True
    exact: bool = True
    single: bool = False

    @cached_property
    def name(self) -> str:
        """A name that says all that the kernel does."""
        flags = "".join(
            letter
            for letter, said in zip(
                "sjaxo",
                (self.summing, self.jammed, self.adding, self.exact, self.single),
                strict=True,
            )
            if said
        )
        strides = "g" if self.contiguous is None else "".join("01"[x] for x in self.contiguous)
        return f"k_{self.function.name}_{flags}_{strides}"

    def source(self) -> tuple[str, list[str]]:
        """Write the kernel; give its text, and the modules that it calls into."""
        functions = list(self.function.closure())
        texts = [f.text for f in functions if not f.is_module]
        modules = [f.text for f in functions if f.is_module]
        texts += [
            f"declare double @{f.name}({', '.join(['double'] * _count(f))})\n"
            for f in functions
            if f.is_module
        ]
        body = _Writer(self).single() if self.single else _Writer(self).nest()
        head = f"define void @{self.name}(ptr noalias readonly %ins, ptr noalias %m) nounwind {{\n"
        intrinsics = "".join(
            f"declare double @llvm.{name}.f64(double)\n"
            for name in ("fabs", "sqrt")
            if any(f"@llvm.{name}.f64(" in text for text in texts)
        )
        return "".join(texts) + intrinsics + head + body + "}\n" + METADATA, modules


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


def _count(function: Function) -> int:
    return len(function.used)


class _Writer:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.lines: list[str] = []
        self.number = 0
        self.count = 1 + len(kernel.columns)
        self.block = "entry"

    def text(self) -> str:
        return "entry:\n" + "".join(
            f"  {line}\n" if not line.endswith(":") else f"{line}\n" for line in self.lines
        )

    def say(self, line: str) -> None:
        self.lines.append(line)

    def new(self, expression: str) -> str:
        self.number += 1
        name = f"%t{self.number}"
        self.say(f"{name} = {expression}")
        return name

    def label(self, name: str) -> None:
        self.say(f"{name}:")
        self.block = name

    # ----- What a node does -----

    def word(self, index: int) -> str:
        pointer = self.new(f"getelementptr i64, ptr %ins, i64 {index}")
        return self.new(f"load i64, ptr {pointer}")

    def at(self, pointer: str, offset: str) -> str:
        return self.new(f"getelementptr double, ptr {pointer}, i64 {offset}")

    def applied(self, loaded: Sequence[str]) -> str:
        """Apply the function to what was read."""
        kernel = self.kernel
        given = dict(zip(kernel.columns, loaded, strict=True))
        arguments = ", ".join(f"double {given.get(x, '0.0')}" for x in kernel.parameters)
        return self.new(f"call double @{kernel.function.name}({arguments})")

    def single(self) -> str:
        pointers = [self.at("%m", self.word(i)) for i in range(self.count)]
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
        lengths = [self.word(i) for i in range(DEPTH)]
        words = [
            [self.word(DEPTH + column * (DEPTH + 1) + i) for i in range(DEPTH + 1)]
            for column in range(self.count)
        ]
        bases = [self.at("%m", w[0]) for w in words]
        self.strides = [w[1:] for w in words]
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


RUN = """
define i64 @pluggrad_run(ptr %call) nounwind {
entry:
  %code = load ptr, ptr %call
  %call1 = getelementptr i64, ptr %call, i64 1
  %length = load i64, ptr %call1
  %call2 = getelementptr i64, ptr %call, i64 2
  %m = load ptr, ptr %call2
  %some = icmp ne i64 %length, 0
  br i1 %some, label %next, label %end
next:
  %at = phi i64 [ 0, %entry ], [ %after, %next ]
  %p = getelementptr i64, ptr %code, i64 %at
  %address = load i64, ptr %p
  %kernel = inttoptr i64 %address to ptr
  %q = getelementptr i64, ptr %p, i64 1
  %words = load i64, ptr %q
  %ins = getelementptr i64, ptr %p, i64 2
  call void %kernel(ptr %ins, ptr %m)
  %after = add i64 %at, %words
  %more = icmp ult i64 %after, %length
  br i1 %more, label %next, label %end
end:
  ret i64 0
}
"""
CLEAR = """
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define void @pluggrad_clear(ptr %ins, ptr %m) nounwind {
  %from = load i64, ptr %ins
  %q = getelementptr i64, ptr %ins, i64 1
  %count = load i64, ptr %q
  %p = getelementptr double, ptr %m, i64 %from
  %bytes = mul i64 %count, 8
  call void @llvm.memset.p0.i64(ptr align 8 %p, i8 0, i64 %bytes, i1 false)
  ret void
}
"""
