"""Writing instructions for kernels.

Loops of the planner: they run in machine code, see loops.py. A nest has up to three loops, and with
lanes one more inside them; a kernel has four. Which of the nest's loops becomes which of the
kernel's is decided here.
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
    each position. Returns the number of instructions; `starts[number]` is the length of the code,
    and without `write` `variants[0]` is, and nothing else is written.
    """
    number = 0
    length = 0
    for row in range(made):
        r = made - 1 - row if backward != 0 else row
        first = rows[r * 4]
        for f in range(width if backward != 0 else 1):
            if backward != 0 and (wanted[first] >> f) & 1 == 0:
                continue
            function = f + 1 if backward != 0 else 0
            target = width + 2 + f if backward != 0 else 0
            read = reads[kind[first] * (width + 1) + function]
            adding = 0 if backward == 0 and replaces[first] != 0 else 1
            inner = (
                -1 if lanes > 1 else innermost(n, count, columns, rows, r, target, read, backward)
            )
            single = 1 if inner < 0 and lanes == 1 else 0
            used = 1
            for c in range(count):
                used += (read >> c) & 1
            if write != 0:
                middle = jammed(n, columns, rows, r, target, inner, adding) if single == 0 else -1
                shape = 0
                if single == 0:
                    summing = (
                        1 if inner >= 0 and stride(n, columns, rows, r, target, inner) == 0 else 0
                    )
                    long = 1 if middle >= 0 and rows[r * 4 + 1 + middle] >= 4 else 0
                    shape = 1 + long + 2 * summing
                bits = strides_bits(
                    n, count, lanes, shared, columns, rows, r, target, read, inner, used
                )
                variant = kind[first] * (width + 1) + function
                variant = (variant * 2 + adding) * 2 + (1 if backward == 0 else 0)
                variants[number] = (variant * 8 + shape) * 512 + (bits if single == 0 else 0)
                starts[number] = length
                end = instruction(
                    n, count, lanes, shared, columns, rows, r, target, read, inner, middle, single,
                    code, length + 1,
                )  # fmt: skip
                code[length + 1] = end - length
            length += 2 + used if single != 0 else 2 + 4 + 5 * used
            number += 1
    if write != 0:
        starts[number] = length
    else:
        variants[0] = length
    return number


def stride(n: int, columns: Ints, rows: Ints, r: int, column: int, d: int) -> int:
    """Find how far apart in memory a column of nest `r` is from step to step of its loop `d`."""
    step = 1
    for e in range(d):
        step *= rows[r * 4 + 1 + e]
    at = column * n + rows[r * 4]
    distance: int = columns[at + step] - columns[at]
    return distance


def innermost(
    n: int, count: int, columns: Ints, rows: Ints, r: int, target: int, read: int, backward: int
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
            if odd(n, count, columns, rows, r, target, read, d) != 0:
                each = 1.5
            if stride(n, columns, rows, r, target, d) == 0:
                start = 16.0
                if backward == 0:
                    each = 4.0
            cost = float(total // size) * (start + each * size)
            if inner < 0 or cost < best:
                best = cost
                inner = d
    return inner


def odd(
    n: int, count: int, columns: Ints, rows: Ints, r: int, target: int, read: int, d: int
) -> int:
    """Tell whether any column has a stride other than 0 and 1 along loop `d`."""
    by = stride(n, columns, rows, r, target, d)
    found = 0 if by == 0 or by == 1 else 1
    for c in range(count):
        if (read >> c) & 1:
            by = stride(n, columns, rows, r, c, d)
            if by != 0 and by != 1:
                found = 1
    return found


def jammed(n: int, columns: Ints, rows: Ints, r: int, target: int, inner: int, adding: int) -> int:
    """Choose the loop around the innermost one: the longest whose steps may run in one.

    A sum goes on in several places at once, or else one place gets several contributions.
    """
    middle = -1
    longest = 1
    summing = 1 if inner >= 0 and stride(n, columns, rows, r, target, inner) == 0 else 0
    for d in range(3):
        size = rows[r * 4 + 1 + d]
        if d != inner and size > longest and adding != 0:
            moves = 1 if stride(n, columns, rows, r, target, d) != 0 else 0
            if moves == summing:
                middle = d
                longest = size
    return middle


def strides_bits(
    n: int,
    count: int,
    lanes: int,
    shared: int,
    columns: Ints,
    rows: Ints,
    r: int,
    target: int,
    read: int,
    inner: int,
    used: int,
) -> int:
    """Say for each column, the written one first, whether its innermost stride is 1 or 0.

    511 stands for others, and for more columns than have a bit.
    """
    if used > 8:
        return 511
    if lanes > 1:
        bits = 1
    elif inner < 0 or odd(n, count, columns, rows, r, target, read, inner) != 0:
        return 511
    else:
        bits = stride(n, columns, rows, r, target, inner)
    number = 1
    for c in range(count):
        if (read >> c) & 1:
            if lanes > 1:
                by = 1 if columns[c * n + rows[r * 4]] >= shared else 0
            else:
                by = stride(n, columns, rows, r, c, inner)
            bits |= by << number
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
        code[at] = rows[r * 4 + 1 + loop0] if loop0 >= 0 else 1
        code[at + 1] = rows[r * 4 + 1 + loop1] if loop1 >= 0 else 1
        code[at + 2] = rows[r * 4 + 1 + loop2] if loop2 >= 0 else 1
        code[at + 3] = lanes
        if lanes == 1:
            code[at + 3] = rows[r * 4 + 1 + inner]
        at += 4
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
                d = inner
                if place == 0:
                    d = loop0
                elif place == 1:
                    d = loop1
                elif place == 2:
                    d = loop2
                by = 0
                if d >= 0 and rows[r * 4 + 1 + d] > 1:
                    by = stride(n, columns, rows, r, column, d) * many
                if place == 3 and lanes > 1:
                    by = 1 if many > 1 else 0
                code[at] = by
                at += 1
    return at
