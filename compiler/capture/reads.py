"""What the functions of ops read from outside: where it stands, and whether changes can be seen.

What a forward function or a rule reads is part of the machine code made of it, and of what was
recorded when it ran. So it is looked at before each call: which thing stands where a name was
looked up, and what is in it. The walk goes through functions, lists, dicts, arrays, objects and
their classes, but not into installed libraries. What changes unseen (an iterator, say, or what a
class written in C holds) cannot be part of machine code.
"""

from __future__ import annotations

import builtins
import dis
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    ModuleType,
)
from typing import Any, NamedTuple
from weakref import ref

from pluggrad import Op, Value

from ..tape.fingerprint import (
    attribute_of,
    attributes_of,
    codes_in,
    compiled_by_numba,
    is_built_in,
    is_mine,
    names_in,
    parts_of_callable,
    slots_of,
    translation_of,
)
from .changing import READERS, read_with
from .contents import bytes_of, holds_objects, items_of, size_of
from .places import (
    ASKING,
    ASKING_SCOPE,
    Place,
    Seen,
    fixed,
    is_empty,
    is_installed,
    lacks,
    parts_of_function,
)
from .unseen import KEPT, hides_something, is_read_only, told_by

MOST = 20_000  # things looked at, and bytes of an array
CONTAINERS = (list, tuple, dict, set, frozenset, deque)
ANYTHING = frozenset("eval exec __import__ open input globals locals vars __subclasses__".split())
CHANGING = frozenset(
    "time random secrets os posix nt genericpath posixpath ntpath sys contextvars threading gc "
    "glob locale logging pathlib tempfile shutil decimal _decimal uuid".split()
)
DESCRIPTORS = frozenset(
    {"ufunc", "method_descriptor", "wrapper_descriptor", "member_descriptor", "getset_descriptor"}
)


class Reads(NamedTuple):
    """What was found.

    Attributes:
        places: where to look before each call.
        unseen: something that may change unseen; None where there is nothing of the kind.
        values: whether there are Values, which a recording reads anew, and machine code does not.
    """

    places: list[Place]
    unseen: str | None = None
    values: bool = False


def reads_of(functions: Iterable[Any]) -> Reads:
    """Find what functions read from outside.

    Parameters:
        functions: forward functions and rules; what is no function is left out.
    """
    places: dict[tuple[int, Any], Place] = {}
    seen: dict[Any, Any] = {}
    pending: deque[tuple[Any, frozenset[str]]] = deque((f, frozenset()) for f in functions)
    while pending:
        thing, names = pending.popleft()
        key = (id(thing), names) if isinstance(thing, ModuleType) else id(thing)
        if key in seen:
            continue
        seen[key] = thing
        found = _inside(thing, names)
        if found is None or len(seen) > MOST:
            return Reads([*places.values()], _described(thing))
        for place, used in found:
            holder, key, inner = place
            if holder is not None and not _is_fixed_name(key, inner):
                places[id(holder), key] = place
            pending.append((inner, used))
    return Reads([*places.values()], None, any(isinstance(x, Value) for x in seen.values()))


def read_by(ops: Iterable[Op]) -> list[Place]:
    """Find where the forward functions and rules of ops read something from outside."""
    return [x for op in ops for x in reads_of([op.forward, op.ieee, *op.rules]).places]


Found = Iterable[tuple[Place, frozenset[str]]]


def _inside(thing: Any, names: frozenset[str]) -> Found | None:
    """List what is in a thing, or named by it; None where that may change unseen.

    Parameters:
        thing: the thing.
        names: of a module only these matter.
    """
    if read_with(thing) or told_by(thing, names):
        return None
    if isinstance(thing, KEPT) or _is_known(thing):
        return ()
    if isinstance(thing, FunctionType):
        return None if _reaches_anything(thing) else _named_by(thing)
    if (parts := parts_of_callable(thing)) is not None:
        return _held(parts)
    if isinstance(thing, Op):
        return () if is_built_in(thing) else _held([thing.forward, thing.ieee, *thing.rules])
    if python := compiled_by_numba(thing):
        place = (Seen(thing, _translated), None, _translated(thing))
        return [(place, frozenset()), *_held([python])]
    if isinstance(thing, ModuleType):
        return _of_module(thing, names)
    if isinstance(thing, ref):
        return [((Seen(thing, ref.__call__), None, thing()), frozenset())]
    if isinstance(thing, CONTAINERS):
        return _of_container(thing)
    if hasattr(type(thing), "tobytes"):
        return _of_array(thing)
    return _of_object(thing)


def _translated(dispatcher: Any) -> tuple[Any, ...]:
    """Return what a function of numba is made of, the number of its translation, its options."""
    options = items_of(getattr(dispatcher, "targetoptions", {}))
    return compiled_by_numba(dispatcher), translation_of(dispatcher), *options


def _is_known(thing: Any) -> bool:
    """Tell functions and types of libraries, which are what they are."""
    if isinstance(thing, BuiltinFunctionType):
        owner = thing.__self__
        return owner is None or (isinstance(owner, ModuleType) and owner.__name__ not in CHANGING)
    if isinstance(thing, type | FunctionType):
        return is_installed(thing.__module__) and thing.__module__ not in CHANGING
    return type(thing).__name__ in DESCRIPTORS


