"""Writing instructions for kernels.

Loops of the planner: they run in machine code, see plan/loops.py. A nest has up to three loops,
and with lanes one more inside them; a kernel has four. Which of the nest's loops becomes which of
the kernel's is decided here.
"""

from __future__ import annotations

from typing import Any

Ints = Any  # a NumPy array of int64, or what numba makes of one


def emit(
    made: int,
    n: int,
    count: int,
    width: int,
    lanes: int,
    shared: int,
    backward: int,
    columns: Ints,
    rows: Ints,
    kind: Ints,
    replaces: Ints,
    reads: Ints,
    wanted: Ints,
    by: Ints,
    variants: Ints,
    starts: Ints,
    code: Ints,
    write: int,
) -> int:
    """Turn nests into instructions, each for the kernel whose loops fit it best.

    `columns`, in order: the value of the result, of each operand, the gradient of the result, of
    each operand. `reads[kind, function]` has a bit for each column that it reads; function
    0 is the forward one, 1 + k the rule of operand k. `wanted` has a bit for each operand whose
    gradient is asked for. With `lanes`, memory from position `shared` on has that many numbers for
    each position. `by` is for `strides`. Returns the number of instructions; `starts[number]` is
    the length of the code, and without `write` `variants[0]` is, and nothing else is written.
    """
    number = 0
    length = 0
    for row in range(made):
        r = made - 1 - row if backward != 0 else row
        first = rows[r * 4]
        total = strides(n, count, columns, rows, r, by)
        for f in range(width if backward != 0 else 1):
            if backward != 0 and (wanted[first] >> f) & 1 == 0:
                continue
            function = f + 1 if backward != 0 else 0
            target = width + 2 + f if backward != 0 else 0
            read = reads[kind[first] * (width + 1) + function]
            used = 1
            for c in range(count):
                used += (read >> c) & 1
            single = 1 if total == 1 and lanes == 1 else 0
            if write != 0:
                adding = 0 if backward == 0 and replaces[first] != 0 else 1
                shape, bits, inner, middle = 0, 0, -1, -1
                if single == 0:
                    if lanes == 1:
                        inner = innermost(count, rows, r, by, target, read, backward)
                    summing = 1 if inner >= 0 and by[target * 3 + inner] == 0 else 0
                    middle = jammed(rows, r, by, target, inner, summing, adding)
                    shape = 1 + 2 * summing
                    if middle >= 0 and rows[r * 4 + 1 + middle] >= 4:
                        shape += 1
                    bits = 511
                    if used <= 8:
                        bits = unit_strides(n, count, lanes, shared, columns, first, by, target,
                                            read, inner)  # fmt: skip
                variant = kind[first] * (width + 1) + function
                variant = (variant * 2 + adding) * 2 + (1 if backward == 0 else 0)
                variants[number] = (variant * 8 + shape) * 512 + bits
                starts[number] = length
                end = instruction(n, count, lanes, shared, columns, rows, r, by, target, read,
                                  inner, middle, single, code, length + 1)  # fmt: skip
                code[length + 1] = end - length
            length += 2 + used if single != 0 else 2 + 4 + 5 * used
            number += 1
    if write != 0:
        starts[number] = length
    else:
        variants[0] = length
    return number


def strides(n: int, count: int, columns: Ints, rows: Ints, r: int, by: Ints) -> int:
    """Find how far apart in memory each column of nest `r` is from step to step of each loop.

    `by[column * 3 + loop]` gets it; 0 for a loop of one step. Returns the number of steps in all.
    """
    first = rows[r * 4]
    step = 1
    for d in range(3):
        size = rows[r * 4 + 1 + d]
        for c in range(count):
            by[c * 3 + d] = 0
            if size > 1:
                by[c * 3 + d] = columns[c * n + first + step] - columns[c * n + first]
        step *= size
    return step


