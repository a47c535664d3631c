"""Cards: what each node of a drawn graph shows, how large it is, and where its operands arrive."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from pluggrad import Graph, Node

from .labels import one_line
from .lettering import number_width, width
from .numerals import short

LABEL = 28  # characters of a label that are shown
SIZE, SMALL = 12.0, 11.0  # of letters, in pixels
ROW = 18.0  # the height of a line
PAD = 7.0  # between a border and a text
ENTRY = 20.0  # between two operands that arrive


@dataclass(frozen=True)
class Card:
    """One node as it is drawn.

    Attributes:
        node: what it shows.
        plain: drawn small, with its number only, as constants are.
        name: its label, on one line.
        rows: ("data", "0.7071") and ("grad", "1") as the card lists them.
        notes: what is wrong with its numbers, a line each.
        symbol: the operation; "" where there is none.
        strip: how wide the part with the operation is, along the computation.
        width, height: of the whole card.
        entries: for each operand how far from the middle of its side it arrives.
    """

    node: Node
    plain: bool
    name: str
    rows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    symbol: str
    strip: float
    width: float
    height: float
    entries: tuple[float, ...]


def arities(graph: Graph) -> dict[str, int]:
    """Count the operands of each result, those included that a part of a graph does not have.

    >>> from pluggrad import Graph, Value
    >>> arities(Graph(Value(1.0) + 2.0))
    {'n2': 2}
    """
    found: dict[str, int] = {}
    for edge in graph.edges:
        found[edge.target] = max(found.get(edge.target, 0), edge.operand + 1)
    return found


def card(
    node: Node,
    notes: tuple[str, ...],
    arity: int,
    output: bool,
    digits: int,
    flat: bool,
    room: float,
) -> Card:
    """Make the card of a node.

    Parameters:
        node: what it shows.
        notes: what is wrong with its numbers.
        arity: how many operands it has.
        output: whether it is a result of the graph, and so never plain.
        digits: significant digits of numbers. Their room depends on nothing else.
        flat: whether the computation runs from side to side, and operands arrive at a side.
        room: how far apart operands have to arrive where they come from above or below.
    """
    name = one_line(node.label, LABEL).strip()
    data = short(node.data, digits)
    if node.kind == "constant" and not output and not notes:
        text = f"{name} = " if name else ""
        wide = width(text, SMALL) + number_width(digits, SMALL) + PAD
        return Card(node, True, name, (("", text + data),), (), "", 0.0, wide, ROW, ())
    rows = [("data", data)]
    if node.kind == "group":
        rows = [("", f"{node.size:,} nodes"), *([] if isnan(node.data) else rows)]
    if node.requires_grad and not (node.kind == "group" and node.grad is None):
        rows.append(("grad", "—" if node.grad is None else short(node.grad, digits)))
    body = max(
        width("grad", SMALL) + PAD + number_width(digits, SIZE),
        width(name, SIZE, bold=True),
        *[width(note, SMALL) for note in notes],
    )
    wide, high = body + 2 * PAD, ROW * (len(rows) + len(notes) + bool(name))
    symbol = one_line(node.symbol or "", LABEL)
    strip = 0.0
    if node.kind == "op":
        lettered = width(symbol, SIZE, bold=True) + 1.5 * PAD
        if flat:
            strip = max(22.0, lettered)
            wide += strip
            high = max(high, ENTRY * arity)
        else:
            strip = ROW + 2
            high += strip
            wide = max(wide, lettered, room * arity)
    if node.kind == "group":  # what a group uses may be much: it arrives close together
        step = ((high if flat else wide) - PAD) / max(arity, 1)
    elif flat:
        step = high / arity if arity > 2 else min(high / max(arity, 1), 28.0)
    else:
        step = max(room, wide / max(arity, 1))
    entries = tuple([(i - (arity - 1) / 2) * step for i in range(arity)])
    return Card(node, False, name, tuple(rows), notes, symbol, strip, round(wide), high, entries)
