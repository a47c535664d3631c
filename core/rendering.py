"""render() and save(): pick a renderer, give it the graph."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from .config import Config, current_config
from .errors import PluggradError, RenderError, one_line
from .graph import Graph
from .registry import plugins
from .value import Value


class HasGraph(Protocol):
    """What can give its graph, such as a compiled program."""

    def graph(self) -> Graph:
        """Give the graph as it is now."""


Drawable = Value | Graph | HasGraph | Iterable[Value]


def render(
    values: Drawable,
    renderer: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Turn a recorded graph into what a renderer makes of it.

    Parameters:
        values: a Value, several, a `Graph`, or a compiled program.
        renderer: its name; the one that the settings name, if not given.
        names: labels for Values that have none, from a dict such as `locals()`.
        options: the renderer's options; they come before those of the settings.

    Returns:
        What is native to the format: str for "text", `graphviz.Digraph` for "graphviz",
        `networkx.MultiDiGraph` for "networkx".

    Raises:
        RenderError: for an unknown renderer or option, naming those that are there.

    >>> from pluggrad import Value, render
    >>> x = Value(3.0, label="x")
    >>> render(x * 2.0, "networkx").number_of_edges()
    2
    """
    made = _chosen(renderer, options)
    graph = graph_of(values, names)
    return attempt(made, lambda: made(graph))


def save(
    values: Drawable,
    path: str | os.PathLike[str],
    renderer: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Write a picture of a recorded graph to a file.

    Parameters:
        values: a Value, several, a `Graph`, or a compiled program.
        path: where to; without `renderer`, the suffix says which one (`.svg`, `.txt`).
        renderer: its name.
        names: labels for Values that have none, from a dict such as `locals()`.
        options: the renderer's options.

    Returns:
        The path. A regular file is complete, or as it was before; it keeps its mode, owner and
        other names. A link is followed; a device or pipe is written to.

    Raises:
        RenderError: when no renderer writes such files, the renderer fails, or the file cannot be
            written.
    """
    path = Path(path)
    if "\0" in str(path):
        raise RenderError(f"cannot write {str(path)!r}: a path has no null byte")
    made = _chosen(renderer or renderer_of(path), options)
    graph = graph_of(values, names)
    from .writing import Destination

    try:
        destination = Destination(str(path))
    except OSError as cause:
        raise RenderError(f"cannot write {path}: {cause.strerror or cause}") from cause
    content = attempt(made, lambda: file_content(made, graph, path))
    try:
        destination.write(content)
    except OSError as cause:
        raise RenderError(f"cannot write {path}: {cause.strerror or cause}") from cause
    return path


def _chosen(name: str | None, options: dict[str, Any]) -> Any:
    config = current_config()
    return made_renderer(name or config.renderer, config, options)


def made_renderer(name: object, config: Config, options: Mapping[str, Any] | None = None) -> Any:
    """Make a renderer with the options of the settings, and others over them.

    Raises:
        RenderError: for an unknown renderer or option, naming those that are there.
    """
    options = options or {}
    if not isinstance(name, str):
        raise RenderError(f"a renderer is chosen by its name, not {type(name).__name__}")
    kind = plugins.renderer(name)
    given = {**config.renderers.get(name, {}), **options}
    try:
        made = kind(**given)
    except (PluggradError, KeyboardInterrupt):
        raise
    except TypeError as cause:
        import inspect

        known = [p.name for p in inspect.signature(kind).parameters.values()]
        unknown = [key for key in given if key not in known]
        if not unknown:
            _check_types(name, kind, given)
            raise RenderError(f"renderer {name!r}: {cause}") from cause
        raise RenderError(
            f"renderer {name!r} has no option {unknown[0]!r}; available: "
            f"{', '.join(sorted(known)) or 'none'}"
        ) from None
    except BaseException as cause:
        _check_types(name, kind, given)
        raise RenderError(f"renderer {name!r} failed: {one_line(cause)}{_line(cause)}") from cause
    _check_types(name, kind, given)
    return made


_PLAIN: dict[str, tuple[str, tuple[type, ...]]] = {
    "bool": ("True or False", (bool,)),
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
}


def _check_types(name: str, kind: type[Any], given: Mapping[str, Any]) -> None:
    """Check options that come from settings and command lines as texts or numbers.

    What counts is the plain type that a renderer writes at an option, or that of True or False
    which stands there as its default; a renderer checks what is more than that itself.
    """
    import inspect

    for option in inspect.signature(kind).parameters.values() if given else ():
        if option.name not in given:
            continue
        written = option.annotation
        words = written if isinstance(written, str) else getattr(written, "__name__", "")
        if written is option.empty and isinstance(option.default, bool):
            words = "bool"
        wanted, types = _PLAIN.get(words, ("", ()))
        value = given[option.name]
        if types and (not isinstance(value, types) or isinstance(value, bool) != (words == "bool")):
            raise RenderError(
                f"renderer {name!r}: option {option.name} is {wanted}, not {value!r:.60}"
            )


def renderer_of(path: Path) -> str:
    """Name the renderer that writes such files, by their suffix.

    Raises:
        RenderError: when there is none, naming the suffixes that are known.
    """
    suffix = path.suffix.lower()
    known: dict[str, str] = {}
    for name, kind in plugins.renderers.items():
        for written in getattr(kind, "suffixes", ()):
            known.setdefault(written, name)
    if suffix not in known:
        raise RenderError(
            f"no renderer writes {suffix or 'files without a suffix'!r} files ({path}); known "
            f"suffixes: {', '.join(sorted(known)) or 'none'}. Or name one: save(..., renderer=)"
        )
    return known[suffix]


def graph_of(values: Drawable, names: Mapping[str, Any] | None) -> Graph:
    """Give the graph of what can be drawn, labelled by `names`.

    Raises:
        RenderError: for names beside a graph, which has its labels.
    """
    if not isinstance(values, Value) and hasattr(values, "graph"):
        values = values.graph()
    if not isinstance(values, Graph):
        return Graph(values, names=names)
    if names is not None:
        raise RenderError("names= is for Values; give it to Graph(..., names=) where it is made")
    return values


def file_content(renderer: Any, graph: Graph, path: Path) -> bytes:
    """Let a renderer make the content of a file.

    Parameters:
        renderer: one that has a method `write`, or gives text or bytes when it is called.
        graph: what to draw.
        path: what the file is called; it is not touched.

    Raises:
        RenderError: when what the renderer gives is no file.
    """
    if hasattr(renderer, "write"):
        from .writing import content_of

        content = content_of(lambda place: renderer.write(graph, Path(place)), path.name)
        if content is None:
            raise RenderError(
                f"renderer {renderer.name!r} wrote nothing; its write(graph, path) makes the file "
                "at the path that it is given"
            )
        return content
    result = renderer(graph)
    if isinstance(result, bytes):
        return result
    if isinstance(result, str):
        return result[:].encode("utf-8", "replace")
    raise RenderError(
        f"renderer {renderer.name!r} gives {type(result).__name__}, which has no file form "
        "here; it can have one with a method write(graph, path)"
    )


def attempt(renderer: Any, work: Callable[[], Any]) -> Any:
    """Let a renderer work; whatever it raises is its error, with its name and line."""
    try:
        return work()
    except (PluggradError, KeyboardInterrupt):
        raise
    except BaseException as cause:
        raise RenderError(
            f"renderer {renderer.name!r} failed: {one_line(cause)}{_line(cause)}"
        ) from cause


def _line(cause: BaseException) -> str:
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
