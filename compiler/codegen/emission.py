"""Writing instructions for kernels.

Loops of the planner: they run in machine code, see plan/loops.py. A nest has up to three loops,
and with lanes one more inside them; a kernel has four. Which of the nest's loops becomes which of
the kernel's is decided here.
"""

from __future__ import annotations

from typing import NamedTuple

from ..plan.columns import Ints, Nests
from .instructions import (
    ANY,
    CAN_TURN,
    HEADER,
    INNERMOST,
    JAM,
    LENGTH,
    LOOPS,
    STRIDE_BITS,
    Room,
    Variant,
    length_word,
    packed,
    place_word,
    size,
    stride_word,
)


class Memory(NamedTuple):
    """How lanes lie in memory: from `shared` on, so many numbers for each place."""

    lanes: int
    shared: int
    fused: int = 0  # 1 where products may be added with one rounding


class Task(NamedTuple):
    """One function over one nest."""

    nest: int
    first: int  # item
    kind: int
    function: int  # as in `Variant`
    target: int  # the column that is written
    read: int  # a bit for each column that is read
    columns: int  # how many are written and read
    single: int  # 1 if there is one node and one lane


class Order(NamedTuple):
    """Which loop of a nest stands in which place of the kernel, outermost first; -1: runs once."""

    outermost: int
    outer: int
    middle: int
    innermost: int


def emit(nests: Nests, reads: Ints, memory: Memory, backward: int, room: Room, write: int) -> int:
    """Turn nests into instructions, each for the kernel whose loops fit it best.

    Parameters:
        nests: what is to be computed.
        reads: of each kind and function (as in `Variant`), a bit for each column that it reads.
        memory: how lanes lie there.
        backward: 1 to compute gradients.
        room: where instructions are written.
        write: 0 to find out how much room is needed: `room.starts[0]` gets the number of words.

    Returns:
        The number of instructions.
    """
    number = 0
    length = 0
    for i in range(nests.made):
        nest = nests.made - 1 - i if backward != 0 else i
        first = nests.rows[nest * 4]
        steps = find_strides(nests, nest, room.by)
        for k in range(nests.width if backward != 0 else 1):
            if backward == 0 or (nests.flows[first] >> k) & 1 != 0:
                function = k + 1 if backward != 0 else 0
                single = 1 if steps == 1 and memory.lanes == 1 else 0
                task = task_of(nests, reads, nest, function, single)
                if write != 0:
                    room.starts[number] = length
                    room.variants[number] = write_instruction(nests, memory, task, room, length)
                length += size(task.columns, single)
                number += 1
    room.starts[number if write != 0 else 0] = length
    return number


def task_of(nests: Nests, reads: Ints, nest: int, function: int, single: int) -> Task:
    """Put together what there is to do for one function and one nest."""
    first = nests.rows[nest * 4]
    kind = nests.kind[first]
    read = reads[kind * (nests.width + 1) + function]
    columns = 1
    for c in range(2 * (nests.width + 1)):
        columns += (read >> c) & 1
    target = nests.width + 1 + function if function != 0 else 0
    return Task(nest, first, kind, function, target, read, columns, single)


def find_strides(nests: Nests, nest: int, by: Ints) -> int:
    """Find how far apart in memory each column of a nest is from step to step of each loop.

    `by[column * 3 + loop]` gets it; 0 for a loop of one step. Returns the number of steps in all.
    """
    first = nests.rows[nest * 4]
    step = 1
    for d in range(3):
        length = nests.rows[nest * 4 + 1 + d]
        for c in range(2 * (nests.width + 1)):
            by[c * 3 + d] = 0
            if length > 1:
                at = c * nests.length + first
                by[c * 3 + d] = nests.places[at + step] - nests.places[at]
        step *= length
    return step


# ----- Which loop goes where -----


