"""The shapes of arguments and results as data, and back; see `capture.arguments`."""

from __future__ import annotations

import math
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted
from pluggrad.value import is_flag

from ..capture.arguments import ANSWER, LEAF, Shape
from .fields import DocumentError, Fields

DEEPEST = 100
LARGEST = 1 << 40
EMPTY = 1 << 16  # the longest side of an array of no numbers


def written(shape: Shape, depth: int = 0) -> Any:
    """Write down a shape.

    Raises:
        CompileError: for objects of classes, which another process might not have, and for more
            containers in each other than are read.
    """
    if depth > DEEPEST:
        raise CompileError(
            f"its arguments or results are nested too deeply: more than {DEEPEST} times"
        )
    if shape in (LEAF, ANSWER):
        return shape
    kind = shape[0]
    if kind == "elements":
        return {"array": list(shape[1])}
    if kind == "static":
        if is_flag(shape[2]):
            return {"same": bool(shape[2])}
        if not (shape[2] is None or type(shape[2]) in (bool, str)):
            raise CompileError(
                f"it is for the argument {quoted(shape[2])}, which JSON does not have"
            )
        return {"same": shape[2]}
    parts = [written(x, depth + 1) for x in shape[2]]
    if kind in (list, tuple):
        return {kind.__name__: parts}
    if kind is dict:
        if not all(type(key) in (str, int) for key in shape[1]):
            raise CompileError("keys of a dict are text or integers in JSON, and here they are not")
        return {"dict": [list(pair) for pair in zip(shape[1], parts, strict=True)]}
    raise CompileError(
        f"it takes or gives a {kind.__name__}, a class that another process may not have; use "
        "lists, tuples, dicts and arrays"
    )


def read(data: Any, where: str, depth: int = 0) -> Shape:
    """Read a shape.

    Raises:
        DocumentError: where something does not fit.
    """
    if type(data) is str and data in (LEAF, ANSWER):
        return data
    if depth > DEEPEST:
        raise DocumentError(f"{where:.60}... is nested too deeply: more than {DEEPEST} times")
    fields = Fields(data, where)
    name = next((x for x in ("array", "same", "list", "tuple", "dict") if fields.has(x)), "list")
    if name == "array":
        found: Shape = "elements", _lengths(fields)
    elif name == "same":
        same = fields.take("same", str, bool, type(None))
        found = "static", type(same), same
    elif name == "dict":
        found = _dict(fields, depth)
    else:
        parts = tuple([read(x, at, depth + 1) for x, at in fields.parts(name)])
        found = list if name == "list" else tuple, len(parts), parts
    fields.end()
    return found


def count(shape: Shape) -> int:
    """Count the numbers in what has this shape."""
    if shape in (LEAF, ANSWER):
        return 1
    if shape[0] == "elements":
        return math.prod(shape[1])
    return 0 if shape[0] == "static" else sum(map(count, shape[2]))


def matches(shape: Shape, seen: Shape) -> bool:
    """Tell whether a function is seen with arguments of this shape, nested lists for arrays."""
    if shape in (LEAF, ANSWER):
        return bool(shape == seen)
    if shape[0] == "static":  # True is NumPy's True, too
        return bool(seen[0] == "static" and seen[2] == shape[2])
    if shape[0] == "elements":
        if not shape[1]:
            return bool(seen == LEAF)
        inner = "elements", shape[1][1:]
        return seen[:2] == (list, shape[1][0]) and all(matches(inner, x) for x in seen[2])
    return shape[:2] == seen[:2] and all(map(matches, shape[2], seen[2]))


def _lengths(fields: Fields) -> tuple[int, ...]:
    lengths = tuple(fields.integers("array", 0, LARGEST))
    most = EMPTY if 0 in lengths else LARGEST
    if len(lengths) > DEEPEST or math.prod(x for x in lengths if x) > most:
        raise DocumentError(f"{fields.where}.array is too large")
    return lengths


def _dict(fields: Fields, depth: int) -> Shape:
    keys, parts = [], []
    for pair, where in fields.parts("dict"):
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) not in (str, int):
            raise DocumentError(f"{where} is not a key and a shape")
        keys.append(pair[0])
        parts.append(read(pair[1], where, depth + 1))
    if len(set(keys)) < len(keys):
        raise DocumentError(f"{fields.where}.dict has a key twice")
    return dict, tuple(keys), tuple(parts)
