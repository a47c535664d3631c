"""The renderer "text": a graph as an indented tree for the terminal, each node in it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import isnan
from textwrap import wrap
from typing import NamedTuple

from pluggrad import Graph, Node, hookimpl

from ..labels import columns, cut, one_line
from ..nearest import nearest
from ..notebook_text import Shown
from ..notes import reasons
from ..numerals import short
from ..options import flag, limit, unless_none, whole
from .terminal import Printed, painted, terminal_width

LABEL = 40  # characters of a label that are shown
NARROW = 40  # columns, below which no width helps
LEAST = 16  # columns that the tree has at least, however little room there is
LOOKS = {"leaf": "leaf", "group": "group", "constant": "dim", "op": ""}


class TextRenderer:
    """Draw a graph as text: outputs at the left, operands indented below what uses them.

    Each node stands in one line with its id, value and gradient. Where it is used again, one line
    refers to it: `↑ x1 (n0, shown above)`. Numbers from the program's text stand inside their
    operation: `_ * 2`. A dash for a gradient says that no backward pass has reached the node;
    constants have none. `▸` stands before a group of nodes, which `Graph.collapse` makes. Parts
    that lie deep continue at the left margin, under their id.

    Printed on a terminal it has colours: leaves blue, outputs yellow, groups magenta, and red what
    is nan or infinite. A line that begins with `!` says what is wrong with the numbers above it.
    Written to a file it has none, nor where `NO_COLOR` is set.

    Parameters:
        max_nodes: how many nodes to show at most, those nearest to the outputs; the last line
            tells how many were left out. None (or 0) shows all.
        digits: significant digits of numbers.
        max_depth: levels of indentation before a part continues at the left margin.
        show_constants: give each number from the program's text a line of its own.
        width: columns that a line may have; the tree keeps at least 16 of them. None is as many as
            the terminal has, and any number where standard output is none.
        color: True puts a terminal's codes for colours into the text, False has none. None leaves
            it to `print()`.

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
        width: int | None = None,
        color: bool | None = None,
    ) -> None:
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.max_depth = whole(self.name, "max_depth", max_depth, 1, 1000)
        self.show_constants = flag(self.name, "show_constants", show_constants)
        self.width = unless_none(whole, self.name, "width", width, NARROW, 100_000)
        self.color = unless_none(flag, self.name, "color", color)

    def __call__(self, graph: Graph) -> str:
        """Draw the graph; lines are separated by newlines, the last one has none."""
        width = terminal_width() if self.width is None else self.width
        lines = list(_lines(graph, self, None if width is None else max(width, NARROW)))
        plain = "\n".join(["".join([text for text, _ in line]) for line in lines])
        if self.color is False:
            return Shown.lines(plain)
        coloured = "\n".join(["".join([painted(*part) for part in line]) for line in lines])
        return Shown.lines(coloured) if self.color else Printed(plain, coloured)


Line = list[tuple[str, str]]  # pieces of text, each with its look


class _Row(NamedTuple):
    id: str
    branch: str
    text: str
    value: str
    gradient: str
    look: str
    notes: tuple[str, ...] = ()
    refers: bool = False  # nothing stands at the right, so it may reach into the other columns


