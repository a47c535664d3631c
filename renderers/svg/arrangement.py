"""Arranging: the cards and lines of a picture, laid out by our own layered layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pluggrad import Edge, Graph

from ..cards import SMALL, Card, arities, card
from ..layered import Layout, folded, lay_out_layers
from ..lettering import number_width, width
from ..notes import briefs

BEND = 28.0  # the space in which edges cross over from one layer to the next
ARROW = 7.0  # the length of an arrow's head
SCREEN = 1200.0  # pixels; a longer picture is continued below,
SLIM = 4.0  # if it is so much longer than wide
WIDEST = 1.6  # how much wider than high it then becomes, about


class Arrangement(NamedTuple):
    """What is drawn where; along and across the computation, whatever its direction.

    Attributes:
        cards: of the nodes.
        edges: those that are drawn, one for each line of the plan.
        missing: the edges whose source is not drawn.
        numbers: the number of each node's card.
        plan: where the cards and the lines are.
        straight: how much room a line has before its arrow, for its label.
    """

    cards: list[Card]
    edges: list[Edge]
    missing: list[Edge]
    numbers: dict[str, int]
    plan: Layout
    straight: float

    @property
    def fits(self) -> bool:
        """Whether all of it can be read on a screen, or a little further down."""
        long, high = sorted((self.plan.width, self.plan.height), reverse=True)
        return long <= 2 * SCREEN and long * high <= 1.6 * SCREEN * SCREEN


def arrange(
    graph: Graph, shown: Sequence[str], *, flat: bool, digits: int, derivatives: bool
) -> Arrangement:
    """Arrange a part of a graph.

    Parameters:
        graph: any graph, however deep.
        shown: the ids of the nodes to draw.
        flat: whether the computation runs from side to side.
        digits: significant digits of numbers.
        derivatives: whether edges have labels.
    """
    kept = set(shown)
    nodes = [node for node in graph.nodes if node.id in kept]
    index = {node.id: i for i, node in enumerate(nodes)}
    outputs, arity = set(graph.outputs), arities(graph)
    label = width("∂ ", SMALL) + number_width(digits, SMALL) + 4
    room = label + 14 if derivatives else 28.0
    cards = [
        card(
            node,
            briefs(graph, node.id),
            arity.get(node.id, 0),
            node.id in outputs,
            digits,
            flat,
            room,
        )
        for node in nodes
    ]
    into = [edge for edge in graph.edges if edge.target in kept]
    edges = [edge for edge in into if edge.source in kept]
    missing = [edge for edge in into if edge.source not in kept]
    straight = (label if flat else 16.0) + 4 if derivatives else 6.0
    sizes = [(c.width, c.height) if flat else (c.height, c.width) for c in cards]
    plan = lay_out_layers(
        sizes,
        [(index[edge.source], index[edge.target]) for edge in edges],
        [cards[index[edge.target]].entries[edge.operand] for edge in edges],
        gap=BEND + straight + ARROW,
        between=16.0 if flat else 24.0,
    )
    if plan.width > max(SCREEN, SLIM * plan.height):
        row = plan.height + 50
        plan = folded(plan, sizes, max(SCREEN - 100, (WIDEST * plan.width * row) ** 0.5))
    return Arrangement(cards, edges, missing, index, plan, straight)
