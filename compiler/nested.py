"""Calls with nested lists of numbers, handed to machine code as numbers one after the other.

For each way of nesting a small Python function is made: it looks whether its arguments are nested
like that, passes their numbers on, and builds results and gradients of what comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pluggrad.codegen.source import compiled

from .capture.arguments import ANSWER, LEAF, Shape

MOST = 100  # lists and the like, in one call
PLAIN = (list, tuple, dict)

CALL = """
def make(function):
    def call(*args):
        if not ({fits}):
            return None
        found = function({numbers})
        return None if found is None else {result}
    return call
"""


def nested_call(
    function: Callable[..., Any], arguments: Shape, result: Shape, *, backward: bool
) -> Callable[..., Any] | None:
    """Make a function of nested arguments of one of numbers.

    Parameters:
        function: takes numbers, and gives a number, or several in a tuple; with the gradient, a
            number or a tuple, behind it. It gives None where it cannot answer.
        arguments: the shape of the positional arguments.
        result: the shape of the result.
        backward: whether there is a gradient.

    Returns:
        The function; None for what is not made of numbers, lists, tuples and dicts alone.
    """
    if not can_be_nested(arguments, result):
        return None
    call: Callable[..., Any] = _maker(arguments, result, backward)(function)
    return call


def can_be_nested(arguments: Shape, result: Shape) -> bool:
    """Return whether `nested_call` makes a function for these shapes."""
    return _is_plain(arguments) and _is_plain(result) and _size(arguments) <= MOST


def _is_plain(shape: Shape) -> bool:
    if shape in (LEAF, ANSWER):
        return True
    return shape[0] in PLAIN and all(map(_is_plain, shape[2]))


def _size(shape: Shape) -> int:
    return 0 if shape in (LEAF, ANSWER) else 1 + sum(map(_size, shape[2]))


@lru_cache(maxsize=256)
def _maker(arguments: Shape, result: Shape, backward: bool) -> Callable[..., Any]:
    text = _Text()
    text.take(arguments, "args")
    count = text.at
    if backward:
        slopes = text.built(arguments, "found[1]", alone=count == 1)
        several = len(arguments[2]) > 1
        given = f"(found[0], {slopes if several else f'({slopes})[0]'})"
    else:
        given = text.built(result, "found", alone=_count(result) == 1)
    source = CALL.format(
        fits=" and ".join(text.checks), numbers=", ".join(text.numbers), result=given
    )
    return compiled([source], "make", "<pluggrad call>", text.scope)


def _count(shape: Shape) -> int:
    return 1 if shape in (LEAF, ANSWER) else sum(map(_count, shape[2]))


class _Text:
    """The parts of the text of one call."""

    def __init__(self) -> None:
        self.checks: list[str] = []
        self.numbers: list[str] = []
        self.scope: dict[str, Any] = {}
        self.at = 0

    def take(self, shape: Shape, x: str) -> None:
        """Write down what is asked of `x`, and which numbers are in it."""
        if shape == LEAF:
            self.at += 1
            self.numbers.append(x)
            return
        kind, keys, parts = shape
        self.checks.append(f"{x}.__class__ is {kind.__name__}")
        if kind is dict:
            self.checks.append(f"tuple({x}) == {self._key(keys)}")
            for key, part in zip(keys, parts, strict=True):
                self.take(part, f"{x}[{self._key(key)}]")
            return
        self.checks.append(f"len({x}) == {len(parts)}")
        if all(part == LEAF for part in parts):
            self.at += len(parts)
            self.numbers.append(f"*{x}")
            return
        for i, part in enumerate(parts):
            self.take(part, f"{x}[{i}]")

    def _key(self, key: object) -> str:
        name = f"key{len(self.scope)}"
        self.scope[name] = key
        return name

    def built(self, shape: Shape, numbers: str, *, alone: bool) -> str:
        """Write what builds a thing of this shape of a tuple, or of one number `alone`."""
        self.at = 0
        return self._built(shape, f"({numbers},)" if alone else numbers)

    def _built(self, shape: Shape, numbers: str) -> str:
        if shape in (LEAF, ANSWER):
            self.at += 1
            number = f"{numbers}[{self.at - 1}]"
            return number if shape == LEAF else f"bool({number})"
        kind, keys, parts = shape
        if parts and kind is not dict and all(part == LEAF for part in parts):
            self.at += len(parts)
            run = f"{numbers}[{self.at - len(parts)}:{self.at}]"
            return f"list({run})" if kind is list else run
        inner = [self._built(part, numbers) for part in parts]
        if kind is dict:
            names = map(self._key, keys)
            return f"{{{', '.join(f'{k}: {x}' for k, x in zip(names, inner, strict=True))}}}"
        listed = ", ".join(inner)
        return f"[{listed}]" if kind is list else f"({listed},)" if inner else "()"
