"""What all printers have in common: expressions, statements and functions, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pluggrad import Graph, RenderError, plugins
from pluggrad.errors import one_line, quoted
from pluggrad.index import plugin_hints

from .code import (
    Apply,
    Assign,
    Call,
    Expression,
    Function,
    If,
    Item,
    Name,
    Number,
    Return,
    Statement,
    words_of,
)
from .program import Program, Step


class Source(str):
    """The text of a program, for every purpose; a notebook shows its lines."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self)}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # IPython knows how to write texts, and would write this one with quotes and escapes.
        printer.text(str(self))


class Printer:
    """A renderer that writes a graph as a program. A language fills in the rest.

    A subclass has a `name`, `suffixes`, `words` and `reserved`, and the three methods at the end.
    `statements` has to be there where the language does not look like C.

    Parameters:
        function: what the function of value and gradient is called.

    Attributes:
        name: the language's, and the renderer's.
        suffixes: of its files.
        words: a text for each word in meanings.py that the language has. The last line is an
            expression, in which {0}, {1} and so on stand for the operands; what stands before it,
            parts with blank lines between them, is put once at the top of the file. `op:fma` is a
            word for an op.
        reserved: the names that no variable can have, with blanks between them.
        templates: how statements look.
        most: how many assignments a function has at most; what is longer becomes a table.

    Raises:
        RenderError: when the name is none in the language.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    words: Mapping[str, str] = {}
    reserved: ClassVar[str] = ""
    most: ClassVar[int] = 1000
    templates: ClassVar[Mapping[str, str]] = {
        "assign": "{0} = {1};",
        "add to": "{0} += {1};",
        "return": "return {0};",
        "if": "if ({0}) {",
        "else": "} else {",
        "end if": "}",
        "while": "while ({0}) {",
        "end while": "}",
        "item": "{0}[{1}]",
        "call": "{0}({1})",
    }

    def __init__(self, *, function: str = "value_and_gradient") -> None:
        if not str(function).isidentifier() or self.variable(str(function)) != function:
            raise RenderError(
                f"renderer {self.name!r}: function is a name in the language, "
                f"not {quoted(function)}"
            )
        self.function = function
        self.words = {**self.words, **words_of_plugins(self.name)}

    def __call__(self, graph: Graph) -> str:
        """Write the file.

        Raises:
            RenderError: when an op cannot be written in this language, naming it, the reason and
                the hook by which its author can give words.
        """
        program = Program.of(graph, self.words.keys(), self.name)
        words = [step.value.word for step in program.forward if isinstance(step.value, Call)]
        return Source("\n".join(self.file(program, self.needs(words, program.functions))))

    def needs(self, words: Iterable[str], functions: Iterable[Function]) -> list[str]:
        """List what has to stand at the top of a file for words, and for those in functions."""
        used = sorted({*words}.union(*map(words_of, functions)))
        texts = [self.words[word].rpartition("\n")[0] for word in used]
        return list(dict.fromkeys(part for x in texts for part in x.split("\n\n") if part))

    # ----- What makes a language -----

    def number(self, x: float) -> str:
        """Write a float so that exactly this one is read."""
        raise NotImplementedError

    def define(self, function: Function) -> Iterable[str]:
        """Write a function of floats; `block(function.body)` gives what is inside."""
        raise NotImplementedError

    def file(self, program: Program, needs: Sequence[str]) -> Iterable[str]:
        """Write the whole file, line by line, with what words need at its top."""
        raise NotImplementedError

    # ----- What they have in common -----

    def variable(self, name: str) -> str:
        """Return a name that a variable can have."""
        name = re.sub(r"\W", lambda x: f"u{ord(x[0]):x}", name, flags=re.ASCII)
        return f"{name}_" if name in self.reserved.split() else name

    def expression(self, x: Expression) -> str:
        """Write an expression, with brackets around whatever is more than a name or call."""
        if isinstance(x, Number):
            return self.number(x.value)
        if isinstance(x, Name):
            return self.variable(x.name)
        if isinstance(x, Item):
            return self._fill("item", x.array, str(x.place))
        operands = [self.expression(operand) for operand in x.operands]
        if isinstance(x, Apply):
            return self._fill("call", x.function, ", ".join(map(bare, operands)))
        return filled(self.words[x.word].splitlines()[-1], operands)

    def block(self, body: Iterable[Statement], indent: str = "  ") -> Iterator[str]:
        """Write statements, each line indented."""
        for statement in body:
            if isinstance(statement, Assign):
                value = bare(self.expression(statement.value))
                yield indent + self._fill("assign", self.variable(statement.name), value)
            elif isinstance(statement, Return):
                yield indent + self._fill("return", bare(self.expression(statement.value)))
            else:
                kind = "if" if isinstance(statement, If) else "while"
                yield indent + self._fill(kind, bare(self.expression(statement.condition)))
                yield from self.block(statement.body, indent + "  ")
                if isinstance(statement, If) and statement.otherwise:
                    yield indent + self._fill("else")
                    yield from self.block(statement.otherwise, indent + "  ")
                yield indent + self._fill(f"end {kind}")

    def steps(self, steps: Sequence[Step], array: str) -> Iterator[str]:
        """Write assignments to `v`, or what is added to `g`."""
        how = "assign" if array == "v" else "add to"
        for step in steps:
            left = self.expression(Item(array, step.place))
            line = self._fill(how, left, bare(self.expression(step.value)))
            yield f"  {line}" + (f"  {self.comment(step.label)}" if step.label else "")

    def comment(self, text: str) -> str:
        """Write a comment at the end of a line; whatever a label holds, it stays inside."""
        return f"/* {plain(text)} */"

    def _fill(self, template: str, *parts: str) -> str:
        return filled(self.templates[template], parts)


def rows(texts: Sequence[str], many: int = 20) -> Iterator[str]:
    """Write a list of numbers, many in a line."""
    for start in range(0, len(texts), many):
        yield f"  {', '.join(texts[start : start + many])},"


def filled(template: str, parts: Sequence[str]) -> str:
    """Put texts in the places of {0}, {1} and so on; other braces stay."""
    return re.sub(r"\{(\d)\}", lambda found: parts[int(found[1])], template)


def bare(text: str) -> str:
    """Take off brackets around a whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 else text
    return text


def plain(text: str) -> str:
    r"""Write any text so that it ends no comment and begins no line.

    >>> plain("a */ b\n")
    'a * / b\\n'
    """
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:200])
    return shown.replace("*/", "* /").replace("/*", "/ *").strip()


def words_of_plugins(language: str) -> dict[str, str]:
    """Collect the words of all plugins for a language.

    Raises:
        RenderError: when a plugin gives something else, naming it.
    """
    found: dict[str, str] = {}
    for impl in plugins.manager.hook.pluggrad_register_words.get_hookimpls():
        where = f"plugin {impl.plugin_name!r}: its pluggrad_register_words()"
        try:
            given: Any = plugin_hints.ask(impl, language=language) or {}
        except Exception as cause:
            raise RenderError(f"{where} failed: {one_line(cause)}") from cause
        words = given.get(language, {}) if isinstance(given, Mapping) else given
        if not isinstance(words, Mapping):
            raise RenderError(
                f"{where} gave {quoted(words)} for {language!r}; it gives a dict from languages to "
                "dicts from ops to texts"
            )
        for op, text in words.items():
            if not isinstance(text, str) or not text.strip():
                raise RenderError(
                    f"{where} gave {quoted(text)} for {op!r} in {language!r}, no text"
                )
        found.update({f"op:{op}": text for op, text in words.items()})
    return found
