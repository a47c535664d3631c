"""The renderer "json": everything a graph knows, as JSON that any program can read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pluggrad import Edge, Graph, Node, hookimpl

from .notebook_text import Shown
from .notes import reasons
from .options import flag


class JsonRenderer:
    """Return a graph as JSON text, complete whatever its size; nodes and edges stand one a line.

    The shape is the usual node-link form: `networkx.node_link_graph(data, edges="edges")` reads it,
    and so does D3. `graph` has the ids of the `outputs`. A node has `id`, `kind` (leaf, constant,
    op or group), `label`, `op` and `symbol` (null unless kind is op), `data`, `grad` (null where no
    backward pass has reached it), `requires_grad`, `scope`, a list, and `size`, the number of nodes
    that a group stands for. Where a number no longer follows from others, or nan or infinity began,
    it has `notes`, a list of texts, and `graph` has the `note` that sums them up; what was made
    inside `recording_lines()` has its `line`. An edge goes from operand (`source`) to user
    (`target`); its `key` is the operand's number.

    JSON has no numbers for nan and infinity: they are the strings "nan", "inf" and "-inf", which
    Python's `float()` reads. All characters are ASCII; others are escaped and come back exactly.

    Parameters:
        derivatives: give edges `local`, d(user)/d(operand), and `contribution`, what the edge
            added to the operand's gradient (null before a backward pass).

    Raises:
        RenderError: for an option of the wrong type.

    >>> import json
    >>> from pluggrad import Value, render
    >>> read = json.loads(render(Value(3.0, label="x") * 2.0, "json"))
    >>> read["nodes"][0]["label"], read["graph"]
    ('x', {'outputs': ['n2']})
    """

    name = "json"
    suffixes = (".json",)

    def __init__(self, *, derivatives: bool = False) -> None:
        self.derivatives = flag(self.name, "derivatives", derivatives)

    def __call__(self, graph: Graph) -> Shown:
        """Return the text, which ends in a newline."""
        return Shown.lines("".join(self._parts(graph)))

    def _parts(self, graph: Graph) -> Iterator[str]:
        yield '{"directed": true, "multigraph": true,\n'
        about: dict[str, Any] = {"outputs": list(graph.outputs)}
        if graph.record.summary:
            about["note"] = graph.record.summary
        yield f'"graph": {_text(about)},\n"nodes": [\n'
        yield ",\n".join(_text(_node(graph, node)) for node in graph.nodes)
        yield '\n],\n"edges": [\n'
        yield ",\n".join(_text(self._edge(graph, edge)) for edge in graph.edges)
        yield "\n]}\n"

    def _edge(self, graph: Graph, edge: Edge) -> dict[str, Any]:
        found: dict[str, Any] = {"source": edge.source, "target": edge.target, "key": edge.operand}
        if self.derivatives:
            contribution = graph.contribution(edge)
            found["local"] = _number(graph.local(edge))
            found["contribution"] = None if contribution is None else _number(contribution)
        return found


def _node(graph: Graph, node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "label": node.label,
        "op": node.op,
        "symbol": node.symbol,
        "data": _number(node.data),
        "grad": None if node.grad is None else _number(node.grad),
        "requires_grad": node.requires_grad,
        "scope": list(node.scope),
        "size": node.size,
        **({"line": line} if (line := graph.record.lines.get(node.id)) else {}),
        **({"notes": notes} if (notes := reasons(graph, node.id)) else {}),
    }


def _number(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, allow_nan=False)


@hookimpl
def pluggrad_register_renderers() -> list[type[JsonRenderer]]:
    """Register the json renderer."""
    return [JsonRenderer]
