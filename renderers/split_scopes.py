"""Scopes that are entered again, as the parts that follow each other."""

from __future__ import annotations

from collections.abc import Sequence

from pluggrad import Graph, Node
from pluggrad.summary.groups import Groups, Key, cut_open
from pluggrad.summary.parts import Part
from pluggrad.summary.structure import Structure


def split_scopes(graph: Graph, nodes: Sequence[Node], scopes: list[tuple[str, ...]]) -> None:
    """Divide a scope that is entered again into parts that follow each other: `a (1)`, `a (2)`.

    As one frame it would have edges that run backwards.
    """
    if not any(scopes):
        return
    if len(nodes) < len(graph):
        graph = Part(graph, [node.id for node in nodes])
    structure = Structure(graph)
    for depth in range(max(map(len, scopes))):
        keys: list[Key] = [scope[: depth + 1] if len(scope) > depth else None for scope in scopes]
        pieces = cut_open(structure, Groups(keys, {key: key[-1] for key in keys if key}))  # type: ignore[index]
        for i, key in enumerate(pieces.keys):
            if key != keys[i]:
                scopes[i] = (*scopes[i][:depth], pieces.titles[key], *scopes[i][depth + 1 :])