def innermost(
    count: int, rows: Ints, r: int, by: Ints, target: int, read: int, backward: int
) -> int:
    """Choose which loop goes innermost: the one for which all loops together cost least.

    Costs are nanoseconds, roughly: to start a loop, and for each step of it. Strides other than 0
    and 1 keep a loop from being vectorised; so does the order of a sum that must be kept.
    """
    inner = -1
    best = 0.0
    total = rows[r * 4 + 1] * rows[r * 4 + 2] * rows[r * 4 + 3]
    for d in range(3):
        size = rows[r * 4 + 1 + d]
        if size > 1:
            start, each = 10.0, 0.25
            if odd(count, by, target, read, d) != 0:
                each = 1.5
            if by[target * 3 + d] == 0:
                start = 16.0
                if backward == 0:
                    each = 4.0
            cost = float(total // size) * (start + each * size)
            if inner < 0 or cost < best:
                best = cost
                inner = d
    return inner


def odd(count: int, by: Ints, target: int, read: int, d: int) -> int:
    """Tell whether any column has a stride other than 0 and 1 along loop `d`."""
    found = 0
    for c in range(count):
        if (read >> c) & 1 or c == target:
            at = by[c * 3 + d]
            if at != 0 and at != 1:
                found = 1
    return found


def jammed(rows: Ints, r: int, by: Ints, target: int, inner: int, summing: int, adding: int) -> int:
    """Choose the loop around the innermost one: the longest whose steps may run in one.

    A sum goes on in several places at once, or else one place gets several contributions.
    """
    middle = -1
    longest = 1
    for d in range(3):
        size = rows[r * 4 + 1 + d]
        if d != inner and size > longest and adding != 0:
            moves = 1 if by[target * 3 + d] != 0 else 0
            if moves == summing:
                middle = d
                longest = size
    return middle


def unit_strides(
    n: int,
    count: int,
    lanes: int,
    shared: int,
    columns: Ints,
    first: int,
    by: Ints,
    target: int,
    read: int,
    inner: int,
) -> int:
    """Say for each column, the written one first, whether its innermost stride is 1 or 0.

    A bit for each; 511 where any is something else.
    """
    if lanes == 1 and odd(count, by, target, read, inner) != 0:
        return 511
    bits = 1 if lanes > 1 else by[target * 3 + inner]
    number = 1
    for c in range(count):
        if (read >> c) & 1:
            at = 1 if columns[c * n + first] >= shared else 0
            if lanes == 1:
                at = by[c * 3 + inner]
            bits |= at << number
            number += 1
    return bits


def instruction(
    n: int,
    count: int,
    lanes: int,
    shared: int,
    columns: Ints,
    rows: Ints,
    r: int,
    by: Ints,
    target: int,
    read: int,
    inner: int,
    middle: int,
    single: int,
    code: Ints,
    start: int,
) -> int:
    """Write one instruction without its address and length; give where it ends."""
    at = start + 1
    first = rows[r * 4]
    # The loops from the outside in; -1 is one that runs once.
    loop0, loop1, loop2 = -1, -1, middle
    for d in range(2, -1, -1):
        if d != inner and d != middle:
            if loop0 < 0:
                loop0 = d
            elif loop1 < 0:
                loop1 = d
            else:
                loop2 = d
    if single == 0:
        for place in range(4):
            d = placed(place, loop0, loop1, loop2, inner)
            code[at] = rows[r * 4 + 1 + d] if d >= 0 else 1
            at += 1
        if lanes > 1:
            code[at - 1] = lanes
    for c in range(-1, count):
        column = target if c < 0 else c
        if c >= 0 and (read >> c) & 1 == 0:
            continue
        base = columns[column * n + first]
        many = 1
        if lanes > 1 and base >= shared:
            many = lanes
            base = shared + (base - shared) * lanes
        code[at] = base
        at += 1
        if single == 0:
            for place in range(4):
                d = placed(place, loop0, loop1, loop2, inner)
                code[at] = by[column * 3 + d] * many if d >= 0 else 0
                at += 1
            if lanes > 1:
                code[at - 1] = 1 if many > 1 else 0
    return at


def placed(place: int, loop0: int, loop1: int, loop2: int, inner: int) -> int:
    """Give the loop that stands in this place, counted from the outside."""
    if place == 0:
        return loop0
    if place == 1:
        return loop1
    return loop2 if place == 2 else inner
