"""The format of instructions: 64-bit integers that tell a kernel where to work.

    address of a kernel | length in words | operands

The operands of an instruction for one node are a place in memory for each column: the one that is
written, then those that are read. For a nest of loops they are the lengths of four loops, the
outermost first, then for each column a place and its strides along the four loops.

Here alone stands which word is where. The emitter (emission.py) writes by it, in machine code, and
kernels (loop_text.py) and the loop that runs them (runner.py) read by it. Kernels are compiled
code, and stand in an instruction as addresses; until it is linked, a `Variant` says which is meant.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from ..plan.columns import Ints

ADDRESS, LENGTH, HEADER = 0, 1, 2
LOOPS = 4
INNERMOST = LOOPS - 1
JAM = 4  # steps of the loop around the innermost one that a jammed kernel does in one
# A kernel that turns columns copies so many steps of its two innermost loops at once.
TURNED_STEPS, TURNED_LANES = 32, 32
CAN_TURN = int(sys.platform != "win32")  # where so large a frame needs a call that is not there
COLUMN = 1 + LOOPS  # words of a column: its place and its strides

# Functions of numbers only: numba translates them, too. Words are counted from the operands on.


def length_word(loop: int) -> int:
    """Return which word has the length of a loop."""
    return loop


def place_word(column: int, single: int) -> int:
    """Return which word has the place of a column."""
    return column if single != 0 else LOOPS + column * COLUMN


def stride_word(column: int, loop: int) -> int:
    """Return which word has the stride of a column along a loop."""
    return LOOPS + column * COLUMN + 1 + loop


def size(columns: int, single: int) -> int:
    """Return the length of an instruction."""
    return HEADER + place_word(columns, single)


# ----- Which kernel -----

STRIDE_BITS = 9
FLAGS = 1 << 6  # six of them
ANY = (1 << STRIDE_BITS) - 1  # strides as the instruction says


class Variant(NamedTuple):
    """Which kernel an instruction is for."""

    kind: int  # of the op
    function: int  # 0 for the forward function, 1 + k for the rule of operand k
    adding: int  # 1 if results are added to what is in memory, 0 if they replace it
    exact: int  # 1 if sums keep their order
    fused: int  # 1 if a product is added with one rounding
    single: int  # 1 for one node
    summing: int  # 1 if the innermost loop adds up into one place
    jammed: int  # 1 if several steps of the loop around it run in one
    strides: int  # ANY, or for each column a bit: whether its innermost stride is 1 rather than 0
    blocks: int  # 0, or a bit for each column that several steps of the next loop out share
    shared: int  # 0, or a bit for each column that jammed steps share
    turned: int  # 0, or a bit for each column that is copied first, its two inner loops exchanged


def packed(x: Variant, width: int) -> int:
    """Write a variant as one number."""
    flags = 0
    for flag in (x.adding, x.exact, x.fused, x.single, x.summing, x.jammed):
        flags = flags * 2 + flag
    which = (x.kind * (width + 1) + x.function) * FLAGS + flags
    for bits in (x.strides, x.blocks, x.shared, x.turned):
        which = (which << STRIDE_BITS) | bits
    return which


def unpacked(number: int, width: int) -> Variant:
    """Read back what `packed` wrote."""
    number, turned = divmod(number, 1 << STRIDE_BITS)
    number, shared = divmod(number, 1 << STRIDE_BITS)
    number, blocks = divmod(number, 1 << STRIDE_BITS)
    number, strides = divmod(number, 1 << STRIDE_BITS)
    number, flags = divmod(number, FLAGS)
    kind, function = divmod(number, width + 1)
    adding, exact, fused, single, summing, jammed = (flags >> bit & 1 for bit in range(5, -1, -1))
    return Variant(
        kind, function, adding, exact, fused, single, summing, jammed, strides, blocks, shared,
        turned,
    )  # fmt: skip


class Room(NamedTuple):
    """Where instructions are written."""

    variants: Ints  # of each instruction its kernel, packed
    starts: Ints  # where each begins, and where the last ends
    words: Ints
    by: Ints  # of the nest at work: the strides of each column along three loops
