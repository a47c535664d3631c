"""Repeated structure: subtrees that occur again and again, and runs of equal steps.

Both look at the parts of a graph that are trees, whose results are used once. A part ends where a
result is shared, where a group is already, and at leaves: there another part, or nothing, begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from .structure import Structure

Key = Hashable
Found = list[tuple[list[int], Key, str]]  # members, first the last one computed; kind; name
LONGEST = 12  # steps that a run may repeat


def trees(structure: Structure, taken: Sequence[Key]) -> Found:
    """Find the largest subtrees that occur more than once; what they are computed from may differ.

    Parameters:
        structure: the graph.
        taken: for each node the group that it is in already, or None.
    """
    inside = _inside(structure, taken)
    shapes: dict[Key, int] = {}
    shape = [-1] * len(structure)
    for i, operands in enumerate(structure.operands):
        if operands and taken[i] is None:
            form = (
                structure.nodes[i].op or structure.nodes[i].label,
                tuple([shape[x] if inside[x] else structure.nodes[x].kind[:1] for x in operands]),
            )
            shape[i] = shapes.setdefault(form, len(shapes))
    counts = Counter(shape)
    found: Found = []
    belongs = [-1] * len(structure)  # the place in `found`
    for i in range(len(structure) - 1, -1, -1):
        if shape[i] < 0:
            continue
        if inside[i] and belongs[structure.users[i][0]] >= 0:
            belongs[i] = belongs[structure.users[i][0]]
            found[belongs[i]][0].append(i)
        elif counts[shape[i]] > 1:
            belongs[i] = len(found)
            found.append(([i], shape[i], structure.nodes[i].symbol or ""))
    return found


def runs(structure: Structure, taken: Sequence[Key]) -> Found:
    """Find runs of at least three equal steps: sums of many terms, layers that follow each other.

    Parameters:
        structure: the graph.
        taken: for each node the group that it is in already, or None.
    """
    inside = _inside(structure, taken)
    free = [bool(o) and taken[i] is None for i, o in enumerate(structure.operands)]
    seen = [False] * len(structure)
    found: Found = []
    for i in range(len(structure) - 1, -1, -1):
        if free[i] and not seen[i]:
            path = _path(structure, i, free, inside, seen)
            on_path = set(path)
            tokens = [_step(structure, x, on_path, taken) for x in path]
            start = 0
            while start < len(path):
                period, length = _run(tokens, start)
                if length >= 3:
                    members = path[start : start + period * length]
                    step = [structure.nodes[x].symbol or "" for x in members[: min(period, 3)]]
                    more = " …" if period > 3 else ""
                    name = f"{' '.join(step)}{more} × {length}"
                    found.append((members, (tuple(tokens[start : start + period]), length), name))
                    start += period * length
                else:
                    start += 1
    return found


def _inside(structure: Structure, taken: Sequence[Key]) -> list[bool]:
    """Return for each node whether it is part of a tree above it: one use, and not by a group."""
    return [
        bool(structure.operands[i])
        and taken[i] is None
        and len(users) == 1
        and taken[users[0]] is None
        and i not in structure.outputs
        for i, users in enumerate(structure.users)
    ]


def _path(
    structure: Structure, top: int, free: list[bool], inside: list[bool], seen: list[bool]
) -> list[int]:
    """Follow the operands down a tree; of several that go on, the one computed first."""
    path = [top]
    seen[top] = True
    while True:
        below = [x for x in structure.operands[path[-1]] if free[x] and inside[x] and not seen[x]]
        if not below:
            return path
        seen[below[0]] = True
        path.append(below[0])


def _step(structure: Structure, node: int, path: set[int], taken: Sequence[Key]) -> Key:
    """Describe one step: the op, and what comes in from the side."""
    sides = [
        "path" if x in path else taken[x][0] if taken[x] is not None else structure.nodes[x].kind  # type: ignore[index]
        for x in structure.operands[node]
    ]
    return structure.nodes[node].op, tuple(sides)


def _run(tokens: list[Key], start: int) -> tuple[int, int]:
    """Find the run that begins at a place: how many steps repeat, and how often."""
    best = (1, 1)
    for period in range(1, min(LONGEST, (len(tokens) - start) // 3) + 1):
        end = start + period
        while end < len(tokens) and tokens[end] == tokens[end - period]:
            end += 1
        length = (end - start) // period
        if length >= 3 and length * period > best[0] * best[1]:
            best = (period, length)
            break  # the shortest period says it best
    return best
