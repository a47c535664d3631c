"""save(): write a picture to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pluggrad.errors import RenderError, quoted
from pluggrad.graph import Graph
from pluggrad.registry import plugins

from .rendering import Drawable, attempt, chosen, graph_of, watched
from .writing import Destination, content_of


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
        path: the file; without `renderer`, its suffix chooses one (`.svg`, `.txt`).
        renderer: the renderer's name.
        names: labels for Values without one, from a dict such as `locals()`.
        options: the renderer's options.

    Returns:
        The path. A regular file is either complete or as it was before; it keeps its mode, owner
        and other names. A link is followed; a device or pipe is written to.

    Raises:
        RenderError: when no renderer writes such files, the renderer fails, or the file cannot be
            written.

    >>> from pluggrad import Value, save
    >>> x = Value(3.0, label="x")
    >>> save(x * x, "square.txt").read_text().splitlines()[0]
    'id  node  value  gradient'
    """
    path, text = _path(path)
    made = chosen(renderer or renderer_of(path), options)
    graph = graph_of(values, names)
    try:
        destination = Destination(text)
    except OSError as cause:
        raise RenderError(f"cannot write {path}: {cause.strerror or cause}") from cause
    content = attempt(made.name, partial(watched, graph, lambda: file_content(made, graph, path)))
    try:
        destination.write(content)
    except OSError as cause:
        raise RenderError(f"cannot write {path}: {cause.strerror or cause}") from cause
    return path


def for_a_pipe(values: Drawable, renderer: str | None = None, **options: Any) -> str | bytes:
    """Draw for somebody who reads: the text or bytes that a renderer gives, or its first format.

    Raises:
        RenderError: as `save` does.
    """
    made = chosen(renderer, options)
    graph = graph_of(values, None)

    def drawn() -> str | bytes:
        result = made(graph)
        if isinstance(result, str | bytes):
            return result
        suffix = next(iter(getattr(made, "suffixes", ())), "")
        return file_content(made, graph, Path(f"graph{suffix}"))

    return attempt(made.name, partial(watched, graph, drawn))  # type: ignore[no-any-return]


def _path(given: Any) -> tuple[Path, str]:
    """Return a path, and its text as it was given, with the slash that says that it is a folder."""
    try:
        text = os.fsdecode(given)
    except TypeError:
        raise RenderError(
            f"save() takes a path, not {type(given).__name__} {quoted(given)}; what "
            "render() returns can be written to an open file"
        ) from None
    try:
        os.fsencode(text)
    except UnicodeEncodeError as cause:
        raise RenderError(f"cannot write {text!r}: no file is called so here ({cause})") from None
    if "\0" in text:
        raise RenderError(f"cannot write {text!r}: a path has no null byte")
    return Path(text), text


def renderer_of(path: Path) -> str:
    """Return the name of the renderer that writes such files, by their suffix.

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
            f"no renderer writes {f'{suffix!r} files' if suffix else 'files without a suffix'} "
            f"({path}); known "
            f"suffixes: {', '.join(sorted(known)) or 'none'}. Or name one: save(..., renderer=)"
        )
    return known[suffix]


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
