"""Cutting a list of items into nests of loops.

`nests` is a loop of the planner: it runs in machine code, see loops.py.
"""

from __future__ import annotations

from .columns import Ints, zeros
from .loops import call


def nests(n: int, count: int, columns: Ints, group: Ints, rows: Ints) -> int:
    """Cut a list of items into loop nests, in which every column moves by constant strides.

    First runs along the list, then runs of equal runs, and once more. The strides need not be kept:
    they are the difference to the next item along each loop.

    Parameters:
        n: how many items there are.
        count: how many columns.
        columns: for each column a number for each item.
        group: for each item its group; a nest has items of one group.
        rows: gets for each nest its first item and its three lengths, innermost first; their
            product is the number of items.
    """
    made = runs(n, count, columns, group, rows)
    for depth in (2, 3):
        made = runs_of_runs(n, count, columns, group, rows, made, depth)
    return made


def runs(n: int, count: int, columns: Ints, group: Ints, rows: Ints) -> int:
    """Cut the list into stretches of constant strides."""
    made = 0
    i = 0
    while i < n:
        j = i + 1
        if j < n and group[j] == group[i]:
            j += 1
            while (
                j < n
                and group[j] == group[i]
                and moves_alike(n, count, columns, j - 1, j, i, i + 1)
            ):
                j += 1
        rows[made * 4] = i
        rows[made * 4 + 1] = j - i
        rows[made * 4 + 2] = 1
        rows[made * 4 + 3] = 1
        made += 1
        i = j
    return made


def runs_of_runs(
    n: int, count: int, columns: Ints, group: Ints, rows: Ints, before: int, depth: int
) -> int:
    """Make one nest of equal nests that stand at constant distances, one loop deeper."""
    made = 0
    r = 0
    while r < before:
        first, a, b = rows[r * 4], rows[r * 4 + 1], rows[r * 4 + 2]
        s = r + 1
        while s < before and goes_on(n, count, columns, group, rows, r, s):
            s += 1
        if s == r + 2 and a * b == 1:
            s = r + 1  # two that happen to be neighbours: nothing is gained
        rows[made * 4] = first
        rows[made * 4 + 1] = a
        rows[made * 4 + 2] = b
        rows[made * 4 + 3] = 1
        rows[made * 4 + depth] = s - r
        made += 1
        r = s
    return made


def goes_on(n: int, count: int, columns: Ints, group: Ints, rows: Ints, r: int, s: int) -> bool:
    """Return whether nest `s` looks like nest `r`, and stands where the next one would."""
    first, a, b = rows[r * 4], rows[r * 4 + 1], rows[r * 4 + 2]
    start = rows[s * 4]
    if rows[s * 4 + 1] != a or rows[s * 4 + 2] != b or group[start] != group[first]:
        return False
    previous, second = rows[(s - 1) * 4], rows[(r + 1) * 4]
    return (
        moves_alike(n, count, columns, previous, start, first, second)
        and (a == 1 or moves_alike(n, count, columns, start, start + 1, first, first + 1))
        and (b == 1 or moves_alike(n, count, columns, start, start + a, first, first + a))
    )


def moves_alike(n: int, count: int, columns: Ints, i: int, j: int, k: int, m: int) -> bool:
    """Return whether each column moves from item `i` to `j` as it does from `k` to `m`."""
    for c in range(count):
        at = c * n
        if columns[at + j] - columns[at + i] != columns[at + m] - columns[at + k]:
            return False
    return True


def nested(columns: Ints, group: Ints) -> tuple[Ints, int]:
    """Cut a list of items into nests; return them and their number."""
    count = columns.shape[1]
    rows = zeros(max(count, 1), 4)
    made = call(nests, count, len(columns), columns, group, rows, work=len(columns) * count)
    return rows[:made].copy(), made
