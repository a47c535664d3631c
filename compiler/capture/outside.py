"""What a function reaches outside of itself, to see when something else stands there.

A function reads Values and numbers from variables of modules and of enclosing functions, from
attributes, lists and arrays, and calls functions that do. A recording holds as long as all of them
are what they were. The walk goes through Python functions and what they name, through containers
and objects; not into installed libraries. Of a module, a class or an object counts what functions
on the way have a name for.

What cannot be seen to change, such as an iterator or random numbers, is said to be changing: a
recording that used it holds for one call.
"""

from __future__ import annotations

import builtins
import sys
from abc import ABCMeta
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cache, partial
from operator import attrgetter, itemgetter, methodcaller
from threading import local
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple
from weakref import ref

import pluggrad
from pluggrad import Op, Value
from pluggrad.func.dual import LikeValue
from pluggrad.insight.callers import is_installed as is_installed_file
from pluggrad.recording import computed_once

from ..tape.fingerprint import (
    attribute_of,
    attributes_of,
    codes_in,
    is_built_in,
    is_mine,
    names_in,
    slots_of,
    texts_in,
)
from .asked import Asked
from .changing import changing_in
from .computed_names import computes_names, evaluated_in
from .contents import (
    CONTAINERS,
    MOST,
    PLAIN,
    abstract_classes,
    context_of_decimals,
    numbers_in,
    of_array,
    of_container,
    parts_of,
)
from .places import (
    ASKING,
    ASKING_SCOPE,
    Place,
    Seen,
    fixed,
    gained_none,
    has_attributes,
    has_bases,
    is_cache,
    is_empty,
    is_installed,
    is_of,
    lacks,
    parts_of_function,
)
from .unseen import OWN, STILL

# Whose objects hold numbers that programs read.
HOLDERS = ("pluggrad.nn", "pluggrad.compiler.program", "pluggrad.compiler.rows.fit")
SPACES = ("types", "argparse")  # of whose attributes nobody else has names
BIRTH = frozenset({"__init__", "__new__", "__post_init__"})
OF_FUNCTIONS = frozenset({"__doc__", "__name__", "__qualname__", "__annotations__", "__module__"})
OF_VALUES = frozenset({"label", "requires_grad", "scope"})
LISTING = frozenset({"vars", "dir", "__dict__"})  # tell all names
# Functions that find attributes by names of their own.
ANY_NAME = frozenset({"getattr", "vars", "attrgetter", "methodcaller", "__dict__", "eval", "exec"})
# What Python asks classes for without a name in the program, and does without where it is not.
SPECIAL = frozenset(
    name
    for kind in (object, int, float, list, dict, set, type)
    for name in (*dir(kind), "__getattr__", "__bool__", "__missing__", "__post_init__")
    if name.startswith("__")
)
GETTERS = frozenset({"getattr", "hasattr", "attrgetter", "methodcaller"})
BUILTINS = frozenset(vars(builtins))
ENDLESS: Place = (Seen(None, lambda _: object()), None, None)  # nothing ever stands there again


class _Own(NamedTuple):
    """The attributes of a function, which count where something has a name for them."""

    held: dict[str, Any]
    function: Any = None


