"""Drawing: a graph as SVG text, laid out by our own layered layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import isnan

from pluggrad import Edge, Graph, Node

from .cards import PAD, ROW, SIZE, SMALL, Card, arities, card
from .graphviz import has_group
from .labels import xml_text
from .layered import lay_out_layers
from .lettering import number_width, width
from .numerals import short
from .palette import (
    CONSTANT,
    CONSTANT_EDGE,
    FONT,
    GROUP,
    GROUP_EDGE,
    INK,
    LEAF,
    LEAF_EDGE,
    LINE,
    MUTED,
    OUTPUT,
    OUTPUT_EDGE,
    PAPER,
    night_style,
)
from .tooltips import edge_line, node_lines

MARGIN = 16.0  # around the picture
BEND = 36.0  # the space in which edges cross over from one layer to the next
ARROW = 7.0  # the length of an arrow's head
STUB = 18.0  # of an operand that is not drawn

Point = tuple[float, float]


def draw(
    graph: Graph,
    shown: Sequence[str],
    *,
    rankdir: str,
    digits: int,
    derivatives: bool,
    note: str,
    desc: str,
) -> str:
    """Draw a part of a graph.

    Parameters:
        graph: any graph, however deep.
        shown: the ids of the nodes to draw.
        rankdir: the direction of the computation: "LR", "TB", "RL" or "BT".
        digits: significant digits of numbers.
        derivatives: label each edge with d(user)/d(operand) where a backward pass ran.
        note: what to say above the picture.
        desc: the text of `<desc>`.
    """
    flat = rankdir in ("LR", "RL")
    kept = set(shown)
    nodes = [node for node in graph.nodes if node.id in kept]
    index = {node.id: i for i, node in enumerate(nodes)}
    outputs = set(graph.outputs)
    arity = arities(graph)
    lettered = width("∂ ", SMALL) + number_width(digits, SMALL) + 4
    cards = [
        card(
            node,
            arity.get(node.id, 0),
            node.id in outputs,
            digits,
            flat,
            lettered + 14 if derivatives else 28.0,
        )
        for node in nodes
    ]
    edges = [edge for edge in graph.edges if edge.target in kept]
    drawn = [edge for edge in edges if edge.source in kept]
    straight = (lettered if flat else 16.0) + 4 if derivatives else 6.0
    plan = lay_out_layers(
        [(c.width, c.height) if flat else (c.height, c.width) for c in cards],
        [(index[edge.source], index[edge.target]) for edge in drawn],
        [cards[index[edge.target]].entries[edge.operand] for edge in drawn],
        gap=BEND + straight + ARROW,
        between=16.0 if flat else 24.0,
    )
    cut = STUB if len(drawn) < len(edges) else 0.0
    top = 22.0 if note else 0.0
    at = _placing(rankdir, plan.width + cut, plan.height, cut, top)
    parts: list[str] = []
    for edge, line in zip(drawn, plan.lines, strict=True):
        target = graph.node(edge.target)
        ran = derivatives and target.grad is not None and graph.node(edge.source).requires_grad
        local = graph.local(edge) if ran else None
        if local is not None and isnan(local) and has_group(graph, edge):
            local = None
        label = "" if local is None else f"∂ {short(local, digits)}"
        parts.append(_edge(line, at, straight, label, edge_line(edge, target, local), flat, edge))
    for edge in edges:
        if edge.source not in kept:
            place, of = plan.places[index[edge.target]], cards[index[edge.target]]
            end = place[0] - (of.width if flat else of.height) / 2, place[1]
            end = end[0], end[1] + of.entries[edge.operand]
            parts.append(_stub(at(end), at((end[0] - STUB, end[1])), edge))
    for place, of in zip(plan.places, cards, strict=True):
        parts.append(_card(of, at(place), rankdir, of.node.id in outputs))
    size = (plan.width + cut, plan.height) if flat else (plan.height, plan.width + cut)
    wide, high = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN + top
    if note:
        wide = max(wide, width(note, SIZE) + 2 * MARGIN)
        parts.append(_text(MARGIN, MARGIN + 8, note, size=SIZE, fill=MUTED, italic=True))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(wide)}" height="{_n(high)}" '
            f'viewBox="0 0 {_n(wide)} {_n(high)}" font-family="{FONT}">',
            f"<desc>{escape(desc)}</desc>",
            f"<style>{night_style()}</style>",
            f'<rect width="{_n(wide)}" height="{_n(high)}" fill="white"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _placing(
    rankdir: str, length: float, height: float, cut: float, top: float
) -> Callable[[Point], Point]:
    """Give the map from the layout's plane, along and across the computation, to the picture's."""

    def at(point: Point) -> Point:
        along, across = point[0] + cut, point[1]
        if rankdir in ("RL", "BT"):
            along = length - along
        x, y = (along, across) if rankdir in ("LR", "RL") else (across, along)
        return x + MARGIN, y + MARGIN + top

    return at


# ----- Edges -----


def _edge(
    line: Sequence[Point],
    at: Callable[[Point], Point],
    straight: float,
    label: str,
    tip: str,
    flat: bool,
    edge: Edge,
) -> str:
    """Draw a line that runs straight along layers and bends between them, and its arrow."""
    path = [f"M{_p(at(line[0]))}"]
    tail = line[-1][0] - ARROW, line[-1][1]
    for a, b in zip(line, [*line[1:-1], tail], strict=False):
        if a[1] == b[1]:
            path.append(f"L{_p(at(b))}")
            continue
        # All edges bend alike, so that two cross only if they have to; then room for the label.
        end = max(a[0] + BEND * 0.6, b[0] - straight)
        middle = (a[0] + end) / 2
        bends = ((middle, a[1]), (middle, b[1]), (end, b[1]))
        path.append("C" + " ".join([_p(at(point)) for point in bends]))
        if end < b[0]:
            path.append(f"L{_p(at(b))}")
    (x, y), (before, above) = at(line[-1]), at(tail)
    along, across = x - before, y - above
    head = (
        f"M{_n(x)},{_n(y)} L{_n(before - across * 0.4)},{_n(above + along * 0.4)} "
        f"L{_n(before + across * 0.4)},{_n(above - along * 0.4)}Z"
    )
    parts = [
        f'<g class="edge" id="{edge.source}-{edge.target}-{edge.operand}">',
        f"<title>{_safe(tip)}</title>",
        f'<path d="{" ".join(path)}" fill="none" stroke="{LINE}"/>',
        f'<path d="{head}" fill="{LINE}"/>',
    ]
    if label:
        if flat:
            backward = along < 0
            where, anchor = (before + (3 if backward else -3), y - 3.5), "end"
            parts.append(_text(*where, label, anchor="start" if backward else anchor))
        else:
            parts.append(_text(x + 5, (before * 0 + above) + (-2 if across > 0 else 10), label))
    return "".join([*parts, "</g>"])


def _stub(end: Point, start: Point, edge: Edge) -> str:
    """Draw that an operand is there which is not drawn."""
    return (
        f'<g class="left-out"><title>{edge.source} is not drawn</title>'
        f'<path d="M{_p(start)} L{_p(end)}" fill="none" stroke="{LINE}" '
        'stroke-dasharray="2 3"/></g>'
    )


# ----- Nodes -----


def _card(of: Card, place: Point, rankdir: str, output: bool) -> str:
    """Draw a card with its middle at a place."""
    node = of.node
    x, y = place[0] - of.width / 2, place[1] - of.height / 2
    fill, border, thick = _colours(node, output)
    parts = [
        f'<g class="node {node.kind}" id="{node.id}">',
        f"<title>{_safe(chr(10).join(node_lines(node)))}</title>",
        _rect(x, y, of.width, of.height, ROW / 2 if of.plain else 6.0, fill, border, thick),
    ]
    if of.plain:
        parts.append(_text(place[0], y + 12.3, of.rows[0][1], anchor="middle"))
        return "".join([*parts, "</g>"])
    left, right, upper, lower = x, x + of.width, y, y + of.height
    if of.strip:
        if rankdir == "LR":
            left += of.strip
            box, split = (x, y, left, lower), (left, y, left, lower)
        elif rankdir == "RL":
            right -= of.strip
            box, split = (right, y, x + of.width, lower), (right, y, right, lower)
        elif rankdir == "TB":
            upper += of.strip
            box, split = (x, y, right, upper), (x, upper, right, upper)
        else:
            lower -= of.strip
            box, split = (x, lower, right, y + of.height), (x, lower, right, lower)
        parts.append(_rule(split, border))
        middle, centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        parts.append(
            _text(middle, centre + 4, of.symbol, size=SIZE, fill=INK, anchor="middle", bold=True)
        )
    rows = len(of.rows) + bool(of.name)
    step = (lower - upper) / rows
    line = upper + step / 2 + 4
    if of.name:
        parts.append(_text(left + PAD, line, of.name, size=SIZE, fill=INK, bold=True))
        parts.append(_rule((left, upper + step, right, upper + step), border))
        line += step
    for key, number in of.rows:
        if key:
            parts.append(_text(left + PAD, line, key))
        parts.append(_text(right - PAD, line, number, size=SIZE, fill=INK, anchor="end"))
        line += step
    return "".join([*parts, "</g>"])


def _colours(node: Node, output: bool) -> tuple[str, str, float]:
    if node.kind == "group":
        return GROUP, GROUP_EDGE, 1.6
    if output:
        return OUTPUT, OUTPUT_EDGE, 1.6
    if node.kind == "op":
        return PAPER, LINE, 1.0
    return (LEAF, LEAF_EDGE, 1.0) if node.kind == "leaf" else (CONSTANT, CONSTANT_EDGE, 1.0)


# ----- SVG -----


def _rect(
    x: float,
    y: float,
    wide: float,
    high: float,
    radius: float,
    fill: str,
    border: str,
    thick: float,
) -> str:
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}" rx="{_n(radius)}" '
        f'fill="{fill}" stroke="{border}"'
        + ("/>" if thick == 1.0 else f' stroke-width="{_n(thick)}"/>')
    )


def _rule(ends: tuple[float, float, float, float], colour: str) -> str:
    x, y, right, lower = ends
    return f'<path d="M{_n(x)},{_n(y)} L{_n(right)},{_n(lower)}" fill="none" stroke="{colour}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float = SMALL,
    fill: str = MUTED,
    anchor: str = "start",
    bold: bool = False,
    italic: bool = False,
) -> str:
    more = "" if anchor == "start" else f' text-anchor="{anchor}"'
    if bold:
        more += ' font-weight="bold"'
    if italic:
        more += ' font-style="italic"'
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{fill}"{more} '
        f'xml:space="preserve">{_safe(text)}</text>'
    )


def _safe(text: str) -> str:
    return escape(xml_text(text))


def _p(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _n(number: float) -> str:
    """Write a coordinate, to a tenth of a pixel."""
    text = f"{number:.1f}"
    return text[:-2] if text.endswith(".0") else text
