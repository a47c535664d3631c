"""What the functions of ops read from outside, and whether machine code may be made of them.

They are part of what was recorded when they ran, so what they read is looked at before each call,
as what a recorded function reads is. Machine code may read less than that: it is kept under a
fingerprint of its function, so nothing that the fingerprint cannot see, such as what is found by
a text, the state of Python's library, or what a class written in C holds.
"""

from __future__ import annotations

import dis
from abc import ABCMeta
from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple
from weakref import ref

from pluggrad import Op

from ..tape.fingerprint import (
    attribute_of,
    codes_in,
    compiled_by_numba,
    names_in,
    parts_of_callable,
)
from .changing import READERS
from .contents import holds_objects, size_of
from .outside import World
from .places import ASKING, Place, is_empty, is_installed
from .unseen import KEPT, hides_something, is_read_only

BYTES = 20_000  # of an array that machine code may read
ANYTHING = frozenset("eval exec __import__ open input globals locals vars __subclasses__".split())
CHANGING = frozenset(
    "time random secrets os posix nt genericpath posixpath ntpath sys contextvars threading gc "
    "glob locale logging pathlib tempfile shutil decimal _decimal uuid numpy.random".split()
)
CLASSES = frozenset({"isinstance", "issubclass"})
KNOWN = (*KEPT, Op, type, ref, list, tuple, dict, set, frozenset, deque)
# The classes, written in C, of functions and descriptors of libraries.
FUNCTIONS = frozenset(
    "ufunc _ArrayFunctionDispatcher method_descriptor wrapper_descriptor member_descriptor "
    "getset_descriptor".split()
)


class Reads(NamedTuple):
    """What was found.

    Attributes:
        places: where to look before each call.
        unseen: something that machine code may not read; None where there is nothing of the kind.
        values: whether there are Values, which a recording reads anew, and machine code does not.
        functions: the Python functions that may run.
    """

    places: list[Place]
    unseen: str | None
    values: bool
    functions: list[FunctionType]


def reads_of(functions: Iterable[Any]) -> Reads:
    """Find what functions read from outside.

    Parameters:
        functions: forward functions and rules; what is no function is left out.
    """
    world = World(*functions, ends_at=_is_unseen)
    unseen = None if world.end is None else _described(world.end)
    return Reads(world.places, world.changing or unseen, world.has_values, world.functions)


def reads_of_op(op: Op) -> Reads:
    """Find what the forward function and the rules of an op read from outside."""
    return reads_of([op.forward, op.ieee, *op.rules])


def read_by(ops: Iterable[Op]) -> list[Place]:
    """Find where the forward functions and rules of ops read something from outside."""
    return [place for op in ops for place in reads_of_op(op).places]


def _is_unseen(thing: Any) -> bool:
    """Tell whether a fingerprint does not tell what is in a thing."""
    if isinstance(thing, ModuleType):
        return thing.__name__ in CHANGING
    if isinstance(thing, BuiltinFunctionType):
        owner = thing.__self__
        is_function = owner is None or isinstance(owner, ModuleType)
        return not is_function or getattr(owner, "__name__", "") in CHANGING
    if isinstance(thing, type | FunctionType) and is_installed(thing.__module__):
        return thing.__module__ in CHANGING
    if isinstance(thing, FunctionType):
        return _reaches_anything(thing)
    if hasattr(type(thing), "tobytes"):
        return not is_read_only(thing) and (holds_objects(thing) or size_of(thing) > BYTES)
    return not _is_known(thing) and hides_something(type(thing))


def _is_known(thing: Any) -> bool:
    """Tell things of which a fingerprint has all parts."""
    is_made_of_parts = compiled_by_numba(thing) or parts_of_callable(thing) is not None
    return isinstance(thing, KNOWN) or type(thing).__name__ in FUNCTIONS or is_made_of_parts


def _reaches_anything(function: FunctionType) -> bool:
    """Tell whether a function calls what may read any thing, a file or a text that it computes.

    Nor is seen what it imports inside, or reads of a module by a text, but from libraries.
    """
    names, scope = frozenset(names_in(function.__code__)), function.__globals__
    if READERS & names or not (ANYTHING & names) <= scope.keys():
        return True
    named = _variables(function, names)
    if CLASSES & names and any(map(_is_open, named)):
        return True
    modules = {x.__name__ for x in named if isinstance(x, ModuleType)} if ASKING & names else set()
    modules.update(_imported(function.__code__))
    return not all(map(is_installed, modules))


def _is_open(thing: Any) -> bool:
    """Tell an abstract class, with which any other may be registered one day."""
    return isinstance(thing, ABCMeta) and not is_installed(thing.__module__)


def _variables(function: FunctionType, names: frozenset[str]) -> list[Any]:
    """List the contents of variables outside of a function that it names."""
    scope, cells = function.__globals__, function.__closure__ or ()
    named = [scope[x] for x in names & scope.keys()]
    return [*named, *(x.cell_contents for x in cells if not is_empty(x))]


@lru_cache(maxsize=1024)
def _imported(code: CodeType) -> tuple[str, ...]:
    steps = (step for part in codes_in(code) for step in dis.get_instructions(part))
    return tuple([str(step.argval) for step in steps if step.opname == "IMPORT_NAME"])


def _described(thing: Any) -> str:
    if hasattr(type(thing), "nbytes") and hasattr(type(thing), "flags"):
        return f"an array of {thing.nbytes:,} bytes that can be written to"
    name = attribute_of(thing, "__name__")
    return f"a {type(thing).__name__}" + (f" {name}" if isinstance(name, str) and name else "")
