"""What a notebook shows for a Value or a Graph: always text, and a picture where one can be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pluggrad.config import current_config
from pluggrad.graph import Graph
from pluggrad.registry import plugins
from pluggrad.value import Value

from .rendering import made_renderer

LARGE = 150  # nodes, beyond which a picture that cannot fold groups itself shows a summary


def mimebundle(shown: Value | Graph) -> dict[str, str]:
    """Return what a notebook can show, by MIME type.

    It never raises, so that a cell always shows something: where there is no picture, the text
    says why.

    >>> from pluggrad import Value
    >>> sorted(mimebundle(Value(1.0) + 2.0))[-1]
    'text/plain'
    """
    text = repr(shown)
    try:
        bundle = _picture(shown if isinstance(shown, Graph) else Graph(shown))
    except Exception as cause:  # a cell's result must not be lost over its picture
        return {"text/plain": f"{text}\n(no picture: {cause})"}
    # Beside a picture stands what the Value is; a renderer of texts has said it better.
    return bundle if list(bundle) == ["text/plain"] else {**bundle, "text/plain": text}


def _picture(graph: Graph) -> dict[str, str]:
    """Draw with the renderer that the settings name for notebooks."""
    config = current_config()
    renderer = made_renderer(config.notebook, config)
    if hasattr(renderer, "notebook"):
        return dict(renderer.notebook(graph))
    if len(graph) > LARGE:
        graph = graph.collapse()
    drawn = renderer(graph)
    if not hasattr(drawn, "_repr_mimebundle_") and ".svg" in getattr(
        plugins.renderer(config.notebook), "suffixes", ()
    ):
        return {"image/svg+xml": _svg(renderer, graph)}
    bundle = bundle_of(drawn)
    return bundle if isinstance(drawn, str) or len(bundle) > 1 else {}  # no picture: see the Value


def bundle_of(drawn: Any) -> dict[str, Any]:
    """Return what a notebook shows for what a renderer made."""
    if hasattr(drawn, "_repr_mimebundle_"):
        return dict(drawn._repr_mimebundle_())
    return {"text/plain": drawn} if isinstance(drawn, str) else {}


def _svg(renderer: Any, graph: Graph) -> str:
    from tempfile import TemporaryDirectory  # slow to import

    with TemporaryDirectory() as folder:
        path = Path(folder) / "graph.svg"
        renderer.write(graph, path)
        return path.read_text(encoding="utf-8")
