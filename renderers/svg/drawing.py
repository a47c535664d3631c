"""Drawing: a graph as SVG text, laid out by our own layered layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from pluggrad import Edge, Graph

from ..cards import PAD, ROW, SMALL, Card
from ..lettering import width
from ..notes import slope
from ..numerals import short
from ..themes import FONT, Theme, night_style
from ..tooltips import edge_line, node_lines
from .arrangement import ARROW, BEND, Arrangement
from .elements import Point, at, frame, px, rule, tooltip, words
from .frames import scope_frames

MARGIN = 20.0  # around the picture
HEADING, LINE = 22.0, 15.0  # of the note above it, and of each more line
STUB = 18.0  # of an operand that is not drawn
CORNER = 5.0  # how far a corner is rounded

Placing = Callable[[Point], Point]
Box = tuple[float, float, float, float]  # left, upper, right and lower


class Look(NamedTuple):
    """How a picture looks.

    Attributes:
        rankdir: the direction of the computation: "LR", "TB", "RL" or "BT".
        digits: significant digits of numbers.
        derivatives: label each edge with d(user)/d(operand) where a backward pass ran.
        theme: its colours.
        by_night: whether the light theme becomes the dark one where the reader's system is.
    """

    rankdir: str
    digits: int
    derivatives: bool
    theme: Theme
    by_night: bool


def draw(graph: Graph, what: Arrangement, look: Look, *, note: Sequence[str], desc: str) -> str:
    """Draw a part of a graph.

    Parameters:
        graph: any graph, however deep.
        what: where its cards and lines are.
        look: how it looks.
        note: the lines to write above the picture.
        desc: the text of `<desc>`.
    """
    rankdir, digits, derivatives, theme, by_night = look
    flat = rankdir in ("LR", "RL")
    length = what.plan.width + (STUB if what.missing else 0.0)
    top = HEADING + LINE * (len(note) - 1) if note else 0.0
    place = _placing(rankdir, length, length - what.plan.width, top)
    parts = []
    for edge, line in zip(what.edges, what.plan.lines, strict=True):
        local = slope(graph, edge) if derivatives else None
        label = "" if local is None else f"∂ {short(local, digits)}"
        tip = edge_line(edge, graph.node(edge.target), local)
        parts.append(_edge(edge, line, place, what.straight, label, tip, flat, theme))
    parts += [_stub(edge, what, place, flat, theme) for edge in what.missing]
    parts[:0] = scope_frames(what.cards, [place(p) for p in what.plan.places], theme)
    outputs = set(graph.outputs)
    for middle, of in zip(what.plan.places, what.cards, strict=True):
        tip = "\n".join(node_lines(graph, of.node))
        parts.append(_card(of, tip, place(middle), rankdir, of.node.id in outputs, theme))
    for i, text in enumerate(note):
        parts.append(words(MARGIN, MARGIN + 8 + LINE * i, text, theme))
    size = (length, what.plan.height) if flat else (what.plan.height, length)
    wide = max([size[0], *[width(text, SMALL) for text in note]]) + 2 * MARGIN
    high = size[1] + 2 * MARGIN + top
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{px(wide)}" height="{px(high)}" '
            f'viewBox="0 0 {px(wide)} {px(high)}" font-family="{FONT}">',
            f"<desc>{escape(desc)}</desc>",
            *([f"<style>{night_style()}</style>"] if by_night else []),
            f'<rect width="{px(wide)}" height="{px(high)}" '
            f'fill="{"white" if by_night else theme.paper}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _placing(rankdir: str, length: float, before: float, top: float) -> Placing:
    """Return the map from the layout's plane, along and across, to the picture's."""

    def place(point: Point) -> Point:
        along, across = point[0] + before, point[1]
        if rankdir in ("RL", "BT"):
            along = length - along
        x, y = (along, across) if rankdir in ("LR", "RL") else (across, along)
        return x + MARGIN, y + MARGIN + top

    return place


# ----- Edges -----


def _edge(
    edge: Edge,
    line: Sequence[Point],
    place: Placing,
    straight: float,
    label: str,
    tip: str,
    flat: bool,
    theme: Theme,
) -> str:
    """Draw a line that runs straight along layers and bends between them, and its arrow."""
    tail = line[-1][0] - ARROW, line[-1][1]
    (x, y), (before, above) = place(line[-1]), place(tail)
    along, across = x - before, y - above
    sides = [
        (before - across * 0.4, above + along * 0.4),
        (before + across * 0.4, above - along * 0.4),
    ]
    parts = [
        f'<g class="edge" id="{edge.source}-{edge.target}-{edge.operand}">{tooltip(tip)}'
        f'<path d="{_path([*line[:-1], tail], place, straight)}" fill="none" '
        f'stroke="{theme.line}"/>'
        f'<path d="M{at((x, y))} L{at(sides[0])} L{at(sides[1])}Z" fill="{theme.line}"/>'
    ]
    if label and flat:
        back = along < 0
        parts.append(
            words(
                before + (3 if back else -3),
                y - 3.5,
                label,
                theme,
                anchor="start" if back else "end",
            )
        )
    elif label:
        parts.append(words(x + 5, above + (-2 if across > 0 else 10), label, theme))
    return "".join([*parts, "</g>"])


def _path(line: Sequence[Point], place: Placing, straight: float) -> str:
    path = [f"M{at(place(line[0]))}"]
    level = True  # the line runs along the layers
    for a, b in pairwise(line):
        dx, dy = abs(b[0] - a[0]), abs(b[1] - a[1])
        if not dx or not dy:
            path.append(f"L{at(place(b))}")
            level = not dy
        elif dx <= CORNER and dy <= CORNER:  # where a line goes around from row to row
            corner = (b[0], a[1]) if level else (a[0], b[1])
            path.append(f"Q{at(place(corner))} {at(place(b))}")
            level = not level
        else:
            # All edges bend alike, so that two cross only if they have to; the label has its room.
            end = max(a[0] + BEND * 0.6, b[0] - straight)
            middle = (a[0] + end) / 2
            bends = ((middle, a[1]), (middle, b[1]), (end, b[1]))
            path.append("C" + " ".join([at(place(point)) for point in bends]))
            if end < b[0]:
                path.append(f"L{at(place(b))}")
            level = True
    return " ".join(path)


def _stub(edge: Edge, what: Arrangement, place: Placing, flat: bool, theme: Theme) -> str:
    """Draw that there is an operand which is not drawn."""
    number = what.numbers[edge.target]
    of, (x, y) = what.cards[number], what.plan.places[number]
    x, y = x - (of.width if flat else of.height) / 2, y + of.entries[edge.operand]
    return (
        f'<g class="left-out">{tooltip(f"{edge.source} is not drawn")}'
        f'<path d="M{at(place((x - STUB, y)))} L{at(place((x, y)))}" fill="none" '
        f'stroke="{theme.line}" stroke-dasharray="2 3"/></g>'
    )


# ----- Nodes -----


def _card(of: Card, tip: str, middle: Point, rankdir: str, output: bool, theme: Theme) -> str:
    """Draw a card around a point."""
    x, y = middle[0] - of.width / 2, middle[1] - of.height / 2
    look = _look(of, output, theme)
    parts = [
        f'<g class="node {of.node.kind}" id="{of.node.id}">',
        tooltip(tip),
        frame(x, y, of.width, of.height, ROW / 2 if of.plain else 6.0, look),
    ]
    if of.plain:
        parts.append(words(middle[0], y + 12.3, of.rows[0][1], theme, anchor="middle"))
        return "".join([*parts, "</g>"])
    box = x, y, x + of.width, y + of.height
    if of.strip:
        drawn, box = _strip(of, box, middle, rankdir, look[1], theme)
        parts += drawn
    left, upper, right, lower = box
    step = (lower - upper) / (len(of.rows) + len(of.notes) + bool(of.name))
    line = upper + step / 2 + 4
    if of.name:
        parts.append(words(left + PAD, line, of.name, theme, style="bold"))
        parts.append(rule((left, upper + step), (right, upper + step), look[1]))
        line += step
    for key, number in of.rows:
        parts.append(words(left + PAD, line, key or number, theme))
        if key:
            parts.append(words(right - PAD, line, number, theme, anchor="end", style="large"))
        line += step
    for note in of.notes:
        parts.append(words(left + PAD, line, note, theme, style="alarm"))
        line += step
    return "".join([*parts, "</g>"])


def _strip(
    of: Card, box: Box, middle: Point, rankdir: str, edge: str, theme: Theme
) -> tuple[list[str], Box]:
    """Draw the symbol at the side where operands arrive; return it and the rest of the box."""
    left, upper, right, lower = box
    (x, y), half = middle, of.strip / 2
    if rankdir == "LR":
        x, left = left + half, left + of.strip
        split = (left, upper), (left, lower)
    elif rankdir == "RL":
        x, right = right - half, right - of.strip
        split = (right, upper), (right, lower)
    elif rankdir == "TB":
        y, upper = upper + half, upper + of.strip
        split = (left, upper), (right, upper)
    else:
        y, lower = lower - half, lower - of.strip
        split = (left, lower), (right, lower)
    symbol = words(x, y + 4, of.symbol, theme, anchor="middle", style="bold")
    return [rule(*split, edge), symbol], (left, upper, right, lower)


def _look(of: Card, output: bool, theme: Theme) -> tuple[str, str, float]:
    """Choose the colours inside and of the border, and the border's width."""
    fill, edge = theme.of_kind(of.node.kind, output)
    if of.notes:
        return fill, theme.alarm, 1.6
    return fill, edge, 1.6 if output or of.node.kind == "group" else 1.0
