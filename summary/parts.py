"""Parts of a graph: what is near a node, and what lies between two."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from pluggrad.errors import GraphError
from pluggrad.graph import Edge, Graph
from pluggrad.value import Value


def around(graph: Graph, value: Value | str, radius: int) -> Graph:
    """Do the work of `Graph.around`."""
    if radius < 0:
        raise GraphError(f"a radius is 0 or more, not {radius}")
    users = _users(graph)
    distance = {graph.id_of(value): 0}
    queue = deque(distance)
    while queue:
        id = queue.popleft()
        if distance[id] < radius:
            for near in (*graph.operands[id], *users[id]):
                if near not in distance:
                    distance[near] = distance[id] + 1
                    queue.append(near)
    return Part(graph, distance)


def between(graph: Graph, a: Value | str, b: Value | str) -> Graph:
    """Do the work of `Graph.between`."""
    start, end = graph.id_of(a), graph.id_of(b)
    below = _reached(start, _users(graph))
    if end not in below:
        raise GraphError(f"{end} does not depend on {start}: there is nothing between them")
    return Part(graph, below & _reached(end, graph.operands))


class Part(Graph):
    """Some nodes of a graph, with the edges between them; the rest is not shown."""

    whole: Graph

    def __init__(self, whole: Graph, ids: Iterable[str]) -> None:
        kept = set(ids)
        self.whole = whole
        self.ops = whole.ops
        self._roots = whole._roots
        self.nodes = tuple(node for node in whole.nodes if node.id in kept)
        self.edges = tuple(e for e in whole.edges if e.source in kept and e.target in kept)
        used = {edge.source for edge in self.edges}
        self.outputs = tuple(node.id for node in self.nodes if node.id not in used)

    def local(self, edge: Edge) -> float:
        """Compute it in the whole graph, where all operands are."""
        return self.whole.local(edge)


def _users(graph: Graph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        found[edge.source].append(edge.target)
    return found


def _reached(start: str, neighbours: Mapping[str, Sequence[str]]) -> set[str]:
    reached = {start}
    stack = [start]
    while stack:
        for near in neighbours[stack.pop()]:
            if near not in reached:
                reached.add(near)
                stack.append(near)
    return reached
