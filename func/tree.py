"""Nested lists, tuples and dicts of numbers, taken apart and put together again.

A pytree library would do this too, but the well-kept ones are compiled, and pluggrad's base install
is not to need a compiler or a wheel for the platform for the sake of the few lines below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from numbers import Real
from typing import Any, NamedTuple

from pluggrad.value import Value

from .dual import Dual


class Structure(NamedTuple):
    """The shape of a tree: its containers without its leaves.

    Attributes:
        kind: list, tuple, a named tuple's class, dict, NoneType, or None for a leaf.
        keys: what the children are found under: indices or dict keys.
        children: their structures.
    """

    kind: type[Any] | None = None
    keys: tuple[Any, ...] = ()
    children: tuple[Structure, ...] = ()


LEAF = Structure()


def structure_of(tree: object) -> Structure:
    """Return the shape of a tree. What is not a container is a leaf; None is an empty tree."""
    kind = type(tree)
    if isinstance(tree, dict):
        return Structure(dict, tuple(tree), tuple([structure_of(x) for x in tree.values()]))
    if isinstance(tree, list | tuple):
        return Structure(kind, tuple(range(len(tree))), tuple([structure_of(x) for x in tree]))
    return Structure(kind) if tree is None else LEAF


def leaves(
    structure: Structure, tree: Any, path: str, like: str = "", *, optional: bool = False
) -> Iterator[tuple[str, Any]]:
    """Walk through `tree` along a structure, giving each leaf with its path, `args[0]['w'][2]`.

    Parameters:
        structure: how the tree is built, from `structure_of`.
        tree: the tree.
        path: what to call the tree itself.
        like: what the structure was taken from, for the message.
        optional: whether None may stand for a part of the tree; it is given for each leaf there.

    Raises:
        TypeError: when the tree is built differently, naming the place.
    """
    if optional and tree is None:
        for _ in range(leaf_count(structure)):
            yield path, None
        return
    if structure == LEAF:
        if isinstance(tree, list | tuple | dict) or tree is None:
            raise TypeError(f"{path} is {_told(tree)}, but {like} has a number there")
        yield path, tree
        return
    kind = list if structure.kind is None else structure.kind
    if not isinstance(tree, kind) or _keys(tree) != set(structure.keys):
        raise TypeError(f"{path} is {_told(tree)}, but {like} has {_described(structure)} there")
    for key, child in zip(structure.keys, structure.children, strict=True):
        yield from leaves(
            child, tree[key], f"{path}[{key!r}]", f"{like}[{key!r}]", optional=optional
        )


def leaf_count(structure: Structure) -> int:
    """Count the leaves of a tree of this shape."""
    return 1 if structure == LEAF else sum(map(leaf_count, structure.children))


def rebuild(structure: Structure, found: Iterator[Any]) -> Any:
    """Put a tree together, taking its leaves in order from an iterator."""
    if structure.kind is None:
        return next(found)
    if structure.kind is type(None):
        return None
    children = [rebuild(child, found) for child in structure.children]
    if structure.kind is dict:
        return dict(zip(structure.keys, children, strict=True))
    if hasattr(structure.kind, "_fields"):  # a named tuple
        return structure.kind(*children)
    return structure.kind(children)


def tree_map(change: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to each leaf."""
    structure = structure_of(tree)
    return rebuild(structure, iter([change(x) for _, x in leaves(structure, tree, "")]))


def is_number(x: object) -> bool:
    """Return whether a leaf is something that can be differentiated."""
    return isinstance(x, float | Value | Dual | Real)


def numbers(tree: Any, path: str, what: str) -> tuple[Structure, list[Any]]:
    """Take a tree of numbers apart.

    Parameters:
        tree: the tree.
        path: what to call it.
        what: what its leaves have to be numbers for.

    Raises:
        TypeError: when a leaf is no number, naming it by its path.
    """
    structure = structure_of(tree)
    found = list(leaves(structure, tree, path))
    for place, x in found:
        if not is_number(x):
            hint = _hint(x)
            raise TypeError(
                f"{place} is {_told(x)}{hint}; {what} numbers (int, float, Value), or nested "
                "lists, tuples and dicts of them"
            )
    return structure, [x for _, x in found]


def _hint(x: object) -> str:
    if hasattr(x, "tolist"):
        return "; give its .tolist()"
    return "; give its fields in a dict or tuple" if is_dataclass(x) else ""


def _keys(tree: Any) -> set[Any]:
    if tree is None:
        return set()
    return set(tree) if isinstance(tree, dict) else set(range(len(tree)))


def _described(structure: Structure) -> str:
    assert structure.kind is not None
    if structure.kind is type(None):
        return "None"
    if not structure.keys:
        return f"an empty {structure.kind.__name__}"
    inside = f" with the keys {', '.join(map(repr, structure.keys))}"
    return (
        f"{_a(structure.kind)}{inside if structure.kind is dict else f' of {len(structure.keys)}'}"
    )


def _told(tree: object) -> str:
    structure = structure_of(tree)
    return _a(type(tree)) if structure == LEAF else _described(structure)


def _a(kind: type[Any]) -> str:
    name = kind.__name__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
