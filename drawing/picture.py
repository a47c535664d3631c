"""draw_dot(): a picture in one call, shown by notebooks and written to files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, overload

from pluggrad.config import current_config
from pluggrad.graph import Graph

from .notebook import bundle_of
from .rendering import Drawable, graph_of, made_renderer, render
from .saving import renderer_of, save


class Drawing:
    """A picture of a graph as it was, which a notebook shows and `render` writes to a file.

    Parameters:
        graph: what to draw.
        format: the suffix of the file that `render` writes, "svg", "png" or "pdf".
        options: those of the renderer.

    Raises:
        RenderError: for a format that no renderer writes, or an option of the wrong value.
    """

    def __init__(self, graph: Graph, format: str = "svg", **options: Any) -> None:
        made_renderer("svg", current_config(), options)
        renderer_of(Path(f"graph.{format}"))
        self.graph = graph
        self.format = format
        self.options = options

    def render(
        self,
        filename: str | os.PathLike[str] = "graph",
        directory: str | os.PathLike[str] = ".",
        view: bool = False,
        *,
        format: str | None = None,
        cleanup: bool = True,
    ) -> str:
        """Write the picture to a file, as `graphviz.Digraph.render` does.

        Parameters:
            filename: its name, with or without the format's suffix.
            directory: the folder.
            view: whether to open it with the computer's viewer for such files.
            format: a format other than the drawing's own.
            cleanup: has no effect; no other file is left behind.

        Returns:
            The path.

        Raises:
            RenderError: when no renderer writes this format, or the file cannot be written.
        """
        suffix = f".{format or self.format}"
        path = Path(directory) / filename
        if path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
        save(self.graph, path, **self.options)
        if view:
            import webbrowser  # slow to import

            webbrowser.open(path.resolve().as_uri())
        return str(path)

    @property
    def source(self) -> str:
        """The graph in Graphviz's language."""
        return str(render(self.graph, "graphviz", **self.options).source)

    def __repr__(self) -> str:
        return f"<Drawing of {len(self.graph)} nodes; .render(filename) writes it>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        picture = render(self.graph, "svg", **self.options)
        return {**bundle_of(picture), "text/plain": repr(self)}


class DrawnPath(type(Path())):  # type: ignore[misc]
    """The path of a picture that was written; a notebook shows the picture."""

    __slots__ = ("graph", "options")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        shown = {"text/plain": repr(Path(self))}
        if hasattr(self, "graph"):  # a path that was made from this one has none
            return {**bundle_of(render(self.graph, "svg", **self.options)), **shown}
        return shown

    def __repr__(self) -> str:
        return repr(Path(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Path, (str(self),)


@overload
def draw_dot(
    value: Drawable,
    path: None = None,
    *,
    format: str = ...,
    rankdir: str = ...,
    names: Mapping[str, Any] | None = ...,
) -> Drawing: ...
@overload
def draw_dot(
    value: Drawable,
    path: str | os.PathLike[str],
    *,
    format: str = ...,
    rankdir: str = ...,
    names: Mapping[str, Any] | None = ...,
) -> Path: ...
def draw_dot(
    value: Drawable,
    path: str | os.PathLike[str] | None = None,
    *,
    format: str = "svg",
    rankdir: str = "LR",
    names: Mapping[str, Any] | None = None,
) -> Drawing | Path:
    """Draw a graph in one call.

    Parameters:
        value: a Value, several, a `Graph`, or a compiled program.
        path: the file to write; its suffix chooses the format. Without a path, the picture is
            returned for a notebook to show.
        format: the format that `render()` of that picture writes: "svg", "png" or "pdf".
        rankdir: the direction of the computation: "LR", "TB", "RL" or "BT".
        names: labels for Values without one, from a dict such as `locals()`.

    Returns:
        The path of the file, or a `Drawing`; a notebook shows the picture for both.

    Raises:
        RenderError: for an unknown format or direction, or when the file cannot be written.

    >>> from pluggrad import Value, draw_dot
    >>> o = Value(2.0) * 3.0
    >>> draw_dot(o)
    <Drawing of 3 nodes; .render(filename) writes it>
    >>> draw_dot(o, "graph.svg").name  # doctest: +SKIP
    'graph.svg'
    """
    options: dict[str, Any] = {} if rankdir == "LR" else {"rankdir": rankdir}
    graph = graph_of(value, names)
    if path is None:
        return Drawing(graph, format, **options)
    drawn = DrawnPath(save(graph, path, **options))
    drawn.graph, drawn.options = graph, options
    return drawn
