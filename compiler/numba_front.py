"""The one place that imports numba: Python functions on floats, as the text of LLVM functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.core import types
from numba.extending import typeof_impl

from pluggrad import Op

from .native import optimise

OPTIONS = {"error_model": "numpy", "nogil": True}


@typeof_impl.register(Op)
def _typeof_op(op: Op, context: Any) -> Any:
    """Tell numba that an op called in compiled code is its forward function."""
    return types.Dispatcher(_jitted(op.forward))


_dispatchers: dict[Any, Any] = {}


def _jitted(function: Callable[..., Any]) -> Any:
    found = _dispatchers.get(function)
    if found is None:
        found = _dispatchers[function] = numba.njit(**OPTIONS)(_python(function))
    return found


def _python(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function of C, such as `math.tanh`, which numba knows but cannot start from."""
    if hasattr(function, "__code__"):
        return function
    scope: dict[str, Any] = {"function": function}
    from inspect import signature

    try:
        count = len(signature(function).parameters)
    except ValueError:  # some builtins do not tell
        count = 1
    names = ", ".join(f"x{i}" for i in range(count))
    exec(f"def forward({names}):\n    return function({names})", scope)
    wrapped: Callable[..., Any] = scope["forward"]
    return wrapped


KINDS = {"double": types.float64, "i64": types.int64, "ptr": types.CPointer(types.int64)}


def numba_ir(
    function: Callable[..., Any], parameters: Sequence[str], name: str, result: str = "double"
) -> str:
    """Translate a Python function into an LLVM function `name`, with all it needs.

    Parameters:
        function: what to translate.
        parameters: the kind of each parameter: `double`, `i64` or `ptr` (to 64-bit integers).
        name: what to call it.
        result: the kind of its result, `double` or `i64`.

    Raises:
        Exception: whatever numba raises.
        TypeError: when the function may raise in compiled code, which nothing there could catch.
    """
    called = numba.njit(**OPTIONS)(_python(function))
    names = ", ".join(f"x{i}" for i in range(len(parameters)))
    convert = "float" if result == "double" else "int"
    scope: dict[str, Any] = {"called": called}
    exec(f"def converted({names}):\n    return {convert}(called({names}))", scope)
    signature = KINDS[result](*[KINDS[x] for x in parameters])
    compiled = numba.njit([signature], **OPTIONS)(scope["converted"])
    text = compiled.inspect_llvm(compiled.signatures[0])
    symbol = re.search(r"define [^@\n]*@(_ZN\w*converted[^(]*)\(ptr", text)
    assert symbol is not None
    return _extracted(text, symbol.group(1), parameters, name, result)


def _extracted(text: str, symbol: str, parameters: Sequence[str], name: str, kind: str) -> str:
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
  call void @pluggrad_may_raise()
  br label %good
good:
  %value = load {kind}, ptr %result
  ret {kind} %value
}}
declare void @pluggrad_may_raise()
"""
    module = llvm.parse_assembly(text + wrapper)
    for function in module.functions:
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
            function.add_function_attribute("alwaysinline")
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    optimise(module)
    kept = str(module)
    if "@pluggrad_may_raise" in kept:
        raise TypeError("it may raise an exception, which compiled code has no way to pass on")
    return kept
