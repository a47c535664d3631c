"""The steps of a computation: each result forward, then each contribution on the way back.

Pages and terminals show the same steps in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pluggrad import strong_zero
from pluggrad.graph import Edge, Graph, Node

LONGEST_WHOLE = 6  # digits of a whole number that are all written


class Step(NamedTuple):
    """One step.

    Attributes:
        kind: "forward" computes a node, "begin" starts backprop, "backward" follows an edge.
        node: the id of the node that it is about: the result, or whose gradient grows.
        edge: the edge that a gradient goes along; None for others.
        text: what happens, in numbers.
    """

    kind: str
    node: str
    edge: Edge | None
    text: str


def steps(graph: Graph) -> list[Step]:
    """List all steps of a graph: results in order, then, where a pass ran, backprop edge by edge.

    >>> from pluggrad import Graph, Value
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> for step in steps(Graph(y)):
    ...     print(step.text)
    n1 = x * x = 3.0 * 3.0 = 9.0
    n1.grad = 1.0   backprop begins here
    x.grad += local 3.0 * upstream 1.0 = 3.0   through * (n1)
    x.grad += local 3.0 * upstream 1.0 = 3.0   now 6.0   through * (n1)
    """
    return list(_Steps(graph).all())


class _Steps:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.record = graph.record
        self.sums: dict[str, float] = {}

    def all(self) -> Iterator[Step]:
        graph = self.graph
        results = [node for node in graph.nodes if node.kind in ("op", "group")]
        for node in results:
            yield Step("forward", node.id, None, self._computed(node))
        if all(node.grad is None for node in graph.nodes):
            return
        seeds = [node for node in results if node.id in self.record.before]
        for node in graph.nodes:
            if node.id in self.record.before:
                self.sums[node.id] = self.record.before[node.id]
        begun = ", ".join(
            f"{self._name(node)}.grad = {number(self.record.before[node.id])}" for node in seeds
        )
        first = seeds[0].id if seeds else graph.outputs[0]
        yield Step("begin", first, None, f"{begun or 'backprop begins'}   backprop begins here")
        incoming: dict[str, list[Edge]] = {}
        for edge in graph.edges:
            incoming.setdefault(edge.target, []).append(edge)
        for node in reversed(results):
            for edge in incoming.get(node.id, ()) if node.grad is not None else ():
                if graph.node(edge.source).requires_grad:
                    yield Step("backward", edge.source, edge, self._flowed(node, edge))

    def _computed(self, node: Node) -> str:
        operands = [self.graph.node(x) for x in self.graph.operands[node.id]]
        names = applied(node.symbol or "", [self._name(x) for x in operands])
        numbers = applied(node.symbol or "", [number(x.data) for x in operands])
        text = f"{self._name(node)} = {names}" + (f" = {numbers}" if numbers != names else "")
        if node.id in self.record.broken:
            return f"{text} is not {number(node.data)}, which was {self._notes(node.id, 'older')}"
        return f"{text} = {number(node.data)}"

    def _flowed(self, node: Node, edge: Edge) -> str:
        source = self.graph.node(edge.source)
        through = f"   through {node.symbol} ({self._name(node)})"
        name = f"{self._name(source)}.grad"
        if node.id in self.record.broken:
            return f"{name} gets a gradient computed from older data{through}"
        local, upstream = self.graph.local(edge), node.grad or 0.0
        part = strong_zero.product(upstream, local)
        total = self.sums[source.id] = self.sums.get(source.id, 0.0) + part
        text = f"{name} += local {number(local)} * upstream {number(upstream)} = {number(part)}"
        if number(total) != number(part):
            text += f"   now {number(total)}"
        notes = self._notes(source.id, "gradient")
        return text + (f"   {notes}" if notes else "") + through

    def _name(self, node: Node) -> str:
        return node.label or (number(node.data) if node.kind == "constant" else node.id)

    def _notes(self, id: str, kind: str) -> str:
        notes = self.record.notes.get(id, ())
        return "; ".join([note.text for note in notes if note.kind == kind])


def applied(symbol: str, operands: Sequence[str]) -> str:
    """Write an operation on names or numbers, which are in brackets where they have a sign."""
    if re.fullmatch(r"\w+", symbol) or len(operands) > 2:
        return f"{symbol}({', '.join(operands)})"
    shown = [f"({text})" if re.search(r"^-|\s", text) else text for text in operands]
    return f"{shown[0]} {symbol} {shown[1]}" if len(shown) == 2 else f"{symbol}{''.join(shown)}"


def number(x: float) -> str:
    """Write a number in four digits, a float as such: 3.0, 0.7071, 1.5e-09, 12345.0."""
    if x != x or x in (float("inf"), float("-inf")):
        return str(x)
    whole = len(str(int(abs(x)))) if abs(x) >= 1 else 0
    if x and (abs(x) < 1e-4 or whole > LONGEST_WHOLE):
        return re.sub(r"\.?0+e", "e", f"{x:.3e}")
    text = f"{x:.{max(4, whole + 1)}g}"
    return text if "." in text or "e" in text else f"{text}.0"