class World:
    """What functions reach.

    Parameters:
        functions: the functions.
        ends_at: tells things at which the walk ends; with it, it goes into ops, too, and into
            libraries that tell no version.

    Attributes:
        places: where things stand that it has a name for, and what containers hold.
        functions: the Python functions that it consists of: itself, and those it names.
        end: the thing at which the walk ended.
        changing: what changes and is not seen to, named; None where there is nothing of the kind.
    """

    def __init__(
        self, *functions: Callable[..., Any] | None, ends_at: Callable[[Any], bool] | None = None
    ) -> None:
        self.names: set[str] = set()
        self.end: Any = None
        self._ends_at = ends_at
        self._born: set[type] = set()  # the classes of which objects may be made
        self._things: dict[int, Any] = {}
        self._found: dict[Any, list[Place]] = {}  # what was found in each thing
        self._inherited: dict[int, tuple[int, frozenset[str]]] = {}  # by objects of each class
        self._values: dict[int, Value] = {}
        self._by_name: list[Any] = []  # of these, what functions have names for
        self._absent: dict[int, tuple[dict[str, Any], set[str]]] = {}  # variables that are not
        self._computes = False  # names of attributes
        self._unseen: str | None = None  # what could not be looked into
        self._walk(functions)
        known = 0
        # What was found later may have names for what was before.
        while self._known() > known:
            known = self._known()
            things, self._by_name = self._by_name, []
            for thing in things:
                self._walk(self._look(thing))
        found = [x for x in self._things.values() if isinstance(x, FunctionType)]
        self.functions = [x for x in found if not self._is_strange(x.__globals__)]
        self.places = [place for places in self._found.values() for place in places]
        self.places += [(Seen(x, partial(lacks, y)), None, True) for x, y in self._absent.values()]
        asked = self.names & OF_VALUES
        self.places += [_attribute(x, name) for x in self._values.values() for name in asked]
        self.changing = self._first_changing()

    def _known(self) -> int:
        """Count what else may be used of things that are known already."""
        return len(self.names) + len(self._born) + self._computes

    def _first_changing(self) -> str | None:
        if len(self._things) >= MOST:
            return f"more than {MOST:,} things"
        if self._unseen is not None:
            return self._unseen
        if "__subclasses__" in self.names:
            return "the subclasses of a class"
        if any(evaluated_in(x.__code__).is_computed for x in self.functions):
            return "what a computed text names"
        # What it refers to would live as long as the recording; classes mostly live for ever.
        if self._ends_at is None and any(map(_is_weak, self._things.values())):
            return "a weak reference"
        changing = (changing_in(x, self.names, self._names_for) for x in self._things.values())
        return next(filter(None, changing), None)

    def _names_for(self, thing: Any) -> set[str]:
        return self._names_asked.names(thing)

    @computed_once
    def _names_asked(self) -> Asked:
        return Asked(self.functions, by_text=not self.names.isdisjoint(ANY_NAME | GETTERS))

    def _walk(self, things: Iterable[Any]) -> None:
        pending = deque(things)
        while pending and len(self._things) < MOST and self.end is None:
            thing = pending.popleft()
            if id(thing) not in self._things:
                self._things[id(thing)] = thing
                try:
                    pending.extend(self._look(thing))
                except Exception:  # of a `__getattribute__`, say
                    self._things[id(thing)] = None
                    self._unseen = f"what is in a {type(thing).__name__}"
                if self._ends_at is not None and self._ends_at(thing):
                    self.end = thing

    def _look(self, thing: Any) -> list[Any]:
        """Note what is in a thing; return what to look into next."""
        self._found[id(thing)] = found = numbers_in(thing)
        next_ones = []
        for place in self._inside(thing):
            inner = place[2]
            if _may_move(place):
                found.append(place)
            if isinstance(inner, Value):
                self._values[id(inner)] = inner
            elif inner.__class__ not in PLAIN:
                next_ones.append(inner)
        return next_ones

    def has(self, value: Value) -> bool:
        """Return whether a Value stands within reach, or all that it was computed from."""
        seen, pending = {*self._values}, [value]
        while pending:
            value = pending.pop()
            if not isinstance(value.__class__, LikeValue) and id(value) not in seen:
                if value.op is None and value.requires_grad:
                    return False
                seen.add(id(value))
                pending += value.prev
        return True

    def holds(self, kind: type) -> bool:
        """Return whether anything of a class stands within reach."""
        things = (*self._things.values(), *self._values.values())
        return any(issubclass(type(x), kind) for x in things)

    @property
    def has_values(self) -> bool:
        """Whether any Value stands within reach."""
        return bool(self._values)

    def _is_strange(self, scope: Mapping[str, Any]) -> bool:
        return is_strange(scope) if self._ends_at is None else is_installed(scope.get("__name__"))

    def _inside(self, thing: Any) -> Iterable[Place]:
        """List places in a thing; what stays where it is has the holder None."""
        if thing.__class__ in CONTAINERS:  # which have nothing but what they contain
            return of_container(thing)
        if isinstance(thing, FunctionType):
            return self._of_function(thing)
        if isinstance(thing, _Own):
            return self._of_own(thing)
        if isinstance(thing, ModuleType):
            self._by_name.append(thing)
            return self._of_module(thing)
        if isinstance(thing, type):
            self._by_name.append(thing)
            self._born.update(thing.__mro__)
            return [*self._of_class(thing), *self._of_class(type(thing))]
        if isinstance(thing, CONTAINERS):
            return [*of_container(thing), *self._of_object(thing)]
        if hasattr(type(thing), "tobytes") or isinstance(thing, bytearray):
            return of_array(thing)
        if isinstance(thing, Op):
            goes_in = self._ends_at is not None and not is_built_in(thing)
            return fixed([thing.forward, thing.ieee, *thing.rules]) if goes_in else ()
        if isinstance(thing, Enum):
            held = vars(thing)
            value = held, "_value_", held.get("_value_")
            return [value, *self._of_own(_Own(held)), *fixed([type(thing)])]
        if isinstance(thing, attrgetter | itemgetter | methodcaller):
            return self._of_getter(thing)
        parts = parts_of(thing)
        return self._of_object(thing) if parts is None else parts

    def _of_getter(self, getter: Any) -> Iterator[Place]:
        """List what a function asks for that was made of names."""
        make, arguments = getter.__reduce__()
        texts = [x for x in (*getattr(make, "args", ()), *arguments) if isinstance(x, str)]
        self.names.update(*(x.split(".") for x in texts))
        return fixed([make, *arguments])

    def _of_function(self, function: FunctionType) -> Iterator[Place]:
        scope = function.__globals__
        is_strange = self._is_strange(scope)
        cells = [x for x in function.__closure__ or () if not is_strange or not is_cache(x)]
        yield from ((x, None, x.cell_contents) for x in cells if not is_empty(x))
        yield from fixed(function.__defaults__ or ())
        yield from fixed([function.__kwdefaults__, vars(function).get("__wrapped__")])
        if is_strange:
            return
        self._by_name.append(_Own(vars(function), function))
        yield Seen(function, parts_of_function), None, parts_of_function(function)
        code = function.__code__
        names = names_in(code).union(*map(texts_in, codes_in(code)), evaluated_in(code).names)
        self.names |= names
        self._computes |= not names.isdisjoint(GETTERS) and computes_names(code)
        absent = names - scope.keys()
        self._note_absent(scope, absent if names & ASKING_SCOPE else absent & BUILTINS)
        if names & ASKING_SCOPE:
            self._note_absent(vars(builtins), absent - BUILTINS)
            yield from ((Seen(x, is_empty), None, True) for x in cells if is_empty(x))
        held = vars(builtins)
        for name in names:
            if name in scope:
                yield scope, name, scope[name]
            elif name in held and not _is_fixed_name(name, held[name]):  # a program put it there
                yield held, name, held[name]
            for key in (name, f"{scope.get('__package__')}.{name}"):
                if sys.modules.get(key) is not None:  # it may be imported inside
                    yield sys.modules, key, sys.modules[key]

    def _note_absent(self, scope: dict[str, Any], names: set[str]) -> None:
        """Note variables that are not there, and change what a function does when they come."""
        if names:
            self._absent.setdefault(id(scope), (scope, set()))[1].update(names)

    def _of_own(self, own: _Own) -> Iterator[Place]:
        held = own.held
        self._by_name.append(own)
        yield from ((held, x, held[x]) for x in self.names & held.keys())
        if own.function is not None:
            yield from (_attribute(own.function, x) for x in self.names & OF_FUNCTIONS)
        yield from self._asked(held)

    def _asked(self, held: Any) -> Iterator[Place]:
        """Note of which names there is nothing, where something asks for that."""
        if self._computes or self.names & LISTING:
            yield Seen(held, partial(_has_keys, frozenset(held))), None, True
        elif self.names & ASKING:
            yield Seen(held, partial(lacks, self.names - held.keys())), None, True

    def _of_module(self, module: ModuleType) -> Iterator[Place]:
        held = vars(module)
        found = self.names & held.keys()
        if not self._is_strange(held):
            names = held.keys() if self._computes else found | (held.keys() & {"__getattr__"})
            yield from ((held, name, held[name]) for name in tuple(names))
            yield from self._asked(held)
            if type(module) is not ModuleType:
                yield from self._of_class(type(module))
            return
        if module.__name__ == "decimal":
            yield from context_of_decimals()
        if module is builtins:
            yield from self._asked(held)
        yield from fixed(held[x] for x in found if isinstance(held[x], ModuleType))
        if self._ends_at is None:
            yield from ((held, x, held[x]) for x in found if self._is_settable(held[x]))

    def _is_settable(self, thing: Any) -> bool:
        """Tell numbers and the like in a library, and functions that a program put there."""
        if isinstance(thing, FunctionType):
            return not self._is_strange(thing.__globals__)
        return thing.__class__ in PLAIN or isinstance(thing, CONTAINERS)

    def _of_object(self, thing: Any) -> Iterator[Place]:
        kind = type(thing)
        module = str(kind.__module__)
        if module in STILL or (module.partition(".")[0] in OWN and not module.startswith(HOLDERS)):
            return
        is_library = module not in SPACES and _is_of_library(kind)
        held = attributes_of(thing)
        self._by_name.append(thing)
        names = set(held)
        if not (is_library or self.names & ANY_NAME):
            names &= self.names | _used_by_libraries(kind)
        if isinstance(thing, local):  # each thread has its own
            yield from (_attribute(thing, name) for name in tuple(held))
            yield Seen(thing, partial(_has_none, self.names - held.keys())), None, True
            return
        if isinstance(thing, BaseException):
            yield _attribute(thing, "args")
        yield from ((held, name, held[name]) for name in tuple(names))
        if hasattr(kind, "__getattr__"):  # until there is one
            yield Seen(held, partial(lacks, self.names - held.keys())), None, True
        if not is_installed(module):
            yield Seen(thing, partial(is_of, kind)), None, True
            if isinstance(held, dict) and held is attributes_of(thing):  # not made by a property
                yield Seen(thing, partial(has_attributes, held)), None, True
        yield from self._of_slots(thing)
        yield from self._of_class_of(thing)
        hidden = self._inherited[id(kind)][1] - held.keys()
        if hasattr(thing, "__dict__"):  # whether there is one
            yield from self._asked(held)
        if hidden and hasattr(thing, "__dict__"):  # until the object has one of its own
            yield Seen(held, partial(lacks, hidden)), None, True

    def _of_class_of(self, thing: Any) -> Iterator[Place]:
        """List what an object inherits, once for all objects of its class."""
        kind, known = type(thing), self._known()
        if id(kind) not in self._inherited or self._inherited[id(kind)][0] < known:
            places = list(self._of_class(kind))
            named = (name for _, name, _ in places if name)
            used = _used_by_libraries(kind) & self.names
            self._inherited[id(kind)] = known, used.union(named)
            self._found["class", id(kind)] = [x for x in places if _may_move(x)]
            yield from fixed(x for _, _, x in places)

    def _of_slots(self, thing: Any) -> Iterator[Place]:
        for name in slots_of(type(thing)):
            if not isinstance(getattr(type(thing), name, None), MemberDescriptorType):
                continue  # a derived class computes it
            if hasattr(thing, name):
                yield _attribute(thing, name)
            elif self.names & ASKING:
                yield Seen(thing, partial(_is_unset, name)), None, True

    def _of_class(self, kind: type) -> Iterator[Place]:
        """List what a class has of its own, and what it inherits."""
        if issubclass(kind, Enum):
            yield from fixed(x for x in kind if x.name in self.names or self._computes)
        if isinstance(kind, ABCMeta):
            yield abstract_classes()
        if kind.__module__ == "decimal":
            yield from context_of_decimals()
        if not is_installed(kind.__module__):
            yield Seen(kind, partial(has_bases, kind.__mro__)), None, True
        below: list[Any] = []
        called = _used_by_libraries(kind)
        for base in kind.__mro__:
            if not is_installed(base.__module__):
                held = vars(base)
                found = {
                    name: x
                    for name, x in held.items()
                    if name in called or self._counts(base, name, x)
                }
                yield from ((held, name, x) for name, x in found.items())
                hidden = found.keys() - set().union(*below)
                yield from ((Seen(x, partial(lacks, hidden)), None, True) for x in below if hidden)
                below.append(held)
                late = partial(gained_none, len(held), SPECIAL - held.keys())
                yield Seen(held, late), None, True
                yield from self._asked(held)

    def _counts(self, kind: type, name: str, thing: Any) -> bool:
        """Tell whether something in a class may be used: by its name, or by Python itself.

        What makes an object is not used by one that is there: a model that chose its weights at
        random computes without random numbers.
        """
        if is_mine(name):
            return name in self.names or bool(self.names & ANY_NAME)
        is_made = kind in self._born or not self.names.isdisjoint({name, "type", "__class__"})
        return isinstance(thing, FunctionType | staticmethod | classmethod) and (
            name not in BIRTH or is_made
        )


