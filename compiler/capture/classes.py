"""Asking for the class of a recorded number: answered like Value, or refused.

A recorded number has a class of its own. It is a Value to `isinstance`, and its class is equal to
Value and has Value's hash, so `type(x) == Value`, `type(x) in (Value, float)` and a dict of classes
say what they say of a Value. Only `is` cannot be answered: functions that compare a class with
Value so are refused.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable
from types import CodeType, FunctionType
from typing import Any

from pluggrad import CompileError, Value
from pluggrad.func.dual import LikeValue
from pluggrad.insight.callers import is_installed

IS = dis.opmap["IS_OP"]


class Recording(LikeValue):
    """The class of those of them whose recording is under way."""


def check_classes(functions: Iterable[FunctionType]) -> None:
    """Check that functions compare no class with Value by `is`.

    Raises:
        CompileError: naming the line.
    """
    for inner in functions:
        if is_installed(inner.__code__.co_filename):
            continue  # a library tells its own classes apart
        for code in _codes(inner.__code__):
            line = _line_of_comparison(code, inner.__globals__)
            if line:
                raise CompileError(
                    f"`type(x) is Value` in a compiled function, at {code.co_filename}:{line}: "
                    "recorded numbers have a class of their own; use isinstance(x, Value), or "
                    "isinstance(x.data, float)"
                )


def _codes(code: CodeType) -> list[CodeType]:
    inner = [x for x in code.co_consts if isinstance(x, CodeType)]
    return [code, *[y for x in inner for y in _codes(x)]]


def _line_of_comparison(code: CodeType, scope: dict[str, Any]) -> int:
    """Find where `is` compares something with Value, or with the class of something; or 0."""
    if IS not in code.co_code[::2]:  # to take it apart takes longer
        return 0
    skipped = ("CACHE", "PRECALL", "PUSH_NULL")
    steps = [step for step in dis.get_instructions(code) if step.opname not in skipped]
    line = code.co_firstlineno
    for at, step in enumerate(steps):
        line = step.positions.lineno or line if step.positions else line
        if step.opname == "IS_OP" and (
            _is_class(steps[max(0, at - 3) : at], scope) or _is_float(steps[at - 1], code)
        ):
            return line
    return 0


def _is_float(last: dis.Instruction, code: CodeType) -> bool:
    """Tell the class that `x.data` has outside, in code that reads it or gradients."""
    return last.argval == "float" and not {"data", "grad"}.isdisjoint(code.co_names)


def _is_class(before: list[dis.Instruction], scope: dict[str, Any]) -> bool:
    last = before[-1].argval
    if last == "__class__" and len(before) > 1 and before[-2].argval == "self":
        return False  # `__eq__` of a data class
    if before[-1].opname == "CALL":
        return len(before) == 3 and before[0].argval == "type"
    return last in ("Value", "__class__") or (isinstance(last, str) and scope.get(last) is Value)
