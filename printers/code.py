"""Functions of floats in a form that every language has: expressions and five kinds of statement.

A forward function or a rule becomes a `Function` (see functions.py); a printer writes it in its
language, word by word. Expressions have no side effects, so a printer may write one twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Number(NamedTuple):
    """A float, as it is."""

    value: float


class Name(NamedTuple):
    """A parameter or variable."""

    name: str


class Item(NamedTuple):
    """An element of an array, counted from 0; the place is a number, or text in the language."""

    array: str
    place: int | str


class Call(NamedTuple):
    """What a language has a word for: an operator, a comparison, a function of `math`.

    Attributes:
        word: one of those in meanings.py; or `op:airy` for an op that has words of its own.
        operands: what it is applied to.
    """

    word: str
    operands: tuple[Expression, ...]


class Apply(NamedTuple):
    """A call of another `Function`."""

    function: str
    operands: tuple[Expression, ...]


Expression = Number | Name | Item | Call | Apply


class Assign(NamedTuple):
    """Give a variable a value."""

    name: str
    value: Expression


class If(NamedTuple):
    """Do one thing or the other."""

    condition: Expression
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


class While(NamedTuple):
    """Do something again and again, as long as a condition holds."""

    condition: Expression
    body: tuple[Statement, ...]


class Return(NamedTuple):
    """End the function with a result."""

    value: Expression


Statement = Assign | If | While | Return


class Function(NamedTuple):
    """A function of floats that gives a float.

    Attributes:
        name: unique in its file: `op_sech`.
        parameters: their names.
        body: it always ends in a `Return`.
        what: what it computes, for a comment.
    """

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]
    what: str

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that are no parameters, in the order in which they first get a value."""
        return tuple(
            dict.fromkeys(
                statement.name
                for statement in statements(self.body)
                if isinstance(statement, Assign) and statement.name not in self.parameters
            )
        )


def statements(body: Iterable[Statement]) -> Iterator[Statement]:
    """List all statements, also those inside of others."""
    for statement in body:
        yield statement
        if isinstance(statement, If | While):
            yield from statements(statement.body)
        if isinstance(statement, If):
            yield from statements(statement.otherwise)


def parts_of(body: Iterable[Any]) -> Iterator[Any]:
    """List the statements and expressions that a body is made of."""
    pending = [*body]
    while pending:
        x = pending.pop()
        if isinstance(x, tuple):
            yield x
            pending += x


def words_of(function: Function) -> set[str]:
    """Return the words that a function is made of."""
    return {x.word for x in parts_of(function.body) if isinstance(x, Call)}


def names_in(expression: Expression) -> set[str]:
    """Return the names that occur in an expression."""
    if isinstance(expression, Name):
        return {expression.name}
    if isinstance(expression, Call | Apply):
        return set().union(*map(names_in, expression.operands))
    return set()
