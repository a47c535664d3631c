"""The renderer "networkx": a graph as a `networkx.MultiDiGraph`, for any of its algorithms."""

from __future__ import annotations

from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

from pluggrad import Graph, Node, hookimpl

from .labels import xml_text
from .notes import reasons
from .options import flag

if TYPE_CHECKING:
    import networkx

Plain = str | int | float | bool


class NetworkXRenderer:
    """Return a graph as a `networkx.MultiDiGraph`, with plain Python attributes.

    Nodes are `"n0"`, `"n1"`, ... in topological order, with the attributes `label`, `kind` (leaf,
    constant, op or group), `op` and `symbol` ("" unless it is an op), `data`, `grad` (absent where
    no backward pass has reached the node), `requires_grad` and `scope` ("outer/inner"); groups have
    `size` too, how many nodes they stand for.

    There is one edge for each use, from operand to user, so `a * a` has two. Its key is the number
    of the operand, which is also its attribute `operand`.

    Where a number no longer follows from others, or nan or infinity began, a node has `notes`, a
    text, and the graph has `note`.

    The graph attribute `outputs` has the ids of the outputs with spaces between. So every attribute
    is text or a number, and networkx can write the graph as GraphML, GEXF or JSON. To that end
    the few characters of a label that XML cannot hold, such as NUL, are given as escapes.

    JSON has no numbers for nan and infinity: they are the texts "nan", "inf" and "-inf", which
    `float()` reads, unless told otherwise.

    Parameters:
        derivatives: give edges `local`, d(user)/d(operand), and where a backward pass ran also
            `contribution`, what the edge added to the operand's gradient.
        strict: give numbers that strict JSON has not as text; False leaves them floats.

    Raises:
        RenderError: for an option of the wrong type.

    >>> from pluggrad import Value, render
    >>> a = Value(3.0, label="a")
    >>> drawn = render(a * a, "networkx")
    >>> list(drawn.edges(keys=True))
    [('n0', 'n1', 0), ('n0', 'n1', 1)]
    """

    name = "networkx"

    def __init__(self, *, derivatives: bool = False, strict: bool = True) -> None:
        self.derivatives = flag(self.name, "derivatives", derivatives)
        self.strict = flag(self.name, "strict", strict)

    def __call__(self, graph: Graph) -> networkx.MultiDiGraph:
        """Return the graph."""
        import networkx

        drawn = networkx.MultiDiGraph(outputs=" ".join(graph.outputs))
        if graph.record.summary:
            drawn.graph["note"] = graph.record.summary
        drawn.add_nodes_from(
            (node.id, self._told(_attributes(graph, node))) for node in graph.nodes
        )
        drawn.add_edges_from(
            (edge.source, edge.target, edge.operand, {"operand": edge.operand})
            for edge in graph.edges
        )
        if self.derivatives:
            for edge in graph.edges:
                attributes = drawn.edges[edge.source, edge.target, edge.operand]
                attributes.update(self._told({"local": graph.local(edge)}))
                contribution = graph.contribution(edge)
                if contribution is not None:
                    attributes.update(self._told({"contribution": contribution}))
        shown = partial(
            _bundle, f"MultiDiGraph with {len(drawn)} nodes and {len(graph.edges)} edges"
        )
        setattr(drawn, "_repr_mimebundle_", shown)  # noqa: B010 - not a name of its class
        return drawn

    def _told(self, attributes: dict[str, Plain]) -> dict[str, Plain]:
        if self.strict:
            for name, x in attributes.items():
                if isinstance(x, float) and not isfinite(x):
                    attributes[name] = str(x)
        return attributes


def _bundle(text: str, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """Return what a notebook shows: what it is, where an address would say nothing."""
    return {"text/plain": f"<{text}>"}


def _attributes(graph: Graph, node: Node) -> dict[str, Plain]:
    found: dict[str, Plain] = {
        "label": xml_text(node.label),
        "kind": node.kind,
        "op": node.op or "",
        "symbol": node.symbol or "",
        "data": node.data,
        "requires_grad": node.requires_grad,
        "scope": xml_text("/".join(node.scope)),
    }
    if node.kind == "group":
        found["size"] = node.size
    if node.grad is not None:
        found["grad"] = node.grad
    if notes := reasons(graph, node.id):
        found["notes"] = xml_text("; ".join(notes))
    return found


@hookimpl
def pluggrad_register_renderers() -> list[type[NetworkXRenderer]]:
    """Register the networkx renderer."""
    return [NetworkXRenderer]
