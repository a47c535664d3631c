"""The renderer "html": a graph as one interactive page that needs nothing beside itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape

from pluggrad import Graph, Op, hookimpl

from ..labels import one_line
from ..notebook_text import Page
from ..options import flag, limit, text
from .data import page_data
from .live import programs
from .theme import page_theme

# In the order in which they build on each other.
SCRIPTS = (
    "elements.js",
    "numbers.js",
    "data.js",
    "colours.js",
    "arrange.js",
    "routes.js",
    "steps.js",
    "slopes.js",
    "decisions.js",
    "live.js",  # or the next one, in a page that is not live
    "no_live.js",
    "why.js",
    "camera.js",
    "svg_pen.js",
    "edges.js",
    "dots.js",
    "alarm.js",
    "cards.js",
    "scene.js",
    "minimap.js",
    "panel.js",
    "search.js",
    "choosing.js",
    "player.js",
    "walk.js",
    "pointer.js",
    "keys.js",
    "address.js",
    "print.js",
    "film.js",  # or the next one, in a page that has no film
    "no_film.js",
    "main.js",
)


HEIGHT = 560  # pixels of the frame in a notebook


class HtmlRenderer:
    """Return a graph as one HTML page: a single file, for any browser, without any network.

    On the page you step forward and backward through the forward pass and through backprop, each
    step with its formula in numbers; look at each value, its operands, users and the source of its
    derivative rule; search; fold and unfold groups; colour by gradient; see what is nan, infinite,
    vanishing or exploding; and save what you see as SVG. `?` on the page lists the keys.

    The page's policy lets nothing run but its own script and lets nothing be loaded from anywhere.

    Parameters:
        title: what the page is called; by default what the output is called.
        theme: "auto" follows the reader's system; "light", "dark", "contrast", "print" or a table
            of colours starts with that one. A button changes between day and night.
        max_nodes: how many nodes the page has at most, those nearest to the outputs; the page tells
            how many were left out. None (or 0) has all.
        collapse: False groups nodes by their scopes alone. True folds what repeats, too, where a
            graph of more than 64 results has no scopes, as `Graph.collapse` does.
        live: whether leaves can be moved: the page then has the functions of the operations in
            JavaScript, and computes values and gradients again. The page of a `Film` always can.
        about: what the panel says first, for whoever opens the page.

    Raises:
        RenderError: for an option of the wrong type or value.

    >>> from pluggrad import Value, render
    >>> render(Value(3.0, label="x") * 2.0, "html")[:15]
    '<!DOCTYPE html>'
    """

    name = "html"
    suffixes = (".html", ".htm")

    def __init__(
        self,
        *,
        title: str = "",
        theme: str | Mapping[str, str] = "auto",
        max_nodes: int | None = 100_000,
        collapse: bool = True,
        live: bool = False,
        about: str = "",
    ) -> None:
        self.title = text(self.name, "title", title)
        self.about = text(self.name, "about", about)
        self.start, self.colours = page_theme(self.name, theme)
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.collapse = flag(self.name, "collapse", collapse)
        self.live = flag(self.name, "live", live)

    def notebook(self, graph: Graph) -> dict[str, str]:
        """Return what a notebook shows: the page in a frame of its own."""
        return self(graph)._repr_mimebundle_()

    def __call__(self, graph: Graph) -> Page:
        """Return the page, a text that notebooks show as a page."""
        title = one_line(self.title, 200) or _name(graph)
        style = f"\n{self.colours}\n{_read('page.css')}"
        film = hasattr(graph, "frames")
        functions = programs(_ops(graph)) if self.live or film else ""
        script = _script(functions, film)
        parts = {
            "title": escape(title),
            "theme": self.start,
            "policy": _policy(style, script),
            "style": style,
            "data": page_data(graph, title, self.about, self.max_nodes, self.collapse),
            "script": script,
        }
        pieces = _read("page.html").split("{{")
        page = [pieces[0]]
        for piece in pieces[1:]:  # each part is put in once and not looked at again
            name, _, rest = piece.partition("}}")
            page += [parts[name], rest]
        return Page.of_height("".join(page), f"<page of {len(graph):,} nodes: {title}>", HEIGHT)


def _name(graph: Graph) -> str:
    named = [graph.node(id) for id in graph.outputs[:1]]
    names = [one_line(node.label, 60) or node.op or node.kind for node in named]
    count = f"{len(graph):,} node{'' if len(graph) == 1 else 's'}"
    return f"{', '.join(names) or 'an empty graph'} · {count}"


def _ops(graph: Graph) -> list[Op]:
    """List the operations of a graph, each name once."""
    return list({op.name: op for op in graph.ops.values()}.values())


def _policy(style: str, script: str) -> str:
    """Say what may run and what may be loaded: this script, this style, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    from hashlib import sha256  # slow to import

    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=4)
def _script(programs: str, film: bool) -> str:
    left_out = ("no_film.js" if film else "film.js", "no_live.js" if programs else "live.js")
    names = [name for name in SCRIPTS if name not in left_out]
    joined = "\n".join([programs, *map(_read, names)])
    return f'\n"use strict";\n(async () => {{\n{joined}\n}})();\n'


@cache
def _read(name: str) -> str:
    """Read a part of the page, without its indentation and comments: browsers need neither."""
    from importlib.resources import files  # slow to import

    text = (files("pluggrad.renderers.page") / "assets" / name).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join([line for line in lines if line and not line.startswith("//")]) + "\n"


@hookimpl
def pluggrad_register_renderers() -> list[type[HtmlRenderer]]:
    """Register the html renderer."""
    return [HtmlRenderer]
