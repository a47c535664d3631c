"""What drawing a graph takes: every node of a network, by pluggrad and as micrograd's users do."""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from measuring import Disagreement, steady
from moons import Moons
from pluggrad import Graph, Value, render

NODES = re.compile(r'class="node\b')


def table(short: bool) -> list[str]:
    """Time each way once, or, unless `short`, several times; return Markdown.

    Raises:
        Disagreement: when a picture has another number of nodes than its graph.
    """
    model = Moons(Value)
    score = model.score(model.points[0])
    score.backward()
    graph = Graph(score)
    seconds = 0.2 if short else 2.0
    lines = [
        f"| the score of one point, {len(graph)} nodes | ms | times as long |",
        "|---|---:|---:|",
    ]
    first = 0.0
    for name, (draw, nodes) in ways(graph).items():
        found = nodes(draw())
        if found != len(graph):
            raise Disagreement(f"{name}: {found} nodes of {len(graph)} are drawn")
        _, middle = steady(draw, seconds, 1 if short else None)
        first = first or middle
        lines.append(f"| {name} | {middle / 1e3:,.0f} | {middle / first:.2g} |")
    if shutil.which("dot") is None:
        lines.append("| Graphviz's dot | not installed | |")
    elif find_spec("micrograd") is None:
        lines.append("| micrograd's draw_dot | not installed | |")
    else:
        theirs = Moons(importlib.import_module("micrograd.engine").Value)
        end = theirs.score(theirs.points[0])
        end.backward()
        values = len(traced(end)[0])
        svg = drawn(end)
        # A second node stands for the operation of each value that has one.
        boxes = len(NODES.findall(svg)) - sum(bool(v._op) for v in traced(end)[0])
        if boxes != values:
            raise Disagreement(f"micrograd's draw_dot: {boxes} of {values} values are drawn")
        _, middle = steady(lambda: drawn(end), seconds, 1 if short else None)
        lines.append(
            f"| micrograd's draw_dot, by dot: {values} values | {middle / 1e3:,.0f} "
            f"| {middle / first:.2g} |"
        )
    return lines


def ways(graph: Graph) -> dict[str, tuple[Callable[[], Any], Callable[[Any], int]]]:
    """Return for each way to draw how, and how to count the nodes in what comes out."""
    svg: dict[str, Any] = {"max_nodes": None, "derivatives": False}
    found: dict[str, tuple[Callable[[], Any], Callable[[Any], int]]] = {
        "SVG, laid out by pluggrad": (
            lambda: render(graph, "svg", engine="layered", **svg),
            lambda x: len(NODES.findall(x)),
        ),
        "text, a line for each": (
            lambda: render(graph, "text", max_nodes=None),
            lambda x: sum(line.startswith("n") for line in x.splitlines()),
        ),
        "networkx": (lambda: render(graph, "networkx"), lambda x: x.number_of_nodes()),
    }
    if shutil.which("dot"):
        found["SVG, laid out by Graphviz's dot"] = (
            lambda: render(graph, "svg", engine="dot", timeout=120.0, **svg),
            lambda x: len(NODES.findall(x)),
        )
    return found


def traced(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
    """Collect micrograd's nodes and edges."""
    nodes: set[Any] = set()
    edges: set[tuple[Any, Any]] = set()
    stack = [root]
    while stack:
        value = stack.pop()
        if value not in nodes:
            nodes.add(value)
            edges |= {(child, value) for child in value._prev}
            stack += value._prev
    return nodes, edges


def drawn(root: Any) -> str:
    """Draw as micrograd's notebook does: a record for each value, a circle for each operation."""
    from graphviz import Digraph

    dot = Digraph(graph_attr={"rankdir": "LR"})
    nodes, edges = traced(root)
    for n in nodes:
        dot.node(str(id(n)), f"{{ data {n.data:.4f} | grad {n.grad:.4f} }}", shape="record")
        if n._op:
            dot.node(f"{id(n)}{n._op}", n._op)
            dot.edge(f"{id(n)}{n._op}", str(id(n)))
    for child, n in edges:
        dot.edge(str(id(child)), f"{id(n)}{n._op}")
    svg: str = dot.pipe("svg", encoding="utf-8")
    return svg
