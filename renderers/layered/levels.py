"""Where nodes stand when each is drawn one column after the last of its operands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pluggrad import Graph

from .plan import lay_out_layers

CLOSELY = 4000  # the sum of all edges' lengths, up to which the layout takes care
AISLE = 0.1  # the part of a row that stays free between its neighbours
LIGHT = 0.02  # the weight of what follows others
REMEMBERED = 300  # items of a group, up to which its places are kept for the next one like it
SWEEPS = 4  # over all columns, to and fro, to order them; and as many to straighten edges

Before = tuple[tuple[int, ...], ...]  # for each item the earlier items it is drawn after
Joined = Sequence[Sequence[int]]  # for each item others


def columns_and_rows(graph: Graph, shown: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Place nodes of a graph in a plane, x along the computation, y upwards, one unit apart.

    Parameters:
        graph: any graph, however deep.
        shown: the ids to place; edges from others are not looked at.
    """
    kept = set(shown)
    order = [node.id for node in graph.nodes if node.id in kept]
    index = {id: i for i, id in enumerate(order)}
    columns, rows = place([[index[x] for x in graph.operands[id] if x in index] for id in order])
    return {id: (float(columns[i]), -rows[i]) for i, id in enumerate(order)}


def place(
    operands: Sequence[Sequence[int]], *, lines: bool = True
) -> tuple[Sequence[int], Sequence[float]]:
    """Place the items of a graph in columns, and along each column.

    Parameters:
        operands: for each item the items it is drawn after. Edges from later items, which close
            a cycle, do not count.
        lines: whether a picture far longer than high continues below, like a text.

    Returns:
        The column of each item, from 0, after those of its operands; and its row, around 0, at
        least 1 from its neighbours. A column far longer than the picture is high becomes several.

    Up to some thousand edges the layered layout does it, which looks closely at crossings; beyond,
    columns are ordered by the mean place of neighbours alone, in one quick pass.

    >>> columns, rows = place([[], [], [0, 1], [2]])
    >>> columns, [round(row, 6) for row in rows]
    ([0, 0, 1, 2], [-0.5, 0.5, 0.0, 0.0])
    """
    before = tuple([tuple([x for x in xs if x < item]) for item, xs in enumerate(operands)])
    found = _placed if len(before) <= REMEMBERED else _placed.__wrapped__
    return found(before, lines)


@lru_cache(maxsize=256)
def _placed(before: Before, lines: bool) -> tuple[Sequence[int], Sequence[float]]:
    """Place the items; groups of the same structure, such as all neurons, are placed once."""
    column = _longest_ways(before)
    most = max(16, math.ceil(1.5 * math.sqrt(len(before))))
    reach = sum([column[item] - column[x] for item, xs in enumerate(before) for x in xs])
    found = _layered(before, most) if 0 < reach <= CLOSELY else None
    column, row = found or _quickly(before, column, most)
    if lines:
        _lines(column, row)
    middle = (max(row, default=0.0) + min(row, default=0.0)) / 2
    return column, [y - middle for y in row]


def _longest_ways(before: Before) -> list[int]:
    """Number each item's column by the longest way to it; leaves stand next to their users."""
    column: list[int] = []
    nearest: dict[int, int] = {}
    for xs in before:
        own = max([column[x] for x in xs], default=-1) + 1
        for x in xs:
            nearest[x] = min(nearest.get(x, own), own)
        column.append(own)
    for item, xs in enumerate(before):
        if not xs and item in nearest:
            column[item] = nearest[item] - 1
    return column


def _layered(before: Before, most: int) -> tuple[list[int], list[float]] | None:
    """Lay out with care; None where a column would be too long to be one."""
    edges = [(x, item) for item, xs in enumerate(before) for x in xs]
    # Operands arrive in their order, first one uppermost.
    entries = [(i + 0.5) / len(xs) - 0.5 for xs in before for i in range(len(xs))]
    height = 1.0 - AISLE
    plan = lay_out_layers(
        [(1.0, height)] * len(before), edges, [height * y for y in entries], between=AISLE
    )
    if max(Counter(plan.ranks).values(), default=0) > most:
        return None
    return plan.ranks, [y for _, y in plan.places]


