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
share only once: in a matrix-vector product that is most of the memory traffic. Where the loop
around these two leaves a column where it is, four of its steps may run in one as well: a product of
matrices reads each number of that column once for 16 products.

A column whose numbers do not stand side by side along the innermost loop, but do along the next
one (a matrix read by columns), is turned: part after part of it is copied to where they do, in
squares of 4 by 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pluggrad.recording import computed_once

from ..lower.llvm_text import declarations
from ..lower.translation import Function
from .loop_text import METADATA, Writer

KERNEL_TEXT = "pluggrad kernel 7"  # part of every key on disk: raise it when texts below change


WIDE = '"prefer-vector-width"="512"'  # products of matrices wait for arithmetic, not for memory


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
        fused: whether a product is added with one rounding, where the processor can.
        single: a kernel for one node: the instruction is a position for each column.
        blocks: for each column whether four steps of the loop around the jammed one share it;
            empty where these run one after the other.
        turned: for each column whether it is copied first; empty where none is.
        shared: for each column whether the jammed steps share it; empty where none is.
    """

    function: Function
    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    contiguous: tuple[bool, ...] | None
    summing: bool = False
    jammed: bool = False
    adding: bool = True
    exact: bool = True
    fused: bool = False
    single: bool = False
    blocks: tuple[bool, ...] = ()
    turned: tuple[bool, ...] = ()
    shared: tuple[bool, ...] = ()

    @computed_once
    def name(self) -> str:
        """A name that says all that the kernel does."""
        flags = "".join(
            letter
            for letter, said in zip(
                "sjaxfo",
                (self.summing, self.jammed, self.adding, self.exact, self.fused, self.single),
                strict=True,
            )
            if said
        )
        strides = "g" if self.contiguous is None else "".join("01"[x] for x in self.contiguous)
        marked = [("b", self.blocks), ("t", self.turned), ("h", self.shared)]
        more = "".join(
            letter + "".join("01"[x] for x in columns) for letter, columns in marked if columns
        )
        return f"k_{self.function.name}_{flags}_{strides}{more}"

    def source(self) -> tuple[str, list[str]]:
        """Write the kernel; return its text, and the modules that it calls into."""
        body = Writer(self).single() if self.single else Writer(self).nest()
        name, how = self.name, f"nounwind {WIDE}" if self.blocks else "nounwind"
        head = f"define void @{name}(ptr noalias readonly %ins, ptr noalias %m) {how} {{\n"
        text, modules = assembled([self.function], head + body + "}\n" + METADATA)
        if self.fused:
            text = text.replace("= fmul double", "= fmul contract double")
        return text, modules


def assembled(functions: Iterable[Function], text: str) -> tuple[str, list[str]]:
    """Put functions and what they call before a text; return that, and the modules called into."""
    needed = {f.name: f for function in functions for f in function.closure()}.values()
    texts = [f.text for f in needed if not f.is_module]
    modules = [f.text for f in needed if f.is_module]
    texts += [
        f"declare double @{f.name}({', '.join(['double'] * len(f.used))})\n"
        for f in needed
        if f.is_module
    ]
    texts += [f"{line}\n" for line in declarations(texts)]
    return "".join(texts) + text, modules
