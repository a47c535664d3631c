"""A graph checked against its record: numbers that no longer follow from each other, and why.

A graph is drawn after the fact. By then an optimizer may have changed leaves, gradients may have
been added up over several passes, a hook may have stepped in. So every result is computed again
from its operands, and every gradient from those of its users; what differs is noted with its
reason, and so is the place where nan or infinity began. One pass over the nodes, one over the
edges, when a picture first asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pluggrad import strong_zero
from pluggrad.errors import GraphError
from pluggrad.graph import Graph, Node
from pluggrad.topology import topological_order
from pluggrad.value import Value

from .decisions import Decision, decisions_of
from .lines import lines, lines_of
from .record_checks import Gradients, Values
from .record_notes import Note, is_close, merged_notes


@dataclass(frozen=True)
class Record:
    """What a graph's numbers are worth.

    Attributes:
        fresh: for each node whose value has changed since, what it would be now; nan where that
            is not known.
        broken: the ids of results that do not follow from the numbers of their operands.
        before: the gradients that did not come from users: what an output began with, and what a
            leaf held before the pass.
        after: leaves whose gradient was changed after the pass, and what the pass gave.
        notes: for each node what is to be known about it.
        lines: for nodes made inside `recording_lines()`, the line of the program.
        locals: the derivative along each edge of the graph, in order; nan where no gradient flows.
        decisions: for nodes that Python compared inside `recording_lines()`, what came out: another
            answer would have been another graph.
    """

    fresh: Mapping[str, float]
    broken: frozenset[str]
    before: Mapping[str, float]
    after: Mapping[str, float]
    notes: Mapping[str, tuple[Note, ...]]
    locals: Sequence[float]
    lines: Mapping[str, str]
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Return in one line what all pictures of this graph say; "" where all is well.

        >>> from pluggrad import Graph, Value
        >>> x = Value(2.0)
        >>> y = x * 3.0
        >>> x.data = 5.0
        >>> Graph(y).record.summary
        '1 value was computed from older data; Graph(..., refresh=True) computes anew'
        """
        every = [note for notes in self.notes.values() for note in notes]
        texts = [note.text for note in every if note.kind == "gradient"]
        older = sum(any(n.kind == "older" for n in notes) for notes in self.notes.values())
        parts = [f"{older:,} {_was(older, 'value')} computed from older data"] if older else []
        for sign, one, many in GRADIENTS:
            count = sum(sign in text for text in texts)
            if count:
                parts.append(f"1 gradient {one}" if count == 1 else f"{count:,} gradients {many}")
        mendable = older or any("hook:" not in text for text in texts if _is_of_gradient(text))
        return ", ".join(parts) + (ANEW if parts and mendable else "")


ANEW = "; Graph(..., refresh=True) computes anew"
# What notes on gradients have in them, and how many such are summed up.
GRADIENTS = (
    ("held ", "is not of this backward() alone", "are not of this backward() alone"),
    ("of another backward()", "is of another backward()", "are of another backward()"),
    ("changed after backward()", "was changed afterwards", "were changed afterwards"),
    ("reads other numbers", "had other numbers in a rule", "had other numbers in a rule"),
    ("changed by a hook: ", "was changed by a hook", "were changed by a hook"),
)


def _is_of_gradient(text: str) -> bool:
    return any(sign in text for sign, _, _ in GRADIENTS)


def older_values(graph: Graph) -> str:
    """Return how many values were computed from other data than there is now; "" where none was."""
    count = len(Values(graph).fresh)
    return f"{count:,} {_was(count, 'value')} computed from older data" if count else ""


def again(node: Value) -> float | None:
    """Compute a result again from its operands; None where that gives what it holds."""
    op = node.op
    if op is None or op.is_composite:
        return None
    try:
        number = op.evaluate(*[x.data for x in node.prev])
    except Exception:
        return None
    return None if is_close(number, node.data) else number


def record_of(graph: Graph) -> Record:
    """Check a graph; a part or a summary of one has what was found out about the whole."""
    whole = graph.whole
    return checked(graph) if whole is None else _restricted(whole.record, graph)


def checked(graph: Graph) -> Record:
    """Compute every node again from its operands, and every gradient from its users."""
    values = Values(graph)
    gradients = Gradients(graph, values.broken)
    notes: dict[str, list[Note]] = {}
    for found in (values.notes(), gradients.notes()):
        for id, note in found:
            notes.setdefault(id, []).append(note)
    order = topological_order(graph._roots) if lines else []
    return Record(
        values.fresh,
        frozenset(values.broken),
        gradients.before,
        gradients.after,
        {node.id: tuple(notes[node.id]) for node in graph.nodes if node.id in notes},
        gradients.locals,
        lines_of(order),
        decisions_of(order),
    )


# ----- Parts and summaries -----


def _restricted(record: Record, graph: Graph) -> Record:
    """Return what is known about the nodes that a part or a summary shows."""
    shown = {node.id for node in graph.nodes}
    notes: dict[str, list[tuple[str, Note]]] = {}
    for id, found in record.notes.items():
        place = graph.place_of(id)
        if place is not None:
            notes.setdefault(place, []).extend([(id, note) for note in found])
    return Record(
        {id: x for id, x in record.fresh.items() if id in shown},
        frozenset(record.broken & shown),
        {id: x for id, x in record.before.items() if id in shown},
        {id: x for id, x in record.after.items() if id in shown},
        {
            place: tuple([note for _, note in found])
            if place in record.notes
            else merged_notes(found)
            for place, found in notes.items()
        },
        [math.nan] * len(graph.edges),
        {id: line for id, line in record.lines.items() if id in shown},
        {id: found for id, found in record.decisions.items() if id in shown},
    )


# ----- Computing anew -----


def refreshed(graph: Graph) -> tuple[Node, ...]:
    """Return a graph's nodes as if all were computed from today's leaves, by one backward pass.

    Gradients are computed where the graph has any: from outputs that a pass has reached, from what
    they began with. Hooks do not run.

    Raises:
        GraphError: when a function recorded as one node would have to run again.
    """
    record, operands, ops = graph.record, graph.operands, graph.ops
    data = {node.id: record.fresh.get(node.id, node.data) for node in graph.nodes}
    for id, op in ops.items():
        if op.is_composite:
            raise GraphError(
                f"{id} cannot be computed anew: {op.name} is a Python function, and only "
                "running the program again runs it"
            )
    grads: dict[str, float] = {}
    if any(node.grad is not None for node in graph.nodes):
        for id in dict.fromkeys(graph.outputs):
            node = graph.node(id)
            if node.grad is not None and node.kind == "op":
                grads[id] = record.before.get(id, 0.0)
        for node in reversed(graph.nodes):
            if node.id not in ops or node.id not in grads:
                continue
            g = grads[node.id]
            numbers = [data[x] for x in operands[node.id]]
            for index, x in enumerate(operands[node.id]):
                if graph.node(x).requires_grad:
                    part = strong_zero.partial(ops[node.id], index, g, data[node.id], numbers)
                    grads[x] = grads.get(x, 0.0) + part
    return tuple(
        [node._replace(data=data[node.id], grad=grads.get(node.id)) for node in graph.nodes]
    )


def _was(count: int, noun: str) -> str:
    return f"{noun} was" if count == 1 else f"{noun}s were"
