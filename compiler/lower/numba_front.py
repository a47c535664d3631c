"""Where numba is asked: Python functions on floats, as the text of LLVM functions.

Besides this, only what stands for some of them in machine code imports numba (printed.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from inspect import CO_VARARGS
from itertools import islice
from types import CellType, FunctionType
from typing import Any, get_type_hints

import llvmlite.binding as llvm
import numba
from numba.core import types
from pluggrad import Op, plugins

from ..native.library import optimise, unresolved
from ..tape.fingerprint import fingerprint, names_in, python_of
from .decimals import MOST, by_digits, by_text
from .printed import PRINTED

OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "nogil": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
OURS = "pluggrad.compiler."


def _jitted(function: Callable[..., Any]) -> Any:
    """Return numba's version of a function; the functions and ops that it calls are numba's too."""
    # What it calls and reads may be something else by then.
    key = function, plugins.successions, fingerprint(function)
    found = _dispatchers.get(key)
    if found is None:
        python = _python(function)
        scope = dict(python.__globals__)
        copy = FunctionType(
            python.__code__, scope, python.__name__, python.__defaults__, _cells(python)
        )
        copy.__kwdefaults__ = python.__kwdefaults__
        found = _dispatchers[key] = numba.njit(**OPTIONS)(copy)
        if "round" in names_in(python.__code__):
            scope.setdefault("round", round)
        try:
            for name in names_in(python.__code__) & scope.keys():  # afterwards: it may call itself
                scope[name] = _callable(scope[name])
            if _is_ours(python):
                found.compile(tuple(map(_type_of, _hints(python))))
                found.disable_compile()
        except BaseException:  # Ctrl-C: what is half made is not kept
            del _dispatchers[key]
            raise
    return found


def _is_ours(function: Any) -> bool:
    """Return whether a function declares the types that it is called with, and is compiled once."""
    if not (getattr(function, "__module__", None) or "").startswith(OURS):
        return False
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code else ()
    return set(names) == set(function.__annotations__) - {"return"}


def _hints(function: Any) -> list[Any]:
    hints = get_type_hints(function)
    hints.pop("return", None)
    return list(hints.values())


def _type_of(hint: Any) -> Any:
    if hasattr(hint, "_fields"):
        parts = [_type_of(part) for part in get_type_hints(hint).values()]
        return types.BaseTuple.from_types(parts, hint)  # type: ignore[no-untyped-call]
    return {int: types.int64, bool: types.boolean, float: types.float64}.get(hint, KINDS["ptr"])


_dispatchers: dict[Any, Any] = {}


def _callable(thing: Any) -> Any:
    """Replace what numba cannot call, an op or a plain Python function, by what it can."""
    if isinstance(thing, Op):
        return _jitted((thing.successor or thing).forward)
    if thing is round:
        return _rounded()
    if isinstance(thing, FunctionType) and thing in PRINTED:
        return PRINTED[thing]
    return _jitted(thing) if isinstance(thing, FunctionType) else thing


@cache
def _rounded() -> Any:
    """Return what `round` is in machine code: to whole numbers, or to decimal digits."""
    nearest, far = _jitted(by_digits), _jitted(by_text)

    def rounded(x, digits=None):  # type: ignore[no-untyped-def]  # numba knows the types
        if digits is None:
            return round(x)
        if abs(digits) > MOST:
            return far(x, digits)
        return nearest(x, digits)

    return numba.njit(**OPTIONS)(rounded)


def _cells(function: Any) -> tuple[CellType, ...] | None:
    cells = function.__closure__
    return cells and tuple([CellType(_callable(cell.cell_contents)) for cell in cells])


def _python(function: Any) -> Any:
    """Wrap a function of C, `math.tanh` or a ufunc, which numba knows but cannot start from."""
    function = python_of(function)  # of what numba has compiled already
    if hasattr(function, "__code__"):
        return function
    scope: dict[str, Any] = {"function": function}
    from inspect import signature

    try:
        count = getattr(function, "nin", None) or len(signature(function).parameters)
    except ValueError:  # some builtins do not tell
        count = 1
    names = ", ".join(f"x{i}" for i in range(count))
    exec(f"def forward({names}):\n    return function({names})", scope)
    return scope["forward"]


POINTER: Any = types.CPointer
KINDS = {"double": types.float64, "i64": types.int64, "ptr": POINTER(types.int64)}


def numba_ir(
    function: Callable[..., Any],
    parameters: Sequence[str],
    name: str,
    result: str = "double",
    instead: Callable[..., Any] | None = None,
) -> str:
    """Translate a Python function into an LLVM function `name`, with all it needs.

    Parameters:
        function: what to translate.
        parameters: the kind of each parameter: `double`, `i64` or `ptr` (to 64-bit integers). A
            named tuple is as many as it has fields.
        name: what to call it.
        result: the kind of its result, `double` or `i64`.
        instead: what to compute where `function` raises.

    Raises:
        Exception: whatever numba raises.
        TypeError: when the function may raise in compiled code, which nothing there could catch.
        RuntimeError: when it calls what is not there, such as numba's memory runtime.
    """
    with _unoptimised():
        text, symbol = _numba_text(function, parameters, result)
    try:
        return _extracted(text, symbol, parameters, name, result, None)
    except TypeError:
        if instead is None:
            raise
    otherwise = numba_ir(instead, parameters, f"{name}.instead", result)
    return _extracted(text, symbol, parameters, name, result, otherwise)


@contextmanager
def _unoptimised() -> Iterator[None]:
    """Keep numba from optimising what is optimised here, once all of it is together."""
    config: Any = numba.core.config
    kept = config.OPT
    config.OPT = config._OptLevel(0)
    try:
        yield
    finally:
        config.OPT = kept


def _numba_text(
    function: Callable[..., Any], parameters: Sequence[str], result: str
) -> tuple[str, str]:
    """Return the text of numba's module for a function, and the function's name there."""
    names = [f"x{i}" for i in range(len(parameters))]
    called, given = _called_with(function, names)
    convert = "float" if result == "double" else "int"
    scope: dict[str, Any] = {"called": called, **_tuples(function)}
    exec(f"def converted({', '.join(names)}):\n    return {convert}(called({given}))", scope)
    signature = KINDS[result](*[KINDS[x] for x in parameters])
    compiled = numba.njit([signature], **OPTIONS)(scope["converted"])
    text = compiled.inspect_llvm(compiled.signatures[0])
    symbol = re.search(r"define [^@\n]*@(_ZN\w*converted[^(]*)\(ptr", text)
    assert symbol is not None
    return text, symbol.group(1)


def _called_with(function: Callable[..., Any], names: list[str]) -> tuple[Any, str]:
    """Return numba's version of a function, and what stands in parentheses when it is called."""
    python = _python(function)
    code = python.__code__
    if _tuples(python):
        return _jitted(function), _put_together(python, iter(names))
    if not code.co_flags & CO_VARARGS or code.co_kwonlyargcount:
        return _jitted(function), ", ".join(names)
    rest = names[code.co_argcount :]
    packed = f"({', '.join(rest)},)" if rest else "()"
    return _jitted(_taking_a_tuple(python)), ", ".join([*names[: code.co_argcount], packed])


