"""compare: what is different between two graphs, as one graph that every renderer draws."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from pluggrad.graph import Edge, Graph, Node
from pluggrad.recording import computed_once
from pluggrad.value import Value

from .record import Record
from .record_notes import Note, is_close, short


class ComparisonRecord(Record):
    """What is different, in the place of what is out of date."""

    @property
    def summary(self) -> str:
        """Say in one line how much was added, removed and changed."""
        counts = [
            (sum(any(n.kind == kind for n in notes) for notes in self.notes.values()), word)
            for kind, word in (("added", "added"), ("removed", "removed"), ("changed", "changed"))
        ]
        return (
            ", ".join([f"{count:,} {word}" for count, word in counts if count]) or "no difference"
        )


class Comparison(Graph):
    """Two graphs as one: the later one, with what was removed beside it.

    Attributes:
        pairs: for each node of the later graph that was there before, the id it had then.
        removed: the ids of nodes that are no longer there, r0, r1, ...
    """

    def __init__(self, before: Graph, after: Graph) -> None:
        self.then, self.now = before, after
        self.pairs = _pairs(before, after)
        kept = set(self.pairs.values())
        gone = [node for node in before.nodes if node.id not in kept]
        names = {node.id: f"r{i}" for i, node in enumerate(gone)}
        self.removed = tuple(names.values())
        places = {**{old: new for new, old in self.pairs.items()}, **names}
        nodes = {node.id: node for node in after.nodes}
        nodes |= {names[node.id]: node._replace(id=names[node.id]) for node in gone}
        edges = [*after.edges, *[
            Edge(places[e.source], places[e.target], e.operand)
            for e in before.edges if e.target in names
        ]]  # fmt: skip
        order = _order(nodes, edges)
        if len(order) < len(nodes):  # what was removed does not fit between what is there
            edges = [e for e in edges if e.target in after.ops]
            order = _order(nodes, edges)
        position = {id: i for i, id in enumerate(order)}
        self.nodes = tuple([nodes[id] for id in order])
        self.edges = tuple(sorted(edges, key=lambda e: (position[e.target], e.operand)))
        used = {edge.source for edge in edges}
        self.outputs = (*after.outputs, *[id for id in self.removed if id not in used])
        self.ops = {**after.ops, **{names[id]: op for id, op in before.ops.items() if id in names}}
        self._roots = after._roots

    @computed_once
    def record(self) -> Record:
        """What is different, node by node, beside what is to be known about the later graph."""
        known, earlier = self.now.record, {node.id: node for node in self.then.nodes}
        notes = {}
        for node in self.nodes:
            found = list(_notes(node, earlier.get(self.pairs.get(node.id, "")), self.removed))
            if found or node.id in known.notes:
                notes[node.id] = (*found, *known.notes.get(node.id, ()))
        return ComparisonRecord(
            known.fresh,
            known.broken,
            known.before,
            known.after,
            notes,
            [math.nan] * len(self.edges),
            known.lines,
            known.decisions,
        )


def compare(
    before: Value | Graph | Iterable[Value], after: Value | Graph | Iterable[Value]
) -> Comparison:
    """Find what is different between two graphs: added, removed, changed in value or gradient.

    Nodes are matched by scope, label and what they are computed from. What comes out is a Graph:
    `save(compare(before, after), "diff.html")`, `render(..., "text")` and all other renderers draw
    it.

    Parameters:
        before: a Value, several, or a Graph. A Graph stays as it was when it was made, so that one
            model can be compared with itself before a step of training.
        after: what to compare it with.

    >>> from pluggrad import Graph, Value, compare
    >>> x = Value(2.0, label="x")
    >>> difference = compare(x * 3.0, x * 4.0 + 1.0)
    >>> difference.record.summary
    '2 added, 2 changed'
    """
    return Comparison(_graph(before), _graph(after))


def _graph(values: Value | Graph | Iterable[Value]) -> Graph:
    return values if isinstance(values, Graph) else Graph(values)


def _notes(node: Node, earlier: Node | None, removed: Sequence[str]) -> Iterator[Note]:
    if node.id in removed:
        yield Note("removed", "removed: it is not there any more", "removed")
    elif earlier is None:
        yield Note("added", "added: it was not there before", "added")
    else:
        if earlier.op != node.op:
            then = earlier.op or earlier.kind
            yield Note(
                "changed", f"was made by {then}, is by {node.op or node.kind}", f"was {then}"
            )
        if not is_close(earlier.data, node.data):
            then, now = short(earlier.data, node.data), short(node.data, earlier.data)
            yield Note("changed", f"data was {then}, is {now}", f"was {then}")
        if _differs(earlier.grad, node.grad):
            then, now = short(earlier.grad, node.grad), short(node.grad, earlier.grad)
            yield Note("changed", f"grad was {then}, is {now}", f"grad was {then}")


def _differs(a: float | None, b: float | None) -> bool:
    return a is not b and (a is None or b is None or not is_close(a, b))


# ----- Matching -----


def _pairs(before: Graph, after: Graph) -> dict[str, str]:
    """Match nodes: by all that they are made of, then by label, then by operation and order."""
    found: dict[str, str] = {}
    for keys in (_structures, _labels, _kinds):
        there: dict[Hashable, list[str]] = defaultdict(list)
        taken = set(found.values())
        for id, key in keys(before):
            if id not in taken:
                there[key].append(id)
        waiting = {key: iter(ids) for key, ids in there.items()}
        for id, key in keys(after):
            if id not in found and (match := next(waiting.get(key, iter(())), None)) is not None:
                found[id] = match
    return found


def _structures(graph: Graph) -> Iterator[tuple[str, Hashable]]:
    """Give each node a number that is the same for the same structure; no text grows with depth."""
    numbers: dict[str, int] = {}
    for node in graph.nodes:
        inner = tuple([numbers[x] for x in graph.operands[node.id] if x in numbers])
        # A constant without a name is its number.
        own = node.data if node.kind == "constant" and not node.label else None
        numbers[node.id] = hash((node.scope, node.label, node.op, node.kind, own, inner))
        yield node.id, numbers[node.id]


def _labels(graph: Graph) -> Iterator[tuple[str, Hashable]]:
    return ((n.id, (n.scope, n.label)) for n in graph.nodes if n.label)


def _kinds(graph: Graph) -> Iterator[tuple[str, Hashable]]:
    return ((n.id, (n.scope, n.op, n.kind)) for n in graph.nodes if not n.label)


def _order(nodes: Iterable[str], edges: Sequence[Edge]) -> list[str]:
    """Order nodes so that operands come first; those on a cycle are left out."""
    users: dict[str, list[str]] = defaultdict(list)
    waits = dict.fromkeys(nodes, 0)
    for edge in edges:
        users[edge.source].append(edge.target)
        waits[edge.target] += 1
    order = [id for id, count in waits.items() if not count]
    for id in order:  # which grows on the way
        for user in users[id]:
            waits[user] -= 1
            if not waits[user]:
                order.append(user)
    return order
