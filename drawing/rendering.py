"""render(): pick a renderer, give it the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, Literal, Protocol, cast, overload

from pluggrad.config import Config, current_config
from pluggrad.errors import ForwardError, PluggradError, RenderError, one_line, quoted
from pluggrad.graph import Graph
from pluggrad.hints.names import no_renderer
from pluggrad.registry import plugins
from pluggrad.value import Value


class HasGraph(Protocol):
    """What can give its graph, such as a compiled program."""

    def graph(self) -> Graph:
        """Return the graph as it is now."""


# Renderers of pluggrad's own whose result is text, for type checkers.
Textual = Literal[
    "c", "dot", "gexf", "gml", "graphml", "html", "js", "json", "latex", "mermaid", "svg", "text"
]
LARGE = 2_000  # nodes, whose picture may take a second
Drawable = Value | Graph | HasGraph | Iterable[Value] | ForwardError


@overload
def render(
    values: Drawable,
    renderer: Textual,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> str: ...
@overload
def render(
    values: Drawable,
    renderer: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any: ...
def render(
    values: Drawable,
    renderer: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Draw a recorded graph with a renderer, and return the result.

    Parameters:
        values: a Value, several, a `Graph`, or a compiled program.
        renderer: the renderer's name; by default the one in the settings.
        names: labels for Values without one, from a dict such as `locals()`.
        options: the renderer's options; they override those in the settings.

    Returns:
        A result in the format's own type: str for "text", `graphviz.Digraph` for "graphviz",
        `networkx.MultiDiGraph` for "networkx".

    Raises:
        RenderError: for an unknown renderer or option, naming the available ones.

    >>> from pluggrad import Value, render
    >>> x = Value(3.0, label="x")
    >>> render(x * 2.0, "networkx").number_of_edges()
    2
    """
    made = chosen(renderer, options)
    graph = graph_of(values, names)
    return attempt(made.name, partial(watched, graph, lambda: made(graph)))


def chosen(name: str | None, options: dict[str, Any]) -> Any:
    """Make the renderer of this name, or the one that the settings name."""
    config = current_config()
    if not name and config.renderer not in plugins.renderers:
        hint = "The settings name it: `pluggrad config` says where"
        raise RenderError(f"{no_renderer(config.renderer, plugins.renderers)}. {hint}")
    return made_renderer(name or config.renderer, config, options)


def made_renderer(name: object, config: Config, options: Mapping[str, Any] | None = None) -> Any:
    """Make a renderer with the options of the settings, and others over them.

    Raises:
        RenderError: for an unknown renderer or option, naming the available ones.
    """
    options = options or {}
    if not isinstance(name, str):
        raise RenderError(f"a renderer is chosen by its name, not {type(name).__name__}")
    kind = plugins.renderer(name)
    given = {**config.renderers.get(name, {}), **options}
    _check_options(name, kind, given, options)
    return attempt(name, lambda: kind(**given))


_PLAIN: dict[str, tuple[str, tuple[type, ...]]] = {
    "bool": ("True or False", (bool,)),
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
}


def _check_options(
    name: str, kind: type[Any], given: Mapping[str, Any], called_with: Mapping[str, Any]
) -> None:
    """Check the names of options, and the types that settings and command lines may get wrong.

    What counts is the plain type that a renderer writes at an option, or that of True or False
    which stands there as its default; a renderer checks what is more than that itself.
    """
    if not given:
        return
    known = signature(kind).parameters
    takes_any = any(option.kind is option.VAR_KEYWORD for option in known.values())
    for key, value in given.items():
        origin = "" if key in called_with else " (from the settings)"
        if key not in known:
            if takes_any:
                continue
            raise RenderError(
                f"renderer {name!r} has no option {key!r}{origin}; available: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
        written, default = known[key].annotation, known[key].default
        words = written if isinstance(written, str) else getattr(written, "__name__", "")
        if written is known[key].empty and isinstance(default, bool):
            words = "bool"
        wanted, types = _PLAIN.get(words, ("", ()))
        if types and (not isinstance(value, types) or isinstance(value, bool) != (words == "bool")):
            raise RenderError(
                f"renderer {name!r}: option {key}{origin} is {wanted}, not {quoted(value)}"
            )


def graph_of(values: Drawable, names: Mapping[str, Any] | None) -> Graph:
    """Return the graph of what can be drawn, labelled by `names`.

    Raises:
        RenderError: for names beside a graph, which has its labels.
    """
    if not isinstance(values, Value) and callable(getattr(values, "graph", None)):
        values = cast("HasGraph", values).graph()
    if isinstance(values, ForwardError):
        values = cast("tuple[Value, ...]", values.operands)  # what was computed up to there
    if not isinstance(values, Graph):
        return Graph(cast("Iterable[Value]", values), names=names)
    if names is not None:
        raise RenderError("names= is for Values; give it to Graph(..., names=) where it is made")
    return values


def watched(graph: Graph, work: Callable[[], Any]) -> Any:
    """Draw; whoever waits for a large graph at a terminal is told so."""
    if len(graph.nodes) < LARGE:
        return work()
    from pluggrad.progress import telling, waiting

    with waiting(elsewhere=False), telling(f"drawing {len(graph.nodes):,} nodes"):
        return work()


def attempt(name: str, work: Callable[[], Any]) -> Any:
    """Let a renderer work; whatever it raises is its error, with its name and line."""
    try:
        return work()
    except (PluggradError, KeyboardInterrupt):
        raise
    except BaseException as cause:
        raise RenderError(f"renderer {name!r} failed: {one_line(cause)}{_line(cause)}") from cause


def _line(cause: BaseException) -> str:
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
