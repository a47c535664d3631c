"""Graph: the frozen snapshot of a recorded graph, which is all that renderers see."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, NamedTuple

from .op import Op
from .topology import topological_order
from .value import NOT_RUN, Value

Kind = Literal["leaf", "constant", "op"]


class Node(NamedTuple):
    """One node of a `Graph`; plain data."""

    id: str  # n0, n1, ... in topological order: the same for the same graph in every run
    kind: Kind
    label: str
    op: str | None  # the op's name; None for leaves and constants
    symbol: str | None  # what to draw for it: "*" for mul
    data: float
    grad: float | None  # None: no backward pass has reached this node
    requires_grad: bool
    scope: tuple[str, ...]


class Edge(NamedTuple):
    """One use of an operand: `source` is operand number `operand` of `target`."""

    source: str
    target: str
    operand: int


class Graph:
    """A recorded graph, frozen: nodes in topological order, operands before users.

    Parameters:
        outputs: a Value, or several.

    Attributes:
        nodes: every node, first operands first; `n0`, `n1`, ... in this order.
        edges: one for each use, so that `a * a` has two; ordered by target, then operand.
        outputs: the ids of the values given.

    >>> from pluggrad import Graph, Value
    >>> x = Value(3.0, label="x")
    >>> graph = Graph(x * x)
    >>> [(node.id, node.label or node.op) for node in graph.nodes]
    [('n0', 'x'), ('n1', 'mul')]
    >>> graph.edges
    (Edge(source='n0', target='n1', operand=0), Edge(source='n0', target='n1', operand=1))
    >>> graph.local(graph.edges[0])
    3.0
    """

    def __init__(self, outputs: Value | Iterable[Value]) -> None:
        roots = [outputs] if isinstance(outputs, Value) else list(outputs)
        for root in roots:
            if not isinstance(root, Value):
                raise TypeError(f"a Graph is made of Values, not {type(root).__name__}")
        order = topological_order(roots)
        ids = {value: f"n{i}" for i, value in enumerate(order)}
        self.nodes: tuple[Node, ...] = tuple([_node(value, ids[value]) for value in order])
        self.edges: tuple[Edge, ...] = tuple(
            [
                Edge(ids[source], target, index)
                for value, target in ids.items()
                for index, source in enumerate(value.prev)
            ]
        )
        self.outputs: tuple[str, ...] = tuple(ids[root] for root in roots)
        self._ops: dict[str, Op] = {v.op.name: v.op for v in order if v.op is not None}

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes and {len(self.edges)} edges>"

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def operands(self) -> dict[str, tuple[str, ...]]:
        """For each node id the ids of its operands, in order."""
        found: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return {target: tuple(sources) for target, sources in found.items()}

    @cached_property
    def users(self) -> dict[str, int]:
        """For each node id how often it is used as an operand."""
        found = dict.fromkeys(self._by_id, 0)
        for edge in self.edges:
            found[edge.source] += 1
        return found

    def node(self, id: str) -> Node:
        """Find a node by its id."""
        return self._by_id[id]

    def local(self, edge: Edge) -> float:
        """Compute d(target)/d(source) along one edge: the other operands held still."""
        target = self._by_id[edge.target]
        numbers = [self._by_id[source].data for source in self.operands[edge.target]]
        return self._ops[target.op or ""].partial(edge.operand, 1.0, target.data, *numbers)

    def contribution(self, edge: Edge) -> float | None:
        """Compute what an edge adds to its source's gradient: local derivative times the target's.

        None where no backward pass has reached the target.
        """
        upstream = self._by_id[edge.target].grad
        return None if upstream is None else self.local(edge) * upstream


def _node(value: Value, id: str) -> Node:
    op = value.op
    kind: Kind = "op" if op is not None else "leaf" if value.requires_grad else "constant"
    return Node(
        id,
        kind,
        str(value.label),
        op.name if op is not None else None,
        op.symbol if op is not None else None,
        float(value.data),
        None if value.grad is NOT_RUN else float(value.grad),
        value.requires_grad,
        getattr(value, "scope", ()),
    )
