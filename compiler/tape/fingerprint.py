"""What a function computes, as one short text that changes when the function does.

Compiled code is kept on disk under the fingerprint of what it was made from: byte code, constants,
the globals and closures that the code names, and all that in turn of the functions, ops and objects
among those. So an edited rule, helper or number never meets the code of the old one.
"""

from __future__ import annotations

import hashlib
import os
import sys
import types
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial, partialmethod, singledispatchmethod
from typing import Any

from pluggrad import CompileError, Op
from pluggrad.func.custom import CustomRule

# What these do is told by their versions, which the cache on disk is for.
VERSIONED = {*sys.stdlib_module_names, "numba", "numpy", "pluggrad"}
CONSTANTS = (int, float, complex, str, bytes, type(None), types.EllipsisType)
PROCESS = os.urandom(16).hex()
SLOT = types.MemberDescriptorType
NO_SLOT = frozenset({"__dict__", "__weakref__"})
# What stands for itself in a class.
PLAIN = (
    *(int, float, complex, str, bytes, type(None), tuple, list, dict, set, frozenset),
    *(property, staticmethod, classmethod),
)


def fingerprint(*things: object) -> str:
    """Hash functions, ops and plain values; equal for equal behaviour, as far as can be seen."""
    digest = hashlib.sha256()
    _Walk(digest.update).over(things)
    return digest.hexdigest()[:32]


def is_built_in(op: Op) -> bool:
    """Return whether an op is pluggrad's own: its functions read nothing that changes."""
    return (getattr(op.forward, "__module__", None) or "").startswith("pluggrad.") or all(
        (getattr(f, "__module__", None) or "").startswith("pluggrad.") for f in op.rules if f
    )


class _Walk:
    def __init__(self, update: Any) -> None:
        self.update = update
        self.seen: dict[int, int] = {}
        self.names: set[str] = set()  # that functions use, for modules that stand in a list
        self.modules: list[types.ModuleType] = []
        self.kept: list[object] = []  # so that no id is given to a second object meanwhile

    def note(self, text: str) -> None:
        self.update(text.encode() + b"\0")

    def over(self, things: Any) -> None:
        self.through(things)
        known = 0
        # What was found later may have names for more of what is in modules.
        while known != (known := len(self.names) + len(self.modules)):
            for module in tuple(self.modules):
                held = vars(module)
                self.through(
                    x for name in sorted(self.names & held.keys()) for x in (name, held[name])
                )

    def through(self, things: Any) -> None:
        pending = [*reversed(tuple(things))]
        while pending:
            thing = pending.pop()
            if id(thing) in self.seen:
                self.note(f"again {self.seen[id(thing)]}")
                continue
            pending += reversed(self.parts(thing))

    def parts(self, thing: Any) -> list[Any]:
        self.note(type(thing).__qualname__)
        if isinstance(thing, CONSTANTS):
            self.note(repr(thing))
            return []
        self.seen[id(thing)] = len(self.seen)
        self.kept.append(thing)
        match thing:
            case Op():
                self.note(thing.name)
                return [thing.forward, thing.ieee, *thing.rules, thing.successor]
            case types.FunctionType():
                self.names |= names_in(thing.__code__)
                return _of_function(thing)
            case types.CodeType():
                self.update(thing.co_code)
                return [*thing.co_names, *thing.co_varnames, *thing.co_consts]
            case types.ModuleType():
                self.note(thing.__name__)
                if not _is_versioned(thing.__name__):
                    self.modules.append(thing)
                return [vars(thing).get("__version__")]
            case weakref.ref():
                return [thing()]
            case tuple() | list() | deque():
                return list(thing)
            case frozenset() | set():
                return sorted(thing, key=repr)
            case dict():
                return [x for pair in thing.items() for x in pair]
            case type():
                self.note(f"{thing.__module__}.{thing.__qualname__}")
                return [*_own(thing), *_own(type(thing))]
        if (parts := parts_of_callable(thing)) is not None:
            return parts
        self.note(f"{attribute_of(thing, '__module__')}.{attribute_of(thing, '__qualname__')}")
        if python := compiled_by_numba(thing):
            options = sorted(getattr(thing, "targetoptions", {}).items())
            return [python, *options, *_frozen(thing, python)]
        if hasattr(type(thing), "tobytes") and hasattr(type(thing), "tolist"):  # an array
            return [str(attribute_of(thing, "dtype")), thing.tolist()]
        if _is_versioned(type(thing).__module__) and not isinstance(thing, types.SimpleNamespace):
            text = repr(thing)
            label = attribute_of(thing, "__name__")
            return [label, *(_state(thing) if " at 0x" in text else [text])]
        return [type(thing), *_state(thing)]


def _of_function(function: types.FunctionType) -> list[Any]:
    code = function.__code__
    names = sorted(names_in(code))
    cells = [_content(cell) for cell in function.__closure__ or ()]
    named = [function.__globals__[x] for x in names if x in function.__globals__]
    own = [vars(function)] if vars(function) else []
    return [code, function.__defaults__, function.__kwdefaults__, *own, *cells, *named]


