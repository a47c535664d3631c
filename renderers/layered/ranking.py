"""Ranks: every node gets a layer, after all of its operands and not far from its users."""

from __future__ import annotations

from collections.abc import Sequence


def ranks_of(operands: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """Assign every node a layer, from 0, such that edges go forward and are short.

    Parameters:
        operands: for each node the nodes it comes after, all of them earlier in the sequence.

    Returns:
        The layers, and the depths: the length of the longest way from a node without operands.

    A node starts as early as it can, which is its depth. Then, last node first, it moves towards
    its first user where that shortens edges, or lengthens none in sum. What hangs from it alone
    follows, so that whole subtrees move; that is where the network simplex of Gansner et al.
    (1993) gains most, at the cost of one pass.

    >>> ranks_of([[], [], [0, 1], [2], [], [3, 4]])
    ([0, 0, 1, 2, 2, 3], [0, 0, 1, 2, 0, 3])
    """
    distinct = [xs if len(xs) < 2 else tuple(dict.fromkeys(xs)) for xs in operands]
    users: list[list[int]] = [[] for _ in distinct]
    depths: list[int] = []
    for node, xs in enumerate(distinct):
        depths.append(max([depths[x] for x in xs], default=-1) + 1)
        for x in xs:
            users[x].append(node)
    # How many edges get longer when a node moves away from its operands.
    held: list[int] = []
    for xs in distinct:
        held.append(sum([1 if len(users[x]) > 1 else min(1, held[x]) for x in xs]))
    ranks = depths.copy()
    for node in range(len(ranks) - 1, -1, -1):
        if users[node] and len(users[node]) >= held[node]:
            ranks[node] = min([ranks[user] for user in users[node]]) - 1
    least = min(ranks, default=0)
    return [rank - least for rank in ranks], depths
