"""Pictures of graphs, drawn by pluggrad itself when the documentation is built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pluggrad import Graph, Value, save


def files() -> dict[str, str]:
    """Give the pictures: names and SVGs to be put into a page."""
    return {f"images/{name}.svg": inline(graph) for name, graph in backprop().items()}


def backprop() -> dict[str, Graph]:
    """Give the graph of `tanh(a * b + a)` at each step of the backward pass."""
    a, b = Value(2.0, label="a"), Value(-0.75, label="b")
    p = a * b
    q = p + a
    loss = q.tanh()
    p.label, q.label, loss.label = "p", "q", "L"
    loss.backward()
    whole = Graph(loss)
    grads = {node.label: node.grad for node in whole.nodes}
    reached = [{}, {"L": 1.0}, {"q": grads["q"]}, {"p": grads["p"], "a": grads["q"]}]
    frames: dict[str, Graph] = {}
    known: dict[str, float | None] = {}
    for number, more in enumerate([*reached, {"a": grads["a"], "b": grads["b"]}]):
        known |= more
        frames[f"backprop-{number}"] = with_gradients(Graph(loss), known)
    return frames


def with_gradients(graph: Graph, known: Mapping[str, float | None]) -> Graph:
    """Give a graph in which only these gradients are known yet."""
    graph.nodes = tuple(node._replace(grad=known.get(node.label)) for node in graph.nodes)
    return graph


def inline(graph: Graph) -> str:
    """Draw a graph as an SVG element that can stand in a page."""
    with TemporaryDirectory() as folder:
        drawn = save(graph, Path(folder) / "graph.svg", "graphviz").read_text(encoding="utf-8")
    start = drawn.index("<svg")
    return re.sub(r"<!--.*?-->\n?", "", drawn[start:], flags=re.DOTALL)
