"""Routing: the points that each edge runs through, from its source's side to its target's."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush

from .segments import Segments

Point = tuple[float, float]


def route(
    segments: Segments,
    edges: Sequence[tuple[int, int]],
    ends: Sequence[tuple[Point, Point]],
    along: Sequence[tuple[float, float]],
    across: Sequence[float],
    lane: float,
) -> tuple[list[list[Point]], int]:
    """Assign each edge its points.

    Parameters:
        segments: the graph; its `paths` tell the bends of edges.
        edges: (source, target) of each.
        ends: where each edge leaves its source, and where it arrives.
        along: where each layer begins and ends, along the computation.
        across: the coordinate of each item, across the computation.
        lane: how far apart the lanes are in which run the edges too long for bends.

    Returns:
        For each edge its points, and how many lanes there are. Between two points an edge runs
        straight along a layer, or through the space between layers; there it may be curved. It
        leaves and arrives at right angles to the layers.
    """
    lowest = max(across, default=0.0)
    lanes, needed = _lanes(segments, edges)
    drawn: list[list[Point]] = []
    wires: dict[int, tuple[list[int], list[Point]]] = {}
    for number, (source, target) in enumerate(edges):
        start, end = ends[number]
        first, last = along[segments.rank[source]], along[segments.rank[target]]
        points = [start, (first[1], start[1])]
        path = segments.paths[number]
        if path is None:
            below = lowest + lane * (2 + lanes[source])
            points += [(first[1] + lane, below), (last[0] - lane, below)]
        elif path[1]:
            trunk, count = path
            if trunk[0] not in wires:
                wires[trunk[0]] = _straight_runs(trunk, segments, along, across)
            starts, runs = wires[trunk[0]]
            kept = bisect_left(starts, count)
            stop = along[segments.rank[trunk[count - 1]]][1]
            points += [*runs[: 2 * kept - 1], (stop, runs[2 * kept - 2][1])]
        drawn.append(_simple([*points, (last[0], end[1]), end]))
    return drawn, needed


def _straight_runs(
    trunk: list[int],
    segments: Segments,
    along: Sequence[tuple[float, float]],
    across: Sequence[float],
) -> tuple[list[int], list[Point]]:
    """Return the number of the bend with which each straight run begins, and both its ends."""
    starts: list[int] = []
    runs: list[Point] = []
    for number, bend in enumerate(trunk):
        begins, stops = along[segments.rank[bend]]
        if runs and runs[-1][1] == across[bend]:
            runs[-1] = stops, across[bend]
        else:
            starts.append(number)
            runs += [(begins, across[bend]), (stops, across[bend])]
    return starts, runs


def _lanes(segments: Segments, edges: Sequence[tuple[int, int]]) -> tuple[dict[int, int], int]:
    """Give each source of edges without bends a lane, free from its layer to its last target's."""
    reach: dict[int, int] = {}
    for (source, target), path in zip(edges, segments.paths, strict=True):
        if path is None:
            reach[source] = max(reach.get(source, 0), segments.rank[target])
    busy: list[tuple[int, int]] = []
    lanes: dict[int, int] = {}
    count = 0
    for source in sorted(reach, key=lambda source: (segments.rank[source], source)):
        if busy and busy[0][0] < segments.rank[source]:
            lanes[source] = heappop(busy)[1]
        else:
            lanes[source] = count
            count += 1
        heappush(busy, (reach[source], lanes[source]))
    return lanes, count


def _simple(points: list[Point]) -> list[Point]:
    """Leave out points where nothing changes: repeated, or in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and kept[-2][1] == kept[-1][1] == point[1]:
            kept[-1] = point
        else:
            kept.append(point)
    return kept
