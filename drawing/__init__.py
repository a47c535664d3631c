"""Pictures of graphs: given back, in files, in notebooks, and in one call."""

from .page_widget import widget
from .picture import Drawing, draw_dot
from .rendering import render
from .saving import save

__all__ = ["Drawing", "draw_dot", "render", "save", "widget"]
