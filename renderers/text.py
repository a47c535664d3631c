"""The renderer "text": a graph as an indented tree for the terminal, each node in it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

from pluggrad import Graph, Node, hookimpl

from .labels import columns, one_line
from .numerals import short
from .options import flag, limit, whole

LABEL = 40  # characters of a label that are shown


class TextRenderer:
    """Draw a graph as text: outputs at the left, operands indented below what uses them.

    Each node stands in one line with its id, value and gradient. Where it is used again, one line
    refers to it: `↑ x1 (n0, shown above)`. Numbers from the program's text stand inside their
    operation: `_ * 2`. A dash for a gradient says that no backward pass has reached the node;
    constants have none. `▸` stands before a group of nodes, which `Graph.collapse` makes. Parts
    that lie deep continue at the left margin, under their id.

    Parameters:
        max_nodes: how many nodes to show at most, those nearest to the outputs; the last line
            tells how many were left out. None (or 0) shows all.
        digits: significant digits of numbers.
        max_depth: levels of indentation before a part continues at the left margin.
        show_constants: give each number from the program's text a line of its own.

    Raises:
        RenderError: for an option of the wrong type.

    >>> from pluggrad import Value, render
    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2.0
    >>> y.backward()
    >>> print(render(y, "text"))
    id  node     value  gradient
    n3  _ + 2       11         1
    n1  └─ *         9         1
    n0     ├─ x      3         6
           └─ ↑ x (n0, shown above)
    """

    name = "text"
    suffixes = (".txt",)

    def __init__(
        self,
        *,
        max_nodes: int | None = 200,
        digits: int = 6,
        max_depth: int = 16,
        show_constants: bool = False,
    ) -> None:
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.max_depth = whole(self.name, "max_depth", max_depth, 1, 1000)
        self.show_constants = flag(self.name, "show_constants", show_constants)

    def __call__(self, graph: Graph) -> str:
        """Draw the graph; lines are separated by newlines, the last one has none."""
        return "\n".join(_Drawing(graph, self).lines())


class _Row(NamedTuple):
    id: str
    tree: str
    value: str
    gradient: str
    refers: bool  # nothing stands at the right, so the tree may reach into the other columns


class _Drawing:
    """One graph being drawn: what is shown, and what has been drawn so far."""

    def __init__(self, graph: Graph, options: TextRenderer) -> None:
        self.graph = graph
        self.options = options
        self.inlined = set() if options.show_constants else set(_inlined(graph))
        self.shown = self._nearest()
        # Ids that have a line, or have a place where they will get one.
        self.claimed: set[str] = set()
        self.drawn: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Give the finished lines."""
        rows = [_Row("id", "node", "value", "gradient", False), *self._rows()]
        numbers = rows[1:]
        width = max(len(row.id) for row in rows)
        tree = max(columns(row.tree) for row in rows if not row.refers)
        values = _Aligned([row.value for row in numbers], "value")
        gradients = _Aligned([row.gradient for row in numbers], "gradient")
        for index, row in enumerate(rows):
            line = f"{row.id:{width}}  {row.tree}"
            if not row.refers:
                padding = " " * (tree - columns(row.tree))
                value, gradient = (
                    (values(row.value), gradients(row.gradient))
                    if index
                    else (values.title, gradients.title)
                )
                line = f"{line}{padding}  {value}  {gradient}"
            yield line.rstrip()
        left_out = len(self.graph) - len(self.shown)
        if left_out:
            yield (
                f"… {left_out:,} of {len(self.graph):,} nodes left out, "
                "the farthest from the outputs; max_nodes=None shows all"
            )

    def _nearest(self) -> set[str]:
        """Choose the nodes to show: breadth first from the outputs, so that no branch starves."""
        most = self.options.max_nodes
        if most is None or most >= len(self.graph):
            return {node.id for node in self.graph.nodes}
        operands = self.graph.operands
        outputs = list(dict.fromkeys(self.graph.outputs))
        shown = set(outputs)
        queue = deque(outputs)
        while queue:
            for id in operands[queue.popleft()]:
                if id not in shown and len(shown) < most:
                    shown.add(id)
                    queue.append(id)
        return shown

    def _rows(self) -> Iterator[_Row]:
        """Walk the graph depth first, without recursion: chains are a million nodes deep."""
        outputs = list(dict.fromkeys(self.graph.outputs))
        self.claimed.update(outputs)
        sections = deque(outputs)
        while sections:
            root = sections.popleft()
            # What is still to draw: id, how its line starts, how lines below it start, depth.
            stack: list[tuple[str | None, str, str, int]] = [(root, "", "", 0)]
            while stack:
                id, start, below, depth = stack.pop()
                if id is None:
                    yield _Row("", f"{start}…", "", "", True)
                    continue
                if depth and id in self.claimed:
                    yield self._reference(id, start)
                    continue
                operands = self._operands(id)
                if depth == self.options.max_depth and operands:
                    self.claimed.add(id)
                    sections.append(id)
                    yield self._reference(id, start)
                    continue
                self.claimed.add(id)
                self.drawn.add(id)
                hidden = bool(operands) and not any(operands)
                yield self._row(self.graph.node(id), start, " …" if hidden else "")
                if not hidden:
                    last = len(operands) - 1
                    for index in range(last, -1, -1):
                        branch, trunk = ("└─ ", "   ") if index == last else ("├─ ", "│  ")
                        stack.append((operands[index], below + branch, below + trunk, depth + 1))

    def _operands(self, id: str) -> list[str | None]:
        """Give the operands to draw below a node; None stands for a run of left out ones."""
        found: list[str | None] = []
        for operand in self.graph.operands[id]:
            if operand not in self.shown:
                if not found or found[-1] is not None:
                    found.append(None)
            elif operand not in self.inlined:
                found.append(operand)
        return found

    def _row(self, node: Node, start: str, end: str) -> _Row:
        digits = self.options.digits
        label = one_line(node.label, LABEL)
        if node.kind == "group":
            text = f"▸ {label} ({node.size:,} nodes)"
        elif node.kind == "op":
            formula = self._formula(node)
            text = f"{label} = {formula}" if label else formula
        else:
            text = label or ("constant" if node.kind == "constant" else "leaf")
        several = node.kind == "group" and isnan(node.data)  # results, none of which is the group's
        if node.grad is None:
            gradient = "—" if node.requires_grad and not several else ""
        else:
            gradient = short(node.grad, digits)
        value = "" if several else short(node.data, digits)
        return _Row(node.id, start + text + end, value, gradient, False)

    def _formula(self, node: Node) -> str:
        """Write an op with the numbers that stand in it: `tanh`, `*`, `_ * 2`, `clip(_, 0, 1)`."""
        symbol = node.symbol or ""
        operands = self.graph.operands[node.id]
        if not any(id in self.inlined for id in operands):
            return symbol
        texts = [
            short(self.graph.node(id).data, self.options.digits) if id in self.inlined else "_"
            for id in operands
        ]
        if len(texts) == 2 and not symbol.isidentifier():
            return f"{texts[0]} {symbol} {texts[1]}"
        return f"{symbol}({', '.join(texts)})"

    def _reference(self, id: str, start: str) -> _Row:
        node = self.graph.node(id)
        name = one_line(node.label, LABEL) or node.symbol or short(node.data, self.options.digits)
        arrow, where = ("↑", "above") if id in self.drawn else ("↓", "below")
        return _Row("", f"{start}{arrow} {name} ({id}, shown {where})", "", "", True)


def _inlined(graph: Graph) -> Iterator[str]:
    """Find the constants that have no name and one use: numbers in the program's text."""
    users, outputs = graph.users, set(graph.outputs)
    for node in graph.nodes:
        if (
            node.kind == "constant"
            and not node.label
            and users[node.id] == 1
            and node.id not in outputs
        ):
            yield node.id


class _Aligned:
    """A column of numbers, aligned at the decimal point."""

    def __init__(self, texts: list[str], title: str) -> None:
        self.before = max(map(_before, texts), default=0)
        self.after = max((len(text) - _before(text) for text in texts), default=0)
        self.before = max(self.before, len(title) - self.after)
        self.title = title.rjust(self.before + self.after)

    def __call__(self, text: str) -> str:
        """Pad a number of the column."""
        before = _before(text)
        return " " * (self.before - before) + text + " " * (self.after - len(text) + before)


def _before(number: str) -> int:
    """Count the characters before the decimal point or exponent."""
    for mark in ".e":
        if (place := number.find(mark)) >= 0:
            return place
    return len(number)


@hookimpl
def pluggrad_register_renderers() -> list[type[TextRenderer]]:
    """Register the text renderer."""
    return [TextRenderer]
