"""The structure of a graph in numbers, and of what is left of it when nodes are put together."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from pluggrad.graph import Graph


class Structure:
    """A graph as lists: nodes are numbered in its order, operands before users.

    Parameters:
        graph: what to number.

    Attributes:
        nodes: the graph's nodes.
        operands: for each node the numbers of its operands, in order.
        users: for each node the numbers of those that use it, once for each use.
        outputs: the numbers of the outputs.
    """

    def __init__(self, graph: Graph) -> None:
        number = {node.id: i for i, node in enumerate(graph.nodes)}
        self.nodes = graph.nodes
        self.operands = [tuple([number[x] for x in graph.operands[n.id]]) for n in graph.nodes]
        self.users: list[list[int]] = [[] for _ in graph.nodes]
        for i, operands in enumerate(self.operands):
            for x in operands:
                self.users[x].append(i)
        self.outputs = {number[x] for x in graph.outputs}

    def __len__(self) -> int:
        return len(self.nodes)

    def levels(self) -> list[int]:
        """Return the length of the longest way from a leaf to each node."""
        level = [0] * len(self)
        for i, operands in enumerate(self.operands):
            for x in operands:
                level[i] = max(level[i], level[x] + 1)
        return level

    def merged(
        self, vertex: Sequence[int], *, backwards: bool = False
    ) -> tuple[list[int], set[int]]:
        """Order what is left when all nodes of one vertex are one.

        Parameters:
            vertex: for each node the vertex it belongs to: the smallest number among its nodes.
            backwards: users first.

        Returns:
            The vertices, operands first and else by number; and those that have no place in any
            order, because they lie on a cycle or behind one.
        """
        onwards = self.operands if backwards else self.users
        following: dict[int, set[int]] = {v: set() for v in vertex}
        for i, neighbours in enumerate(onwards):
            following[vertex[i]].update([vertex[x] for x in neighbours])
        waiting = dict.fromkeys(following, 0)
        for v, others in following.items():
            others.discard(v)
            for x in others:
                waiting[x] += 1
        ready = [v for v, count in waiting.items() if count == 0]
        heapify(ready)
        order = []
        while ready:
            v = heappop(ready)
            order.append(v)
            for x in following[v]:
                waiting[x] -= 1
                if waiting[x] == 0:
                    heappush(ready, x)
        return order, following.keys() - set(order)
