"""What a function reads from outside: each number anew, each other thing as what it is.

A rule may say `lambda g, out, x: -strength * g`, and `strength` may change between two passes.
What is written down must not take such a number for a constant. So the rule is run as a copy in
which a symbol stands for every number it reads, in its closure and among its module's names, and
each pass reads it anew. Ops, functions that compute from their arguments alone, and the names of
modules such as `math` are taken for what they are. Whatever else a function reads (an attribute,
a list, text that it compares) cannot be written down: the function is called as it stands. Ops
and functions that it calls by a variable's name are written down as what they are now; `refresh`
forgets what was written once another one stands there.
"""

from __future__ import annotations

import builtins
import cmath
import dis
import math
import operator
from collections.abc import Callable, Iterator
from numbers import Number
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pluggrad.errors import TraceError, quoted
from pluggrad.op import Op

# Makes the symbol of a number: of a module's variable from the module's dict and the name, of a
# variable of an enclosing function from its cell and None.
MakeSymbol = Callable[[Any, str | None], Any]

STANDARD = (math, cmath, operator)
PURE_BUILTINS = frozenset(
    {abs, bool, divmod, float, int, len, max, min, pow, range, round, sum, tuple, zip}
)
WRITES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "IMPORT_NAME"})
# What takes another way for a symbol than for a number: an error caught, a class that it has not.
FORKS = frozenset({"PUSH_EXC_INFO", "MATCH_CLASS", "MATCH_SEQUENCE", "MATCH_MAPPING"})


ABSENT = object()
# Whose code depends on which op or function stands where: (where it stands, the name, the thing);
# of a Python function also on its parts: (the function, None, the parts).
standing: WeakKeyDictionary[Op, list[tuple[Any, str | None, Any]]] = WeakKeyDictionary()


class _Parts(NamedTuple):
    """What can be assigned anew in a Python function."""

    code: CodeType
    defaults: tuple[Any, ...] | None
    keywords: dict[str, Any]

    @classmethod
    def of(cls, function: FunctionType) -> _Parts:
        return cls(function.__code__, function.__defaults__, dict(function.__kwdefaults__ or {}))

    def stand_in(self, function: FunctionType) -> bool:
        code, defaults, now = self.of(function)
        is_same = (
            code is self.code and defaults is self.defaults and now.keys() == self.keywords.keys()
        )
        return is_same and all(x is self.keywords[name] for name, x in now.items())


def refresh() -> bool:
    """Forget the code of ops whose rules now call another op or function; return whether any do."""
    stale = [op for op, read in tuple(standing.items()) if not all(_stands(*x) for x in read)]
    for op in stale:
        standing.pop(op, None)
        vars(op).pop("pullback", None)
        op.codes.clear()
    return bool(stale)


def _stands(source: Any, name: str | None, thing: Any) -> bool:
    if isinstance(thing, _Parts):
        return thing.stand_in(source)
    try:
        return (source.cell_contents if name is None else source[name]) is thing
    except (KeyError, ValueError):
        return thing is ABSENT  # a built-in function is called


def with_symbols(
    function: Callable[..., Any], make: MakeSymbol, op: Op | None = None
) -> Callable[..., Any]:
    """Copy a function, with a symbol in place of every number that it reads from outside.

    Parameters:
        function: a rule, say.
        make: makes the symbol that reads a number, from where it stands.
        op: whose rule it is; its code is forgotten when the rule calls something else.

    Raises:
        TraceError: when it reads what is neither a number nor sure to stay what it is.
    """
    copies = _Copies(make)
    copy: Callable[..., Any] = copies.of(function)
    if op is not None and copies.calls:
        standing.setdefault(op, []).extend(copies.calls)
    return copy


def read_again(source: str, name: str | None) -> str:
    """Write the expression that reads a number: of a module's dict, or of a cell."""
    return f"{source}.cell_contents" if name is None else f"{source}[{name!r}]"


