"""Lettering: how wide a text is, without a font at hand.

Pictures name the fonts Helvetica and Arial, whose widths are the same; what a reader has instead
is seldom wider than the margins allow for.
"""

from __future__ import annotations

import unicodedata

# Widths in thousandths of the font size, of the characters from space to tilde (Helvetica's AFM).
_ADVANCE = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 "
    "556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 "
    "556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTHS = dict(zip(map(chr, range(32, 127)), map(int, _ADVANCE.split()), strict=True))
BOLD = 1.11  # how much wider bold is, about


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a text in the unit of the font size.

    >>> width("tanh", 10.0)
    19.46
    """
    advance = sum([_WIDTHS.get(character) or _other(character) for character in text])
    return round(advance * size * (BOLD if bold else 1.0) / 1000, 3)


def number_width(digits: int, size: float) -> float:
    """Return the room for numbers of so many digits, so that a step of training moves nothing."""
    return width("-0." + "0" * (digits - 1) + "e-00", size)


def _other(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 1050 if unicodedata.east_asian_width(character) in "WF" else 750