def innermost(nests: Nests, task: Task, by: Ints, exact: int) -> int:
    """Choose which loop goes innermost: the one for which all loops together cost least.

    Costs are nanoseconds, roughly: to start a loop, and for each step of it. Strides other than 0
    and 1 keep a loop from being vectorised, unless such columns can be turned; so does the order of
    a sum that must be kept.
    """
    inner = -1
    best = 0.0
    rows = task.nest * 4 + 1
    total = nests.rows[rows] * nests.rows[rows + 1] * nests.rows[rows + 2]
    for d in range(3):
        length = nests.rows[rows + d]
        if length > 1:
            start, each = 10.0, 0.25
            if is_odd(nests, task, by, d) != 0:
                each = 0.5 if turning(nests, task, by, d) >= 0 else 1.5
            if by[task.target * 3 + d] == 0:
                start = 16.0
                if exact != 0:
                    each = 4.0
            cost = float(total // length) * (start + each * length)
            if inner < 0 or cost < best:
                best = cost
                inner = d
    return inner


def is_odd(nests: Nests, task: Task, by: Ints, d: int) -> int:
    """Return whether any column has a stride other than 0 and 1 along loop `d`."""
    found = 0
    for c in range(2 * (nests.width + 1)):
        if (task.read >> c) & 1 or c == task.target:
            at = by[c * 3 + d]
            if at != 0 and at != 1:
                found = 1
    return found


def turning(nests: Nests, task: Task, by: Ints, inner: int) -> int:
    """Find a loop along which numbers stand side by side that do not along the innermost; or -1."""
    if CAN_TURN == 0 or by[task.target * 3 + inner] != 1 or task.columns >= STRIDE_BITS:
        return -1
    rows = task.nest * 4 + 1
    for d in range(3):
        if d != inner and nests.rows[rows + d] >= JAM and nests.rows[rows + inner] >= JAM:
            fits = 1
            for c in range(2 * (nests.width + 1)):
                at = by[c * 3 + inner]
                if (task.read >> c) & 1 and at != 0 and at != 1 and by[c * 3 + d] != 1:
                    fits = 0
            if fits != 0:
                return d
    return -1


def odd_columns(nests: Nests, task: Task, by: Ints, inner: int) -> int:
    """Say which columns have a stride other than 0 and 1 along a loop, a bit for each."""
    bits = 0
    number = 1
    for c in range(2 * (nests.width + 1)):
        if (task.read >> c) & 1:
            at = by[c * 3 + inner]
            if at != 0 and at != 1:
                bits |= 1 << number
            number += 1
    return bits


def middle(nests: Nests, task: Task, by: Ints, inner: int, summing: int) -> int:
    """Choose the loop around the innermost one: the longest whose steps may run in one.

    A sum goes on in several places at once, or else one place gets several contributions.
    """
    found = -1
    longest = 1
    for d in range(3):
        length = nests.rows[task.nest * 4 + 1 + d]
        if d != inner and length > longest:
            moves = 1 if by[task.target * 3 + d] != 0 else 0
            if moves == summing:
                found = d
                longest = length
    return found


def ordered(inner: int, middle: int) -> Order:
    """Put the other loops where there is room, from the outside in."""
    loop0, loop1, loop2 = -1, -1, middle
    for d in range(2, -1, -1):
        if d not in (inner, middle):
            if loop0 < 0:
                loop0 = d
            elif loop1 < 0:
                loop1 = d
            else:
                loop2 = d
    return Order(loop0, loop1, loop2, inner)


def unit_strides(
    nests: Nests, memory: Memory, task: Task, by: Ints, inner: int, turned: int
) -> int:
    """Say for each column, the written one first, whether its innermost stride is 1 or 0.

    A bit for each; ANY where some stride is something else. It is 1 once a column is turned.
    """
    lanes = memory.lanes
    odd = 1 if lanes == 1 and is_odd(nests, task, by, inner) != 0 else 0
    if task.columns >= STRIDE_BITS or (odd != 0 and turned == 0):
        return ANY
    bits = 1 if lanes > 1 else by[task.target * 3 + inner]
    number = 1
    for c in range(2 * (nests.width + 1)):
        if (task.read >> c) & 1:
            at = 1 if nests.places[c * nests.length + task.first] >= memory.shared else 0
            if lanes == 1:
                at = 1 if (turned >> number) & 1 != 0 else by[c * 3 + inner]
            bits |= at << number
            number += 1
    return bits


def are_apart(nests: Nests, task: Task, by: Ints, inner: int, around: int) -> int:
    """Return whether several steps of the third loop write to places that do not overlap.

    A step writes a stretch along the innermost loop, or in sums, one along the loop around it.
    """
    third = 3 - inner - around
    rows = task.nest * 4 + 1
    along = inner if by[task.target * 3 + inner] != 0 else around
    step, apart = by[task.target * 3 + along], by[task.target * 3 + third]
    step = step if step >= 0 else -step
    apart = apart if apart >= 0 else -apart
    far = apart >= step * nests.rows[rows + along]
    near = apart > 0 and step >= apart * nests.rows[rows + third]
    return 1 if nests.rows[rows + third] >= JAM and (far or near) else 0


def staying(nests: Nests, task: Task, by: Ints, loop: int, strides: int) -> int:
    """Say which columns stay where they are along a loop, a bit for each; 0 if it is none.

    Only columns that move along the innermost loop count: the others are read before it.
    """
    bits = 0
    number = 1
    for c in range(2 * (nests.width + 1)):
        if (task.read >> c) & 1:
            if (strides >> number) & 1 != 0 and by[c * 3 + loop] == 0:
                bits |= 1 << number
            number += 1
    return bits


# ----- One instruction -----


def write_instruction(nests: Nests, memory: Memory, task: Task, room: Room, start: int) -> int:
    """Write one instruction but for its address; return its variant, packed."""
    by = room.by
    inner, around, summing, jammed, strides, blocks, shared, turned = -1, -1, 0, 0, 0, 0, 0, 0
    adding = is_adding(nests, task)
    exact = 1 if task.function == 0 and memory.fused == 0 else 0
    if task.single == 0:
        if memory.lanes == 1:
            inner = innermost(nests, task, by, exact)
        summing = 1 if inner >= 0 and by[task.target * 3 + inner] == 0 else 0
        if adding != 0:
            around = middle(nests, task, by, inner, summing)
        if memory.lanes == 1 and is_odd(nests, task, by, inner) != 0:
            beside = turning(nests, task, by, inner)
            if beside >= 0:
                turned = odd_columns(nests, task, by, inner)
                around = beside
        jammed = 1 if around >= 0 and nests.rows[task.nest * 4 + 1 + around] >= JAM else 0
        if turned != 0 and (adding == 0 or by[task.target * 3 + around] != 0):
            jammed = 0
        strides = unit_strides(nests, memory, task, by, inner, turned)
        if jammed != 0 and strides != ANY and memory.lanes == 1 and turned == 0:
            shared = staying(nests, task, by, around, strides)
            if are_apart(nests, task, by, inner, around) != 0:
                blocks = staying(nests, task, by, 3 - inner - around, strides)
    fused = memory.fused if adding != 0 and task.single == 0 else 0
    order = ordered(inner, around)
    if blocks != 0:  # the third loop stands next to the jammed one
        order = Order(-1, 3 - inner - around, around, inner)
    room.words[start + LENGTH] = size(task.columns, task.single)
    at = start + HEADER
    if task.single == 0:
        write_lengths(nests, memory, task, order, room.words, at)
    write_column(nests, memory, task, order, room, at, 0, task.target)
    column = 1
    for c in range(2 * (nests.width + 1)):
        if (task.read >> c) & 1:
            write_column(nests, memory, task, order, room, at, column, c)
            column += 1
    variant = Variant(
        task.kind, task.function, adding, exact, fused, task.single, summing, jammed, strides,
        blocks, shared, turned,
    )  # fmt: skip
    return packed(variant, nests.width)


def is_adding(nests: Nests, task: Task) -> int:
    """Return whether results are added to what is in memory, 1, or replace it, 0."""
    if task.function == 0:
        return 0 if nests.replaces[task.first] != 0 else 1
    return 0 if (nests.alone[task.first] >> (task.function - 1)) & 1 != 0 else 1


def write_lengths(
    nests: Nests, memory: Memory, task: Task, order: Order, words: Ints, at: int
) -> None:
    """Write the lengths of the four loops."""
    for loop in range(LOOPS):
        d = order[loop]
        words[at + length_word(loop)] = nests.rows[task.nest * 4 + 1 + d] if d >= 0 else 1
    if memory.lanes > 1:
        words[at + length_word(INNERMOST)] = memory.lanes


def write_column(
    nests: Nests,
    memory: Memory,
    task: Task,
    order: Order,
    room: Room,
    at: int,
    number: int,
    column: int,
) -> None:
    """Write where a column stands, as number so and so of the instruction, and its strides."""
    words, by = room.words, room.by
    place = nests.places[column * nests.length + task.first]
    lanes = 1
    if memory.lanes > 1 and place >= memory.shared:
        lanes = memory.lanes
        place = memory.shared + (place - memory.shared) * lanes
    words[at + place_word(number, task.single)] = place
    if task.single == 0:
        for loop in range(LOOPS):
            d = order[loop]
            words[at + stride_word(number, loop)] = by[column * 3 + d] * lanes if d >= 0 else 0
        if memory.lanes > 1:
            words[at + stride_word(number, INNERMOST)] = 1 if lanes > 1 else 0