def _tuples(function: Any) -> dict[str, Any]:
    """List the named tuples that a function of the compiler takes, by the names of their types."""
    hints = _hints(function) if _is_ours(function) else []
    return {hint.__name__: hint for hint in hints if hasattr(hint, "_fields")}


def _put_together(function: Any, names: Iterator[str]) -> str:
    """Write the call of a function that takes named tuples, from one name for each field."""
    given = []
    for hint in _hints(function):
        count = len(getattr(hint, "_fields", "1"))
        listed = ", ".join(islice(names, count))
        given.append(f"{hint.__name__}({listed})" if hasattr(hint, "_fields") else listed)
    return ", ".join(given)


@cache
def _taking_a_tuple(function: FunctionType) -> FunctionType:
    """Turn `*xs` into a parameter that takes a tuple: numba cannot call what takes any number."""
    code = function.__code__
    code = code.replace(co_argcount=code.co_argcount + 1, co_flags=code.co_flags & ~CO_VARARGS)
    taking = FunctionType(code, function.__globals__, function.__name__, None, function.__closure__)
    taking.__kwdefaults__ = function.__kwdefaults__
    return taking


def _extracted(
    text: str, symbol: str, parameters: Sequence[str], name: str, kind: str, otherwise: str | None
) -> str:
    """Cut numba's function out of its module and give it a plain signature."""
    listed = ", ".join(f"{x} %x{i}" for i, x in enumerate(parameters))
    wrapper = f"""
define {kind} @{name}({listed}) {{
  %result = alloca {kind}
  %raised = alloca ptr
  %status = call i32 @{symbol}(ptr %result, ptr %raised, {listed})
  %failed = icmp ne i32 %status, 0
  br i1 %failed, label %bad, label %good
bad:
  {"call void @pluggrad_may_raise()" if otherwise is None else ""}
  {"br label %good" if otherwise is None else f"%other = call {kind} @{name}.instead({listed})"}
  {"" if otherwise is None else f"ret {kind} %other"}
good:
  %value = load {kind}, ptr %result
  ret {kind} %value
}}
declare void @pluggrad_may_raise()
{"" if otherwise is None else f"declare {kind} @{name}.instead({', '.join(parameters)})"}
"""
    module = llvm.parse_assembly(text + wrapper)
    if otherwise is not None:
        module.link_in(llvm.parse_assembly(otherwise))
    for function in module.functions:
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
            if kind == "double":
                function.add_function_attribute("alwaysinline")
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    optimise(module, loops=kind == "double")
    kept = str(module)
    if "@pluggrad_may_raise" in kept:
        raise TypeError("it may raise an exception, which compiled code has no way to pass on")
    _check_symbols(module, kept)
    return kept


def _check_symbols(module: Any, text: str) -> None:
    """Check that all can be found that a module calls or reads and does not define."""
    declared = [x for x in (*module.functions, *module.global_variables) if x.is_declaration]
    used = [x.name for x in declared if len(re.findall(rf"@{re.escape(x.name)}\b", text)) > 1]
    missing = unresolved(used)
    if missing:
        reason = ", as lists and arrays need" if missing[0].startswith("NRT_") else ""
        raise RuntimeError(f"it calls {missing[0]} of numba's runtime{reason}, which is not here")
