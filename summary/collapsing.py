"""Summaries of a graph: groups of nodes become one node each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pluggrad.errors import GraphError
from pluggrad.graph import Edge, Graph, Node
from pluggrad.recording import computed_once
from pluggrad.value import Value

from .groups import Groups, Key, by_depth, by_repeats, by_scope, vertices
from .structure import Structure


def collapse(graph: Graph, by: str, depth: int | None, expand: tuple[str, ...]) -> Graph:
    """Do the work of `Graph.collapse`."""
    if depth is not None and depth < 1:
        raise GraphError(f"depth is 1 or more, not {depth}")
    structure = Structure(graph)
    ways: dict[str, Callable[[Structure, set[Key]], Groups]] = {
        "repeats": by_repeats,
        "scope": partial(_by_scope, depth=depth or 1),
        "depth": partial(_by_depth, depth=depth or 10),
    }
    if by not in ways:
        raise GraphError(f"collapse(by={by!r}) is unknown; available: {', '.join(ways)}")
    opened: set[Key] = set()
    wanted = list(expand)
    while True:
        made = Collapsed(graph, structure, ways[by](structure, opened))
        there = [name for name in wanted if name in made.openable]
        if not there:
            break
        for name in there:
            opened.update(made.openable[name])
            wanted.remove(name)
    if wanted:
        known = ", ".join(sorted(made.openable)) or "none"
        raise GraphError(f"there is no group {wanted[0]!r} to expand; groups: {known:.500}")
    return made


def _by_scope(structure: Structure, opened: set[Key], depth: int) -> Groups:
    return by_scope(structure, depth, opened)


def _by_depth(structure: Structure, opened: set[Key], depth: int) -> Groups:
    return by_depth(structure, depth, opened)


class Collapsed(Graph):
    """A graph in which groups stand for many nodes each.

    Parameters:
        whole: the graph that it summarises.
        structure: that graph in numbers.
        groups: which of its nodes belong together; a group of one node is left alone.

    Attributes:
        openable: for each title and id of a group the keys of what it is called by.
    """

    whole: Graph

    def __init__(self, whole: Graph, structure: Structure, groups: Groups) -> None:
        self.whole = whole
        self.ops = whole.ops
        self._roots = whole._roots
        self._members: dict[str, list[int]] = {}
        self.openable: dict[str, set[Key]] = {}
        self._place: dict[str, str] = {}
        self._under: dict[Edge, list[Edge]] = {}
        self.nodes = tuple(self._summarised(structure, groups))
        self._join(whole.edges)
        position = {node.id: i for i, node in enumerate(self.nodes)}
        self.edges = tuple(sorted(self._under, key=lambda e: (position[e.target], e.operand)))
        self.outputs = tuple(self._place[id] for id in whole.outputs)

    def _summarised(self, structure: Structure, groups: Groups) -> Iterator[Node]:
        """Make the nodes, operands first; note what each of them stands for."""
        vertex = vertices(groups.keys)
        order, _ = structure.merged(vertex)
        members: dict[int, list[int]] = {}
        for i, v in enumerate(vertex):
            members.setdefault(v, []).append(i)
        for v in order:
            node = structure.nodes[v]
            if len(members[v]) > 1:
                key = groups.keys[v]
                id, title = f"g{len(self._members)}", groups.titles[key]
                node = _group(id, title, structure, members[v], vertex)
                self._members[id] = members[v]
                for name in (id, title, node.label):
                    self.openable.setdefault(name, set()).add(_opened_by(key))
            self._place |= {structure.nodes[i].id: node.id for i in members[v]}
            yield node

    def _join(self, edges: Iterable[Edge]) -> None:
        """Note the edges between nodes; those into a group are one for each node they come from."""
        incoming: dict[str, dict[str, list[Edge]]] = {node.id: {} for node in self.nodes}
        for edge in edges:
            source, target = self._place[edge.source], self._place[edge.target]
            if source == target:
                continue
            if target in self._members:
                incoming[target].setdefault(source, []).append(edge)
            else:
                self._under[Edge(source, target, edge.operand)] = [edge]
        for target, sources in incoming.items():
            for index, (source, under) in enumerate(sources.items()):
                self._under[Edge(source, target, index)] = under

    def id_of(self, value: Value | str) -> str:
        """Find the id of a Value, or of the group that it is in."""
        if isinstance(value, str) and value in self._members:
            return value
        return self._place[self.whole.id_of(value)]

    def place_of(self, id: str) -> str | None:
        """Find the node that stands for a node of the whole graph."""
        return self._place.get(id)

    def local(self, edge: Edge) -> float:
        """Compute d(target)/d(source); through a group, along all paths in it.

        nan where several nodes of a group are used by others: no one number is its derivative.
        """
        under = self._under[edge]
        if len({e.source for e in under}) > 1:
            return math.nan
        if edge.target not in self._members:
            return self.whole.local(under[0])
        adjoint = self._adjoints[edge.target]
        if adjoint is None:
            return math.nan
        return sum(adjoint.get(e.target, 0.0) * self.whole.local(e) for e in under)

    def contribution(self, edge: Edge) -> float | None:
        """Compute what the edges that this one stands for add to gradients, all together."""
        parts = [self.whole.contribution(e) for e in self._under[edge]]
        return None if None in parts else sum(x for x in parts if x is not None)

    @computed_once
    def _adjoints(self) -> dict[str, dict[str, float] | None]:
        """For each group, d(the node that others use)/d(each of its nodes); None if several."""
        users: dict[str, list[Edge]] = {}
        for edge in self.whole.edges:
            users.setdefault(edge.source, []).append(edge)
        found: dict[str, dict[str, float] | None] = {}
        for id, members in self._members.items():
            inside = [self.whole.nodes[i].id for i in members]
            within = set(inside)
            exits = [
                x
                for x in inside
                if x in self.whole.outputs or any(e.target not in within for e in users.get(x, ()))
            ]
            if len(exits) != 1:
                found[id] = None
                continue
            adjoint = {exits[0]: 1.0}
            for x in reversed(inside):
                if x != exits[0]:
                    adjoint[x] = sum(
                        adjoint.get(e.target, 0.0) * self.whole.local(e)
                        for e in users.get(x, ())
                        if e.target in within
                    )
            found[id] = adjoint
        return found


def _opened_by(key: Key) -> Key:
    """Return the key that opens a group: a piece of a scope is opened with all of it."""
    match key:
        case ((str(), *_) as scope, int()):
            return scope
    return key


def _group(
    id: str, title: str, structure: Structure, members: list[int], vertex: list[int]
) -> Node:
    nodes = [structure.nodes[i] for i in members]
    exits = [
        i
        for i in members
        if i in structure.outputs or any(vertex[x] != vertex[i] for x in structure.users[i])
    ]
    only = structure.nodes[exits[0]] if len(exits) == 1 else None
    named = [structure.nodes[i].label for i in members if i in structure.outputs]
    if any(named):
        title = f"{title} → {', '.join(filter(None, named))}"
    return Node(
        id=id,
        kind="group",
        label=title,
        op=None,
        symbol=None,
        data=only.data if only else math.nan,
        grad=only.grad if only else None,
        requires_grad=any(node.requires_grad for node in nodes),
        scope=(),
        size=sum(node.size for node in nodes),
    )
