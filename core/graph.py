"""Graph: the frozen snapshot of a recorded graph, which is all that renderers see."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .errors import GraphError
from .index import checking, labels, notebook, summary, value_hints
from .op import Op
from .recording import computed_once
from .topology import alone, topological_order
from .value import NOT_RUN, Value, hand_out

if TYPE_CHECKING:
    from .insight.record import Record

Kind = Literal["leaf", "constant", "op", "group"]


class Node(NamedTuple):
    """One node of a `Graph`; plain data.

    A group, made by `Graph.collapse`, has kind "group" and stands for `size` nodes. Its label
    is a title such as `layer1` or `relu × 16`; its data and grad are those of the one node that
    others use, or nan and None when there are several.

    >>> from pluggrad import Graph, Value
    >>> node = Graph(Value(3.0, label="x") * 2.0).nodes[0]
    >>> node.id, node.kind, node.label, node.data, node.grad
    ('n0', 'leaf', 'x', 3.0, None)
    """

    id: str  # n0, n1, ... in topological order: the same for the same graph in every run; groups g0
    kind: Kind
    label: str
    op: str | None  # the op's name; None for leaves, constants and groups
    symbol: str | None  # what to draw for it: "*" for mul
    data: float
    grad: float | None  # None: no backward pass has reached this node
    requires_grad: bool
    scope: tuple[str, ...]
    size: int = 1


class Edge(NamedTuple):
    """One use of an operand.

    Attributes:
        source: the id of the operand.
        target: the id of the result.
        operand: which operand of the result it is, from 0.

    >>> from pluggrad import Graph, Value
    >>> Graph(Value(3.0) * 2.0).edges[1]
    Edge(source='n1', target='n2', operand=1)

    A group has one edge from each node or group that it uses, numbered in order.
    """

    source: str
    target: str
    operand: int


class Graph:
    """A recorded graph, frozen: nodes in topological order, operands before users.

    Parameters:
        outputs: a Value, or several.
        names: labels for Values without one, from a dict such as `locals()`: `x` for a Value,
            `w[0]` for one in a list.
        refresh: compute all numbers anew from the leaves, for this graph alone: the Values stay as
            they are. Gradients are those of one backward pass, where there are any.

    Raises:
        TypeError: for what is no Value.
        GraphError: when `refresh` would have to run a Python function again, such as a checkpoint.

    Attributes:
        nodes: all nodes, operands before users, with ids `n0`, `n1`, ... in this order.
        edges: one for each use of an operand, so `a * a` has two; ordered by target, then operand.
        outputs: the ids of the given Values.
        ops: for each result the `Op` that made it.
        whole: the graph that this one is a part or a summary of, or None.

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

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    outputs: tuple[str, ...]
    ops: Mapping[str, Op]
    whole: Graph | None = None

    def __init__(
        self,
        outputs: Value | Iterable[Value],
        *,
        names: Mapping[str, Any] | None = None,
        refresh: bool = False,
    ) -> None:
        if not isinstance(outputs, Value | Iterable):
            raise _no_value(outputs)
        roots: list[Any] = [outputs]
        if not isinstance(outputs, Value):
            roots = [*getattr(outputs, "flat", outputs)]  # an array has dimensions, or none
        for root in roots:
            if not isinstance(root, Value):
                raise _no_value(root)
        order = topological_order(roots)
        hand_out(order)
        ids = {value: f"n{i}" for i, value in enumerate(order)}
        given = labels.names_of(names) if names is not None else {}
        self.nodes = alone("a Graph", (order,), _nodes, order, ids, given, writes=False)
        self.edges = tuple(
            [
                Edge(ids[source], target, index)
                for value, target in ids.items()
                for index, source in enumerate(value.prev)
            ]
        )
        self.outputs = tuple(ids[root] for root in roots)
        self._roots = roots
        self.ops = {ids[v]: v.op for v in order if v.op is not None}
        if refresh:
            self.nodes = checking.refreshed(self)
            for cached in ("record", "_by_id"):
                vars(self).pop(cached, None)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes and {len(self.edges)} edges>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return notebook.mimebundle(self)

    @computed_once
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @computed_once
    def operands(self) -> dict[str, tuple[str, ...]]:
        """For each node id the ids of its operands, in order."""
        found: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return {target: tuple(sources) for target, sources in found.items()}

    @computed_once
    def users(self) -> dict[str, int]:
        """For each node id how often it is used as an operand."""
        found = dict.fromkeys(self._by_id, 0)
        for edge in self.edges:
            found[edge.source] += 1
        return found

    def node(self, id: str) -> Node:
        """Return the node with this id."""
        return self._by_id[id]

    def local(self, edge: Edge) -> float:
        """Compute d(target)/d(source) along one edge, with the other operands fixed.

        For a group it is the derivative of the one node that others use; nan if there are several.
        """
        target = self._by_id[edge.target]
        if self.ops[edge.target].is_composite and edge.target in self.record.broken:
            return math.nan  # its function would have to run with other operands
        numbers = [self._by_id[source].data for source in self.operands[edge.target]]
        return self.ops[edge.target].partial(edge.operand, 1.0, target.data, *numbers)

    def contribution(self, edge: Edge) -> float | None:
        """Compute what an edge adds to its source's gradient: local derivative times the target's.

        None where no backward pass has reached the target.
        """
        upstream = self._by_id[edge.target].grad
        return None if upstream is None else self.local(edge) * upstream

    @computed_once
    def record(self) -> Record:
        """What the numbers are worth: which no longer follow from each other, and why."""
        return checking.record_of(self)

    # ----- Parts and summaries -----

    def place_of(self, id: str) -> str | None:
        """Find the id under which this graph shows a node of the graph it was made of."""
        return id if id in self._by_id else None

    def id_of(self, value: Value | str) -> str:
        """Return the id of a Value, or of the node that has this id.

        Raises:
            GraphError: when it is not in this graph.
        """
        if isinstance(value, Value):
            for i, x in enumerate(topological_order(self._roots)):
                if x is value and f"n{i}" in self._by_id:
                    return f"n{i}"
            raise GraphError(f"{value!r} is not in {self!r}")
        if value not in self._by_id:
            raise GraphError(f"{self!r} has no node {value!r}; its ids are n0, n1, ...")
        return value

    def around(self, value: Value | str, radius: int = 2) -> Graph:
        """Return the part of the graph within `radius` edges of a node, in both directions.

        Parameters:
            value: a Value, or a node's id.
            radius: how many edges away the farthest nodes are.

        Returns:
            A Graph of the same ids, in which some operands are missing.

        Raises:
            GraphError: when the node is not in this graph, or the radius is negative.
        """
        return summary.around(self, value, radius)

    def between(self, a: Value | str, b: Value | str) -> Graph:
        """Return the part of the graph that lies on a path from `a` to `b`, both included.

        Raises:
            GraphError: when one of them is not in this graph, or `b` does not depend on `a`.
        """
        return summary.between(self, a, b)

    def collapse(
        self, by: str = "repeats", *, depth: int | None = None, expand: Iterable[str] = ()
    ) -> Graph:
        """Return a summary in which groups stand for many nodes.

        Parameters:
            by: "repeats" groups what has the same structure on the same level, and repeated steps
                (`relu × 16`); where there are scopes, it goes by them first (`neuron × 16`).
                "scope" makes one group for each scope. "depth" makes one for each band of levels.
            depth: for "scope", how many nested scopes to distinguish, by default one; for "depth",
                how many levels a band has, by default ten.
            expand: titles or ids (`g0`) of groups to leave open. An open scope shows the scopes
                inside it.

        Returns:
            A Graph. Nodes outside any group keep their ids.

        Raises:
            GraphError: for an unknown `by`, a wrong depth, or something to expand that is not a
                group, naming the groups.

        >>> from pluggrad import Graph, Value, scope
        >>> x = Value(1.0, label="x")
        >>> with scope("square"):
        ...     y = x * x + 0.5 * x
        >>> [(node.id, node.label) for node in Graph(y.tanh()).collapse("scope").nodes]
        [('n0', 'x'), ('g0', 'square'), ('n5', '')]
        """
        return summary.collapse(self, by, depth, tuple(expand))


def _no_value(x: object) -> TypeError:
    hint = value_hints.moving_hint(x, "draw what is computed outside of it")
    return TypeError(f"a Graph is made of Values, not {type(x).__name__}{hint}")


def _nodes(
    order: list[Value], ids: Mapping[Value, str], given: Mapping[Value, str]
) -> tuple[Node, ...]:
    scopes = [getattr(x, "scope", ()) for x in order]
    if any(scope.__class__ is not tuple for scope in scopes):  # a Region
        scopes = summary.scopes(order)
    paired = zip(order, scopes, strict=True)
    return tuple([_node(x, ids[x], given.get(x, ""), scope) for x, scope in paired])


def _node(value: Value, id: str, name: str, scope: tuple[str, ...]) -> Node:
    op = value.op
    kind: Kind = "op" if op is not None else "leaf" if value.requires_grad else "constant"
    return Node(
        id,
        kind,
        str(value.label) or name,
        op.name if op is not None else None,
        op.symbol if op is not None else None,
        float(value._number),
        None if value._grad is NOT_RUN else float(value._grad),
        value.requires_grad,
        scope,
    )
