"""Pictures in a file, in a notebook, and in one call."""

from .picture import Drawing, draw_dot
from .saving import save

__all__ = ["Drawing", "draw_dot", "save"]
