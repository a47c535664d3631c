"""Marks: the few elements of SVG that pictures are made of."""

from __future__ import annotations

from html import escape
from typing import Literal

from ..cards import SIZE, SMALL
from ..labels import xml_text
from ..themes import Theme

Point = tuple[float, float]
Style = Literal["small", "alarm", "large", "bold"]


def frame(
    x: float, y: float, wide: float, high: float, radius: float, look: tuple[str, str, float]
) -> str:
    """Draw a box with round corners; its look: the colours of inside and border, its width."""
    fill, border, thick = look
    return (
        f'<rect x="{px(x)}" y="{px(y)}" width="{px(wide)}" height="{px(high)}" rx="{px(radius)}" '
        f'fill="{fill}" stroke="{border}"'
        + ("/>" if thick == 1.0 else f' stroke-width="{px(thick)}"/>')
    )


def rule(start: Point, end: Point, colour: str) -> str:
    """Draw a straight line."""
    return f'<path d="M{at(start)} L{at(end)}" fill="none" stroke="{colour}"/>'


def words(
    x: float,
    y: float,
    text: str,
    theme: Theme,
    *,
    anchor: str = "start",
    style: Style = "small",
    size: float = 0.0,
) -> str:
    """Write a line of text: small and grey, or in the colour of alarm; or large, or bold, too."""
    fill = {"small": theme.muted, "alarm": theme.alarm}.get(style, theme.ink)
    size = size or (SMALL if style in ("small", "alarm") else SIZE)
    more = "" if anchor == "start" else f' text-anchor="{anchor}"'
    if style == "bold":
        more += ' font-weight="bold"'
    return (
        f'<text x="{px(x)}" y="{px(y)}" font-size="{px(size)}" fill="{fill}"{more} '
        f'xml:space="preserve">{safe(text)}</text>'
    )


def tooltip(text: str) -> str:
    """Tell what browsers show when one points at the element around this."""
    return f"<title>{safe(text)}</title>"


def safe(text: str) -> str:
    """Escape a text for XML."""
    return escape(xml_text(text))


def at(point: Point) -> str:
    """Write a point of a path."""
    return f"{px(point[0])},{px(point[1])}"


def px(number: float) -> str:
    """Write a coordinate, to a tenth of a pixel.

    >>> px(3.04), px(-0.04), px(2.25)
    ('3', '-0', '2.2')
    """
    text = f"{number:.1f}"
    return text[:-2] if text[-1] == "0" else text
