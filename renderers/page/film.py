"""What a page knows of a film: which leaves changed, its layers, and the units in these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pluggrad import Graph, Node

MOST = 16  # rows of the strip
FEW = 8  # leaves without scopes that have a row each
NEAR = 16  # sums that are looked through for the leaf that a unit is named by

Scope = tuple[str, ...]


class FilmData(NamedTuple):
    """A film as a page wants it.

    Attributes:
        texts: what is written as it is.
        columns: numbers by name, with the type that they are packed in.
    """

    texts: dict[str, Any]
    columns: dict[str, tuple[str, Iterable[float]]]


def film_data(graph: Graph, numbers: Mapping[str, int]) -> FilmData | None:
    """Describe the film of a graph; None where it has none.

    Parameters:
        graph: any graph.
        numbers: the number on the page of each node that it has.
    """
    frames = getattr(graph, "frames", None)
    if frames is None:
        return None
    places = [i for i, id in enumerate(frames.ids) if id in numbers]
    moved = [frames.ids[i] for i in places]
    units = _units(graph, numbers)
    leaves = [graph.node(id) for id in dict.fromkeys([*moved, *units])]
    rows, row_of = _rows(graph, leaves)
    losses = [None if math.isnan(x) else x for x in frames.losses]
    texts = {
        "steps": list(frames.steps),
        "losses": losses if any(x is not None for x in losses) else None,
        "rows": rows,
        "unitRow": [row for node, row in zip(leaves, row_of, strict=True) if node.id in units],
    }
    order = [node.id for node in leaves if node.id in units]
    flat = [(number, i) for i, id in enumerate(order) for number in units[id]]
    columns: dict[str, tuple[str, Iterable[float]]] = {
        "filmLeaf": ("I", [numbers[id] for id in moved]),
        "filmRow": ("B", row_of[: len(moved)]),
        "filmData": ("d", [row[i] for row in frames.numbers for i in places]),
        "unitNode": ("I", [number for number, _ in flat]),
        "unitOf": ("I", [i for _, i in flat]),
    }
    return FilmData(texts, columns)


# ----- Layers -----


def _rows(graph: Graph, leaves: Sequence[Node]) -> tuple[list[str], list[int]]:
    """Divide leaves into layers, by the outermost scopes in which they differ; name these."""
    scopes = {node.scope for node in leaves if node.scope}
    if len(scopes) < 2:
        if len(leaves) > FEW:
            return ["leaves"], [0] * len(leaves)
        return [node.label or node.id for node in leaves], list(range(len(leaves)))
    depth = 0
    while len({scope[: depth + 1] for scope in scopes}) < 2:
        depth += 1
    named = [_layer(node.scope, depth) for node in leaves]
    # In the order in which they are computed: the first layer comes first.
    computed = [_layer(node.scope, depth) for node in graph.nodes if node.op is not None]
    wanted = set(named)
    order = list(dict.fromkeys(name for name in [*computed, *named] if name in wanted))
    share = -(-len(order) // MOST)
    row = {name: i // share for i, name in enumerate(order)}
    together = [list(names) for _, names in groupby(order, key=row.__getitem__)]
    titles = [names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}" for names in together]
    return titles, [row[name] for name in named]


def _layer(scope: Scope, depth: int) -> str:
    return scope[depth] if len(scope) > depth else scope[-1] if scope else "leaves"


# ----- Units -----


def _units(graph: Graph, numbers: Mapping[str, int]) -> dict[str, list[int]]:
    """Find results of one operand that belong together: `relu(w * x + b)` for each x.

    Each unit goes by the leaf that is next to it. It is dead where all of its results are flat.
    """
    found: dict[str, list[int]] = {}
    for node in graph.nodes:
        operands = graph.operands[node.id]
        if len(operands) == 1 and node.requires_grad and node.id in numbers:
            leaf = _leaf_near(graph, operands[0])
            if leaf is not None:
                found.setdefault(leaf, []).append(numbers[node.id])
    return found


def _leaf_near(graph: Graph, id: str) -> str | None:
    """Find the nearest leaf, through sums and what is added up there."""
    waiting = [id]
    for at in waiting:
        operands = graph.operands[at]
        for x in operands:
            if graph.node(x).kind == "leaf":
                return x
        if graph.node(at).symbol in ("+", "-") and len(waiting) < NEAR:
            waiting += operands
    return None
