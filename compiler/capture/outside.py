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
from contextvars import ContextVar
from functools import partial
from itertools import islice, product
from math import copysign
from operator import attrgetter
from threading import local
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ref

from pluggrad import Op, Value

from ..tape.fingerprint import VERSIONED, is_mine, names_in, slots_of

Place = tuple[Any, Any, Any]
LAYERS = "pluggrad.nn"  # whose objects hold Values
HOLDERS = ("types", "collections", "weakref", "_thread")  # so do these
MOST = 20_000  # things looked at
PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})  # nothing stands in them


class Seen:
    """Shows what is in a thing, or an attribute of it, as the content of a variable.

    Parameters:
        thing: what is looked at.
        look: how.
    """

    def __init__(self, thing: Any, look: Callable[[Any], Any]) -> None:
        self.thing = thing
        self.look = look

    @property
    def cell_contents(self) -> Any:
        """What is there now."""
        return self.look(self.thing)


def unchanged(places: Iterable[Place]) -> bool:
    """Return whether in all places the same thing stands, or the same number."""
    try:
        for holder, key, thing in places:
            now = holder.cell_contents if key is None else holder[key]
            if now is not thing and not _is_same(now, thing):
                return False
    except (AttributeError, LookupError, ValueError):  # it is gone
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
    elif isinstance(thing, list | tuple | deque):
        yield from ((thing, i, x) for i, x in enumerate(islice(thing, MOST)))
    elif isinstance(thing, dict):
        yield from ((thing, key, x) for key, x in list(islice(thing.items(), MOST)))
    elif isinstance(thing, set | frozenset):
        yield Seen(thing, tuple), None, tuple(thing)
    elif isinstance(thing, ContextVar):
        if (now := thing.get(None)) is not None:
            yield Seen(thing, ContextVar.get), None, now
    elif hasattr(type(thing), "tobytes") and getattr(thing, "dtype", None) == "O":
        yield from ((thing, i, thing[i]) for i in islice(_indices(thing), MOST))
    elif isinstance(thing, type):
        yield from ((vars(thing), x, vars(thing)[x]) for x in tuple(vars(thing)) if is_mine(x))
    elif not isinstance(thing, Value | Op | ModuleType):
        yield from _of_object(thing)


def _of_function(function: FunctionType) -> Iterator[Place]:
    used = names_in(function.__code__)
    scope = function.__globals__
    for name in used & scope.keys():
        yield scope, name, scope[name]
        yield from _of_module(scope[name], used)
    for cell in function.__closure__ or ():
        if cell != CellType():  # it is set
            yield cell, None, cell.cell_contents
            yield from _of_module(cell.cell_contents, used)
    yield from _held([*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()])


def _of_module(module: Any, names: set[str]) -> Iterator[Place]:
    if isinstance(module, ModuleType) and not is_installed(module.__name__):
        held = vars(module)
        yield from ((held, name, held[name]) for name in names & held.keys())


def _of_object(thing: Any) -> Iterator[Place]:
    kind = type(thing)
    module = kind.__module__
    if is_installed(module) and module[:11] != LAYERS and module not in HOLDERS:
        return
    held = getattr(thing, "__dict__", {})
    if isinstance(thing, local):  # each thread has its own
        yield from (_attribute(thing, name) for name in tuple(held))
        return
    yield from ((held, name, held[name]) for name in tuple(held))
    yield from (_attribute(thing, name) for name in slots_of(kind) if hasattr(thing, name))
    mine = [vars(base) for base in kind.__mro__ if not is_installed(base.__module__)]
    shared = {name for names in mine for name, x in names.items() if _may_hold(name, x)}
    yield from (_attribute(thing, name) for name in shared - held.keys())


def _may_hold(name: str, thing: Any) -> bool:
    """Tell whether something in a class is no method, property or number."""
    return is_mine(name) and not (hasattr(type(thing), "__get__") or thing.__class__ in PLAIN)


def _attribute(thing: Any, name: str) -> Place:
    look = attrgetter(name)
    return Seen(thing, look), None, look(thing)


def _indices(array: Any) -> Iterator[tuple[int, ...]]:
    return product(*map(range, array.shape))


def _held(things: Iterable[Any]) -> Iterator[Place]:
    """Return things that stay where they are."""
    fixed = tuple(things)
    return ((fixed, i, x) for i, x in enumerate(fixed))


def is_installed(module: str | None) -> bool:
    """Tell whether a module belongs to Python, or to a library that tells its version."""
    return (module or "").partition(".")[0] in VERSIONED
