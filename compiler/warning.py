"""Warnings that point at whoever called pluggrad."""

from __future__ import annotations

import sys

from pluggrad import CompileWarning
from pluggrad.insight.callers import outside, warn_at


def warn(text: str) -> None:
    """Warn, at the line that called pluggrad."""
    warn_at(outside(sys._getframe(1)), text, CompileWarning)


def counted(count: int, noun: str) -> str:
    """Return how many there are of something.

    >>> counted(1, "guard"), counted(2, "guard")
    ('1 guard', '2 guards')
    """
    return f"{count} {noun}" + "s" * (count != 1)