class _Copies:
    """Copies of functions, with symbols in place of the numbers that they read.

    Parameters:
        make: makes the symbol that reads a number.

    Attributes:
        calls: what they call by a variable's name, as in `standing`.
    """

    def __init__(self, make: MakeSymbol) -> None:
        self.make = make
        self.calls: list[tuple[Any, str | None, Any]] = []
        self._made: dict[int, FunctionType] = {}

    def of(self, function: Any) -> Any:
        """Return the copy of a function; what computes from its arguments alone is itself.

        Raises:
            TraceError: for what may remember something between two calls.
        """
        if "py_func" in getattr(function, "__dict__", ()):  # numba compiled it
            function = function.py_func
        if isinstance(function, Op) or _is_pure(function):
            return function
        if not isinstance(function, FunctionType):
            raise TraceError(f"{quoted(function)} may remember something between two calls")
        if id(function) not in self._made:
            self._copy(function)
        return self._made[id(function)]

    def _copy(self, function: FunctionType) -> None:
        scope = dict(function.__globals__)
        cells = function.__closure__ or ()
        fresh = tuple([CellType() for _ in cells])
        copy = FunctionType(function.__code__, scope, function.__name__, None, fresh or None)
        self._made[id(function)] = copy
        keywords = function.__kwdefaults__ or {}
        copy.__defaults__ = tuple(map(self._default, function.__defaults__ or ()))
        copy.__kwdefaults__ = {name: self._default(x) for name, x in keywords.items()}
        for name, attributes in _global_reads(function.__code__):
            if name in scope:
                scope[name] = self._variable(name, function.__globals__, attributes)
            else:
                self._note_built_in(name, function.__globals__)
        for old, new in zip(cells, fresh, strict=True):
            new.cell_contents = self._in_place_of(_content(old), old, None)

    def _default(self, thing: Any) -> Any:
        if _is_constant(thing):
            return thing
        self._note_parts(thing)
        return self.of(thing)

    def _note_parts(self, thing: Any) -> None:
        if isinstance(thing, FunctionType):
            self.calls.append((thing, None, _Parts.of(thing)))

    def _variable(self, name: str, scope: dict[str, Any], attributes: tuple[str, ...]) -> Any:
        thing = scope[name]
        if isinstance(thing, ModuleType):
            _check_attributes(thing, attributes)
            return thing
        return self._in_place_of(thing, scope, name)

    def _note_built_in(self, name: str, scope: dict[str, Any]) -> None:
        if not _is_pure(getattr(builtins, name, None)):
            raise TraceError(f"{name} is no function that computes from its arguments alone")
        self.calls.append((scope, name, ABSENT))

    def _in_place_of(self, thing: Any, source: Any, name: str | None) -> Any:
        if isinstance(thing, int | float):
            return self.make(source, name)
        if not (name is not None and str(source.get("__name__")).startswith("pluggrad.")):
            self.calls.append((source, name, thing))
            self._note_parts(thing)
        return self.of(thing)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        raise TraceError("a variable of the enclosing function is not set") from None


def _check_attributes(module: ModuleType, attributes: tuple[str, ...]) -> None:
    """Check that what is read of a module is sure to stay what it is."""
    thing: Any = module
    for name in attributes:
        if thing in STANDARD:
            return
        thing = getattr(thing, name, None)
        if not isinstance(thing, ModuleType):
            _Copies(_no_number).of(thing)
            return
    if thing not in STANDARD:
        raise TraceError(f"module {thing.__name__} is used as a whole")


def _no_number(source: Any, name: str | None) -> Any:
    raise TraceError(f"a function of another module reads the number {name}")


def _is_constant(thing: object) -> bool:
    if isinstance(thing, tuple):
        return all(map(_is_constant, thing))
    return thing is None or isinstance(thing, Number | str)


def _is_pure(thing: object) -> bool:
    if isinstance(thing, BuiltinFunctionType):
        return thing in PURE_BUILTINS or thing.__module__ in ("math", "cmath", "_operator")
    return isinstance(thing, type) and (thing in PURE_BUILTINS or issubclass(thing, Number))


def _global_reads(code: CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the names that code reads from its module, and the attributes read of them at once.

    Raises:
        TraceError: when it also changes something outside.
    """
    steps = list(dis.get_instructions(code))
    for at, step in enumerate(steps):
        if step.opname in WRITES or (
            step.opname == "STORE_DEREF" and step.argval in code.co_freevars
        ):
            raise TraceError("it changes something outside")
        if step.opname in FORKS or step.argval == "__class__":
            raise TraceError(
                "it catches errors or asks for a class, which symbols answer otherwise"
            )
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            attributes = []
            for follower in steps[at + 1 :]:
                if follower.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                    attributes.append(str(follower.argval))
                elif follower.opname != "CACHE":
                    break
            yield str(step.argval), tuple(attributes)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_reads(constant)
