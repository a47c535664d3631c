"""Pictures of graphs, drawn by pluggrad itself when the documentation is built."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from pluggrad import Graph, Op, Value, render, save, scope

SVG = "{http://www.w3.org/2000/svg}"


def files() -> dict[str, str]:
    """Return the pictures: names, and SVG elements that can stand in a page."""
    frames = {f"images/backprop-{i}.svg": text for i, text in enumerate(backprop())}
    return {
        **frames,
        "images/balloon.svg": balloon(),
        "images/summary.svg": summary(),
        "pages/backprop-steps.html": steps(),
    }


def steps() -> str:
    """Return the page that steps through `tanh(a * b + a)`."""
    return str(render(loss_of_two(), "html", title="Step through backprop", live=True))


def loss_of_two() -> Value:
    """Compute `tanh(a * b + a)`, forward and backward."""
    a, b = Value(2.0, label="a"), Value(-0.75, label="b")
    p = a * b
    q = p + a
    loss = q.tanh()
    p.label, q.label, loss.label = "p", "q", "L"
    loss.backward()
    return loss


def summary() -> str:
    """Draw the summary of a network by scopes."""

    def layer(xs: list[Value], name: str) -> list[Value]:
        with scope(name):
            return [sum([x * 0.5 for x in xs], Value(0.0)).tanh() for _ in range(8)]

    xs = [Value(float(i), label=f"x{i}") for i in range(4)]
    for name in ("layer1", "layer2", "layer3"):
        xs = layer(xs, name)
    with scope("loss"):
        loss = sum([(x - 1.0) ** 2 for x in xs], Value(0.0))
    return without_prolog(svg(Graph(loss).collapse("scope")))


def without_prolog(drawn: str) -> str:
    """Return an SVG as an element that can stand in a page."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    return ElementTree.tostring(ElementTree.fromstring(drawn), encoding="unicode")


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
    graph = Graph(loss_of_two())
    drawn = svg(graph)
    g = {node.label: node.grad for node in graph.nodes}
    known: dict[str, float | None] = {}
    for step in (
        {},
        {"L": g["L"]},
        {"q": g["q"]},
        {"p": g["p"], "a": g["q"]},
        {"a": g["a"], "b": g["b"]},
    ):
        known |= step
        yield at_a_step(drawn, {node.id: known.get(node.label) for node in graph.nodes})


def svg(graph: Graph) -> str:
    """Draw a graph."""
    with TemporaryDirectory() as folder:
        return save(graph, Path(folder) / "graph.svg", "svg").read_text(encoding="utf-8")


def at_a_step(drawn: str, gradients: Mapping[str, float | None]) -> str:
    """Change a drawn graph into what it looks like when only some gradients are known yet."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.fromstring(drawn)
    for group in root.iter(f"{SVG}g"):
        kind, id = group.get("class", "").partition(" ")[0], group.get("id", "")
        texts = list(group.iter(f"{SVG}text"))
        if kind == "node" and id in gradients:
            g = gradients[id]
            told = "—" if g is None else f"{g:.4g}"
            for key, number in pairwise(texts):
                if key.text == "grad":
                    number.text = told
            tip = group.find(f"{SVG}title")
            if tip is not None:
                tip.text = re.sub(r"(?m)^grad .*$", f"grad {told}", tip.text or "")
        elif kind == "edge" and gradients[id.split("-")[1]] is None:
            for text in texts:
                text.text = ""
    return ElementTree.tostring(root, encoding="unicode")
