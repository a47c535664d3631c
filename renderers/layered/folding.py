"""Folding: a long, low layout continued below, as a long line of text is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from .plan import Layout
from .routing import Point

MOST_WIRES = 8  # lines that may lead from one row to the next
STEP = 10.0  # between two of them
CORNER = 5.0  # how far from a corner a line leaves its way, to be drawn round


Turns = dict[tuple[int, float], list[Point]]  # of a row's wires, as they were led


class _Break(NamedTuple):
    """The end of a row."""

    layer: int  # the last of the row
    leaves: float  # where it ends, along the computation
    wires: tuple[float, ...]  # where lines cross over to the next layer, from the top


class _Row(NamedTuple):
    """How the layout's plane is moved for one row."""

    along: float
    across: float
    right: float
    bottom: float


def folded(plan: Layout, sizes: Sequence[tuple[float, float]], longest: float) -> Layout:
    """Continue a layout below where it gets longer than it should.

    Parameters:
        plan: the layout.
        sizes: of the nodes, as they were laid out.
        longest: how long a row may be.

    Returns:
        A layout in rows. It is the same as before where there is no place to fold: where many
        lines would lead from row to row. Lines that do go around: their points after the end of a
        row turn at right angles, with two points near each corner.
    """
    breaks = _breaks(plan, longest)
    if not breaks:
        return plan
    starts = [0, *[end.layer + 1 for end in breaks], len(plan.columns)]
    inset = STEP * (1 + max([len(end.wires) for end in breaks]))
    rows = _rows(plan, sizes, breaks, starts, inset)
    row_of = [row for row in range(len(rows)) for _ in range(starts[row], starts[row + 1])]
    places = [
        (x + rows[row_of[rank]].along, y + rows[row_of[rank]].across)
        for (x, y), rank in zip(plan.places, plan.ranks, strict=True)
    ]
    turns: Turns = {}
    lines = [_led(line, breaks, rows, turns) for line in plan.lines]
    width = max([row.right for row in rows]) + inset
    return plan._replace(places=places, lines=lines, width=width, height=rows[-1].bottom)


def _breaks(plan: Layout, longest: float) -> list[_Break]:
    """Choose where rows end: late, where few lines cross over."""
    wires = _wires(plan)
    found: list[_Break] = []
    begin = 0
    while plan.columns[-1][1] - plan.columns[begin][0] > longest:
        best: tuple[int, int] | None = None
        for layer in range(begin, len(plan.columns) - 1):
            length = plan.columns[layer][1] - plan.columns[begin][0]
            if length > longest:
                break
            if length > 0.6 * longest and (best is None or len(wires[layer]) <= best[0]):
                best = len(wires[layer]), layer
        if best is None or best[0] > MOST_WIRES:
            return []
        begin = best[1] + 1
        found.append(_Break(best[1], plan.columns[best[1]][1], tuple(sorted(wires[best[1]]))))
    return found


def _wires(plan: Layout) -> list[set[float]]:
    """Tell for each layer at which places lines leave it, whether they begin there or before."""
    ends = [end for _, end in plan.columns]
    # Where a line is not straight, it goes from the end of a layer to the next one. Many lines may
    # begin as one: of these the longest is enough.
    reach: dict[Point, float] = {}
    for line in plan.lines:
        for a, b in pairwise(line):
            reach[a] = max(reach.get(a, b[0]), b[0])
    wires: list[set[float]] = [set() for _ in plan.columns]
    for (x, y), furthest in reach.items():
        for layer in range(bisect_left(ends, x), bisect_left(ends, furthest)):
            wires[layer].add(y)
    return wires


def _rows(
    plan: Layout,
    sizes: Sequence[tuple[float, float]],
    breaks: list[_Break],
    starts: list[int],
    inset: float,
) -> list[_Row]:
    """Put the rows one below the other, with the lines between them."""
    row_of = [row for row in range(len(starts) - 1) for _ in range(starts[row], starts[row + 1])]
    tops, bottoms = [inf] * len(row_of), [-inf] * len(row_of)
    for (_, y), (_, high), rank in zip(plan.places, sizes, plan.ranks, strict=True):
        row = row_of[rank]
        tops[row], bottoms[row] = min(tops[row], y - high / 2), max(bottoms[row], y + high / 2)
    leaves = [end.leaves for end in breaks]
    for line in plan.lines:
        for x, y in line:
            row = bisect_left(leaves, x)
            tops[row], bottoms[row] = min(tops[row], y), max(bottoms[row], y)
    for row, end in enumerate(breaks):
        for y in end.wires:  # they run on in this row, and begin the next
            for near in (row, row + 1):
                tops[near], bottoms[near] = min(tops[near], y), max(bottoms[near], y)
    rows: list[_Row] = []
    top = 0.0
    for row in range(len(starts) - 1):
        begin = plan.columns[0][0] if row == 0 else breaks[row - 1].leaves
        stop = plan.columns[starts[row + 1] - 1][1]
        bottom = top + bottoms[row] - tops[row]
        rows.append(_Row(inset - begin, top - tops[row], inset + stop - begin, bottom))
        count = len(breaks[row].wires) if row < len(breaks) else 0
        top = bottom + STEP * (count + 2.5)
    return rows


def _led(line: list[Point], breaks: list[_Break], rows: list[_Row], turns: Turns) -> list[Point]:
    """Lead a line through the rows."""
    if not line:
        return []
    row = bisect_left(breaks, line[0][0], key=lambda end: end.leaves)
    led = [_moved(line[0], rows[row])]
    for a, b in pairwise(line):
        while row < len(breaks) and b[0] > breaks[row].leaves:
            if (row, a[1]) not in turns:
                turns[row, a[1]] = _turn(a[1], breaks[row], rows[row], rows[row + 1])
            led += turns[row, a[1]]
            row += 1
        led.append(_moved(b, rows[row]))
    return led


def _turn(across: float, end: _Break, row: _Row, following: _Row) -> list[Point]:
    """Lead a wire from the end of a row to the beginning of the next."""
    number, count = end.wires.index(across), len(end.wires)
    out = row.right + STEP * (count - number)
    lane = row.bottom + STEP * (count - number) + STEP / 2
    start = _moved((end.leaves, across), following)
    back, y = start[0] - STEP * (number + 1), across + row.across
    corners = [(out, y), (out, lane), (back, lane), (back, start[1])]
    return [*_rounded([(row.right, y), *corners, start]), start]


def _rounded(way: list[Point]) -> list[Point]:
    """Return two points near each corner instead of the corner."""
    points: list[Point] = []
    for before, corner, after in zip(way, way[1:], way[2:], strict=False):
        points += [_towards(corner, before), _towards(corner, after)]
    return points


def _towards(point: Point, other: Point) -> Point:
    dx, dy = other[0] - point[0], other[1] - point[1]
    length = max(abs(dx), abs(dy))
    share = min(CORNER, length / 2) / length if length else 0.0
    return point[0] + dx * share, point[1] + dy * share


def _moved(point: Point, row: _Row) -> Point:
    return point[0] + row.along, point[1] + row.across
