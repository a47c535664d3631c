"""What may change and shows no trace of it: what Python's library tells of the machine, mostly.

A recording cannot look whether a file is there now, what time it is, or what an object written in C
holds. So a function that asks is recorded for one call, and a rule that asks is no machine code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import date, timedelta
from enum import Enum
from numbers import Number
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from pluggrad import Op, Value

from ..tape.fingerprint import NO_SLOT, slots_of
from .contents import BYTES, holds_objects, size_of

WORD = tuple.__itemsize__
KEPT = (Value, Number, str, bytes, type(None), Enum, range, slice, CodeType, date, timedelta)
SHOWN = (*KEPT, Op, BaseException, type, ModuleType, list, tuple, dict, set, frozenset, deque)
ALIASES = {"posix": "os", "nt": "os", "genericpath": "os", "posixpath": "os", "ntpath": "os"}
ALIASES |= {"_thread": "threading", "_signal": "signal"}
PATHS = frozenset(
    "exists lexists isfile isdir islink ismount getsize getmtime getatime getctime samefile "
    "abspath realpath expanduser expandvars glob iglob stat lstat walk".split()
)
# By module: the names of its functions, methods and variables that tell what may change.
TELLING: dict[str, frozenset[str]] = {
    "datetime": frozenset({"now", "today", "utcnow"}),
    "gc": frozenset({"isenabled", "get_count", "get_objects", "get_stats", "get_threshold"}),
    "glob": PATHS,
    "locale": frozenset({"getlocale", "localeconv", "getpreferredencoding"}),
    "logging": frozenset({"level", "isEnabledFor", "getEffectiveLevel", "disabled"}),
    "multiprocessing": frozenset({"cpu_count", "current_process", "active_children", "value"}),
    "numpy": frozenset({"geterr", "geterrcall", "get_printoptions", "memmap"}),
    "os": PATHS.union(
        "listdir scandir fwalk fstat access getcwd getcwdb getpid getppid getloadavg cpu_count "
        "times urandom readlink get_terminal_size sched_getaffinity statvfs popen system".split()
    ),
    "pathlib": PATHS.union(
        "is_file is_dir is_symlink iterdir rglob cwd home resolve absolute owner group".split()
    ),
    "queue": frozenset({"qsize", "empty", "full", "get", "get_nowait", "queue"}),
    "shutil": frozenset({"which", "disk_usage", "get_terminal_size"}),
    "signal": frozenset({"getsignal", "getitimer", "sigpending", "pthread_sigmask"}),
    "sqlite3": frozenset({"execute", "executemany", "cursor", "fetchone", "fetchall"}),
    "subprocess": frozenset({"run", "Popen", "check_output", "getoutput"}),
    "sys": frozenset(
        "argv path modules stdin getrecursionlimit getswitchinterval getrefcount gettrace "
        "getprofile warnoptions getallocatedblocks get_int_max_str_digits".split()
    ),
    "tempfile": frozenset({"gettempdir", "mkdtemp", "mkstemp", "mktemp", "TemporaryDirectory"}),
    "threading": frozenset(
        "current_thread active_count enumerate get_ident is_set is_alive locked".split()
    ),
    "uuid": frozenset({"uuid1", "uuid4"}),
}
# Modules of Python whose objects are looked into no further.
CLOSED = frozenset("asyncio concurrent logging multiprocessing socket threading warnings".split())
# Written in C, and what they are: their objects are made, and never changed.
STILL = frozenset(
    "re typing functools operator _operator datetime decimal fractions uuid "
    "zoneinfo ipaddress _struct struct string pathlib enum abc _abc _weakref "
    "contextvars _contextvars hashlib _hashlib inspect ast unicodedata _io numpy.dtypes".split()
)
# Whose objects another process may change.
SHARED = frozenset(
    "multiprocessing.sharedctypes multiprocessing.shared_memory multiprocessing.managers".split()
)
PYTHON = frozenset({"builtins", "types", "collections", "weakref", "_thread"})
# Whose objects tell a function nothing that changes; gmpy2 has one in each Context.
OWN = CLOSED | {"pluggrad", "pluggy", "numba", "gmpy2"}


def told_by(thing: Any, names: Iterable[str]) -> str | None:
    """Name what a module, its functions, classes or objects tell that may change; else None.

    Parameters:
        thing: what a function reaches.
        names: that the function has; of a module, a class or an object these are used.
    """
    module = _module_of(thing)
    telling = TELLING.get(ALIASES.get(module, module))
    if not telling:
        return None
    is_function = isinstance(thing, FunctionType | BuiltinFunctionType)
    used = telling.intersection([thing.__name__] if is_function else names)
    return f"{ALIASES.get(module, module)}.{min(used)}" if used else None


def _module_of(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return thing.__name__
    if isinstance(thing, BuiltinFunctionType) and isinstance(thing.__self__, ModuleType):
        return thing.__self__.__name__
    owner = thing if isinstance(thing, FunctionType | type) else type(thing)
    return str(owner.__module__).partition(".")[0]


def hidden(thing: Any) -> str | None:
    """Name an object that holds something where nobody can look; None for all others."""
    kind = type(thing)
    if kind.__module__ in SHARED:
        return f"a {kind.__name__}"
    if isinstance(thing, SHOWN) or callable(thing) or hasattr(kind, "tobytes"):
        return None
    is_descriptor = hasattr(kind, "__get__")
    if (
        is_descriptor
        or kind.__module__ in STILL | PYTHON
        or str(kind.__module__).partition(".")[0] in OWN
    ):
        return None
    return f"a {kind.__name__}" if hides_something(kind) else None


def too_large(thing: Any) -> str | None:
    """Name an array that is too large to be looked at, where somebody may write into it."""
    if not hasattr(type(thing), "tobytes") or holds_objects(thing):
        return None
    size = size_of(thing)
    if size <= BYTES or is_read_only(thing):
        return None
    return f"an array of {size:,} bytes that can be written to (flags.writeable)"


def hides_something(kind: type) -> bool:
    """Tell whether objects of a class have more memory than their attributes take."""
    known = {name for name in NO_SLOT if any(name in vars(base) for base in kind.__mro__)}
    words = len(slots_of(kind)) + len(known)
    return kind.__basicsize__ > object.__basicsize__ + WORD * words


def is_read_only(thing: Any) -> bool:
    """Tell whether nobody can write into an array of NumPy's."""
    while getattr(getattr(thing, "flags", None), "writeable", True) is False:
        if thing.base is None or isinstance(thing.base, bytes):
            return not thing.dtype.hasobject
        thing = thing.base
    return False
