"""Renderers that each break the contract in one way; one that keeps it, and what they share."""

import itertools
import os
import random
import time
from html import escape
from typing import ClassVar

from pluggrad.renderers.labels import one_line, xml_text


class Right:
    """A line for each node, its operands and gradient; complete and safe."""

    name = "right"
    suffixes = (".right",)

    def __call__(self, graph):
        lines = []
        for node in graph.nodes:
            label = one_line(node.label, 40)
            made_of = " ".join([node.op or node.kind, *graph.operands[node.id]])
            lines.append(f"{node.id} {label}: {made_of} {node.data!r} {node.grad!r}")
        return "\n".join(lines)


class RightXml:
    """Elements with the label as an attribute."""

    name = "right-xml"

    def __call__(self, graph):
        nodes = [f'<node label="{self.escaped(node.label)}"/>' for node in graph.nodes]
        return f"<graph>{''.join(nodes)}</graph>"

    def escaped(self, label):
        return escape(xml_text(label)).replace("\n", "&#10;").replace("\r", "&#13;")


class RightTree:
    """An object of its own kind, as deep as the graph."""

    name = "right-tree"

    def __init__(self):
        self.operands = []

    def __call__(self, graph):
        made = {}
        for node in graph.nodes:
            tree = made[node.id] = RightTree()
            tree.about = [node.label, node.op, node.data, node.grad, node.kind]
            tree.operands = [made[x] for x in graph.operands[node.id]]
        return tuple(made[id] for id in graph.outputs)


# ----- Each wrong in one way -----


class RawXml(RightXml):
    def escaped(self, label):
        return xml_text(label)


class XmlEscapedTwice(RightXml):
    def escaped(self, label):
        return escape(super().escaped(label))


class RawHtml(RightXml):
    def __call__(self, graph):
        nodes = [f"<p>{node.label.encode('utf-8', 'replace').decode()}</p>" for node in graph.nodes]
        return f"<!DOCTYPE html><body>{''.join(nodes)}</body>"


class RawJson:
    name = "raw-json"

    def __call__(self, graph):
        return "[" + ", ".join(f'{{"label": "{node.label}"}}' for node in graph.nodes) + "]"


class RawTable:
    name = "raw-table"
    suffixes = (".csv",)

    def __call__(self, graph):
        return "".join(
            f"{node.id},{one_line(node.label, 60)},{node.data}\n" for node in graph.nodes
        )


class RawLines(Right):
    def __call__(self, graph):
        return "\n".join(node.label.replace("\ud800", "?") or node.id for node in graph.nodes)


class TerminalCodes(Right):
    def __call__(self, graph):
        return "\n".join(
            node.label.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " ")
            for node in graph.nodes
        )


class LoneSurrogates(Right):
    def __call__(self, graph):
        texts = [one_line(n.label, 60).replace("\\ud800", "\ud800") or n.id for n in graph.nodes]
        return "\n".join(texts)


class Nothing(Right):
    def __call__(self, graph):
        super().__call__(graph)


class NothingForConstants(Right):
    def __call__(self, graph):
        return (
            None if graph.nodes and graph.nodes[0].kind == "constant" else super().__call__(graph)
        )


class NoLeaf(Right):
    def __call__(self, graph):
        return f"{graph.edges[0]}\n{super().__call__(graph)}" if graph.nodes else ""


class NoEmptyGraph(Right):
    def __call__(self, graph):
        return f"{graph.node(graph.outputs[0]).id}\n{super().__call__(graph)}"


class NoGroups(Right):
    def __call__(self, graph):
        assert all(node.kind in ("leaf", "constant", "op") for node in graph.nodes), "odd kind"
        return super().__call__(graph)


class NoMissingOperands(Right):
    def __call__(self, graph):
        sums = [graph.operands[node.id][1] for node in graph.nodes if node.symbol == "*"]
        return "\n".join([super().__call__(graph), *sums])


