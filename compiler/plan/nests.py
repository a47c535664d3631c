"""Cutting a list of items into nests of loops.

`nests` is a loop of the planner: it runs in machine code, see loops.py.
"""

from __future__ import annotations

from .loops import Ints, call, zeros


def nests(n: int, count: int, columns: Ints, group: Ints, rows: Ints) -> int:
    """Cut a list of items into loop nests, in which every column moves by constant strides.

    First runs along the list, then runs of equal runs, and once more. `rows` gets for each nest
    its first item and its three lengths, innermost first; their product is the number of items.
    The strides need not be kept: they are the difference to the next item along each loop.
    """
    made = 0
    i = 0
    while i < n:
        j = i + 1
        if j < n and group[j] == group[i]:
            going = True
            j += 1
            while going and j < n and group[j] == group[i]:
                for c in range(count):
                    at = c * n
                    if (
                        columns[at + j] - columns[at + j - 1]
                        != columns[at + i + 1] - columns[at + i]
                    ):
                        going = False
                        break
                if going:
                    j += 1
        rows[made * 4] = i
        rows[made * 4 + 1] = j - i
        rows[made * 4 + 2] = 1
        rows[made * 4 + 3] = 1
        made += 1
        i = j
    for depth in range(2, 4):
        before = made
        made = 0
        r = 0
        while r < before:
            first = rows[r * 4]
            a = rows[r * 4 + 1]
            b = rows[r * 4 + 2]
            s = r + 1
            going = True
            while going and s < before:
                start = rows[s * 4]
                if rows[s * 4 + 1] != a or rows[s * 4 + 2] != b or group[start] != group[first]:
                    break
                previous = rows[(s - 1) * 4]
                second = rows[(r + 1) * 4]
                for c in range(count):
                    at = c * n
                    if (
                        columns[at + start] - columns[at + previous]
                        != columns[at + second] - columns[at + first]
                    ):
                        going = False
                        break
                    if a > 1 and (
                        columns[at + start + 1] - columns[at + start]
                        != columns[at + first + 1] - columns[at + first]
                    ):
                        going = False
                        break
                    if b > 1 and (
                        columns[at + start + a] - columns[at + start]
                        != columns[at + first + a] - columns[at + first]
                    ):
                        going = False
                        break
                if going:
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


def nested(columns: Ints, group: Ints) -> tuple[Ints, int]:
    """Cut a list of items into nests; give them and their number."""
    count = columns.shape[1]
    rows = zeros(max(count, 1), 4)
    made = call(nests, count, len(columns), columns, group, rows, work=len(columns) * count)
    return rows[:made].copy(), made