def _lines(graph: Graph, options: TextRenderer, width: int | None) -> Iterator[Line]:
    """Return the finished lines, none longer than the width."""
    shown = set(nearest(graph, options.max_nodes))
    rows = _Rows(graph, options, shown, options.max_depth).all()
    ids = max([len("id"), *[len(row.id) for row in rows]])
    values = _Aligned([row.value for row in rows], "value")
    gradients = _Aligned([row.gradient for row in rows], "gradient")
    if width is not None:
        room = max(LEAST, width - ids - len(values.title) - len(gradients.title) - 6)
        deepest = max(3, (room - LEAST // 2) // len("│  "))
        if _tree_width(rows) > room and deepest < options.max_depth:
            rows = _Rows(graph, options, shown, deepest).all()
        rows = [_fitted(row, width - ids - 2 if row.refers else room) for row in rows]
    tree = _tree_width(rows)
    yield [(f"{'id':{ids}}  {'node':{tree}}  {values.title}  {gradients.title}", "dim")]
    for row in rows:
        line: Line = [(f"{row.id:{ids}}  {row.branch}", "dim"), (row.text, row.look)]
        if not row.refers:
            line.append((" " * (tree - columns(row.branch + row.text)), ""))
            numbers = values(row.value), gradients(row.gradient)
            line += [(f"  {number}", _alarm(number)) for number in numbers]
        yield _stripped(line)
        indent = ids + 2 + columns(row.branch)
        made = graph.record.lines.get(row.id)
        if made:
            yield from _wrapped(f"@ {one_line(made, 200)}", indent, width, "dim")
        for note in row.notes:
            yield from _wrapped(f"! {note}", indent, width, "alarm")
    if graph.record.summary:
        yield from _wrapped(f"! {graph.record.summary}", 0, width, "alarm")
    if len(shown) < len(graph):
        told = (
            f"… {len(graph) - len(shown):,} of {len(graph):,} nodes left out, "
            "the farthest from the outputs; max_nodes=None shows all"
        )
        yield from _wrapped(told, 0, width, "dim")


def _stripped(line: Line) -> Line:
    """Leave out the spaces at the end of a line."""
    while line and not line[-1][0].strip():
        line.pop()
    text, look = line[-1]
    return [*line[:-1], (text.rstrip(), look)]


def _wrapped(text: str, indent: int, width: int | None, look: str) -> Iterator[Line]:
    """Return a sentence in as many lines as it takes, indented where there is room for that."""
    if width is None:
        yield [(" " * indent + text, look)]
        return
    indent = min(indent, width // 2)
    for line in wrap(text, width - indent):
        yield [(" " * indent + line, look)]


def _tree_width(rows: list[_Row]) -> int:
    widths = [columns(row.branch + row.text) for row in rows if not row.refers]
    return max([*widths, len("node")])


def _fitted(row: _Row, room: int) -> _Row:
    """Shorten a row's text to the columns that are left beside its branch."""
    return row._replace(text=cut(row.text, max(1, room - columns(row.branch))))


def _alarm(number: str) -> str:
    return "alarm" if number.strip().lstrip("-") in ("nan", "inf") else ""


class _Rows:
    """The rows of one graph: what has been drawn so far, and what has a place."""

    def __init__(self, graph: Graph, options: TextRenderer, shown: set[str], depth: int) -> None:
        self.graph = graph
        self.options = options
        self.inlined = set() if options.show_constants else set(_inlined(graph))
        self.shown = shown
        self.depth = depth
        self.outputs = set(graph.outputs)
        # Ids that have a line, or have a place where they will get one.
        self.claimed: set[str] = set()
        self.drawn: set[str] = set()

    def all(self) -> list[_Row]:
        """Return all rows, from top to bottom."""
        return list(self._rows())

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
                    yield _Row("", start, "…", "", "", "dim", refers=True)
                    continue
                if depth and id in self.claimed:
                    yield self._reference(id, start)
                    continue
                operands = self._operands(id)
                if depth == self.depth and operands:
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
        """Return the operands to draw below a node; None stands for a run of left out ones."""
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
        look = "output" if node.id in self.outputs else LOOKS[node.kind]
        return _Row(
            node.id, start, text + end, value, gradient, look, tuple(reasons(self.graph, node.id))
        )

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
        return _Row("", start, f"{arrow} {name} ({id}, shown {where})", "", "", "dim", refers=True)


def _inlined(graph: Graph) -> Iterator[str]:
    """Find the constants that have no name and one use: numbers in the program's text."""
    users, outputs = graph.users, set(graph.outputs)
    for node in graph.nodes:
        if (
            node.kind == "constant"
            and not node.label
            and users[node.id] == 1
            and node.id not in outputs
            and node.id not in graph.record.notes
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
