"""Where a recording took something from outside, to see when something else stands there.

A function reads Values from variables of modules and of enclosing functions, from attributes and
lists; what the rules of its ops read is found in reads.py. A recording holds as long as the same
things stand in these places. A place is what holds the thing, the key there (None for a variable
of an enclosing function), and the thing. The walk goes through Python functions and what they name,
and through containers and objects; not into installed libraries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import islice
from math import copysign
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ref

from pluggrad import Op, Value

from ..tape.fingerprint import VERSIONED, names_in

Place = tuple[Any, Any, Any]
LAYERS = "pluggrad.nn"  # whose objects hold Values
MOST = 20_000  # things looked at
PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})  # nothing stands in them


def unchanged(places: Iterable[Place]) -> bool:
    """Return whether in all places the same thing stands, or the same number."""
    try:
        for holder, key, thing in places:
            now = holder.cell_contents if key is None else holder[key]
            if now is not thing and not _is_same(now, thing):
                return False
    except (LookupError, ValueError):  # it is gone
        return False
    return True


def _equal(now: Any, thing: Any) -> bool:
    """Return whether two things of one class are the same number, text, or tuple of these."""
    if isinstance(now, float):
        return bool(now == thing and (now or copysign(1.0, now) == copysign(1.0, thing)))
    if isinstance(now, tuple):
        return len(now) == len(thing) and all(map(_is_same, now, thing))
    return isinstance(now, int | bytes | str) and bool(now == thing)


def _is_same(now: Any, thing: Any) -> bool:
    return now is thing or (now.__class__ is thing.__class__ and _equal(now, thing))


def places_of(function: Callable[..., Any], values: Collection[Value]) -> list[Place]:
    """Find where Values stand that a function read.

    Parameters:
        function: the function.
        values: the Values; one that is found nowhere, a variable of a loop say, has no place.
    """
    if not values:
        return []
    wanted = set(values)
    return _standing([function], lambda x: isinstance(x, Value) and x in wanted)


def functions_of(function: Callable[..., Any]) -> list[FunctionType]:
    """List the Python functions that a function consists of: itself, and those it names."""
    found = [place[2] for place, _ in _walk([function])]
    return [x for x in found if isinstance(x, FunctionType) and not is_installed(x.__module__)]


def _standing(things: Iterable[Any], is_wanted: Callable[[Any], bool]) -> list[Place]:
    """Find the places of what is wanted, and of all that leads there."""
    found: dict[tuple[int, Any], Place] = {}
    for place, way in _walk(things):
        if is_wanted(place[2]):
            for holder, key, thing in (place, *way):
                if not isinstance(holder, tuple):  # in which nothing else can come to stand
                    found[id(holder), key] = holder, key, thing
    return list(found.values())


def _walk(things: Iterable[Any]) -> Iterator[tuple[Place, tuple[Place, ...]]]:
    """List all places within reach, each with the places that lead there."""
    pending: deque[tuple[Place, tuple[Place, ...]]] = deque(
        [(place, ()) for place in _held(things)]
    )
    seen: set[int] = set()
    while pending and len(seen) < MOST:
        place, way = pending.popleft()
        yield place, way
        thing = place[2]
        if id(thing) not in seen:
            seen.add(id(thing))
            inside = _inside(getattr(thing, "py_func", thing))
            pending.extend((x, (place, *way)) for x in inside if x[2].__class__ not in PLAIN)


def _inside(thing: Any) -> Iterator[Place]:
    if isinstance(thing, FunctionType):
        if not is_installed(thing.__module__):
            yield from _of_function(thing)
    elif isinstance(thing, MethodType):
        yield from _held([thing.__func__, thing.__self__])
    elif isinstance(thing, partial):
        yield from _held([thing.func, *thing.args, *thing.keywords.values()])
    elif isinstance(thing, ref):
        yield from _held([thing()])
    elif isinstance(thing, list | tuple):
        yield from ((thing, i, x) for i, x in enumerate(thing[:MOST]))
    elif isinstance(thing, dict):
        yield from ((thing, key, x) for key, x in list(islice(thing.items(), MOST)))
    elif hasattr(thing, "__dict__") and not isinstance(thing, Value | Op):
        yield from _attributes(thing)


def _of_function(function: FunctionType) -> Iterator[Place]:
    used = names_in(function.__code__)
    scope = function.__globals__
    for name in used & scope.keys():
        yield scope, name, scope[name]
        if isinstance(scope[name], ModuleType) and not is_installed(scope[name].__name__):
            yield from _attributes(scope[name], used)
    for cell in function.__closure__ or ():
        if cell != CellType():  # it is set
            yield cell, None, cell.cell_contents
    yield from _held([*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()])


def _attributes(thing: Any, names: set[str] | None = None) -> Iterator[Place]:
    if isinstance(thing, ModuleType) and names is None:
        return  # what a function uses of it has been listed
    kind = type(thing).__module__
    if not isinstance(thing, ModuleType | type) and is_installed(kind) and kind[:11] != LAYERS:
        return
    held = vars(thing)
    for name in tuple(held):
        if names is None or name in names:
            yield held, name, held[name]


def _held(things: Iterable[Any]) -> Iterator[Place]:
    """Return things that stay where they are."""
    fixed = tuple(things)
    return ((fixed, i, x) for i, x in enumerate(fixed))


def is_installed(module: str | None) -> bool:
    """Tell whether a module belongs to Python, or to a library that tells its version."""
    return (module or "").partition(".")[0] in VERSIONED
