"""What containers and arrays hold, and what things are made of, as places."""

from __future__ import annotations

import sys
from abc import get_cache_token
from collections import defaultdict, deque
from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from contextvars import Context, ContextVar
from functools import partial
from itertools import islice
from operator import attrgetter, eq, methodcaller
from types import BuiltinFunctionType, FunctionType, MappingProxyType
from typing import Any
from weakref import ref

from pluggrad.func.custom import CustomRule

from ..tape.fingerprint import (
    WRAPPERS,
    attributes_of,
    compiled_by_numba,
    parts_of_callable,
    translation_of,
)
from .places import Place, Seen, fixed, is_laid_out

CONTAINERS = (list, tuple, dict, set, frozenset, deque, MappingProxyType)
MOST = 20_000  # things looked at
FEW = 16  # items that are looked at one by one
PLAINLY = (list, dict, set, deque)  # what a container is compared as
KEYED = (list, dict, deque)  # what is looked at so
BYTES = 8_000_000  # of an array; more takes milliseconds to compare
PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})  # nothing stands in them
GET_SET = methodcaller("get", object())  # what a context variable is set to
NUMBERS = frozenset({int, float, complex, bool})  # one may be equal to another, and differ


# ----- Containers -----


def of_container(thing: Any) -> Iterator[Place]:
    """List the places in a list, dict, set and the like, but for those of `numbers_in`."""
    is_dict = isinstance(thing, dict | MappingProxyType)
    items = items_of(thing)
    kinds = set(map(type, items))
    if not isinstance(thing, tuple | frozenset):
        yield _content(thing, items, kinds, is_dict=is_dict)
    if isinstance(thing, defaultdict):
        yield Seen(thing, attrgetter("default_factory")), None, thing.default_factory
    if not kinds <= PLAIN:
        yield from fixed(islice((x for x in items if x.__class__ not in PLAIN), MOST))


def items_of(thing: Any) -> tuple[Any, ...]:
    """Return what a container holds; of a dict the keys, then the values."""
    is_dict = isinstance(thing, dict | MappingProxyType)
    return (*thing, *thing.values()) if is_dict else tuple(thing)


def numbers_in(thing: Any) -> list[Place]:
    """List the places of the numbers in a short list or dict, one by one."""
    if not _is_keyed(thing):
        return []
    items = thing.items() if isinstance(thing, dict) else enumerate(thing)
    return [(thing, key, x) for key, x in items if x.__class__ in NUMBERS and key is not None]


def _is_keyed(thing: Any) -> bool:
    return thing.__class__ in KEYED and len(thing) <= FEW


def _content(thing: Any, items: tuple[Any, ...], kinds: set[type], *, is_dict: bool) -> Place:
    """Make the place of all that a container holds, compared in C where that is enough."""
    plain: Any = next((kind for kind in PLAINLY if isinstance(thing, kind)), dict)
    numbers = kinds & NUMBERS  # which may be equal and not the same: 0, -0.0 and False
    if _is_keyed(thing):  # each number in it has a place of its own
        numbers = set()
    if float in numbers and _has_zero(items, kinds):
        return Seen(thing, items_of), None, items
    if numbers - {float}:
        values = thing.values() if is_dict else thing
        classes = partial(_is_same_dict if is_dict else _is_same_list, plain(thing))
        return Seen(thing, partial(classes, [*map(type, values)])), None, True
    if is_dict and len(thing) > 1:
        return Seen(thing, partial(_is_in_order, plain(thing), list(thing))), None, True
    return Seen(thing, partial(eq, plain(thing))), None, True


def _has_zero(items: tuple[Any, ...], kinds: set[type]) -> bool:
    """Tell whether a float is 0, which -0.0 is equal to."""
    if kinds == {float}:  # as in large lists
        return 0.0 in items
    return any(x.__class__ is float and not x for x in items)


def _is_same_list(held: list[Any], classes: list[type], thing: list[Any]) -> bool:
    return thing == held and [*map(type, thing)] == classes


def _is_same_dict(held: dict[Any, Any], classes: list[type], thing: dict[Any, Any]) -> bool:
    return _is_in_order(held, [*held], thing) and [*map(type, thing.values())] == classes


def _is_in_order(held: Any, keys: list[Any], thing: Any) -> bool:
    return bool(held == thing) and keys == list(thing)


# ----- Arrays -----


