"""Ops on vectors of lanes: forward functions and rules, written down by running them on symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Op
from pluggrad.errors import TraceError

from ..capture.recorded import AsItStands
from ..lower.translation import Function, Translator
from ..tape.fingerprint import is_built_in
from .functions import VectorFunction, is_long, vector_derivative, vector_function
from .paths import all_ways
from .symbols import Lanes
from .writer import Writer


class Operations:
    """Writes ops down, and remembers what they call.

    Parameters:
        writer: where to.
        translator: makes functions on floats of what has no vector form.

    Attributes:
        called: functions on floats that are called for each lane.
    """

    def __init__(self, writer: Writer, translator: Translator) -> None:
        self.writer = writer
        self.translator = translator
        self.called: dict[str, Function] = {}
        writer.apply = self.forward

    def forward(self, op: Op, operands: Sequence[Any]) -> Any:
        """Write an op's forward function down.

        Raises:
            CompileError: when it has no meaning in machine code, saying why.
        """
        in_rule, self.writer.in_rule = self.writer.in_rule, False
        try:
            return self._forward(op, tuple(operands))
        finally:
            self.writer.in_rule = in_rule

    def _forward(self, op: Op, operands: tuple[Any, ...]) -> Any:
        if not any(isinstance(x, Lanes) for x in operands):
            try:
                return op.evaluate(*operands)
            except Exception:  # it is for the lanes to say what comes of it
                operands = tuple(map(self.writer.everywhere, operands))
        # What pluggrad's own ops mean is known; of others the translator finds out.
        checked = None if _is_known(op) else self.translator.forward(op)
        vector = vector_function(op.forward)
        if vector is not None:
            return self._vector(vector, operands)
        if checked is None or not checked.is_module:
            try:
                return all_ways(self.writer, op.forward, operands)
            except TraceError:
                pass
        return self._one_by_one(checked or self.translator.forward(op), operands)

    def rule(self, op: Op, index: int, g: Any, out: Any, operands: Sequence[Any]) -> Any:
        """Write the rule of one operand down.

        Raises:
            CompileError: when it has no meaning in machine code, saying why.
        """
        rule = op.rules[index]
        assert rule is not None
        if _is_known(op) and (derivative := vector_derivative(op.forward)):
            return g * self._vector(derivative, tuple(operands))
        checked = None if _is_known(op) else self.translator.rule(op, index)
        if checked is None or not checked.is_module:
            try:
                return self._run(rule, (g, out, *operands))
            except TraceError:
                pass
        checked = checked or self.translator.rule(op, index)
        assert checked is not None
        return self._one_by_one(checked, (g, out, *operands))

    def _vector(self, function: VectorFunction, operands: tuple[Any, ...]) -> Any:
        w = self.writer
        if w.apart and is_long(function) and all(isinstance(x, Lanes) for x in operands):
            return w.call(f"v_{function.__name__}", function, operands)
        return function(w, *operands)

    def _run(self, rule: Callable[..., Any], operands: Sequence[Any]) -> Any:
        begin = self.writer.state()
        self.writer.in_rule = True
        try:
            try:
                return rule(*operands)
            except ArithmeticError:  # of plain numbers, where IEEE 754 has a result
                return rule(*map(self.writer.everywhere, operands))
        except Exception as cause:
            self.writer.restore(begin)
            if isinstance(cause, TraceError):
                raise
            raise TraceError(f"{type(cause).__name__}: {cause}") from cause
        finally:
            self.writer.in_rule = False

    def _one_by_one(self, function: Function, operands: Sequence[Any]) -> Lanes:
        self.called[function.name] = function
        found: Lanes = self.writer.one_by_one(function.name, operands)
        return found


def _is_known(op: Op) -> bool:
    """Say whether an op's functions are pluggrad's own, on floats alone."""
    return is_built_in(op) and not isinstance(op, AsItStands)
