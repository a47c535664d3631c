"""Tooltips: what a picture tells about a node or an edge when one points at it."""

from __future__ import annotations

from math import isnan

from pluggrad import Edge, Graph, Node

from .labels import one_line
from .notes import reasons

TOOLTIP = 2000  # characters of a label


def node_lines(graph: Graph, node: Node) -> list[str]:
    """Tell a node: its label, its id, where it belongs, its numbers, and what is wrong."""
    line = graph.record.lines.get(node.id)
    made = [one_line(line, TOOLTIP)] if line else []
    return [*_about(node), *made, *[one_line(text, TOOLTIP) for text in reasons(graph, node.id)]]


def _about(node: Node) -> list[str]:
    label = one_line(node.label, TOOLTIP)
    lines = [label] if label else []
    if node.kind == "group":
        lines.append(f"{node.id}: a group of {node.size:,} nodes")
        if isnan(node.data):  # several results, none of which is the group's
            return lines
    else:
        lines.append(f"{node.id}: {node.op or node.kind}")
    if node.scope:
        lines.append("in " + one_line("/".join(node.scope), TOOLTIP))
    lines.append(f"data {node.data!r}")
    if node.grad is not None:
        lines.append(f"grad {node.grad!r}")
    elif node.requires_grad:
        lines.append("grad — (no backward pass has reached it)")
    return lines


def edge_line(edge: Edge, target: Node, local: float | None) -> str:
    """Tell an edge: who is which operand of whom, and the local derivative where one is known."""
    if target.kind == "group":
        text = f"{edge.source} is used in group {edge.target}"
    else:
        text = f"{edge.source} is operand {edge.operand} of {target.op} {edge.target}"
    return text if local is None else f"{text}; local derivative {local!r}"
