"""What gives something else each time, without a trace: iterators, files, random numbers."""

from __future__ import annotations

import dis
import io
import os
import random
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from ..tape.fingerprint import codes_in, names_in
from .contents import CONTAINERS
from .places import is_installed
from .unseen import hidden, told_by, too_large

MODULES = ("random", "secrets", "numpy.random", "time")
ITERATORS = ("builtins", "itertools", "_csv")
READERS = frozenset({"read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile"})
OPENERS = frozenset({"open", "input"})
ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb"})


def _of_os(*names: str) -> frozenset[Any]:
    return frozenset(vars(os)[name] for name in names if hasattr(os, name))


# Functions that read the environment or a file, whatever name they are called by.
_GETENV = _of_os("getenv", "getenvb")
_FILES = _of_os("open", "read", "readv", "pread", "preadv", "fdopen") | {open, input}


def read_with(thing: Any) -> str | None:
    """Name what a function of Python's reads that changes unseen; None for all other things."""
    if not isinstance(thing, FunctionType | BuiltinFunctionType):
        return None
    is_opener = thing.__name__ == "open" and is_installed(thing.__module__)  # as that of gzip
    if thing in _FILES or is_opener:
        return "a file"
    return "os.environ" if thing in _GETENV else None


def changing_in(thing: Any, names: set[str], asked: Callable[[Any], set[str]]) -> str | None:
    """Name what changes unseen in a thing; None where there is nothing of the kind.

    Parameters:
        thing: anything.
        names: what functions have names for; of a module only these matter.
        asked: says which of these a thing may be asked for.
    """
    if thing.__class__ in CONTAINERS:  # what they contain is looked at for itself
        return None
    if told_by(thing, names) and (told := told_by(thing, asked(thing))):
        return told
    if isinstance(thing, ModuleType):
        return _changing_in_module(thing, names)
    if isinstance(thing, FunctionType):
        return read_with(thing) or ("a file" if _reads_files(thing) else None)
    if _is_changing(thing):
        return f"a {type(thing).__name__}"
    return read_with(thing) or too_large(thing) or hidden(thing)


def _changing_in_module(module: ModuleType, names: set[str]) -> str | None:
    if module.__name__ == "os" and not names.isdisjoint(ENVIRONMENT):
        return "os.environ"
    held = {name: vars(module)[name] for name in names & vars(module).keys()}
    if module.__name__ in MODULES and _is_used(module, held):
        return f"the module {module.__name__}"
    return next(filter(None, map(read_with, held.values())), None)


def _is_used(module: ModuleType, held: dict[str, Any]) -> bool:
    """Tell whether something in a module that changes is named, other than its classes."""
    own = module.__name__.rpartition(".")[2]
    public = {name: x for name, x in held.items() if not name.startswith("_")}
    return [*public] == [own] or any(
        not isinstance(x, type | ModuleType) for name, x in public.items() if name != own
    )


def _reads_files(function: FunctionType) -> bool:
    """Tell whether a function opens files, or calls what reads them by its name."""
    names = set(names_in(function.__code__))
    if not names.isdisjoint(READERS):
        return True
    return not names.isdisjoint(OPENERS) and any(
        _opens(step, function.__globals__)
        for code in codes_in(function.__code__)
        for step in dis.get_instructions(code)
    )


def _opens(step: dis.Instruction, scope: dict[str, Any]) -> bool:
    """Tell whether an instruction finds `open` of Python, or a method of this name to be called.

    A number that is called so, as the first price of a day is, is not called.
    """
    if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
        return step.argval in OPENERS - scope.keys()
    of_method = (step.arg or 0) & 1 and sys.version_info >= (3, 12)  # before, LOAD_METHOD says so
    is_called = step.opname == "LOAD_METHOD" or (step.opname == "LOAD_ATTR" and of_method)
    return bool(is_called) and step.argval == "open"


def _is_changing(thing: Any) -> bool:
    kind = type(thing)
    if thing is os.environ:
        return True
    if isinstance(thing, BuiltinFunctionType):
        return isinstance(thing.__self__, ModuleType) and thing.__self__.__name__ in MODULES
    if issubclass(kind, io.IOBase):
        return not thing.closed and bool(thing.readable())
    if isinstance(thing, random.Random) or str(kind.__module__).startswith("numpy.random"):
        return True
    if kind.__name__ == "ufunc" and thing.__name__.endswith("(vectorized)"):  # by numpy.frompyfunc
        return True
    return kind.__module__ in ITERATORS and hasattr(kind, "__next__")


def chance() -> tuple[object, ...]:
    """Return how far the random numbers are that libraries take, in whatever way."""
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return os.getpid(), random.getstate()
    name, numbers, *rest = numpy.get_state()
    return os.getpid(), random.getstate(), name, numbers.tobytes(), *rest


def were_drawn(before: tuple[object, ...]) -> bool:
    """Return whether random numbers were taken; a forked child has others, which nobody took.

    Parameters:
        before: what `chance` returned then.
    """
    now = chance()
    return now[0] == before[0] and now[: len(before)] != before
