"""Whether an op may raise an error: where it does, a compiled function has to raise it too.

What nothing uses is not computed. But an op that raises ends the function, or sends it another way
where the program catches the error; so the result of an op that may raise counts as used. An op
with `ieee` never raises; for others their code tells, where it is nothing but arithmetic.
"""

from __future__ import annotations

import builtins
import dis
import math
import operator
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from pluggrad import Op

TOTAL = frozenset({
    abs, bool, max, min, operator.add, operator.sub, operator.mul, operator.neg, operator.pos,
    math.asinh, math.atan, math.atan2, math.cbrt, math.copysign, math.degrees, math.erf, math.erfc,
    math.fabs, math.hypot, math.isfinite, math.isinf, math.isnan, math.nextafter, math.radians,
    math.tanh,
})  # fmt: skip
# Instructions that raise for no float; those of calls and names are looked into.
HARMLESS = frozenset(
    """
    CACHE CALL COMPARE_OP COPY COPY_FREE_VARS IS_OP JUMP_FORWARD JUMP_IF_FALSE_OR_POP
    JUMP_IF_TRUE_OR_POP LOAD_CONST LOAD_DEREF LOAD_FAST LOAD_FAST_LOAD_FAST NOP POP_JUMP_IF_FALSE
    POP_JUMP_IF_TRUE POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_TRUE POP_TOP PRECALL PUSH_NULL
    RESUME RETURN_CONST RETURN_VALUE STORE_FAST SWAP TO_BOOL UNARY_NEGATIVE UNARY_NOT
    UNARY_POSITIVE
""".split()
)
_known: WeakKeyDictionary[Op, bool] = WeakKeyDictionary()


def may_raise(op: Op) -> bool:
    """Return whether the forward function of an op could raise an error for some floats."""
    found = _known.get(op)
    if found is None:
        found = _known[op] = op.ieee is None and not _is_total(op.forward)
    return found


def catches(code: CodeType) -> bool:
    """Return whether code has a `try` or a `with`, and more than the cleaning up after a loop."""
    steps = dis.get_instructions(code) if code.co_exceptiontable else ()
    return any(step.opname == "PUSH_EXC_INFO" for step in steps)


def _is_total(function: Any) -> bool:
    if not isinstance(function, FunctionType):
        return _is_known(function)
    if (function.__module__ or "").startswith("pluggrad.ops."):
        return True  # tested at every edge
    names: Any = None
    for step in dis.get_instructions(function.__code__):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names = function.__globals__.get(step.argval, getattr(builtins, step.argval, None))
            if names is not math and not isinstance(names, int | float) and not _is_known(names):
                return False
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if names is not math or not _is_known(getattr(math, step.argval, None)):
                return False
        elif step.opname == "BINARY_OP":
            if step.argrepr not in ("+", "-", "*"):
                return False
        elif step.opname not in HARMLESS:
            return False
    return True


def _is_known(thing: Any) -> bool:
    try:
        return thing in TOTAL
    except TypeError:  # it has no hash
        return False
