"""The renderer "js": a graph as an ES module that exports a function of value and gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pluggrad import __version__, hookimpl

from .code import Function
from .javascript_words import WORDS
from .printer import Printer, plain, rows
from .program import Program, Table


class JavaScriptPrinter(Printer):
    """Write a graph as an ES module: a function of its value and gradient, and what that needs.

    `import {value_and_gradient} from "./loss.js"` gives a function of the leaves, in the order of
    the graph; it returns `{y, dx}`, the outputs and the gradient, summed over the outputs. `labels`
    and `point` are exported too: what the leaves are called and what they were.

    The numbers are those of `backward()`, operation by operation, up to the functions of `Math`,
    which are those of the browser, and to `erf` and the like, which stand in the file.

    Parameters:
        function: what the function is called.

    Raises:
        RenderError: when the name is none in JavaScript.

    >>> from pluggrad import Value, render
    >>> x = Value(3.0, label="x")
    >>> "v[1] = v[0] * v[0];" in render(x * x, "js")
    True
    """

    name = "js"
    suffixes = (".js", ".mjs")
    words = WORDS
    reserved = (
        "arguments await break case catch class const continue debugger default delete do else "
        "enum eval export extends false finally for function if implements import in instanceof "
        "interface let new null package private protected public return static super switch this "
        "throw true try typeof undefined var void while with yield Math Infinity NaN Number Object "
        "Array BigInt isFinite copysign rint pow exp erf erfc EXP ERF BELL fma ldexp parts "
        "fromParts remainder labels point places forward backward vCode gCode"
    )

    def number(self, x: float) -> str:
        """Write a float with as many digits as tell it from all others."""
        if x != x:
            return "NaN"
        text = repr(x).replace("inf", "Infinity").removesuffix(".0")
        return f"({text})" if text.startswith("-") else text

    def define(self, function: Function) -> Iterator[str]:
        """Write a function."""
        yield f"// {plain(function.what)}"
        parameters = ", ".join(map(self.variable, function.parameters))
        yield f"function {function.name}({parameters}) {{"
        if function.variables:
            yield f"  let {', '.join(map(self.variable, function.variables))};"
        yield from (*self.block(function.body), "}", "")

    def comment(self, text: str) -> str:
        """Write a comment at the end of a line."""
        return f"// {plain(text)}"

    def file(self, program: Program, needs: Sequence[str]) -> Iterator[str]:
        """Write the file."""
        n, m = len(program.leaves), len(program.outputs)
        yield f"// Value and gradient of a graph, written by pluggrad {__version__}."
        yield f"// {self.function}(x, dy) takes {n} inputs, the leaves, whose `labels` are below,"
        yield f"// and {m} gradients of outputs to begin with, 1 each if not given. It returns"
        yield f"// {{y, dx}}: {m} outputs, and {n} gradients of inputs, summed over the outputs."
        yield from ("", *dict.fromkeys(needs))
        for function in program.functions:
            yield from self.define(function)
        labels = [f'"{_quoted(plain(leaf.label) or leaf.id)}"' for leaf in program.leaves]
        yield from self._array("export const labels", labels)
        yield from self._array("export const point", [self.number(x.data) for x in program.leaves])
        yield from self._array("const places", list(map(str, program.places)))
        if len(program.forward) + len(program.backward) > self.most:
            yield from self._tables(program)
        else:
            yield from self._part("forward(v)", self.steps(program.forward, "v"))
            yield from self._part("backward(v, g)", self.steps(program.backward, "g"))
        yield from (f"export function {self.function}(x, dy) {{", *self._body(program), "}", "")

    def _array(self, head: str, texts: Sequence[str], typed: str = "") -> Iterator[str]:
        yield f"{head} = {f'new {typed}(' if typed else ''}["
        yield from (*rows(texts), f"]{')' if typed else ''};")

    def _part(self, head: str, body: Iterable[str]) -> Iterator[str]:
        yield from (f"function {head} {{", *body, "}", "")

    def _tables(self, program: Program) -> Iterator[str]:
        forward, backward, numbers = program.tables()
        yield from self._array("const c", list(map(self.number, numbers)), "Float64Array")
        for head, array, table in (("forward(v)", "v", forward), ("backward(v, g)", "g", backward)):
            code = f"{array}Code"
            yield from self._array(f"const {code}", list(map(str, table.code)), "Int32Array")
            yield from self._part(head, self._loop(code, array, table))

    def _loop(self, code: str, array: str, table: Table) -> Iterator[str]:
        yield f"  const p = {code};"
        yield f"  for (let i = 0; i < {len(table.code)};) {{"
        yield "    switch (p[i]) {"
        lines = self.steps(table.cases, array)
        for k, (step, line) in enumerate(zip(table.cases, lines, strict=True)):
            moved = line.strip().replace("p[", "p[i + ")
            yield f"      case {k}: {moved} i += {2 + len(step.operands)}; break;"
        yield from ("    }", "  }")

    def _body(self, program: Program) -> Iterator[str]:
        yield f"  const v = new Float64Array({program.size}), g = new Float64Array({program.size});"
        yield f"  for (let i = 0; i < {len(program.leaves)}; i++) v[places[i]] = x[i];"
        yield "  forward(v);"
        for k, (_, start) in enumerate(program.outputs):
            if start >= 0:
                yield f"  g[{start}] += dy ? dy[{k}] : 1;"
        yield "  backward(v, g);"
        outputs = ", ".join(self.expression(value) for value, _ in program.outputs)
        yield f"  return {{y: [{outputs}], dx: places.map((i) => g[i])}};"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@hookimpl
def pluggrad_register_renderers() -> list[type[JavaScriptPrinter]]:
    """Register the JavaScript printer."""
    return [JavaScriptPrinter]
