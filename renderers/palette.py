"""The colours of drawn graphs, by day and by night."""

from __future__ import annotations

# Blue, grey and amber stay apart under every common colour blindness, and on paper.
FONT = "Helvetica,Arial,sans-serif"
PAPER = "#ffffff"
INK, MUTED, LINE = "#1f2933", "#616e7c", "#829ab1"
LEAF, LEAF_EDGE = "#e0effa", "#2b6cb0"
OUTPUT, OUTPUT_EDGE = "#fdf0d5", "#b7791f"
GROUP, GROUP_EDGE = "#ede9f7", "#6b46c1"
CONSTANT, CONSTANT_EDGE = "#f5f7fa", "#cbd2d9"

# By night the same hues, dark where they were light. A card's white is not the paper's.
_NIGHT = {
    INK: "#e4e7eb",
    MUTED: "#9aa5b1",
    LINE: "#7b8794",
    PAPER: "#222b36",
    LEAF: "#173a5e",
    LEAF_EDGE: "#63a4e0",
    OUTPUT: "#4d3a10",
    OUTPUT_EDGE: "#e0a83c",
    GROUP: "#33285a",
    GROUP_EDGE: "#a58be8",
    CONSTANT: "#2b3440",
    CONSTANT_EDGE: "#4b5866",
    "white": "#161c24",
}


def night_style() -> str:
    """Give the CSS that turns a picture in these colours dark where the reader's system is."""
    rules = [
        f'[{attribute}="{day}"]{{{attribute}:{night}}}'
        for day, night in _NIGHT.items()
        for attribute in ("fill", "stroke")
    ]
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
