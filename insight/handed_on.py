"""Functions that are handed on, and run on numbers later: `float` in `sum(map(float, values))`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from typing import Any

from .places import Place

# They call at once what they are given: sorted(values, key=float).
APPLYING = (sorted, min, max, list.sort, functools.reduce)
APPLYING_METHODS = {"agg", "apply", "applymap", "imap", "map", "starmap", "submit", "transform"}


def is_one_of(thing: Any, things: Iterable[Any]) -> bool:
    """Return whether a thing is one of these very things; it is not asked itself."""
    return any(thing is one for one in things)


def handed_to(call: ast.Call, place: Place) -> Iterator[tuple[ast.AST, Any]]:
    """Find the functions that a call may run on numbers: `float` in `sum(map(float, values))`."""
    function = place.resolve(call.func)
    direct = _is_lazy(function) or is_one_of(function, APPLYING) or _applies(call.func)
    for node in (*call.args, *[keyword.value for keyword in call.keywords]):
        if isinstance(node, ast.Starred):
            node = node.value
        passed_on = list(iterated_by(node, place))
        if direct and not passed_on and callable(thing := place.resolve(node)):
            passed_on = [(node, thing)]
        yield from passed_on


def _applies(function: ast.expr) -> bool:
    """Return whether a method is called as those are that call what they are given."""
    return isinstance(function, ast.Attribute) and function.attr in APPLYING_METHODS


def iterated_by(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Any]]:
    """Find the functions that run when an expression is iterated over, such as `map(float, x)`."""
    if isinstance(node, ast.Call):
        if _is_lazy(place.resolve(node.func)):
            yield from handed_to(node, place)
    else:
        yield from ((node, function) for function in _inside(place.resolve(node)))


def iterated_in(place: Place) -> list[tuple[ast.AST, Any]]:
    """Find the functions that run when a loop or an unpacking takes its next number."""
    if ".0" in place.frame.f_locals:  # what a comprehension goes through
        return list(iterated_by(ast.Name(".0", ast.Load()), place))
    found: list[tuple[ast.AST, Any]] = []
    for tree in (place.tree, place.statement()):
        for node in _iterated(tree) if not found else ():
            found.extend(iterated_by(node, place))
    return found


def _iterated(tree: ast.AST | None) -> Iterator[ast.AST]:
    """Walk the part of a statement that may be iterated over: of a loop what it goes through."""
    if isinstance(tree, ast.For):
        tree = tree.iter
    return iter(()) if tree is None else ast.walk(tree)


def _is_lazy(kind: Any) -> bool:
    """Return whether calling it makes an iterator that computes later, when it is consumed."""
    return isinstance(kind, type) and (
        kind in (map, filter, zip, enumerate, reversed) or kind.__module__ == "itertools"
    )


def _inside(iterator: Any) -> Iterator[Any]:
    """Find the functions in an iterator of `map` and its kind, without taking from it."""
    if isinstance(iterator, map | filter | zip | enumerate):
        for part in iterator.__reduce__()[1]:
            if callable(part):
                yield part
            yield from _inside(part)
