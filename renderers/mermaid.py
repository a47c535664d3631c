"""The renderer "mermaid": a flowchart that GitHub, GitLab and many editors draw in Markdown."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence

from pluggrad import Graph, Node, hookimpl

from .labels import one_line
from .nearest import left_out, nearest
from .notebook_text import Shown
from .notes import briefs, heading
from .numerals import nodes_in, short
from .options import one_of, whole
from .themes import Theme, theme_of

LABEL = 40  # characters of a label that are shown

# What could mean more than itself. A label is read as Markdown, so a line does not begin like a
# list, an underscore stands inside a word only and a full stop inside a number. There is no colon:
# Mermaid takes a semicolon away from a line in which `style`, a colon and an entity follow.
_SPECIAL = re.compile(
    r"[^\w .,=+−·—…/∂-]|(?<![^\W_])_|_(?![^\W_])|(?<!\d)\.|\.(?!\d)|^[-+](?![^ ])|^ +| +$"
)
_CLASSES = ("leaf", "result", "constant", "output", "group", "note", "wrong")


class MermaidRenderer:
    """Return a graph as the text of a Mermaid flowchart; put it into a ```mermaid block.

    Each value is one box with its name, what made it, its number and its gradient (— where no
    backward pass has reached it). Operands of an op with several are numbered on their edges where
    order matters. Leaves are blue, constants grey, outputs amber.

    GitHub draws nothing of a text beyond 50,000 characters or 500 edges. A larger graph is cut to
    the nodes nearest to its outputs that fit, and a dashed box says how many were left out.

    Parameters:
        direction: of the computation: "LR", "TB", "RL" or "BT".
        digits: significant digits of numbers.
        max_edges: edges to draw at most.
        max_text: characters to write at most.
        theme: "light", which reads well on light and dark pages, "dark", "contrast", "print", or a
            table of colours.

    Raises:
        RenderError: for an option of the wrong type or value.

    >>> from pluggrad import Value, render
    >>> print(render(Value(3.0, label="x") + 2.0, "mermaid"))
    flowchart LR
      n0["x<br/>data 3<br/>grad —"]
      n1(["2"])
      n2["#43;<br/>data 5<br/>grad —"]
      n0 --> n2
      n1 --> n2
      class n0 leaf
      class n1 constant
      class n2 output
      classDef leaf fill:#e0effa,stroke:#2b6cb0,color:#1f2933
      classDef constant fill:#f5f7fa,stroke:#cbd2d9,color:#5c6976
      classDef output fill:#fdf0d5,stroke:#b7791f,color:#1f2933,stroke-width:2px
    """

    name = "mermaid"
    suffixes = (".mmd", ".mermaid")

    def __init__(
        self,
        *,
        direction: str = "LR",
        digits: int = 4,
        max_edges: int = 500,
        max_text: int = 50_000,
        theme: str | Mapping[str, str] = "light",
    ) -> None:
        self.direction = one_of(self.name, "direction", direction, ("LR", "TB", "RL", "BT"))
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.max_edges = whole(self.name, "max_edges", max_edges, 1, 10**6)
        self.max_text = whole(self.name, "max_text", max_text, 1000, 10**8)
        self.theme, _ = theme_of(self.name, theme)

    def notebook(self, graph: Graph) -> dict[str, str]:
        """Return what a notebook shows: JupyterLab draws Mermaid by itself."""
        return self(graph)._repr_mimebundle_()

    def __call__(self, graph: Graph) -> Shown:
        """Return the text, which notebooks draw; its last line has no newline."""
        # An edge costs an edge of the limit, a node at least this much of the text.
        order = nearest(graph, self.max_text // 20)
        places = {node.id: i for i, node in enumerate(graph.nodes)}
        counts = range(1, len(order) + 1)
        fitting = bisect_left(counts, True, key=lambda n: not self._fits(graph, order[:n], places))
        text = self._text(graph, order[: max(fitting, 1)], places)
        return Shown(text, text, {"text/vnd.mermaid": text})

    def _fits(self, graph: Graph, ids: list[str], places: dict[str, int]) -> bool:
        text = self._text(graph, ids, places)
        return len(text) <= self.max_text and text.count(" --> ") + 1 <= self.max_edges

    def _text(self, graph: Graph, ids: list[str], places: dict[str, int]) -> str:
        return "\n".join(self._lines(graph, dict.fromkeys(ids), places))

    def _lines(self, graph: Graph, shown: dict[str, None], places: dict[str, int]) -> Iterator[str]:
        nodes = sorted(map(graph.node, shown), key=lambda node: places[node.id])
        classes: dict[str, list[str]] = {name: [] for name in _CLASSES}
        yield f"flowchart {self.direction}"
        yield from self._boxes(graph, nodes, classes)
        yield from _arrows(graph, nodes, shown, classes)
        if lines := heading(graph):
            yield f'  wrong["⚠ {"<br/>".join(map(escaped, lines))}"]'
            classes["note"].append("wrong")
        used = {name: members for name, members in classes.items() if members}
        yield from (f"  class {','.join(members)} {name}" for name, members in used.items())
        yield from (f"  classDef {name} {_look(name, self.theme)}" for name in used)

    def _boxes(
        self, graph: Graph, nodes: Sequence[Node], classes: dict[str, list[str]]
    ) -> Iterator[str]:
        """Write a line for each node, and note which class it has."""
        outputs = set(graph.outputs)
        for node in nodes:
            before, after = ('(["', '"])') if node.kind == "constant" else ('["', '"]')
            notes = briefs(graph, node.id)
            label = "<br/>".join([self._label(node), *[f"⚠ {escaped(note)}" for note in notes]])
            yield f"  {node.id}{before}{label}{after}"
            look = node.kind if node.kind in _CLASSES else "result"
            classes["output" if node.id in outputs else look].append(node.id)
            if notes:
                classes["wrong"].append(node.id)

    def _label(self, node: Node) -> str:
        name = escaped(one_line(node.label, LABEL).strip())
        if node.kind == "group":
            return f"{name}<br/>{escaped(nodes_in(node.size))}"
        data = short(node.data, self.digits)
        if node.kind == "constant":
            return f"{name} = {escaped(data)}" if name else escaped(data)
        symbol = escaped(node.symbol or "")
        lines = [f"{name} = {symbol}" if name and symbol else name or symbol]
        lines.append(f"data {escaped(data)}")
        if node.requires_grad:
            grad = "—" if node.grad is None else escaped(short(node.grad, self.digits))
            lines.append(f"grad {grad}")
        return "<br/>".join(line for line in lines if line)


def _arrows(
    graph: Graph, nodes: Sequence[Node], shown: Container[str], classes: dict[str, list[str]]
) -> Iterator[str]:
    """Write a line for each use of an operand, and one for all that is left out."""
    cut: list[str] = []
    for node in nodes:
        operands = graph.operands[node.id]
        for index, source in enumerate(operands):
            if source in shown:
                number = f"|{index + 1}| " if _ordered(node, operands) else ""
                yield f"  {source} --> {number}{node.id}"
            elif not cut or cut[-1] != node.id:
                cut.append(node.id)
    missing = left_out(graph, len(nodes))
    if missing:
        yield f'  rest["… {escaped(missing)}"]'
        # One line to the nearest of those whose operands are missing; all would be a bush.
        yield f"  rest -.-> {cut[0] if cut else nodes[0].id}"
        classes["note"].append("rest")


def escaped(text: str) -> str:
    """Write any text inside a quoted Mermaid label, by the numbers of what could mean more.

    >>> escaped('a "b" <i>')
    'a #34;b#34; #60;i#62;'
    """
    return _SPECIAL.sub(lambda found: "".join(f"#{ord(mark)};" for mark in found[0]), text)


def _look(name: str, theme: Theme) -> str:
    """Return the style of a class of nodes."""
    if name == "wrong":
        return f"stroke:{theme.alarm},stroke-width:2px"
    kind = {"result": "op", "note": "op"}.get(name, name)
    fill, edge = theme.of_kind(kind, name == "output")
    ink = theme.muted if name in ("constant", "note") else theme.ink
    more = {"output": ",stroke-width:2px", "note": ",stroke-dasharray:4"}.get(name, "")
    return f"fill:{fill},stroke:{edge},color:{ink}{more}"


def _ordered(node: Node, operands: tuple[str, ...]) -> bool:
    """Return whether a reader has to know which operand is which."""
    return len(set(operands)) > 1 and node.symbol not in ("+", "*")


@hookimpl
def pluggrad_register_renderers() -> list[type[MermaidRenderer]]:
    """Register the mermaid renderer."""
    return [MermaidRenderer]
