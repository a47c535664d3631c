"""The renderer "matplotlib": a figure for a paper or a notebook, drawn by networkx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluggrad import Graph, Node, RenderError, hookimpl

from .labels import one_line
from .layered.levels import columns_and_rows
from .nearest import left_out, nearest
from .notes import briefs, heading
from .numerals import nodes_in, short
from .options import whole
from .themes import theme_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABEL = 16  # characters of a label that fit beside its neighbours
SUFFIXES = ("eps", "jpg", "pdf", "png", "svg", "webp")


class MatplotlibRenderer:
    """Return a graph as a `matplotlib.figure.Figure`, which notebooks show and `save()` writes.

    Each value is a box with its name or operation, its number and, after a backward pass, its
    gradient. The figure belongs to no window; its size in inches grows with the graph.

    Needs matplotlib: `pip install "pluggrad[figures]"`.

    Parameters:
        digits: significant digits of numbers.
        max_nodes: how many nodes to draw at most, those nearest to the outputs; a line in the
            figure tells how many were left out.
        font: size of the text in points.
        theme: "light", "dark", "contrast", "print", or a table of colours.

    Raises:
        RenderError: for an option of the wrong type, and where matplotlib is missing.
    """

    name = "matplotlib"
    suffixes = (".jpg", ".webp", ".eps")  # and all of SUFFIXES, where it is asked for by name

    def __init__(
        self,
        *,
        digits: int = 3,
        max_nodes: int = 60,
        font: int = 8,
        theme: str | Mapping[str, str] = "light",
    ) -> None:
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.max_nodes = whole(self.name, "max_nodes", max_nodes, 1, 2000)
        self.font = whole(self.name, "font", font, 1, 100)
        self.theme, _ = theme_of(self.name, theme)

    def __call__(self, graph: Graph) -> Figure:
        """Draw the figure."""
        try:
            from matplotlib.figure import Figure
        except ImportError as cause:
            raise RenderError(
                "renderer 'matplotlib' needs matplotlib; pip install \"pluggrad[figures]\""
            ) from cause
        import networkx

        ids = nearest(graph, self.max_nodes)
        drawn = _network(graph, ids)
        places = columns_and_rows(graph, ids)
        missing = left_out(graph, len(ids))
        lines = [*heading(graph), *([f"… {missing}"] if missing else [])]
        left, right = _extent([x for x, _ in places.values()])
        low, high = _extent([y for _, y in places.values()])
        inch = self.font / 8
        width = max([1.3 * inch * (right - left + 1.2), *[0.075 * inch * len(x) for x in lines]])
        height = 0.62 * inch * (high - low + 1.6)
        figure = Figure(figsize=(min(width, 200), min(height, 200)), facecolor=self.theme.paper)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(left - 0.6, right + 0.6)
        axes.set_ylim(low - 0.8, high + 0.8)
        boxes = self._boxes(networkx, graph, drawn, places, axes)
        figure.draw_without_rendering()  # so that the boxes know their sizes, for arrows to end at
        for source, target in sorted(set(drawn.edges())):
            uses = drawn.number_of_edges(source, target)
            for use in range(uses):
                bend = 0.0 if uses == 1 else 0.3 * (2 * use / (uses - 1) - 1)
                style = self._arrow(bend, boxes[source], boxes[target])
                axes.annotate("", xy=places[target], xytext=places[source], arrowprops=style)
        if lines:
            look: dict[str, Any] = {"fontsize": self.font, "color": self.theme.muted}
            figure.text(0.5, 0.005, "\n".join(lines), ha="center", va="bottom", **look)
        setattr(figure, "_repr_png_", partial(_png, figure))  # noqa: B010 - not a name of its class
        return figure

    def _arrow(self, bend: float, source: Any, target: Any) -> dict[str, Any]:
        """Return how an arrow looks, and the boxes that it goes between."""
        return {
            "arrowstyle": "-|>",
            "color": self.theme.line,
            "connectionstyle": f"arc3,rad={bend}",
            "patchA": _Box(source.get_bbox_patch()),
            "patchB": _Box(target.get_bbox_patch()),
            "shrinkA": 1,
            "shrinkB": 1,
        }

    def _boxes(
        self, networkx: Any, graph: Graph, drawn: Any, places: dict[str, Any], axes: Any
    ) -> dict[str, Any]:
        """Draw the nodes; networkx calls them labels."""
        boxes: dict[str, Any] = {}
        outputs = set(graph.outputs)
        for node in (graph.node(id) for id in places):
            output = node.id in outputs
            fill, edge = self.theme.of_kind(node.kind, output)
            notes = briefs(graph, node.id)
            boxes |= networkx.draw_networkx_labels(
                drawn,
                places,
                labels={node.id: "\n".join([self._text(node), *notes])},
                font_size=self.font,
                font_color=self.theme.ink,
                ax=axes,
                bbox={
                    "boxstyle": "round,pad=0.35",
                    "facecolor": fill,
                    "edgecolor": self.theme.alarm if notes else edge,
                    "linewidth": 1.6 if output or notes else 0.9,
                },
            )
        return boxes

    def write(self, graph: Graph, path: Path) -> None:
        """Write the figure in the format of the suffix, the same bytes every time."""
        suffix = path.suffix.lower().lstrip(".")
        if suffix not in SUFFIXES:
            raise RenderError(
                f"renderer 'matplotlib' does not write {path.name!r}; it writes "
                f"{', '.join('.' + known for known in SUFFIXES)}"
            )
        figure = self(graph)
        from matplotlib import rc_context

        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        with rc_context({"svg.hashsalt": "pluggrad"}):
            figure.savefig(path, metadata=dated.get(suffix), dpi=200)

    def _text(self, node: Node) -> str:
        if node.kind == "group":  # the innermost scope of `outer/inner` tells most
            title = one_line(node.label.rpartition("/")[2], 2 * LABEL).strip()
            return f"{_plain(title)}\n{nodes_in(node.size)}"
        name = _plain(one_line(node.label, LABEL).strip())
        data = short(node.data, self.digits)
        if node.kind == "constant":
            return f"{name} = {data}" if name else data
        symbol = _plain(node.symbol or "")
        lines = [f"{name} = {symbol}" if name and symbol else name or symbol, data]
        if node.grad is not None:
            lines.append(f"grad {short(node.grad, self.digits)}")
        return "\n".join(line for line in lines if line)


class _Box:
    """A node's box, as an arrow sees it that ends there: a rectangle.

    An arrow asks some forty times whether a point lies in a box. To tell it of a box with round
    corners took half of the time that a figure takes.
    """

    def __init__(self, patch: Any) -> None:
        self.patch = patch

    def contains(self, event: Any) -> tuple[bool, dict[str, Any]]:
        """Say whether a point on the screen lies in the box."""
        x, y, width, height = self.patch.get_bbox().bounds
        room = self.patch.get_boxstyle().pad * self.patch.get_mutation_scale()
        (a, _, left), (_, b, low), _ = self.patch.get_transform().get_matrix()
        across, up = event.x - left - a * x, event.y - low - b * y
        inside = -room <= across <= width + room and -room <= up <= height + room
        return bool(inside), {}


def _network(graph: Graph, ids: Sequence[str]) -> Any:
    """Return the nodes of these ids, and the edges between them, for networkx."""
    from networkx import MultiDiGraph

    kept = set(ids)
    drawn = MultiDiGraph()
    drawn.add_nodes_from(ids)
    between = [x for x in graph.edges if x.source in kept and x.target in kept]
    drawn.add_edges_from((edge.source, edge.target) for edge in between)
    return drawn


def _extent(numbers: Sequence[float]) -> tuple[float, float]:
    return min(numbers, default=0.0), max(numbers, default=0.0)


def _png(figure: Figure) -> bytes:
    """Draw a figure for a notebook, whether or not pyplot was imported to tell it how."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=144)
    return file.getvalue()


def _plain(text: str) -> str:
    """Keep matplotlib from reading formulas between dollar signs."""
    return text.replace("$", r"\$")


@hookimpl
def pluggrad_register_renderers() -> list[type[MatplotlibRenderer]]:
    """Register the matplotlib renderer."""
    return [MatplotlibRenderer]
