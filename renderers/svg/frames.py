"""Frames: scopes around the cards that were made in them, where nothing else stands between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..cards import Card
from ..labels import one_line
from ..themes import Theme
from .elements import Point, frame, tooltip, words

PAD, STEP = 5.0, 4.0  # between a card and its frame, and between frames inside each other
TITLE = 9.0  # the height of a frame's title
LABEL = 28  # characters of it


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def scope_frames(cards: Sequence[Card], places: Sequence[Point], theme: Theme) -> list[str]:
    """Draw a frame for each scope that has its part of the picture to itself.

    Parameters:
        cards: what is drawn.
        places: the middle of each card.
        theme: the colours.
    """
    boxes = [_box(card, place) for card, place in zip(cards, places, strict=True)]
    members: dict[tuple[str, ...], list[int]] = {}
    for i, card in enumerate(cards):
        scope = card.node.scope
        for length in range(1, len(scope) + 1):
            members.setdefault(scope[:length], []).append(i)
    deepest = {scope: max(len(s) for s in members if s[: len(scope)] == scope) for scope in members}
    drawn = []
    for scope, inside in sorted(members.items(), key=lambda pair: len(pair[0])):
        pad = PAD + STEP * (deepest[scope] - len(scope))
        box = _around([boxes[i] for i in inside], pad)
        others = set(range(len(cards))).difference(inside)
        if len(inside) > 1 and not any(box.meets(boxes[i]) for i in others):
            drawn.append(_frame(box, scope, theme))
    return drawn


def _box(card: Card, middle: Point) -> _Box:
    x, y = middle
    return _Box(x - card.width / 2, y - card.height / 2, x + card.width / 2, y + card.height / 2)


def _around(boxes: Sequence[_Box], pad: float) -> _Box:
    return _Box(
        min(box.left for box in boxes) - pad,
        min(box.top for box in boxes) - pad - TITLE,
        max(box.right for box in boxes) + pad,
        max(box.bottom for box in boxes) + pad,
    )


def _frame(box: _Box, scope: tuple[str, ...], theme: Theme) -> str:
    look = ("none", theme.constant_edge, 1.0)
    title = one_line(scope[-1], LABEL)
    return (
        f'<g class="scope">{tooltip("/".join(scope))}'
        + frame(box.left, box.top, box.right - box.left, box.bottom - box.top, 7.0, look)
        + words(box.left + 4, box.top + TITLE, title, theme, size=9.0)
        + "</g>"
    )