def _used_by_libraries(kind: type) -> frozenset[str]:
    """Return what a class has from libraries, whose functions ask for it: they call `forward`."""
    bases = filter(_is_of_library, kind.__mro__)
    return frozenset(x for base in bases for x in vars(base) if not x.startswith("_"))


def _is_weak(thing: Any) -> bool:
    is_own = str(type(thing).__module__).startswith("pluggrad.")
    return isinstance(thing, ref) and not is_own and not isinstance(thing(), type)


def _is_of_library(kind: type) -> bool:
    module = sys.modules.get(kind.__module__)
    return module is not None and is_strange(vars(module))


def _has_keys(keys: frozenset[str], held: dict[str, Any]) -> bool:
    return bool(held.keys() == keys)


def _has_none(names: set[str], thing: Any) -> bool:
    return lacks(names, attributes_of(thing))


def _is_unset(name: str, thing: Any) -> bool:
    return not hasattr(thing, name)


def is_strange(scope: Mapping[str, Any]) -> bool:
    """Tell whether variables of a module are those of a library that knows nothing of Values."""
    name, file = str(scope.get("__name__")), scope.get("__file__")
    if is_installed(name) or not (isinstance(file, str) and is_installed_file(file)):
        return is_installed(name)
    return not _knows_values(name)


@cache
def _knows_values(module: str) -> bool:
    held = vars(sys.modules.get(module, pluggrad))
    return any(
        x is pluggrad
        or isinstance(x, Value | Op)
        or attribute_of(x, "__module__") == Value.__module__
        for x in tuple(held.values())
    )


def _attribute(thing: Any, name: str) -> Place:
    look = attrgetter(name)
    return Seen(thing, look), None, look(thing)


def _may_move(place: Place) -> bool:
    """Tell whether another thing may be put into a place."""
    holder, key, thing = place
    return holder is not None and not _is_fixed_name(key, thing)


def _is_fixed_name(name: Any, thing: Any) -> bool:
    """Tell what nobody puts another thing in the place of: `math`, or `exp` imported from it."""
    if not isinstance(name, str):
        return False
    if isinstance(thing, ModuleType):
        return is_installed(thing.__name__)
    if isinstance(thing, Op):
        return thing.name == name and is_built_in(thing)
    is_named = isinstance(thing, FunctionType | BuiltinFunctionType | type)
    return is_named and thing.__name__ == name and is_installed(thing.__module__)
