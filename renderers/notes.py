"""Notes: what a picture says beside numbers that no longer follow from each other."""

from __future__ import annotations

from math import isnan
from textwrap import wrap

from pluggrad import Edge, Graph

LINE = 64  # characters of a heading's line


def briefs(graph: Graph, id: str) -> tuple[str, ...]:
    """Return what stands on a node's card: "now -7.0", "held 3.0", "nan began here"."""
    return tuple([note.brief for note in graph.record.notes.get(id, ())])


def reasons(graph: Graph, id: str) -> list[str]:
    """Return a sentence for each note on a node."""
    return [note.text for note in graph.record.notes.get(id, ())]


def heading(graph: Graph) -> list[str]:
    """Return the lines above a picture that say what is wrong with its numbers."""
    return wrap(graph.record.summary, LINE)


def slope(graph: Graph, edge: Edge) -> float | None:
    """Compute the local derivative that an edge is labelled with; None where it has none.

    It has none where no gradient went along, where a group has no one slope, and where the result
    was computed from other numbers than those it is drawn beside.
    """
    target, source = graph.node(edge.target), graph.node(edge.source)
    if target.grad is None or not source.requires_grad or edge.target in graph.record.broken:
        return None
    local = graph.local(edge)
    return None if isnan(local) and "group" in (source.kind, target.kind) else local
