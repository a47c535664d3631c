"""The renderer "c": a graph as a function of value and gradient in C99."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pluggrad import __version__, hookimpl

from .c_words import SAME, WORDS
from .code import Function
from .printer import Printer, plain, rows
from .program import Program, Table


class CPrinter(Printer):
    """Write a graph as a C99 file: a function of its value and gradient, and what that needs.

    The file includes the standard library alone. Its comment says what goes in and comes out: an
    array of the leaves, in the order of the graph, one of the outputs, one of the gradient. The
    memory is the caller's, so the function can run in several threads, and on machines that have
    no heap. The numbers are those of `backward()`, operation by operation: the same bits, up to
    the C library's functions, where the compiler keeps to IEEE 754 (no `-ffast-math`; on machines
    that multiply and add at once, `-ffp-contract=off`).

    Numbers that a rule or forward function reads from outside are taken as they are now, and so are
    constants; gradient hooks are not part of a graph.

    Parameters:
        function: what the function is called.

    Raises:
        RenderError: when the name is none in C.

    >>> from pluggrad import Value, render
    >>> x = Value(3.0, label="x")
    >>> print(render(x * x, "c"))  # doctest: +ELLIPSIS
    /* ...
    """

    name = "c"
    suffixes = (".c",)
    words = WORDS
    reserved = (
        "auto break case char const continue default do double else enum extern float for goto if "
        "inline int long register restrict return short signed sizeof static struct switch typedef "
        "union unsigned void volatile while main NAN INFINITY gamma signgam j0 j1 jn y0 y1 yn "
        "abs fabs div exp log pow sin cos tan round scalb significand drem fmin fmax lgamma tgamma "
        f"fma nan {' '.join(SAME)}"
    )

    def number(self, x: float) -> str:
        """Write a whole number as such, all others in hexadecimal, which is exact."""
        if x != x:
            return "NAN"
        if abs(x) == float("inf"):
            return "INFINITY" if x > 0.0 else "(-INFINITY)"
        text = repr(x) if x % 1.0 == 0.0 and abs(x) < 1e15 else x.hex()
        return f"({text})" if text.startswith("-") else text

    def define(self, function: Function) -> Iterator[str]:
        """Write a function."""
        yield f"/* {plain(function.what)} */"
        yield f"{self._head(function)[:-1]} {{"
        if function.variables:
            yield f"  double {', '.join(f'{self.variable(x)} = 0.0' for x in function.variables)};"
        yield from self.block(function.body)
        yield "}"

    def _head(self, function: Function) -> str:
        parameters = ", ".join(f"double {self.variable(x)}" for x in function.parameters)
        return f"static double {function.name}({parameters});"

    def file(self, program: Program, needs: Sequence[str]) -> Iterator[str]:
        """Write the file."""
        yield from self._comment(program)
        yield from ("#include <math.h>", "", *needs, *map(self._head, program.functions))
        for function in program.functions:
            yield from ("", *self.define(function))
        if len(program.forward) + len(program.backward) > self.most:
            yield from self._tables(program)
        else:
            yield from self._part("forward", "double *v", self.steps(program.forward, "v"))
            yield from self._part("backward", BACKWARD, self.steps(program.backward, "g"))
        yield from ("", f"void {self.function}({PARAMETERS}) {{", *self._body(program), "}", "")

    def _part(self, name: str, parameters: str, body: Iterable[str]) -> Iterator[str]:
        yield from ("", f"static void {self.function}_{name}({parameters}) {{")
        unused = "  (void)v, (void)g;" if parameters == BACKWARD else "  (void)v;"
        yield from (unused, *body, "}")

    def _tables(self, program: Program) -> Iterator[str]:
        forward, backward, numbers = program.tables()
        yield from (
            "",
            "static const double c[] = {",
            *rows(list(map(self.number, numbers)) or ["0"]),
        )
        yield "};"
        for name, parameters, array, table in (
            ("forward", "double *v", "v", forward),
            ("backward", BACKWARD, "g", backward),
        ):
            yield from (
                f"static const int {self.function}_{name}_code[] = {{",
                *rows(list(map(str, table.code))),
            )
            yield "};"
            yield from self._part(name, parameters, self._loop(name, array, table))

    def _loop(self, name: str, array: str, table: Table) -> Iterator[str]:
        yield f"  const int *p = {self.function}_{name}_code, *end = p + {len(table.code)};"
        yield from ("  while (p != end)", "    switch (*p) {")
        for i, (step, line) in enumerate(
            zip(table.cases, self.steps(table.cases, array), strict=True)
        ):
            yield f"    case {i}: {line.strip()} p += {2 + len(step.operands)}; break;"
        yield "    }"

    def _comment(self, program: Program) -> Iterator[str]:
        n, m = len(program.leaves), len(program.outputs)
        yield f"/* Value and gradient of a graph, written by pluggrad {__version__}: C99, with -lm."
        yield "   Not for -ffast-math; with -ffp-contract=off the numbers are those of Python."
        yield ""
        yield f"     void {self.function}({PARAMETERS});"
        yield ""
        yield f"   x     in:  {n} inputs, the leaves below"
        yield f"   dy    in:  {m} gradients of outputs, where to begin; NULL for 1.0 each"
        yield f"   y     out: {m} outputs"
        yield f"   dx    out: {n} gradients of the inputs, summed over the outputs"
        yield f"   work  memory for {2 * program.size} doubles, of any content"
        yield ""
        for i, leaf in enumerate(program.leaves):
            yield f"   x[{i}]  {plain(leaf.label) or leaf.id}, here {leaf.data!r}"
        yield "*/"

    def _body(self, program: Program) -> Iterator[str]:
        size, inputs = program.size, len(program.leaves)
        yield f"  double *v = work, *g = work + {size};"
        yield from (
            "  static const int places[] = {",
            *rows(list(map(str, program.places)) or ["0"]),
        )
        yield "  };"
        yield f"  for (int i = 0; i < {inputs}; i++) v[places[i]] = x[i];"
        yield f"  for (int i = 0; i < {size}; i++) g[i] = 0.0;"
        yield f"  {self.function}_forward(v);"
        for k, (value, start) in enumerate(program.outputs):
            yield f"  y[{k}] = {self.expression(value)};"
            if start >= 0:
                yield f"  g[{start}] += dy ? dy[{k}] : 1.0;"
        yield f"  {self.function}_backward(v, g);"
        yield f"  for (int i = 0; i < {inputs}; i++) dx[i] = g[places[i]];"


BACKWARD = "const double *v, double *g"
PARAMETERS = "const double *x, const double *dy, double *y, double *dx, double *work"


@hookimpl
def pluggrad_register_renderers() -> list[type[CPrinter]]:
    """Register the C printer."""
    return [CPrinter]
