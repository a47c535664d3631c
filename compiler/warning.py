"""Warnings that point at whoever called pluggrad."""

from __future__ import annotations

import sys
import warnings

from pluggrad import CompileWarning


def warn(text: str) -> None:
    """Warn, at the line that called pluggrad."""
    warnings.warn(text, CompileWarning, stacklevel=_outside())


def _outside() -> int:
    """Count the frames up to the caller of pluggrad."""
    depth = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("pluggrad."):
        frame = frame.f_back
        depth += 1
    return depth
