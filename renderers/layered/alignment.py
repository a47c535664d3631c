"""Alignment: a coordinate for every item, such that long edges run straight.

Brandes and Köpf, "Fast and simple horizontal coordinate assignment" (2001), in linear time: items
are put in line with the median of their neighbours, in blocks that do not cross; four times, from
each side and with each preference; an item's coordinate is the mean of the two middle ones of the
four. The blocks are packed as "dagre" packs them: pressed to one side, then drawn back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from .segments import Segments

Apart = Callable[[int, int], float]


def coordinates_of(
    segments: Segments, position: list[int], depths: Sequence[int], apart: Apart
) -> list[float]:
    """Assign every item its coordinate along its layer.

    Parameters:
        segments: the graph, its layers in order.
        position: of each item in its layer.
        depths: of each node; a user stands in line with its deepest operand, where there is one.
        apart: tells how far two items that stand side by side in a layer have to be apart.
    """
    if not position:
        return []
    befores, afters = _partners(segments, position, depths)
    befores, afters = _without_conflicts(segments, position, befores, afters)
    found: list[list[float]] = []
    for neighbours, forward in ((befores, True), (afters, False)):
        for mirrored in (False, True):
            roots = _aligned(segments, position, neighbours, forward, mirrored)
            found.append(_packed(segments, roots, apart, mirrored))
    return _balanced(found)


def _partners(
    segments: Segments, position: list[int], depths: Sequence[int]
) -> tuple[list[list[int]], list[list[int]]]:
    """List for each item those in the layers beside it that it may stand in line with."""
    owner, nodes = segments.owner, segments.nodes
    befores: list[list[int]] = []
    afters: list[list[int]] = [[] for _ in position]
    for item, found in enumerate(segments.back):
        partners = found.copy() if len(found) < 2 else list(dict.fromkeys(found))
        if item >= nodes or len(partners) < 2:
            befores.append(partners)
            continue
        deepest = max([depths[owner[x]] for x in partners])
        deep = [x for x in partners if depths[owner[x]] == deepest]
        # A sum of many terms is a straight line of additions, from which its terms hang.
        befores.append(deep if len(deep) == 1 else partners)
    for item, partners in enumerate(befores):
        for other in partners:
            afters[other].append(item)
    for item, partners in enumerate(afters):
        bends = [x for x in partners if x >= nodes and owner[x] == owner[item]]
        if item >= nodes and bends:
            afters[item] = bends[:1]
        elif len(partners) > 1:
            partners.sort(key=position.__getitem__)
        befores[item].sort(key=position.__getitem__)
    return befores, afters


def _without_conflicts(
    segments: Segments,
    position: list[int],
    befores: list[list[int]],
    afters: list[list[int]],
) -> tuple[list[list[int]], list[list[int]]]:
    """Take out what would bend a long edge: segments that cross one between two bends."""
    nodes, owner = segments.nodes, segments.owner
    banned: set[tuple[int, int]] = set()
    for before, layer in pairwise(segments.layers):
        left = start = 0
        for i, item in enumerate(layer):
            source = segments.back[item][0] if item >= nodes else -1
            inner = source >= nodes and owner[source] == owner[item]
            if not inner and i < len(layer) - 1:
                continue
            right = position[source] if inner else len(before) - 1
            for other in layer[start : i + 1]:
                for x in befores[other]:
                    if not left <= position[x] <= right and not (x >= nodes and other >= nodes):
                        banned.add((x, other))
            left, start = right, i + 1
    if not banned:
        return befores, afters
    return (
        [[x for x in xs if (x, item) not in banned] for item, xs in enumerate(befores)],
        [[x for x in xs if (item, x) not in banned] for item, xs in enumerate(afters)],
    )


def _aligned(
    segments: Segments,
    position: list[int],
    neighbours: list[list[int]],
    forward: bool,
    mirrored: bool,
) -> list[int]:
    """Put items in line with medians of their neighbours; return the first item of each block."""
    count = len(position)
    root = list(range(count))
    taken = [False] * count  # has one in line with it already
    for layer in segments.layers if forward else reversed(segments.layers):
        limit = float("inf") if mirrored else -1.0
        for item in reversed(layer) if mirrored else layer:
            found = neighbours[item]
            if not found:
                continue
            low, high = (len(found) - 1) // 2, len(found) // 2
            for x in (found[high], found[low]) if mirrored else (found[low], found[high]):
                place = position[x]
                if not taken[x] and (place < limit if mirrored else place > limit):
                    taken[x] = True
                    root[item] = root[x]
                    limit = place
                    break
    return root


# For each block those to its right, and how far off they have to be.
Beside = list[list[tuple[int, float]]]


def _packed(segments: Segments, root: list[int], apart: Apart, mirrored: bool) -> list[float]:
    """Place blocks as near as they may stand, then draw each back towards what is beside it."""
    count = len(root)
    beside: Beside = [[] for _ in range(count)]
    waiting = [0] * count
    for layer in segments.layers:
        for a, b in pairwise(layer):
            beside[root[a]].append((root[b], apart(a, b)))
            waiting[root[b]] += 1
    order = [block for block in range(count) if root[block] == block and not waiting[block]]
    placed = _from_the_right if mirrored else _from_the_left
    place = placed(order, beside, waiting)
    return [place[block] for block in root]


def _from_the_left(order: list[int], beside: Beside, waiting: list[int]) -> list[float]:
    place = [0.0] * len(beside)
    for block in order:
        for other, gap in beside[block]:
            waiting[other] -= 1
            place[other] = max(place[other], place[block] + gap)
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if beside[block]:
            place[block] = min([place[x] - gap for x, gap in beside[block]])
    return place


def _from_the_right(order: list[int], beside: Beside, waiting: list[int]) -> list[float]:
    place = [0.0] * len(beside)
    for block in order:
        for other, _ in beside[block]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        place[block] = min([place[x] - gap for x, gap in beside[block]], default=0.0)
    lowest = [float("-inf")] * len(beside)
    for block in order:
        # What has nothing to its left may stay; the others come as near as they can.
        if lowest[block] > float("-inf"):
            place[block] = lowest[block]
        for other, gap in beside[block]:
            lowest[other] = max(lowest[other], place[block] + gap)
    return place


def _balanced(found: list[list[float]]) -> list[float]:
    """Bring all four to the place of the narrowest; take the mean of the two middle ones."""
    widths = [max(places) - min(places) for places in found]
    narrowest = found[widths.index(min(widths))]
    low, high = min(narrowest), max(narrowest)
    for number, places in enumerate(found):
        shift = high - max(places) if number % 2 else low - min(places)
        found[number] = [place + shift for place in places]
    return [(a + b) / 2 for _, a, b, _ in map(sorted, zip(*found, strict=True))]
