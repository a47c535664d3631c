"""Nested arguments taken apart: their shape, which tells recordings apart, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import prod
from numbers import Real
from typing import Any

from pluggrad import Value
from pluggrad.func.containers import container_of
from pluggrad.value import is_flag

from .guests import is_plain_array
from .numbers import PLAIN

LEAF = "number"
ANSWER = "answer"  # True or False, among results
# Hashable: LEAF, ANSWER, ("elements", shape), (container type, keys, shapes), or ("static", x).
Shape = Any


def taken_apart(tree: Any, numbers: Any, *, elements: bool, answers: bool = False) -> Shape:
    """Return the shape of `tree`, and append its numbers and arrays to `numbers`, in order.

    Parameters:
        tree: nested containers (see `pluggrad.func.containers`); all else that is not a number is
            static: a recording is for this very value.
        numbers: is appended to, and extended by the elements of arrays.
        elements: whether an array stands for a nest of its elements, and not for one number that
            has many values.
        answers: whether True and False are numbers too, as in the results of a function.
    """
    kind = type(tree)
    if kind is float or kind is int:
        numbers.append(tree)
        return LEAF

    def shapes(parts: Iterable[Any]) -> tuple[Shape, ...]:
        return tuple([taken_apart(x, numbers, elements=elements, answers=answers) for x in parts])

    if kind is list or isinstance(tree, tuple):  # a named tuple, too
        if PLAIN.issuperset(map(type, tree)):
            for x in tree:
                numbers.append(x)
            return kind, len(tree), (LEAF,) * len(tree)
        return kind, len(tree), shapes(tree)
    if kind is dict:
        return kind, tuple(tree), shapes(tree.values())
    if kind is bool and answers:
        numbers.append(tree)
        return ANSWER
    if kind is bool or tree is None or isinstance(tree, str | bytes):
        return "static", kind, tree
    container = None if is_symbolic(tree) else container_of(kind)
    if container is not None:
        parts, aux = container.flatten(tree)
        return kind, aux, shapes(parts)
    if elements and is_plain_array(tree):
        numbers.extend(tree.ravel().tolist() if type(numbers) is list else tree.ravel())
        return "elements", tree.shape
    if is_flag(tree):
        if answers:
            numbers.append(bool(tree))
        return ANSWER if answers else ("static", kind, tree)
    numbers.append(tree)
    return LEAF


def positional(count: int) -> Shape:
    """Return the shape of a call with so many numbers, one behind the other and none by name."""
    return tuple, 2, ((tuple, count, (LEAF,) * count), (dict, (), ()))


def in_a_direction(count: int) -> Shape:
    """Return the shape of a call with so many numbers in two tuples: a point, and a direction."""
    half = tuple, count // 2, (LEAF,) * (count // 2)
    return tuple, 2, ((tuple, 2, (half, half)), (dict, (), ()))


def is_symbolic(x: Any) -> bool:
    """Return whether a number is one that records: a Value, or what stands for one."""
    return isinstance(x, Value) or hasattr(type(x), "__pluggrad_op__")


def is_array(x: Any) -> bool:
    """Return whether a number has many values."""
    return not isinstance(x, Real) and getattr(x, "shape", None) is not None and x.shape != ()


def put_together(
    shape: Shape, numbers: Iterator[Any], array: Callable[..., Any] | None, *, static: bool = True
) -> Any:
    """Build a tree of this shape from numbers; the inverse of `taken_apart`.

    Parameters:
        shape: what `taken_apart` gave.
        numbers: as many as the shape has.
        array: makes an array of a list of numbers and a shape; None gives nested lists.
        static: whether what is no number is there again; otherwise None stands for it.
    """
    if shape == LEAF:
        return next(numbers)
    if shape == ANSWER:
        x = next(numbers)
        return x.astype(bool) if is_array(x) else bool(x)
    kind = shape[0]
    if kind == "static":
        return shape[2] if static else None
    if kind == "elements":
        return _elements(shape[1], numbers, array)
    if shape[2].count(LEAF) == len(shape[2]):
        parts = list(islice(numbers, len(shape[2])))
    else:
        parts = [put_together(x, numbers, array, static=static) for x in shape[2]]
    if kind is list or kind is tuple:
        return kind(parts)
    container = container_of(kind)
    assert container is not None
    return container.unflatten(shape[1], parts)


def _elements(
    lengths: tuple[int, ...], numbers: Iterator[Any], array: Callable[..., Any] | None
) -> Any:
    if array is not None:
        count = prod(lengths)
        many = getattr(numbers, "take", None)
        return array(many(count) if many else [next(numbers) for _ in range(count)], lengths)
    if not lengths:
        return next(numbers)
    return [_elements(lengths[1:], numbers, None) for _ in range(lengths[0])]
