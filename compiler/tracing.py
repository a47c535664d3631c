"""Rules and forward functions written down as LLVM code, by running them once on symbols.

A rule such as `lambda g, out, a, b: g * b` is made of operators and calls of ops. Run on symbols
it writes down its own arithmetic, one instruction for each operator, in the order in which Python
would do it. So compiled code computes what the rule says, rounding for rounding. What does not
work on symbols (an `if` on an operand, a function of `math`) is left to numba, in translation.py.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Op, plugins


class Untraceable(Exception):  # noqa: N818 - a signal to take the other way, not an error
    """A function did something with a symbol that cannot be written down."""


class Trace:
    """The text of one function's body while it is written.

    Parameters:
        parameters: the names of the function's parameters, all of them floats.
        call: gives the name of the compiled forward function of an op that is called.
    """

    def __init__(self, parameters: Sequence[str], call: Callable[[Op], str]) -> None:
        self.lines: list[str] = []
        self.used: set[str] = set()
        self.call = call
        self.numbers = [math.sqrt(k + 0.3) for k in range(len(parameters))]  # nothing special
        self.symbols = [
            Symbol(self, f"%{name}", number)
            for name, number in zip(parameters, self.numbers, strict=True)
        ]
        self._parameters = {f"%{name}": name for name in parameters}

    def run(self, function: Callable[..., Any]) -> str:
        """Run `function` on the symbols; give the name of its result."""
        try:
            result = function(*self.symbols)
        except Exception as cause:
            raise Untraceable(f"{type(cause).__name__}: {cause}") from cause
        try:
            expected = function(*self.numbers)
        except ArithmeticError:  # Python raises where IEEE 754 has a number
            expected = None
        found = result.number if isinstance(result, Symbol) else result
        if expected is not None and found != expected and found == found:
            raise Untraceable("it does something else with symbols than with numbers")
        return self.operand(result)

    def operand(self, x: object) -> str:
        """Write an operand: a symbol's name, or a number to the last bit."""
        if isinstance(x, Symbol):
            if x.text in self._parameters:
                self.used.add(self._parameters[x.text])
            return x.text
        if isinstance(x, int | float):
            return literal(float(x))
        raise Untraceable(f"a {type(x).__name__} among numbers")

    def emit(self, text: str, number: float) -> Symbol:
        """Write one instruction; give the symbol of its result, which is `number` here."""
        if len(self.lines) > 500:
            raise Untraceable("too long to be worth writing out")
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return Symbol(self, name, number)


def literal(x: float) -> str:
    """Write a float as LLVM reads it: the bits, in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


class Symbol:
    """Stands for a float, and writes down what is done to it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, text: str, number: float) -> None:
        self.trace = trace
        self.text = text
        self.number = number

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Symbol:
        trace = next(x.trace for x in operands if isinstance(x, Symbol))
        listed = ", ".join(f"double {trace.operand(x)}" for x in op.complete(operands))
        number = op.evaluate(*map(_number, op.complete(operands)))
        return trace.emit(f"call double @{trace.call(op)}({listed})", number)

    def _refuse(self, *_: object) -> Any:
        raise Untraceable("it branches on an operand or compares it")

    __bool__ = __float__ = __int__ = __index__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def __neg__(self) -> Symbol:
        return self.trace.emit(f"fneg double {self.trace.operand(self)}", -self.number)

    def __pow__(self, other: object) -> Symbol:
        return _power(self.trace, self, other)

    def __rpow__(self, other: object) -> Symbol:
        return _power(self.trace, other, self)

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        text = f"call double @llvm.fabs.f64(double {self.trace.operand(self)})"
        return self.trace.emit(text, abs(self.number))


def _power(trace: Trace, a: object, b: object) -> Symbol:
    """Write `a ** b`, which means the op that serves `**`: never a complex number."""
    op = plugins.serving("**", 2)
    listed = ", ".join(f"double {trace.operand(x)}" for x in (a, b))
    number = op.evaluate(_number(a), _number(b))
    return trace.emit(f"call double @{trace.call(op)}({listed})", number)


def _number(x: Any) -> float:
    return x.number if isinstance(x, Symbol) else float(x)


def _or_nan(compute: Callable[[float, float], float], a: float, b: float) -> float:
    try:
        return compute(a, b)
    except ArithmeticError:
        return math.nan


Method = Callable[[Symbol, object], Symbol]


def _writes(instruction: str, compute: Callable[[float, float], float]) -> tuple[Method, Method]:
    def written(trace: Trace, a: object, b: object) -> Symbol:
        text = f"{instruction} double {trace.operand(a)}, {trace.operand(b)}"
        return trace.emit(text, _or_nan(compute, _number(a), _number(b)))

    return (
        lambda self, other: written(self.trace, self, other),
        lambda self, other: written(self.trace, other, self),
    )


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    _methods = _writes(_instruction, getattr(operator, _name))
    for _socket, _method in zip((f"__{_name}__", f"__r{_name}__"), _methods, strict=True):
        setattr(Symbol, _socket, _method)
