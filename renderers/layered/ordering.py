"""Ordering: sort each layer so that few segments cross."""

from __future__ import annotations

from collections.abc import Sequence

from .crossings import crossings_of
from .segments import Segments

# How long to try: small graphs are looked at most closely. Items up to which, and (starts, rounds
# of sweeps without gain before giving up, rounds at most, passes in which neighbours exchange).
EFFORT = ((600, 3, 6, 24, 4), (6_000, 2, 3, 8, 2), (40_000, 1, 2, 4, 1))
LEAST = (1, 1, 2, 0)


def order_layers(segments: Segments, operands: Sequence[Sequence[int]]) -> list[int]:
    """Sort the layers of a graph, and give each item its position in its layer.

    Parameters:
        segments: the graph; its `layers` are sorted in place.
        operands: for each node those it comes after, in the order of arrival.

    Layers are swept to and fro: each takes the order of the mean places of its neighbours in the
    layer before (Sugiyama 1981), then neighbours in a layer change places where that saves
    crossings (Gansner et al. 1993). The best of all orders seen is kept. The start is a walk from
    the results to their operands, in which trees have no crossings at all.
    """
    size = len(segments.rank)
    starts, patience, rounds, exchanges = next(
        (effort[1:] for effort in EFFORT if size <= effort[0]), LEAST
    )
    best: tuple[int, list[list[int]]] | None = None
    for start in range(starts):
        _sort(segments, _walk(operands, start))
        position = _positions(segments)
        found = _improved(segments, position, patience, rounds, exchanges)
        if best is None or found[0] < best[0]:
            best = found
        if not best[0]:
            break
    if best is not None:
        segments.layers[:] = best[1]
    position = _positions(segments)
    if exchanges:
        _in_order(segments, position, len(operands))
    return position


def _in_order(segments: Segments, position: list[int], nodes: int) -> None:
    """Let neighbours stand in the order in which they were made, where that costs no crossing."""
    ahead, back = segments.ahead, segments.back
    for layer in segments.layers:
        for end in range(len(layer) - 1, 0, -1):
            changed = False
            for i in range(end):
                a, b = layer[i], layer[i + 1]
                if b < a < nodes and not (ahead[a] and ahead[b] and _costs(ahead, position, a, b)):
                    before = [sorted([position[x] for x in back[item]]) for item in (a, b)]
                    if _gain(before[0], before[1]) >= 0:
                        layer[i], layer[i + 1] = b, a
                        position[a], position[b] = position[b], position[a]
                        changed = True
            if not changed:
                break


def _costs(
    ahead: Sequence[Sequence[tuple[int, float]]], position: Sequence[int], a: int, b: int
) -> bool:
    """Return whether a pair has more crossings ahead of it once its members changed places."""
    ends = [sorted([position[x] + place for x, place in ahead[item]]) for item in (a, b)]
    return _gain(ends[0], ends[1]) < 0


def _walk(operands: Sequence[Sequence[int]], start: int) -> list[int]:
    """Number the nodes as a walk from results to operands meets them; or as they are (start 2)."""
    if start == 2:
        return list(range(len(operands)))
    met: dict[int, None] = {}
    for root in range(len(operands) - 1, -1, -1):
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node not in met:
                met[node] = None
                waiting += operands[node] if start else reversed(operands[node])
    numbers = [0] * len(operands)
    for number, node in enumerate(met):
        numbers[node] = number if not start else -number
    return numbers


def _sort(segments: Segments, numbers: list[int]) -> None:
    owner = segments.owner
    for layer in segments.layers:
        layer.sort(key=lambda item: (numbers[owner[item]], item))


def _positions(segments: Segments) -> list[int]:
    position = [0] * len(segments.rank)
    for layer in segments.layers:
        for number, item in enumerate(layer):
            position[item] = number
    return position


def _improved(
    segments: Segments, position: list[int], patience: int, rounds: int, exchanges: int
) -> tuple[int, list[list[int]]]:
    """Sweep to and fro while it helps; return the best number of crossings, and its layers."""
    fewest = crossings_of(segments, position)
    kept = [layer.copy() for layer in segments.layers]
    vain = 0
    for number in range(2 * rounds):
        if not fewest or vain >= 2 * patience:
            break
        if number % 2:
            _sweep_back(segments, position)
        else:
            _sweep_ahead(segments, position, later_first=number % 4 == 2)
        if exchanges:
            _exchange(segments, position, exchanges)
        crossings = crossings_of(segments, position)
        if crossings < fewest:
            fewest, kept, vain = crossings, [layer.copy() for layer in segments.layers], 0
        else:
            vain += 1
    return fewest, kept


def _sweep_ahead(segments: Segments, position: list[int], later_first: bool) -> None:
    back = segments.back
    for layer in segments.layers[1:]:
        if later_first:  # of equals, so that sweeps do not run in circles
            layer.reverse()
        wanted = {}
        for item in layer:
            found = back[item]
            wanted[item] = (
                sum([position[x] for x in found]) / len(found) if found else position[item]
            )
        layer.sort(key=wanted.__getitem__)
        for number, item in enumerate(layer):
            position[item] = number


def _sweep_back(segments: Segments, position: list[int]) -> None:
    ahead = segments.ahead
    for layer in reversed(segments.layers[:-1]):
        wanted = {}
        for item in layer:
            found = ahead[item]
            wanted[item] = (
                sum([position[x] + place for x, place in found]) / len(found)
                if found
                else position[item] + 0.5
            )
        layer.sort(key=wanted.__getitem__)
        for number, item in enumerate(layer):
            position[item] = number


def _exchange(segments: Segments, position: list[int], passes: int) -> None:
    """Let neighbours in a layer change places while that saves crossings."""
    ahead, back = segments.ahead, segments.back
    for layer in segments.layers:
        if len(layer) < 2:
            continue
        befores = {item: sorted([position[x] for x in back[item]]) for item in layer}
        afters = {item: sorted([position[x] + p for x, p in ahead[item]]) for item in layer}
        for _ in range(passes):
            changed = False
            for i in range(len(layer) - 1):
                a, b = layer[i], layer[i + 1]
                if _uncrossed(befores[a], befores[b]) and _uncrossed(afters[a], afters[b]):
                    continue
                if _gain(befores[a], befores[b]) + _gain(afters[a], afters[b]) > 0:
                    layer[i], layer[i + 1] = b, a
                    changed = True
            if not changed:
                break
        for number, item in enumerate(layer):
            position[item] = number


def _uncrossed(first: Sequence[float], second: Sequence[float]) -> bool:
    return not first or not second or first[-1] <= second[0]


def _gain(first: Sequence[float], second: Sequence[float]) -> int:
    """Count how many crossings two rows of sorted ends lose when their owners change places."""
    if not first or not second:
        return 0
    if len(first) == len(second) == 1:
        return (first[0] > second[0]) - (first[0] < second[0])
    return _less(second, first) - _less(first, second)


def _less(first: Sequence[float], second: Sequence[float]) -> int:
    """Count the pairs of one of each in which the first is less; both are sorted."""
    count = reached = 0
    for end in second:
        while reached < len(first) and first[reached] < end:
            reached += 1
        count += reached
    return count