class NoLongLabels(Right):
    def __call__(self, graph):
        if any(len(node.label) > 5000 for node in graph.nodes):
            raise ValueError("label too long")
        return super().__call__(graph)


class Chance(Right):
    def __call__(self, graph):
        return f"{super().__call__(graph)}\n{random.random()}"


class Counter(Right):
    pictures = itertools.count()

    def __call__(self, graph):
        return f"picture {next(self.pictures)}\n{super().__call__(graph)}"


class HashOrder(Right):
    def __call__(self, graph):
        ids = {f"node {node.id}" for node in graph.nodes}
        return "\n".join([super().__call__(graph), *ids])


class FailsInAFreshProcess(Right):
    def __call__(self, graph):
        if os.environ.get("PYTHONHASHSEED") == "1":
            raise RuntimeError("not here")
        return super().__call__(graph)


class LosesParallelEdges(Right):
    def __call__(self, graph):
        lines = {(edge.source, edge.target) for edge in graph.edges}
        nodes = [f"{node.id} {node.data} {node.grad}" for node in graph.nodes]
        return "\n".join([*nodes, *map(str, sorted(lines))])


class FirstOperandOnly(Right):
    def __call__(self, graph):
        return "\n".join(
            f"{node.id} {len(graph.operands[node.id])} {graph.operands[node.id][:1]} {node.grad}"
            for node in graph.nodes
        )


class MissingGradientIsZero(Right):
    def __call__(self, graph):
        return "\n".join(f"{node.id} {node.grad or 0.0}" for node in graph.nodes)


class ChangesTheGraph(Right):
    def __call__(self, graph):
        drawn = super().__call__(graph)
        graph.operands.clear()
        return drawn


class ChangesTheOutputs(Right):
    def __call__(self, graph):
        graph.outputs = (*graph.outputs[:1], "n0") if graph.nodes else ()
        return super().__call__(graph)


class ChangesValues(Right):
    def __call__(self, graph):
        for root in graph._roots:
            root.grad = 0.0
        return super().__call__(graph)


class Recursive(Right):
    def __call__(self, graph):
        for id in graph.outputs:
            self.visit(graph, id)
        return super().__call__(graph)

    def visit(self, graph, id):
        for operand in dict.fromkeys(graph.operands[id]):
            self.visit(graph, operand)


class FollowsEveryPath(Right):
    def __call__(self, graph):
        lines, stack = [], list(graph.outputs)
        while stack:
            lines.append(stack.pop())
            stack += graph.operands[lines[-1]]
        return "\n".join([super().__call__(graph), *lines])


class FollowsEveryPathInSilence(Right):
    def __call__(self, graph):
        stack = list(graph.outputs)
        while stack:
            stack += graph.operands[stack.pop()]
        return super().__call__(graph)


class GrowsWithTheSquare(Right):
    def __call__(self, graph):
        return "\n".join(" " * i + node.id for i, node in enumerate(graph.nodes))


class DiesWhenDeep(Right):
    def __call__(self, graph):
        if len(graph) > 25_000:
            import signal

            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(graph)


class NeverEndsWhenDeep(Right):
    def __call__(self, graph):
        if len(graph) > 25_000:
            time.sleep(600)
        return super().__call__(graph)


class NoName(Right):
    name = ""


class WrongSuffixes(Right):
    suffixes: ClassVar = "csv"


class NeedsAnOption(Right):
    def __init__(self, title):
        self.title = title


class NotCallable:
    name = "not-callable"


class NoFileForm(Right):
    def __call__(self, graph):
        return [super().__call__(graph)]


class EmptyFile(Right):
    def write(self, graph, path):
        path.write_text("")


class FailsToWrite(Right):
    def write(self, graph, path):
        raise OSError("disk full")


class WrongBundle(Right):
    def notebook(self, graph):
        return {"text/html": 3}


# Classes whose names are not those by which this module knows them.
MadeByType = type("right", (Right,), {})
MadeByTypeAndWrong = type("HashOrder", (HashOrder,), {})
