"""One renderer under examination: what the checks ask about it again and again."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import extract_tb
from typing import Any

from pluggrad import Graph

from .errors import ConformanceError


@dataclass(frozen=True)
class Picture:
    """A renderer, and how thoroughly to try it.

    Attributes:
        kind: the renderer's class; it need not be registered.
        options: what it is made with.
        depth: of the deepest graph.
        timeout: seconds that the deepest graph may take; None for enough of them.
        natives: the types seen of what it draws that cannot be compared, but for their files.
    """

    kind: type[Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 100_000
    timeout: float | None = None
    natives: set[type] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What messages call it."""
        name = getattr(self.kind, "name", None)
        if isinstance(name, str) and name:
            return name
        return getattr(self.kind, "__name__", type(self.kind).__name__)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of the files it writes."""
        return tuple(getattr(self.kind, "suffixes", ()))

    @property
    def patience(self) -> float:
        """Tell how many seconds the deepest graph may take."""
        return max(300.0, self.depth / 1000) if self.timeout is None else self.timeout

    def made(self) -> Any:
        """Make the renderer."""
        return self.attempt("making it", lambda: self.kind(**self.options))

    def draw(self, graph: Graph, what: str) -> Any:
        """Draw a graph; ConformanceError where that raises or gives nothing."""
        made = self.made()
        drawn = self.attempt(what, lambda: made(graph))
        if drawn is None:
            raise self.failure(
                f"{what}: it gives None; __call__(graph) returns what is native to the format"
            )
        if inspect.isgenerator(drawn) or inspect.isasyncgen(drawn) or inspect.isawaitable(drawn):
            kind = type(drawn).__name__
            if inspect.iscoroutine(drawn):
                drawn.close()
            raise self.failure(
                f"{what}: it gives a {kind}, in which nothing has been drawn yet; __call__(graph) "
                "returns the finished picture, without yield and async"
            )
        return drawn

    def form(self, graph: Graph, what: str) -> str | bytes:
        """Draw a graph, and give what can be compared: text, a file's bytes, or a description."""
        if self.natives:  # writing a file draws it, too
            return self.file(graph, self.suffixes[0], what)
        drawn = self.draw(graph, what)
        if isinstance(drawn, str | bytes):
            return drawn[:]  # a plain one, of whatever class it is
        if hasattr(self.kind, "write") and self.suffixes:
            self.natives.add(type(drawn))
            return self.file(graph, self.suffixes[0], what)
        return described(drawn)

    def file(self, graph: Graph, suffix: str, what: str) -> str | bytes:
        """Save a graph to a file, and give what is in it."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"graph{suffix}"
            self.attempt(f"{what}, saved as {suffix}", lambda: self._save(graph, path))
            if not path.is_file():
                raise self.failure(
                    f"{what}, saved as {suffix}: write(graph, path) makes no file at the path"
                )
            content = path.read_bytes()
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content

    def _save(self, graph: Graph, path: Path) -> None:
        made = self.made()
        if hasattr(made, "write"):
            made.write(graph, path)
            return
        drawn = made(graph)
        if isinstance(drawn, bytes):
            path.write_bytes(drawn)
        elif isinstance(drawn, str):
            path.write_text(drawn, encoding="utf-8", errors="replace")
        else:
            raise TypeError(
                f"it declares suffixes but gives {type(drawn).__name__}; give it write(graph, path)"
            )

    def attempt(self, what: str, work: Callable[[], Any]) -> Any:
        """Do something with the renderer; ConformanceError with the renderer's line if it fails."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a missing glyph, say; that is no failure
                return work()
        except ConformanceError:
            raise
        except RecursionError as cause:
            raise self.failure(
                f"{what}: it calls itself too deeply{self.where(cause)}; graph.nodes are in order, "
                "operands first, so a loop will do"
            ) from None
        except KeyboardInterrupt:
            raise
        except BaseException as cause:  # sys.exit() in a renderer is a failure as well
            told = " ".join(str(cause).split())
            raise self.failure(
                f"{what}: {type(cause).__name__}: {told:.300}{self.where(cause)}"
            ) from cause

    def where(self, cause: BaseException) -> str:
        """Tell the line of the renderer's own file that an exception went through."""
        try:
            own = inspect.getsourcefile(self.kind)
        except TypeError:
            own = None
        lines = [f for f in extract_tb(cause.__traceback__) if f.filename == own]
        return f" ({Path(lines[-1].filename).name}, line {lines[-1].lineno})" if lines else ""

    def failure(self, what: str) -> ConformanceError:
        """Make the one readable line."""
        return ConformanceError(f"renderer {self.name!r}: {what}", renderer=self.name)


class _Written(str):
    """A piece of a description, not a text that is described."""


def described(thing: Any) -> str:
    """Describe any object by what it is made of, such that equal descriptions mean equal objects.

    No address of memory is in it; the order of a set is not, either. Nothing is recursive: what is
    described may be a tree as deep as the graph.
    """
    seen: dict[int, int] = {}
    kept: list[Any] = []  # so that no address is used twice
    pieces: list[str] = []
    stack: list[Any] = [thing]
    while stack:
        part = stack.pop()
        if isinstance(part, _Written):
            pieces.append(part)
        elif part is None or isinstance(part, str | bytes | int | float | complex):
            pieces.append(repr(part))
        elif isinstance(part, type) or callable(part):
            pieces.append(getattr(part, "__qualname__", type(part).__qualname__))
        elif id(part) in seen:
            pieces.append(f"↑{seen[id(part)]}")
        else:
            seen[id(part)] = len(seen)
            kept.append(part)
            pieces.append(type(part).__qualname__ + "(")
            stack.append(_Written(")"))
            stack += reversed(_inside(part))
    return "".join(pieces)


def _inside(part: Any) -> list[Any]:
    """List what an object is made of, with what stands between."""
    if isinstance(part, set | frozenset):
        return [_Written(", ".join(sorted(map(repr, part))))]
    if isinstance(part, list | tuple):
        pairs = [("", one) for one in part]
    else:
        held = part if isinstance(part, Mapping) else getattr(part, "__dict__", {})
        pairs = list(held.items())
    found = []
    for key, value in pairs:
        found += [key, _Written("="), value, _Written(", ")]
    return found
