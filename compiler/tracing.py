"""Rules and forward functions written down as LLVM code, by running them once on symbols.

A rule such as `lambda g, out, a, b: g * b` is made of operators and calls of ops. Run on symbols
it writes down its own arithmetic, one instruction for each operator, in the order in which Python
would do it. So compiled code computes what the rule says, rounding for rounding. What does not
work on symbols (an `if` on an operand, a function of `math`) is left to numba, in translation.py.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Op


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
        self.symbols = [Symbol(self, f"%{name}") for name in parameters]
        self._parameters = {f"%{name}": name for name in parameters}

    def run(self, function: Callable[..., Any]) -> str:
        """Run `function` on the symbols; give the name of its result."""
        try:
            result = function(*self.symbols)
        except Exception as cause:
            raise Untraceable(f"{type(cause).__name__}: {cause}") from cause
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

    def emit(self, text: str) -> Symbol:
        """Write one instruction; give the symbol of its result."""
        if len(self.lines) > 500:
            raise Untraceable("too long to be worth writing out")
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return Symbol(self, name)


def literal(x: float) -> str:
    """Write a float as LLVM reads it: the bits, in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


class Symbol:
    """Stands for a float, and writes down what is done to it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, text: str) -> None:
        self.trace = trace
        self.text = text

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Symbol:
        trace = next(x.trace for x in operands if isinstance(x, Symbol))
        listed = ", ".join(f"double {trace.operand(x)}" for x in op.complete(operands))
        return trace.emit(f"call double @{trace.call(op)}({listed})")

    def _refuse(self, *_: object) -> Any:
        raise Untraceable("it branches on an operand or compares it")

    __bool__ = __float__ = __int__ = __index__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def __neg__(self) -> Symbol:
        return self.trace.emit(f"fneg double {self.trace.operand(self)}")

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        return self.trace.emit(f"call double @llvm.fabs.f64(double {self.trace.operand(self)})")


def _writes(instruction: str) -> tuple[Callable[..., Symbol], Callable[..., Symbol]]:
    def write(self: Symbol, other: object) -> Symbol:
        operand = self.trace.operand
        return self.trace.emit(f"{instruction} double {operand(self)}, {operand(other)}")

    def write_reflected(self: Symbol, other: object) -> Symbol:
        operand = self.trace.operand
        return self.trace.emit(f"{instruction} double {operand(other)}, {operand(self)}")

    return write, write_reflected


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    for _socket, _method in zip(
        (f"__{_name}__", f"__r{_name}__"), _writes(_instruction), strict=True
    ):
        setattr(Symbol, _socket, _method)