def of_array(array: Any) -> Iterator[Place]:
    """List the places in an array of NumPy's, a bytearray and the like."""
    if holds_objects(array):
        items = array.ravel().tolist()
        yield Seen(array, partial(_has_items, items)), None, True
        yield from fixed(items)
    elif size_of(array) <= BYTES:
        yield Seen(array, bytes_of), None, bytes_of(array)
    if hasattr(array, "dtype"):
        yield Seen(array, partial(is_laid_out, array.shape, array.dtype)), None, True


def holds_objects(array: Any) -> bool:
    """Return whether the bytes of an array say where its elements are, not what they are."""
    return bool(getattr(getattr(array, "dtype", None), "hasobject", False))


def size_of(array: Any) -> int:
    """Return the number of bytes in an array; not every type of NumPy's can be a memoryview."""
    return int(array.nbytes if hasattr(array, "nbytes") else memoryview(array).nbytes)


def _has_items(items: list[Any], array: Any) -> bool:
    return bool(array.ravel().tolist() == items)


def bytes_of(array: Any) -> bytes:
    """Return the bytes of an array."""
    if isinstance(array, bytearray):
        return bytes(array)
    try:
        found: bytes = array.tobytes()
    except NotImplementedError:
        # Quantities of astropy refuse this method; the array that they are has the bytes.
        kinds: list[Any] = [kind for kind in type(array).__mro__ if "tobytes" in vars(kind)]
        found = kinds[-1].tobytes(array)
    return found


# ----- Things made of others -----


def parts_of(thing: Any) -> Iterable[Place] | None:
    """List the parts of what is made of others; None for what is not."""
    if isinstance(thing, CustomRule):  # which may get another rule
        return [(vars(thing), name, vars(thing)[name]) for name in WRAPPERS[CustomRule]]
    if (parts := parts_of_callable(thing)) is not None:
        now = tuple(parts)
        is_settable = type(thing).__module__ == "functools"  # a partial has __setstate__
        place = [(Seen(thing, _parts_of_callable), None, now)] if is_settable else []
        return [*place, *fixed(parts)]
    if isinstance(thing, ref):
        return [(Seen(thing, ref.__call__), None, thing())]
    if isinstance(thing, KeysView | ValuesView | ItemsView) and hasattr(thing, "mapping"):
        return fixed([thing.mapping])
    if isinstance(thing, ContextVar):
        now = GET_SET(thing)
        return [(Seen(thing, GET_SET), None, now), *fixed(_default_of(thing))]
    if isinstance(thing, Context):
        values = tuple(thing.values())
        return [(Seen(thing, _values_of), None, values), *fixed(values)]
    if type(thing).__module__ == "decimal":
        return context_of_decimals()
    if isinstance(thing, BuiltinFunctionType):
        owner = thing.__self__
        return () if owner is None else fixed([owner])
    if python := compiled_by_numba(thing):
        return [(Seen(thing, _translated), None, _translated(thing)), *fixed([python])]
    wrapped = attributes_of(thing).get("__wrapped__")
    if not isinstance(wrapped, FunctionType):
        return None
    return [*_of_cache(thing), *fixed([wrapped])]


def _parts_of_callable(thing: Any) -> tuple[Any, ...]:
    return tuple(parts_of_callable(thing) or ())


def _of_cache(function: Any) -> Iterator[Place]:
    """Return the place where it is seen that a cache of results was emptied."""
    if hasattr(function, "cache_info"):
        known = function.cache_info().misses
        yield Seen(function, partial(_keeps, known)), None, True


def _keeps(known: int, function: Any) -> bool:
    return bool(function.cache_info().misses >= known)


def _translated(dispatcher: Any) -> tuple[Any, ...]:
    """Return what a function of numba is made of, the number of its translation, its options."""
    options = items_of(getattr(dispatcher, "targetoptions", {}))
    return compiled_by_numba(dispatcher), translation_of(dispatcher), *options


def context_of_decimals() -> list[Place]:
    """Return the place of what rounds numbers of `decimal`."""
    return [(Seen(None, _context), None, _context(None))]


def _context(_: None) -> tuple[Any, ...]:
    now = sys.modules["decimal"].getcontext()
    return now.prec, now.rounding, now.Emin, now.Emax


def abstract_classes() -> Place:
    """Return the place where it is counted which classes were registered with abstract ones."""
    return Seen(None, _count_of_registered), None, get_cache_token()


def _count_of_registered(_: None) -> object:
    return get_cache_token()


def _default_of(variable: ContextVar[Any]) -> list[Any]:
    try:
        return [variable.get()]
    except LookupError:
        return []


def _values_of(context: Context) -> tuple[Any, ...]:
    return tuple(context.values())
