"""What counts as a container of numbers, in `func` and in `compile` alike.

Built in are list, tuple, dict and their subclasses, named tuples, dataclasses and None. Other
classes are registered here, or with optree, whose registry is asked where optree has been imported.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple, TypeVar

from pluggrad.errors import quoted
from pluggrad.value import Value

T = TypeVar("T")


class Container(NamedTuple):
    """How instances of one class are taken apart and put together.

    Attributes:
        flatten: gives the parts of an instance, and what else makes it up, which is hashable.
        unflatten: makes an instance of that and of other parts.
        names: what each part is called in messages, given that and the number of parts.
    """

    flatten: Callable[[Any], tuple[Sequence[Any], Any]]
    unflatten: Callable[[Any, Sequence[Any]], Any]
    names: Callable[[Any, int], list[str]]


def register_pytree_node(
    nodetype: type[T],
    flatten_func: Callable[[T], tuple[Iterable[Any], Hashable]],
    unflatten_func: Callable[[Any, Any], T],
) -> None:
    """Let instances of a class be arguments and results of transforms and compiled functions.

    The name and the order of arguments are those of `jax.tree_util` and `optree`.

    Parameters:
        nodetype: the class.
        flatten_func: takes an instance, and gives its parts (numbers, or trees of them) and what
            else makes it up, such as names and sizes; that is hashable.
        unflatten_func: takes what else makes it up, and other parts, and gives an instance.

    Raises:
        TypeError: for what is no class, or cannot be called.
        ValueError: for a class that is built in or registered already.

    >>> from pluggrad import func
    >>> class Interval:
    ...     def __init__(self, low, high):
    ...         self.low, self.high = low, high
    ...     def __repr__(self):
    ...         return f"[{self.low}, {self.high}]"
    >>> func.register_pytree_node(
    ...     Interval, lambda x: ((x.low, x.high), None), lambda aux, parts: Interval(*parts)
    ... )
    >>> func.grad(lambda x: x.high * x.high - x.low)(Interval(1.0, 2.0))
    [-1.0, 4.0]
    """
    if not isinstance(nodetype, type):
        raise TypeError(f"register_pytree_node() takes a class, not {quoted(nodetype)}")
    for what in (flatten_func, unflatten_func):
        if not callable(what):
            raise TypeError(f"register_pytree_node() takes two functions, not {quoted(what)}")
    if nodetype in _REGISTERED:
        raise ValueError(f"{nodetype.__name__} is a container of numbers already")

    def flatten(tree: T) -> tuple[Sequence[Any], Any]:
        parts, rest = flatten_func(tree)[:2]  # optree may give a third, names of the parts
        return tuple(parts), rest

    _REGISTERED[nodetype] = Container(flatten, unflatten_func, _numbered)


def container_of(kind: type[Any]) -> Container | None:
    """Return how a class is taken apart; None for one that holds no numbers, but may be one."""
    try:
        return _REGISTERED[kind]
    except KeyError:
        return _derived(kind)


def _derived(kind: type[Any]) -> Container | None:
    if issubclass(kind, float | Value) or hasattr(kind, "__pluggrad_op__"):
        return None  # a number, about which nobody else is asked
    if issubclass(kind, tuple):
        return _named_tuple(kind) if hasattr(kind, "_fields") else _sequence(kind)
    if issubclass(kind, list):
        return _sequence(kind)
    if issubclass(kind, dict):
        return DICT
    return _from_optree(kind) or (_dataclass(kind) if is_dataclass(kind) else None)


def _from_optree(kind: type[Any]) -> Container | None:
    """Return how a class is taken apart that a program registered with optree."""
    optree = sys.modules.get("optree")
    if optree is None:
        return None
    entry = optree.register_pytree_node.get(kind, namespace="pluggrad")
    if entry is None or entry.flatten_func is None:
        return None
    return Container(lambda x: entry.flatten_func(x)[:2], entry.unflatten_func, _numbered)


# ----- The built-in ones -----


def _numbered(aux: Any, count: int) -> list[str]:
    return [f"[{i}]" for i in range(count)]


def _keyed(keys: Iterable[Any], count: int) -> list[str]:
    return [f"[{key!r}]" for key in keys]


def _attributes(names: Iterable[str], count: int) -> list[str]:
    return [f".{name}" for name in names]


def _sequence(kind: type[Any]) -> Container:
    return Container(lambda x: (x, None), lambda aux, parts: kind(parts), _numbered)


def _named_tuple(kind: type[Any]) -> Container:
    return Container(lambda x: (x, None), lambda aux, parts: kind(*parts), _numbered)


def _mapping(kind: type[Any]) -> Container:
    return Container(
        lambda x: (list(x.values()), tuple(x)),
        lambda keys, parts: kind(zip(keys, parts, strict=True)),
        _keyed,
    )


def _dataclass(kind: type[Any]) -> Container:
    names = tuple([field.name for field in fields(kind) if field.init])
    return Container(
        lambda x: ([getattr(x, name) for name in names], names),
        lambda names, parts: kind(**dict(zip(names, parts, strict=True))),
        _attributes,
    )


LIST, TUPLE, DICT = _sequence(list), _sequence(tuple), _mapping(dict)
DEFAULT_DICT = Container(
    lambda x: (list(x.values()), (x.default_factory, tuple(x))),
    lambda aux, parts: defaultdict(aux[0], zip(aux[1], parts, strict=True)),
    lambda aux, count: _keyed(aux[1], count),
)
NONE = Container(lambda x: ((), None), lambda aux, parts: None, _numbered)

_REGISTERED: dict[type[Any], Container | None] = {
    **dict.fromkeys((float, int, bool, str, bytes)),
    list: LIST,
    tuple: TUPLE,
    dict: DICT,
    OrderedDict: _mapping(OrderedDict),
    defaultdict: DEFAULT_DICT,
    type(None): NONE,
}