def _is_fixed_name(name: Any, thing: Any) -> bool:
    """Tell what nobody puts another thing in the place of: `math`, or `exp` imported from it."""
    return isinstance(thing, ModuleType) or (
        isinstance(thing, BuiltinFunctionType | type)
        and thing.__name__ == name
        and _is_known(thing)
    )


def _held(things: Iterable[Any]) -> Found:
    """Return things that stay where they are."""
    return [(place, frozenset()) for place in fixed(things)]


def _reaches_anything(function: FunctionType) -> bool:
    """Tell whether a function calls what may read any thing, a file or a text that it computes.

    Nor is seen what it imports inside, or reads of a module by a text, but from libraries.
    """
    names, scope = frozenset(names_in(function.__code__)), function.__globals__
    if READERS & names or not (ANYTHING & names) <= scope.keys():
        return True
    named = [x for x in _variables(function, names) if isinstance(x, ModuleType)]
    modules = {x.__name__ for x in named} if ASKING & names else set()
    modules.update(_imported(function.__code__))
    return not all(map(is_installed, modules))


def _variables(function: FunctionType, names: frozenset[str]) -> list[Any]:
    """List the contents of variables outside of a function that it names."""
    cells = function.__closure__ or ()
    scope = function.__globals__
    return [
        *(scope[x] for x in names & scope.keys()),
        *(x.cell_contents for x in cells if not is_empty(x)),
    ]


def _imported(code: CodeType) -> Iterator[str]:
    for part in codes_in(code):
        for step in dis.get_instructions(part):
            if step.opname == "IMPORT_NAME":
                yield str(step.argval)


def _named_by(function: FunctionType) -> Iterator[tuple[Place, frozenset[str]]]:
    names = frozenset(names_in(function.__code__))
    scope = function.__globals__
    inside = _imported(function.__code__)  # of libraries, of which some change
    yield from ((place, names) for place, _ in _held(filter(None, map(sys.modules.get, inside))))
    yield (Seen(function, parts_of_function), None, parts_of_function(function)), frozenset()
    for name in names & scope.keys():
        yield (scope, name, scope[name]), names
    cells = function.__closure__ or ()
    yield from (((x, None, x.cell_contents), names) for x in cells if not is_empty(x))
    if vars(function):
        yield from _state(function)
    if names & ASKING:
        named = [x for x in _variables(function, names) if isinstance(x, FunctionType)]
        yield from (found for x in named for found in _state(x))
    absent = names - scope.keys()
    if not names & ASKING_SCOPE:
        absent &= vars(builtins).keys()  # of which one may be hidden by a variable
    if absent:
        yield (Seen(scope, partial(lacks, absent)), None, True), frozenset()
    if names & ASKING_SCOPE:
        yield from (((Seen(x, is_empty), None, True), frozenset()) for x in cells if is_empty(x))
    yield from _held([*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()])


def _of_module(module: ModuleType, names: frozenset[str]) -> Found | None:
    if module.__name__ in CHANGING or module.__name__ == "numpy.random":
        return None
    held = vars(module)
    if not is_installed(module.__name__):
        return [((held, name, held[name]), names) for name in names & held.keys()]
    inner = [held[name] for name in names & held.keys()]
    return [((None, None, x), names) for x in inner if isinstance(x, ModuleType)]


def _of_container(thing: Any) -> Found | None:
    if len(thing) > MOST:
        return None
    items = items_of(thing)
    found = [*_held(items), *_state(thing)]
    if not isinstance(thing, tuple | frozenset):
        found.append(((Seen(thing, items_of), None, items), frozenset()))
    return found


def _of_array(array: Any) -> Found | None:
    if is_read_only(array):
        return ()
    if holds_objects(array) or size_of(array) > MOST:
        return None
    return [((Seen(array, bytes_of), None, bytes_of(array)), frozenset())]


def _of_object(thing: Any) -> Found | None:
    if isinstance(thing, type):
        return _of_class(thing)
    if hides_something(type(thing)):
        return None
    return [*_state(thing), *_held([type(thing)])]


def _of_class(kind: type) -> Found:
    """List what is in a class and its bases, but for those of libraries."""
    found: list[tuple[Place, frozenset[str]]] = [*_held([type(kind)])]
    for base in kind.__mro__:
        if not is_installed(base.__module__):
            held = vars(base)
            found.append(((Seen(held, len), None, len(held)), frozenset()))  # none may come
            counts = [key for key, x in held.items() if isinstance(x, FunctionType) or is_mine(key)]
            found += [((held, key, held[key]), frozenset()) for key in counts]
    return found


def _state(thing: Any) -> Found:
    """List what an object holds in attributes."""
    if not hasattr(thing, "__dict__") and not slots_of(type(thing)):
        return []
    attributes = _attributes(thing)
    return [((Seen(thing, _attributes), None, attributes), frozenset()), *_held(attributes)]


def _attributes(thing: Any) -> tuple[Any, ...]:
    held = attributes_of(thing)
    return (*held, *held.values(), *[getattr(thing, x, None) for x in slots_of(type(thing))])


def _described(thing: Any) -> str:
    if hasattr(type(thing), "nbytes") and hasattr(type(thing), "flags"):
        return f"an array of {thing.nbytes:,} bytes that can be written to"
    name = attribute_of(thing, "__name__")
    return f"a {type(thing).__name__}" + (f" {name}" if isinstance(name, str) and name else "")
