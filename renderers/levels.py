"""Where nodes stand when each is drawn one column after the last of its operands."""

from __future__ import annotations

from collections.abc import Iterable

from pluggrad import Graph


def columns_and_rows(graph: Graph, shown: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Place nodes: x is the longest way from a leaf, y spreads a column around 0.

    Parameters:
        graph: any graph, however deep.
        shown: the ids to place; edges from others are not looked at.

    Leaves move next to their first user, so that no edge is longer than it has to be, and each
    column is ordered by the mean place of its operands, twice to and fro.
    """
    kept = set(shown)
    order = [node.id for node in graph.nodes if node.id in kept]
    operands = {id: [x for x in graph.operands[id] if x in kept] for id in order}
    users: dict[str, list[str]] = {id: [] for id in order}
    column: dict[str, int] = {}
    for id in order:
        for operand in operands[id]:
            users[operand].append(id)
        column[id] = max((column[operand] + 1 for operand in operands[id]), default=0)
    for id in order:
        if not operands[id] and users[id]:
            column[id] = min(column[user] for user in users[id]) - 1
    columns: dict[int, list[str]] = {}
    for id in order:
        columns.setdefault(column[id], []).append(id)
    place: dict[str, float] = {}
    for ids in columns.values():
        _spread(ids, place)
    for neighbours, direction in ((operands, 1), (users, -1)) * 2:
        for number in sorted(columns, reverse=direction < 0):
            ids = columns[number]
            wanted = {
                id: sum(place[x] for x in neighbours[id]) / len(neighbours[id])
                if neighbours[id]
                else place[id]
                for id in ids
            }
            ids.sort(key=wanted.__getitem__)
            _spread(ids, place)
    return {id: (float(column[id]), -place[id]) for id in order}


def _spread(ids: list[str], place: dict[str, float]) -> None:
    for row, id in enumerate(ids):
        place[id] = row - (len(ids) - 1) / 2