# What a function may be wrapped in, and the attributes that hold it.
WRAPPERS = {
    types.MethodType: ("__func__", "__self__"),
    property: ("fget",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    cached_property: ("func",),
    partialmethod: ("func", "args", "keywords"),
    singledispatchmethod: ("dispatcher",),
    CustomRule: ("_fun", "_rule"),
}


def parts_of_callable(thing: object) -> list[Any] | None:
    """List what a method, a property or a partial is made of; None for all other things."""
    if isinstance(thing, partial):
        return [thing.func, *thing.args, thing.keywords]
    for kind, attributes in WRAPPERS.items():
        if isinstance(thing, kind):
            return [getattr(thing, x) for x in attributes]
    return None


def check_ops(ops: Sequence[Op], fingerprints: Sequence[str], python: tuple[int, int]) -> None:
    """Check that the ops installed here are those that a pickle was made with.

    Raises:
        CompileError: naming the one that differs.
    """
    if python != sys.version_info[:2]:
        return  # byte code differs between versions of Python, so nothing can be told
    for op, expected in zip(ops, fingerprints, strict=True):
        if fingerprint(op) != expected:
            raise CompileError(
                f"stale pickle: op {op.name!r} computes something else here than where the "
                "program was recorded; record it again"
            )


def names_in(code: types.CodeType) -> set[str]:
    """Collect the global names that code uses, and those of the functions defined in it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
    return found


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """List some code and that of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_in(constant)


def texts_in(code: types.CodeType) -> set[str]:
    """Collect the texts in code that may be names, of attributes or variables."""
    return {x for x in code.co_consts if isinstance(x, str) and x.isidentifier()}


def python_of(function: Any) -> Any:
    """Return what numba has compiled, as it was written; any other thing as it is."""
    return compiled_by_numba(function) or function


def compiled_by_numba(thing: Any) -> Any:
    """Return the Python function that numba has compiled; None for what is not compiled.

    What answers to any name, as a mock does or `pytest.mark`, is not asked.
    """
    is_there = "py_func" in attributes_of(thing) or hasattr(type(thing), "py_func")
    return attribute_of(thing, "py_func") if is_there else None


def translation_of(thing: Any) -> int | None:
    """Return the number that numba gave its first translation of a function; None before that."""
    made = next(iter(getattr(thing, "overloads", {}).values()), None)
    return getattr(getattr(made, "fndesc", None), "uid", None)


def _frozen(thing: Any, python: object) -> list[object]:
    """Tell which translation this is where numba has put numbers into it that may change later."""
    if not isinstance(python, types.FunctionType):
        return []
    scope, names = python.__globals__, names_in(python.__code__)
    read = [*(scope[x] for x in names & scope.keys()), *map(_content, python.__closure__ or ())]
    is_fixed = all(callable(x) or isinstance(x, types.ModuleType) for x in read)
    return [] if is_fixed else [PROCESS, translation_of(thing)]


def attributes_of(thing: object) -> Mapping[str, Any]:
    """Return what an object or class holds itself; nothing where it answers with something else."""
    held = attribute_of(thing, "__dict__")
    return held if isinstance(held, dict | types.MappingProxyType) else {}


def attribute_of(thing: object, name: str) -> Any:
    """Return an attribute; None where asking for it fails, in whatever way."""
    try:
        return getattr(thing, name, None)
    except Exception:
        return None


def _is_versioned(module: object) -> bool:
    return str(module).partition(".")[0] in VERSIONED


def _own(kind: type) -> list[object]:
    """List the functions and plain things of a class and its bases."""
    found: list[object] = []
    for base in kind.__mro__:
        if not _is_versioned(base.__module__):
            for name, x in sorted(vars(base).items()):
                is_data = isinstance(x, PLAIN) or not _is_versioned(type(x).__module__)
                if isinstance(x, types.FunctionType) or (is_mine(name) and is_data):
                    found += [name, x]
    return found


def is_mine(name: str) -> bool:
    """Tell a name in a class from those that Python puts there."""
    return not name.startswith(("__", "_abc_"))


def _state(thing: object) -> list[object]:
    """List what an object holds, and nothing that it computes under the name of a slot."""
    kind = type(thing)
    names = [x for x in slots_of(kind) if isinstance(getattr(kind, x, None), SLOT)]
    held = [getattr(thing, x, None) for x in names]
    return [*held, attributes_of(thing)] if hasattr(thing, "__dict__") else held


def slots_of(kind: type) -> list[str]:
    """List the names of attributes that a class has room for, as `getattr` wants them."""
    found = []
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        names = [slots] if isinstance(slots, str) else list(slots)
        found += [_mangled(base, x) for x in names if x not in NO_SLOT]
    return found


def _mangled(kind: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{kind.__name__.lstrip('_')}{name}" if is_private else name


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None