def _quickly(before: Before, column: list[int], most: int) -> tuple[list[int], list[float]]:
    """Order columns by the mean place of operands and users, then pull edges straight."""
    after: list[list[int]] = [[] for _ in before]
    for item, xs in enumerate(before):
        for x in xs:
            after[x].append(item)
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for item, number in enumerate(column):
        columns[number].append(item)
    row = [0.0] * len(before)
    _order(columns, before, after, row)
    columns = _wrapped(columns, most)
    for number, items in enumerate(columns):
        _spread(items, row)
        for item in items:
            column[item] = number
    _straighten(columns, before, after, column, row)
    return column, row


def _order(columns: list[list[int]], before: Joined, after: Joined, row: list[float]) -> None:
    """Sort each column by the mean place of what its items are joined to, to and fro."""
    for items in columns:
        _spread(items, row)
    for sweep in range(SWEEPS):
        # Sorting is stable: what has no neighbours on one side keeps its place.
        neighbours = after if sweep % 2 else before
        for items in reversed(columns) if sweep % 2 else columns:
            wanted = {item: _mean(row, neighbours[item], row[item]) for item in items}
            items.sort(key=wanted.__getitem__)
            _spread(items, row)


def _straighten(
    columns: list[list[int]], before: Joined, after: Joined, column: list[int], row: list[float]
) -> None:
    """Pull items, which keep their order, towards what they are joined to."""
    # A leaf of one user follows it, it does not lead; and what is near leads more.
    weight = [LIGHT if not xs and len(after[i]) < 2 else 1.0 for i, xs in enumerate(before)]
    for sweep in range(SWEEPS):
        neighbours = after if sweep % 2 else before
        for items in reversed(columns) if sweep % 2 else columns:
            wanted_rows = []
            for item in items:
                here, total, sum_ = column[item], 0.0, 0.0
                for x in neighbours[item]:
                    pull = weight[x] / abs(column[x] - here)
                    total += pull
                    sum_ += pull * row[x]
                wanted_rows.append(sum_ / total if total else row[item])
            places = _apart(wanted_rows, [weight[item] for item in items])
            for item, y in zip(items, places, strict=True):
                row[item] = y


def _spread(items: list[int], row: list[float]) -> None:
    for i, item in enumerate(items):
        row[item] = i - (len(items) - 1) / 2


def _wrapped(columns: list[list[int]], most: int) -> list[list[int]]:
    """Deal columns of more than `most` items out to several, so that items keep their heights."""
    wrapped: list[list[int]] = []
    for items in columns:
        needed = math.ceil(len(items) / most)
        wrapped += [items[first::needed] for first in range(needed)]
    return wrapped


def _lines(column: list[int], row: list[float]) -> None:
    """Break what is far longer than high into lines, as a text is."""
    columns = max(column, default=-1) + 1
    height = math.ceil(max(row, default=0.0) - min(row, default=0.0)) + 2
    length = max(24, math.ceil(math.sqrt(0.6 * columns * height)))
    if columns <= 2 * length or columns <= 6 * height:
        return
    for item, number in enumerate(column):
        column[item] = number % length
        row[item] += number // length * height


def _mean(row: list[float], neighbours: Sequence[int], otherwise: float) -> float:
    if not neighbours:
        return otherwise
    return sum([row[x] for x in neighbours]) / len(neighbours)


def _apart(wanted: list[float], weights: list[float]) -> list[float]:
    """Return places in the same order, at least 1 apart, nearest to those wanted in least squares.

    Pools neighbours that are too close into blocks (isotonic regression), in linear time.
    """
    if len(wanted) == 1:
        return wanted
    blocks: list[tuple[float, float, int]] = []  # mean of (wanted - order), weight, how many
    for i, y in enumerate(wanted):
        mean, weight, count = y - i, weights[i], 1
        while blocks and blocks[-1][0] >= mean:
            other, heft, others = blocks.pop()
            mean = (mean * weight + other * heft) / (weight + heft)
            weight += heft
            count += others
        blocks.append((mean, weight, count))
    places: list[float] = []
    for mean, _, count in blocks:
        start = len(places)
        places += [mean + start + i for i in range(count)]
    return places
