"""Pictures of graphs, drawn by pluggrad itself when the documentation is built."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from pluggrad import Graph, Op, Value, save

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def files() -> dict[str, str]:
    """Give the pictures: names, and SVG elements that can stand in a page."""
    frames = {f"images/backprop-{i}.svg": text for i, text in enumerate(backprop())}
    return {**frames, "images/balloon.svg": balloon()}


def balloon() -> str:
    """Draw the graph that the page about a first plugin ends with."""
    sphere = Op(
        "sphere",
        lambda r: 4 / 3 * math.pi * r * r * r,
        lambda g, out, r: g * (4 * math.pi) * r * r,
    )
    volume = sphere(Value(2.0, label="radius"))
    volume.label = "volume"
    volume.backward()
    graph = Graph(volume)
    return at_a_step(svg(graph), {node.id: node.grad for node in graph.nodes})


def backprop() -> Iterator[str]:
    """Draw `tanh(a * b + a)` at each step of the backward pass, each node always in its place."""
    a, b = Value(2.0, label="a"), Value(-0.75, label="b")
    p = a * b
    q = p + a
    loss = q.tanh()
    p.label, q.label, loss.label = "p", "q", "L"
    loss.backward()
    graph = Graph(loss)
    drawn = svg(graph)
    known: dict[str, float] = {}
    steps = [{}, {"L": 1.0}, {"q": q.grad}, {"p": p.grad, "a": q.grad}, {"a": a.grad, "b": b.grad}]
    for step in steps:
        known |= step
        yield at_a_step(drawn, {node.id: known.get(node.label) for node in graph.nodes})


def svg(graph: Graph) -> str:
    """Draw a graph."""
    with TemporaryDirectory() as folder:
        return save(graph, Path(folder) / "graph.svg", "graphviz").read_text(encoding="utf-8")


def at_a_step(drawn: str, gradients: Mapping[str, float | None]) -> str:
    """Change a drawn graph into what it looks like when only some gradients are known yet."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.fromstring(drawn)
    for group in root.iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title") or ""
        kind = group.get("class", "").partition(" ")[0]
        if kind == "node":
            g = gradients[title]
            told = "grad —" if g is None else f"grad {g:.4g}"
            for link in group.iter(f"{SVG}a"):
                link.attrib.pop(f"{XLINK}title", None)
            for text in group.iter(f"{SVG}text"):
                text.text = re.sub(r"^grad .*", told, text.text or "")
        elif kind == "edge":
            user = title.partition("->")[2].partition(":")[0]
            for text in group.iter(f"{SVG}text"):
                text.text = "" if gradients[user] is None else text.text
    return ElementTree.tostring(root, encoding="unicode")
