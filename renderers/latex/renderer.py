"""The renderer "latex": the formula of a graph, as people write maths."""

from __future__ import annotations

from pluggrad import Graph, Node, hookimpl
from pluggrad.printers.printer import words_of_plugins

from ..labels import one_line
from ..notebook_text import Shown
from ..numerals import short
from ..options import whole
from .derivatives import worded
from .formula import Formula, apply
from .names import LABEL, Names

LONGEST = 160  # characters of LaTeX, and
DEEPEST = 6  # brackets, fractions and exponents inside each other, before a part gets its own line


class LatexRenderer:
    """Return the formula of a graph in LaTeX: `o = \\tanh(x_{1} w_{1} + b)`.

    Leaves appear by their labels, `x1` as x with index 1, `alpha` as the Greek letter, any other
    text as text; without a label, by their number. A result that has a label, is used more than
    once, or would make a line too long or too deep, gets a line of its own, `t_{1} = ...`, in the
    order of computation. Where two values have the same label the second is written `w^{(2)}`.

    A formula of one line is bare; several stand in an `aligned` environment. Both fit between `$$`
    with amsmath, MathJax or KaTeX.

    Parameters:
        digits: significant digits of numbers.
        max_lines: lines to write at most, the last ones of the computation; the first line then
            tells how many are left out.

    Raises:
        RenderError: for an option of the wrong type.

    >>> from pluggrad import Value, render
    >>> x, w = Value(3.0, label="x"), Value(0.5, label="w")
    >>> print(render((x * w + 1.0).tanh() / 2.0, "latex"))
    \\frac{\\tanh(x w + 1)}{2}
    """

    name = "latex"
    suffixes = (".tex",)

    def __init__(self, *, digits: int = 6, max_lines: int = 40) -> None:
        self.digits = whole(self.name, "digits", digits, 1, 17)
        self.max_lines = whole(self.name, "max_lines", max_lines, 1, 10_000)

    def notebook(self, graph: Graph) -> dict[str, str]:
        """Return what a notebook shows: the formula, set in type."""
        return self(graph)._repr_mimebundle_()

    def __call__(self, graph: Graph) -> Shown:
        """Return the formula, a text that notebooks set in type; its last line has no newline."""
        text = self._text(graph)
        return Shown(text, text, {"text/latex": f"$$\n{text}\n$$"})

    def _text(self, graph: Graph) -> str:
        lines = self._lines(graph)
        if len(lines) == 1:
            left, right = lines[0]
            return f"{left} = {right}" if left else right
        rows = [rf"{left} &= {right}" if left else f"& {right}" for left, right in lines]
        if len(rows) > self.max_lines:
            missing = len(rows) - self.max_lines
            note = rf"& \text{{… {missing:,} of {len(rows):,} lines left out, the first ones}}"
            rows = [note, *rows[missing:]]
        joined = " \\\\\n".join(rows)
        return f"\\begin{{aligned}}\n{joined}\n\\end{{aligned}}"

    def _lines(self, graph: Graph) -> list[tuple[str, str]]:
        """Write each node in terms of its operands, which are done; no recursion."""
        users, outputs = graph.users, set(graph.outputs)
        names = Names(node.label for node in graph.nodes)
        written: dict[str, Formula] = {}
        words = words_of_plugins(self.name)
        lines: list[tuple[str, str]] = []
        for node in graph.nodes:
            operands = [written[id] for id in graph.operands[node.id]]
            # A group's title says what it does, not what it is called; its last part says most.
            label = "" if node.kind == "group" else node.label
            title = node.label.rpartition("/")[2]
            if node.kind in ("leaf", "constant"):
                formula = self._leaf(node, names)
                if node.id in outputs:
                    lines.append(("", formula.text))
            else:
                formula = worded(node.op or "", operands, words) or apply(
                    node.op or one_line(title, LABEL), node.symbol or "", operands
                )
                wide = len(formula.text) > LONGEST or formula.depth > DEEPEST
                if node.id in outputs and not users[node.id] and not label:
                    lines.append(("", formula.text))
                elif label or users[node.id] > 1 or wide or node.id in outputs:
                    name = names.of(label) if label else names.fresh()
                    lines.append((name.text, formula.text))
                    formula = name
            written[node.id] = formula
        return lines

    def _leaf(self, node: Node, names: Names) -> Formula:
        return names.of(node.label) if node.label else Formula.number(short(node.data, self.digits))


@hookimpl
def pluggrad_register_renderers() -> list[type[LatexRenderer]]:
    """Register the latex renderer."""
    return [LatexRenderer]
