"""Numbers as pictures show them."""

from __future__ import annotations


def short(number: float, digits: int) -> str:
    """Return a number with so many significant digits: 2, 0.707107, -1.5e-09, inf, nan."""
    return format(number, f".{digits}g")


def nodes_in(size: int) -> str:
    """Say how many nodes a group stands for."""
    return f"{size:,} node{'' if size == 1 else 's'}"
