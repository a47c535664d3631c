"""The plan: lay out a graph of boxes in layers, one step after the other."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from .alignment import coordinates_of
from .crossings import crossings_of
from .ordering import order_layers
from .ranking import ranks_of
from .routing import Point, route
from .segments import Segments


class Layout(NamedTuple):
    """Where everything stands: x along the computation, y across it, downwards."""

    places: list[Point]  # the middle of each node
    lines: list[list[Point]]  # for each edge its points, from its source to its target
    ranks: list[int]  # the layer of each node
    width: float  # all nodes and lines lie between (0, 0) and (width, height)
    height: float
    columns: list[Point]  # where each layer begins and ends, along the computation
    crossings: int


def lay_out_layers(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    entries: Sequence[float] | None = None,
    *,
    gap: float = 60.0,
    between: float = 14.0,
) -> Layout:
    """Place boxes in layers, such that edges go forward, are short and straight, and cross little.

    Parameters:
        sizes: for each node its extent along and across the computation.
        edges: (source, target) of each, by index. One that does not go to a later node closes a
            cycle: it is drawn as if it came from the other side.
        entries: for each edge where it arrives, as a distance from the middle of the target's
            side; 0 for all, if not given. Edges leave in the middle of the source's side.
        gap: the space between two layers, in which edges cross over.
        between: the least space between two nodes in a layer; bends need half of it.

    Returns:
        The `Layout`. It depends on nothing but these arguments, in their order.

    >>> plan = lay_out_layers([(40, 20)] * 3, [(0, 2), (1, 2)])
    >>> plan.places
    [(20.0, 10.0), (20.0, 44.0), (120.0, 27.0)]
    >>> plan.lines[0]
    [(40.0, 10.0), (100.0, 27.0)]
    """
    offsets = [0.0] * len(edges) if entries is None else list(entries)
    with _collector_at_rest():
        return _laid_out(sizes, edges, offsets, gap, between)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking through the many lists of a layout, half its time.

    They refer to each other in no circle, so that nothing waits for it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _laid_out(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    offsets: list[float],
    gap: float,
    between: float,
) -> Layout:
    forward = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    numbers = [number for number, edge in enumerate(edges) if edge[0] != edge[1]]
    shares = [_share(offsets[n], sizes[edges[n][1]][1]) for n in numbers]
    arriving: list[list[tuple[float, int]]] = [[] for _ in sizes]
    for (source, target), share in zip(forward, shares, strict=True):
        arriving[target].append((share, source))
    operands = [[source for _, source in sorted(found)] for found in arriving]
    ranks, depths = ranks_of(operands)
    segments = Segments(ranks, forward, shares)
    position = order_layers(segments, operands)
    halves = [size[1] / 2 for size in sizes] + [0.0] * (len(segments.rank) - len(sizes))
    margins = [between / 2] * len(sizes) + [between / 4] * (len(halves) - len(sizes))
    room = [half + margin for half, margin in zip(halves, margins, strict=True)]
    across = coordinates_of(segments, position, depths, lambda a, b: room[a] + room[b])
    top = min([y - half for y, half in zip(across, halves, strict=True)], default=0.0)
    across = [y - top for y in across]
    along = _columns(segments, sizes, gap)
    places = [
        ((along[rank][0] + along[rank][1]) / 2, across[node]) for node, rank in enumerate(ranks)
    ]
    ends = [_ends(edges[n], offsets[n], places, sizes) for n in numbers]
    drawn, lanes = route(segments, forward, ends, along, across, lane=between / 2)
    lines: list[list[Point]] = [[] for _ in edges]
    for number, line in zip(numbers, drawn, strict=True):
        lines[number] = line if edges[number][0] < edges[number][1] else line[::-1]
    height = max([y + half for y, half in zip(across, halves, strict=True)], default=0.0)
    if lanes:
        height = max(height, max(across, default=0.0) + (lanes + 2) * between / 2)
    width = along[-1][1] if along else 0.0
    return Layout(places, lines, ranks, width, height, along, crossings_of(segments, position))


def _ends(
    edge: tuple[int, int],
    offset: float,
    places: Sequence[Point],
    sizes: Sequence[tuple[float, float]],
) -> tuple[Point, Point]:
    """Return where an edge leaves its earlier node, and where it arrives at the later one."""
    source, target = min(edge), max(edge)
    (x, y), (ahead, middle) = places[source], places[target]
    if edge[0] == source:
        middle += offset
    else:  # it goes back, and its end is drawn at the other side
        y += offset
    return (x + sizes[source][0] / 2, y), (ahead - sizes[target][0] / 2, middle)


def _share(offset: float, extent: float) -> float:
    """Tell where along a side an edge arrives, between 0 and 1."""
    return min(0.99, max(0.01, 0.5 + offset / extent)) if extent else 0.5


def _columns(
    segments: Segments, sizes: Sequence[tuple[float, float]], gap: float
) -> list[tuple[float, float]]:
    """Tell where each layer begins and ends."""
    columns: list[tuple[float, float]] = []
    begin = 0.0
    for layer in segments.layers:
        width = max([sizes[item][0] for item in layer if item < len(sizes)], default=0.0)
        columns.append((begin, begin + width))
        begin += width + gap
    return columns
