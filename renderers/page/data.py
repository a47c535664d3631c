"""A graph as the data of a page: columns of numbers in base64, and a few texts."""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pluggrad import Edge, Graph, Node, RuleError

from ..labels import one_line
from ..nearest import left_out, nearest
from .film import film_data
from .groups import Groups
from .rule_source import arity, told

LABEL = 2000  # characters of a label, where there are few
LABELS = 2_000_000  # and of all labels together
KINDS = ("leaf", "constant", "op")
HAS_GRAD, REQUIRES_GRAD, OUTPUT, SUMMARY, BROKEN = 1, 2, 4, 8, 16


def page_data(graph: Graph, title: str, about: str, max_nodes: int | None, collapse: bool) -> str:
    """Return everything that a page knows of a graph, as text for a script element.

    Parameters:
        graph: any graph.
        title: what the page is called.
        about: what the panel says first.
        max_nodes: how many nodes to have at most, those nearest to the outputs.
        collapse: whether what repeats is grouped where there are no scopes.
    """
    kept = set(nearest(graph, max_nodes))
    nodes = [node for node in graph.nodes if node.id in kept]
    groups = Groups(graph, nodes, collapse)
    numbers = {node.id: i for i, node in enumerate(nodes)}
    ops = _numbered(map(_op, nodes))
    labels = _numbered(["", *(node.label for node in nodes)])
    longest = max(40, min(LABEL, LABELS // len(labels)))
    data: dict[str, Any] = {
        "title": one_line(title, 200),
        "about": [one_line(line, LABEL) for line in about.splitlines()],
        "nodes": len(nodes),
        "leftOut": left_out(graph, len(nodes)),
        **_record(graph, numbers),
        "ids": None if _plain(nodes) else [node.id for node in nodes],
        "labels": [one_line(label, longest) for label in labels],
        "ops": told([*ops]),
        "groups": _groups(groups, len(nodes)),
        "arrays": {
            **_columns(graph, nodes, ops, labels),
            "group": _packed("I", groups.of_node),
            "column": _packed("I", groups.columns[: len(nodes)]),
            "row": _packed("f", groups.rows[: len(nodes)]),
            **_edges(graph, nodes, numbers),
        },
    }
    film = film_data(graph, numbers)
    if film is not None:
        data["film"] = film.texts
        data["arrays"] |= {name: _packed(*column) for name, column in film.columns.items()}
        data["arrays"] = {name: _smaller(*column) for name, column in data["arrays"].items()}
    # Nothing in a script element may look like its end, or like a comment
    # (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements).
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    """Number texts, each once, in the order in which they come."""
    return {text: i for i, text in enumerate(dict.fromkeys(texts))}


def _record(graph: Graph, numbers: dict[str, int]) -> dict[str, Any]:
    """Return what was noted while the graph was made."""
    record = graph.record
    return {
        "wrong": record.summary,
        "before": [[numbers[id], _number(x)] for id, x in record.before.items() if id in numbers],
        "fresh": [[numbers[id], _number(x)] for id, x in record.fresh.items() if id in numbers],
        "notes": [
            [numbers[id], note.kind, note.text, note.brief]
            for id, notes in record.notes.items()
            for note in notes
            if id in numbers and (note.kind != "older" or graph.node(id).kind == "group")
        ],
        "lines": _lines(record.lines, numbers),
        "decisions": [
            [numbers[id], d.how, numbers.get(d.other, -1), _number(d.number), d.answer, d.line]
            for id, decisions in record.decisions.items()
            for d in decisions
            if id in numbers
        ],
    }


def _groups(groups: Groups, nodes: int) -> dict[str, Any]:
    """Return the groups, whose places come behind those of the nodes."""
    return {
        "names": [one_line(name, 200) for name in groups.names],
        "parents": groups.parents,
        "columns": groups.columns[nodes:],
        "rows": [round(row, 3) for row in groups.rows[nodes:]],
    }


def _columns(
    graph: Graph, nodes: Sequence[Node], ops: dict[str, int], labels: dict[str, int]
) -> dict[str, list[str]]:
    """Return what each node is, packed."""
    outputs, broken = set(graph.outputs), graph.record.broken
    flags = [_flags(node, node.id in outputs, node.id in broken) for node in nodes]
    return {
        "kind": _packed("B", [KINDS.index(n.kind) if n.kind in KINDS else 2 for n in nodes]),
        "op": _packed("H", [ops[_op(node)] for node in nodes]),
        "label": _packed("I", [labels[node.label] for node in nodes]),
        "data": _packed("d", [node.data for node in nodes]),
        "grad": _packed("d", [math.nan if n.grad is None else n.grad for n in nodes]),
        "flags": _packed("B", flags),
    }


def _edges(graph: Graph, nodes: Sequence[Node], numbers: dict[str, int]) -> dict[str, list[str]]:
    """Return where each node's operands start, all operands, and their local derivatives, packed.

    An operand that is not on the page is the node itself; so operands keep their numbers.
    """
    starts, sources, locals_ = [0], [], []
    edges = deque(zip(graph.edges, graph.record.locals, strict=True))  # ordered as the nodes are
    for i, node in enumerate(nodes):
        found: dict[int, tuple[Edge, float]] = {}
        while edges and edges[0][0].target not in numbers:
            edges.popleft()
        while edges and edges[0][0].target == node.id:
            edge, local = edges.popleft()
            found[edge.operand] = edge, local
        for operand in range(max(arity(node.op), max(found, default=-1) + 1)):
            known = found.get(operand)
            sources.append(i if known is None else numbers.get(known[0].source, i))
            locals_.append(0.0 if known is None else _local(graph, *known))
        starts.append(len(sources))
    return {
        "start": _packed("I", starts),
        "source": _packed("I", sources),
        "local": _packed("d", locals_),
    }


def _op(node: Node) -> str:
    return node.op or ("group" if node.kind == "group" else "")


def _local(graph: Graph, edge: Edge, known: float) -> float:
    """Compute a local derivative where a gradient goes along; no rule is run for constants."""
    if not math.isnan(known):
        return known
    if not graph.node(edge.source).requires_grad:
        return 0.0
    try:
        return graph.local(edge)
    except RuleError:
        return math.nan


def _flags(node: Node, output: bool, broken: bool) -> int:
    flags = HAS_GRAD * (node.grad is not None) + REQUIRES_GRAD * node.requires_grad
    flags += BROKEN * broken
    return flags + OUTPUT * output + SUMMARY * (node.kind == "group")


def _lines(lines: Mapping[str, str], numbers: dict[str, int]) -> dict[str, Any]:
    """Return the lines of the program, each once, and which nodes they made."""
    texts = _numbered(lines.values())
    made = [[numbers[id], texts[line]] for id, line in lines.items() if id in numbers]
    return {"texts": [one_line(text, LABEL) for text in texts], "of": made} if made else {}


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)


def _plain(nodes: Sequence[Node]) -> bool:
    return all(node.id == f"n{i}" for i, node in enumerate(nodes))


def _packed(kind: str, numbers: Iterable[float]) -> list[str]:
    """Return a column as [type, base64 of the little-endian numbers]."""
    packed = array(kind, numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return [kind, b64encode(packed.tobytes()).decode()]


def _smaller(kind: str, text: str) -> list[str]:
    """Compress a column, as browsers can unpack it; a film has to be short of some megabytes."""
    return [kind, b64encode(zlib.compress(b64decode(text), 9)).decode(), "deflate"]
