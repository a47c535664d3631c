"""Steps of a trace as LLVM text: one instruction for each step, rounding for rounding.

What has no instruction here raises a `TraceError`, and is left to numba, in translation.py.
"""

from __future__ import annotations

import math
import operator
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pluggrad import Op
from pluggrad.errors import TraceError
from pluggrad.trace import Step, Trace

INSTRUCTIONS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "truediv": "fdiv"}
# What the texts of functions call, by name, and how many operands it takes: LLVM's own functions
# and those of the C library. LLVM turns the first into the second where it has no instruction.
INTRINSICS = {"fabs": 1, "sqrt": 1, "exp": 1, "exp2": 1, "log": 1, "log10": 1, "sin": 1, "cos": 1,
              "copysign": 2, "pow": 2, "fma": 3}  # fmt: skip
C_FUNCTIONS = {"expm1": 1, "log2": 1, "log1p": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1,
               "sinh": 1, "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1, "erf": 1,
               "erfc": 1, "atan2": 2}  # fmt: skip
OUTSIDE = {
    "llvm.floor.f64": 1,  # which gives a float, unlike that of Python
    **{f"llvm.{name}.f64": n for name, n in INTRINSICS.items()},
    **C_FUNCTIONS,
}
CALLED = re.compile(r"call double @([\w.]+)\(")
CALLS = {"call", "pow"}  # `a ** b` means the op that serves it: never a complex number


class Body(NamedTuple):
    """The body of a function.

    Attributes:
        lines: its instructions.
        result: what it returns: the name of a value, or a number.
        used: the parameters that the result depends on.
    """

    lines: list[str]
    result: str
    used: frozenset[str]


def body_of(
    function: Callable[..., Any], parameters: Sequence[str], call: Callable[[Op], str]
) -> Body:
    """Write a rule or a forward function down.

    Parameters:
        function: what it reads from outside is taken for constant.
        parameters: the names of its parameters, all of them floats.
        call: gives the name of the compiled forward function of an op.

    Raises:
        TraceError: when it cannot be written down.
    """
    trace = Trace()
    try:
        result = function(*map(trace.parameter, parameters))
        index = trace.operand(result)
    except TraceError:
        raise
    except Exception as cause:
        raise TraceError(f"{type(cause).__name__}: {cause}") from cause
    _check(function, trace, index, len(parameters))
    names: list[str] = []
    lines: list[str] = []
    for i, step in enumerate(trace.steps):
        operands = [names[j] for j in step.operands]
        if step.name == "parameter":
            names.append(f"%{step.detail}")
        elif step.name == "number":
            names.append(literal(step.detail))
        else:
            names.append(f"%v{i}")
            lines.append(f"  %v{i} = {_instruction(step, operands, call)}")
    return Body(lines, names[index], trace.parameters_of([result]))


def declarations(texts: Iterable[str]) -> list[str]:
    """Declare what texts call and do not define."""
    called = {name for text in texts for name in CALLED.findall(text)}
    return [
        f"declare double @{name}({', '.join(['double'] * OUTSIDE[name])})"
        for name in sorted(called & OUTSIDE.keys())
    ]


def literal(x: float) -> str:
    """Write a float as LLVM reads it: the bits, in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


def _instruction(step: Step, operands: Sequence[str], call: Callable[[Op], str]) -> str:
    if step.name in INSTRUCTIONS:
        return f"{INSTRUCTIONS[step.name]} double {', '.join(operands)}"
    if step.name == "neg":
        return f"fneg double {operands[0]}"
    if step.name == "abs":
        return f"call double @llvm.fabs.f64(double {operands[0]})"
    if step.name in CALLS:
        return f"call double @{call(step.detail)}({', '.join(f'double {x}' for x in operands)})"
    raise TraceError(f"there is no instruction for {step.name}")


# ----- The same with numbers as with symbols -----


def _check(function: Callable[..., Any], trace: Trace, index: int, arity: int) -> None:
    """Compare the steps with the function, which may ask what kind of number it has."""
    numbers = [math.sqrt(k + 0.3) for k in range(arity)]  # nothing special
    try:
        expected = function(*numbers)
    except ArithmeticError:  # Python raises where IEEE 754 has a number
        return
    except Exception as cause:
        raise TraceError(f"on numbers it raises {type(cause).__name__}: {cause}") from cause
    found = _value_of(trace, index, numbers)
    if found != expected and found == found:
        raise TraceError("it does something else with symbols than with numbers")


def _value_of(trace: Trace, index: int, numbers: Sequence[float]) -> float:
    given = iter(numbers)
    values: list[float] = []
    for step in trace.steps[: index + 1]:
        operands = [values[j] for j in step.operands]
        if step.name == "parameter":
            values.append(next(given))
        elif step.name == "number":
            values.append(step.detail)
        elif step.detail is not None:
            values.append(step.detail.evaluate(*operands))
        else:
            values.append(_or_nan(getattr(operator, step.name), operands))
    return values[index]


def _or_nan(compute: Callable[..., float], operands: Sequence[float]) -> float:
    try:
        return compute(*operands)
    except ArithmeticError:
        return math.nan
