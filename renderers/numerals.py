"""Numbers as pictures show them."""

from __future__ import annotations


def short(number: float, digits: int) -> str:
    """Give a number with so many significant digits: 2, 0.707107, -1.5e-09, inf, nan."""
    return format(number, f".{digits}g")
