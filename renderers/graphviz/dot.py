"""The renderer "dot": the picture's source in Graphviz's own language, as text."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pluggrad import Graph, hookimpl

from ..notebook_text import Shown
from .renderer import GraphvizRenderer


class DotRenderer(GraphvizRenderer):
    """Return the DOT source of what renderer "graphviz" draws; nothing is laid out or left out.

    Parameters: those of renderer "graphviz".

    Raises:
        RenderError: for an option of the wrong type or value.

    >>> from pluggrad import Value, render
    >>> print(render(Value(3.0, label="x") * 2.0, "dot").splitlines()[0])
    digraph pluggrad {
    """

    name = "dot"
    suffixes: ClassVar[tuple[str, ...]] = (".dot", ".gv")  # those of pictures belong to "graphviz"

    def __call__(self, graph: Graph) -> Shown:
        """Return the source, which ends in a newline."""
        return Shown.lines(str(super().__call__(graph).source))

    def write(self, graph: Graph, path: Path) -> None:
        """Write the source to a file."""
        path.write_text(self(graph), encoding="utf-8")


@hookimpl
def pluggrad_register_renderers() -> list[type[DotRenderer]]:
    """Register the dot renderer."""
    return [DotRenderer]
