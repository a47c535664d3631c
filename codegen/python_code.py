"""Steps of a trace as Python: expressions, lines, and functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType
from typing import Any

from pluggrad.errors import TraceError
from pluggrad.trace import Step, Trace
from pluggrad.trace.outside import read_again
from pluggrad.trace.steps import ARITHMETIC

from .source import compiled

# Forward functions that are an operator need no call.
INLINE: dict[Any, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
}
SIGNS = (*INLINE, operator.neg)
# What gives a float for every float but infinity, of which it raises an error.
NEARLY_TOTAL = {math.sin, math.cos, math.tan, math.tanh, math.atan, math.asinh, math.erf, math.erfc}
MOST_CHARACTERS = 2000  # of an expression; what is longer is not worth writing out


class PythonCode:
    """Writes the steps of a trace.

    Parameters:
        trace: the steps; their parameters are written by their names.
        prefix: what the names begin with that are bound here.
        may_raise: whether the code may raise at infinity, as the caller has another way then.

    Attributes:
        bound: the functions, numbers and places that occur in what was written, by name.
    """

    def __init__(self, trace: Trace, prefix: str = "c", *, may_raise: bool = False) -> None:
        self.trace = trace
        self._direct = NEARLY_TOTAL if may_raise else frozenset()
        self.prefix = prefix
        self.bound: dict[str, Any] = {}

    def expression(self, result: object) -> str:
        """Write a result as one expression.

        Raises:
            TraceError: when it is too long.
        """
        index = self.trace.operand(result)
        texts: dict[int, str] = {}
        for i in self.trace.behind([index]):
            step = self.trace.steps[i]
            text = self._step(step, [texts[j] for j in step.operands])
            texts[i] = f"({text})" if self._is_infix(step) else text
            if len(text) > MOST_CHARACTERS:
                raise TraceError("it is too long to be worth writing out")
        return texts[index]

    def lines(self) -> list[str]:
        """Write a line for each step that computes something; `v0` is what step 0 gives."""
        return [
            f"    v{i} = {self._step(step, [self.name(j) for j in step.operands])}"
            for i, step in enumerate(self.trace.steps)
            if step.operands or step.name == "read"
        ]

    def name(self, result: object) -> str:
        """Return what `lines` calls a result: a symbol, a number, or the number of a step."""
        index = result if result.__class__ is int else self.trace.operand(result)
        step = self.trace.steps[index]
        return f"v{index}" if step.operands or step.name == "read" else self._step(step, [])

    def function(self, head: Sequence[str], tail: Sequence[str], file: str) -> Callable[..., Any]:
        """Make the function that begins with `head` and ends with `tail`."""
        lines = [*head, *self.lines(), *tail]
        name = head[0].split()[1].partition("(")[0]
        return compiled(lines, name, file, {**self.bound, "__name__": __name__})

    def _step(self, step: Step, operands: list[str]) -> str:
        name, detail = step.name, step.detail
        if name == "parameter":
            return str(detail)
        if name == "number":
            return self._bind(detail)
        if name == "read":
            source, variable = detail
            return read_again(self._bind(source), variable)
        if name in ARITHMETIC:
            return f" {ARITHMETIC[name]} ".join(operands)
        if name == "neg" or (name == "call" and detail.forward is operator.neg):
            return f"-{operands[0]}"
        if name == "abs":
            return f"abs({operands[0]})"
        if detail.forward in INLINE:
            return f" {INLINE[detail.forward]} ".join(operands)
        is_direct = (
            isinstance(detail.forward, BuiltinFunctionType) and detail.forward in self._direct
        )
        function = detail.forward if is_direct else detail.evaluate
        return f"{self._bind(function)}({', '.join(operands)})"

    def _is_infix(self, step: Step) -> bool:
        if not step.operands or step.name == "abs":
            return False
        return step.detail is None or step.detail.forward in SIGNS

    def _bind(self, thing: object) -> str:
        name = f"{self.prefix}{len(self.bound)}"
        self.bound[name] = thing
        return name
