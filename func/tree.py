"""Nested containers of numbers, taken apart and put together again.

A pytree library would do this too, but the well-kept ones are compiled, and pluggrad's base install
is not to need a compiler or a wheel for the platform for the sake of the few lines below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

from pluggrad.value import Value, as_float, is_flag

from .containers import container_of
from .dual import Dual


class Structure(NamedTuple):
    """The shape of a tree: its containers without its leaves.

    Attributes:
        kind: the class of a container, or None for a leaf.
        aux: what makes it up beside its parts, such as the keys of a dict.
        children: the structures of its parts.
    """

    kind: type[Any] | None = None
    aux: Any = None
    children: tuple[Structure, ...] = ()


LEAF = Structure()


def structure_of(tree: object) -> Structure:
    """Return the shape of a tree. What is not a container is a leaf; None is an empty tree."""
    kind = type(tree)
    container = container_of(kind)
    if container is None:
        return LEAF
    parts, aux = container.flatten(tree)
    return Structure(kind, aux, tuple([structure_of(x) for x in parts]))


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
        if container_of(type(tree)) is not None:
            raise TypeError(f"{path} is {_told(tree)}, but {like} has a number there")
        yield path, tree
        return
    parts = _parts_like(structure, tree)
    if parts is None:
        raise TypeError(f"{path} is {_told(tree)}, but {like} has {_described(structure)} there")
    for name, child, part in zip(_names(structure), structure.children, parts, strict=True):
        yield from leaves(child, part, path + name, like + name, optional=optional)


def _parts_like(structure: Structure, tree: Any) -> Sequence[Any] | None:
    """Return the parts of a tree in the order of a structure; None where it differs."""
    container = container_of(type(tree))
    if container is None or structure.kind is None or not isinstance(tree, structure.kind):
        return None
    parts, aux = container.flatten(tree)
    if isinstance(tree, dict):
        keys = structure.aux[1] if structure.kind is defaultdict else structure.aux
        return [tree[key] for key in keys] if set(keys) == set(tree) else None
    return parts if len(parts) == len(structure.children) and aux == structure.aux else None


def _names(structure: Structure) -> list[str]:
    assert structure.kind is not None
    container = container_of(structure.kind)
    assert container is not None
    return container.names(structure.aux, len(structure.children))


def leaf_count(structure: Structure) -> int:
    """Count the leaves of a tree of this shape."""
    return 1 if structure == LEAF else sum(map(leaf_count, structure.children))


def rebuild(structure: Structure, found: Iterator[Any]) -> Any:
    """Put a tree together, taking its leaves in order from an iterator."""
    if structure.kind is None:
        return next(found)
    container = container_of(structure.kind)
    assert container is not None
    return container.unflatten(structure.aux, [rebuild(x, found) for x in structure.children])


def tree_map(change: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to each leaf."""
    structure = structure_of(tree)
    return rebuild(structure, iter([change(x) for _, x in leaves(structure, tree, "")]))


def is_number(x: object) -> bool:
    """Return whether a leaf is something that can be differentiated."""
    return isinstance(x, float | Value | Dual | Real) or is_flag(x)


def numbers(tree: Any, path: str, what: str) -> tuple[Structure, list[Any]]:
    """Take a tree of numbers apart.

    Parameters:
        tree: the tree.
        path: what to call it.
        what: what its leaves have to be numbers for.

    Raises:
        TypeError: when a leaf is no number, naming it by its path.
        OverflowError: when a leaf is too large for a float.
    """
    structure = structure_of(tree)
    found = list(leaves(structure, tree, path))
    for place, x in found:
        if not is_number(x):
            hint = _hint(x)
            raise TypeError(
                f"{place} is {_told(x)}{hint}; {what} numbers (int, float, Value), or nested "
                "lists, tuples, dicts and dataclasses of them"
            )
        if x.__class__ is not float and isinstance(x, Real):
            as_float(x, f"{place}: {what} floats")
    return structure, [bool(x) if is_flag(x) else x for _, x in found]


def _hint(x: object) -> str:
    if hasattr(x, "tolist"):
        return "; give its .tolist() for one vector, or pluggrad.compile(f) for many inputs at once"
    if hasattr(x, "__dict__") and not callable(x):
        return "; register its class with pluggrad.func.register_pytree_node"
    return ""


def _described(structure: Structure) -> str:
    assert structure.kind is not None
    if structure.kind is type(None):
        return "None"
    if not structure.children:
        return f"an empty {structure.kind.__name__}"
    if issubclass(structure.kind, dict):
        keys = ", ".join(name[1:-1] for name in _names(structure))
        return f"{_a(structure.kind)} with the keys {keys}"
    return f"{_a(structure.kind)} of {len(structure.children)}"


def _told(tree: object) -> str:
    structure = structure_of(tree)
    return _a(type(tree)) if structure == LEAF else _described(structure)


def _a(kind: type[Any]) -> str:
    name = kind.__name__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
