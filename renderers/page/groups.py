"""Groups of nodes: a tree, in which each group is laid out by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from pluggrad import Graph, Node

from ..layered.levels import place
from .scopes import page_scopes

MANY = 16  # leaves in one group beyond which they get a group of their own, beside others


class Groups:
    """The tree of a graph's groups, and where everything stands inside its group.

    Parameters:
        graph: any graph.
        nodes: those of its nodes that are drawn.
        collapse: whether what repeats is grouped where there are no scopes.

    Attributes:
        names: of each group; the first is the whole graph.
        parents: the group that a group is in; -1 for the whole graph. Parents come first.
        of_node: the group of each node.
        columns, rows: the place of each node in its group, then of each group in its parent.
    """

    def __init__(self, graph: Graph, nodes: Sequence[Node], collapse: bool) -> None:
        self.names = [""]
        self.parents = [-1]
        self._depths = [0]
        self._found: dict[tuple[str, ...], int] = {(): 0}
        self.of_node = [self._group(scope) for scope in page_scopes(graph, nodes, collapse)]
        index = {node.id: i for i, node in enumerate(nodes)}
        operands = [[index[x] for x in graph.operands[n.id] if x in index] for n in nodes]
        self._move_leaves(operands)
        self._place(operands)

    def _group(self, scope: tuple[str, ...]) -> int:
        found = self._found.get(scope)
        if found is None:
            for depth in range(1, len(scope) + 1):
                part = scope[:depth]
                if part not in self._found:
                    parent = self._found[part[:-1]]
                    self._found[part] = len(self.names)
                    self.names.append(part[-1])
                    self.parents.append(parent)
                    self._depths.append(depth)
            found = self._found[scope]
        return found

    def _move_leaves(self, operands: list[list[int]]) -> None:
        """Put leaves into the group that has all their users, and many of them into their own."""
        home: dict[int, int] = {}
        for node, xs in enumerate(operands):
            for x in xs:
                if not operands[x]:
                    found = home.get(x)
                    group = self.of_node[node]
                    home[x] = group if found is None else self._common(found, group)
        for leaf, group in home.items():
            if self._common(group, self.of_node[leaf]) == self.of_node[leaf]:
                self.of_node[leaf] = group
        if len(self.names) == 1:
            return
        leaves: dict[int, list[int]] = {}
        for leaf in sorted(home):
            leaves.setdefault(self.of_node[leaf], []).append(leaf)
        with_more = {self.of_node[node] for node, xs in enumerate(operands) if xs} | {*self.parents}
        for group in sorted(with_more.intersection(leaves)):
            self._gather(leaves[group], group)

    def _gather(self, leaves: list[int], group: int) -> None:
        if len(leaves) <= MANY:
            return
        for leaf in leaves:
            self.of_node[leaf] = len(self.names)
        self.names.append("leaves")
        self.parents.append(group)
        self._depths.append(self._depths[group] + 1)

    def _common(self, a: int, b: int) -> int:
        """Find the innermost group that has both."""
        while a != b:
            if self._depths[a] >= self._depths[b]:
                a = self.parents[a]
            else:
                b = self.parents[b]
        return a

    def _place(self, operands: list[list[int]]) -> None:
        """Lay out each group: its members are nodes, and groups of which only the frame counts."""
        nodes = len(operands)
        parents = self.of_node + self.parents
        members: list[list[int]] = [[] for _ in self.names]
        position: dict[int, int] = {}  # of a member in its group, in order of computation
        drawn_after: dict[int, dict[int, None]] = {}
        for node, xs in enumerate(operands):
            self._enter(node, nodes, parents, members, position)
            for x in xs:
                source, target = self._siblings(x, node, nodes, parents)
                if source != target:
                    drawn_after.setdefault(target, {})[source] = None
        self.columns = [0] * len(parents)
        self.rows = [0.0] * len(parents)
        for items in members:
            sources = [[position[x] for x in drawn_after.get(item, ())] for item in items]
            order = _computable(sources)
            turn = {item: i for i, item in enumerate(order)}
            columns, rows = place([[turn[x] for x in sources[item]] for item in order], lines=False)
            leaves = {item for item in order if items[item] < nodes and not sources[item]}
            columns = _beside(order, columns, leaves, {i for i in order if items[i] >= nodes})
            for item, column, row in zip(order, columns, rows, strict=True):
                self.columns[items[item]], self.rows[items[item]] = column, row

    def _enter(
        self,
        item: int,
        nodes: int,
        parents: list[int],
        members: list[list[int]],
        position: dict[int, int],
    ) -> None:
        """Make an item a member of its group, and the group of its own, where it is the first."""
        while item not in position and item != nodes:
            group = parents[item]
            position[item] = len(members[group])
            members[group].append(item)
            item = nodes + group

    def _siblings(self, a: int, b: int, nodes: int, parents: list[int]) -> tuple[int, int]:
        """Climb from two nodes to the members of the group that has both."""
        while parents[a] != parents[b]:
            if self._depths[parents[a]] >= self._depths[parents[b]]:
                a = nodes + parents[a]
            else:
                b = nodes + parents[b]
        return a, b


def _beside(
    order: Sequence[int], columns: Sequence[int], leaves: set[int], groups: set[int]
) -> Sequence[int]:
    """Give leaves a column of their own beside groups, which are tall and would push them away."""
    crowded = {c for i, c in zip(order, columns, strict=True) if i in groups}
    crowded &= {c for i, c in zip(order, columns, strict=True) if i in leaves}
    if not crowded:
        return columns
    shift = list(accumulate(c in crowded for c in range(max(columns) + 1)))
    return [
        c + shift[c] - (c in crowded and i not in leaves)
        for i, c in zip(order, columns, strict=True)
    ]


def _computable(operands: Sequence[Sequence[int]]) -> list[int]:
    """Order items so that operands come first; groups may need each other, then the first goes.

    Groups are met in the order of their first nodes, which may be long before those they need.
    """
    waits = [len(xs) for xs in operands]
    users: list[list[int]] = [[] for _ in operands]
    for item, xs in enumerate(operands):
        for x in xs:
            users[x].append(item)
    order: list[int] = []
    ready = deque(item for item, count in enumerate(waits) if not count)
    placed = [False] * len(operands)
    first = 0
    while len(order) < len(operands):
        if not ready:
            while placed[first]:
                first += 1
            ready.append(first)
        item = ready.popleft()
        if placed[item]:
            continue
        placed[item] = True
        order.append(item)
        for user in users[item]:
            waits[user] -= 1
            if not waits[user] and not placed[user]:
                ready.append(user)
    return order
