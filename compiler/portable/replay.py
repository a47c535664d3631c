"""What stands for the Python function of a loaded recording.

Called with Values it does what was recorded, op by op, and asks what was asked then, so that it can
be differentiated, and recorded again as part of something larger. A way that was not recorded
is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import Signature
from typing import Any, NamedTuple

from pluggrad import CompileError, Op, Value

from ..capture.arguments import Shape, put_together, taken_apart
from ..capture.guards import GUARDS, Raises, error_of
from ..capture.recorded import Held
from ..tape.data import Tape
from .shapes import matches


class Way(NamedTuple):
    """One recorded way through a function."""

    arguments: Shape
    result: Shape
    used: list[int]
    tape: Tape


class Replay:
    """A function that does what was recorded.

    Parameters:
        name: what the function was called.
        source: the file that it comes from.
        ways: what was recorded.
        parameters: its signature, if that is known.
    """

    def __init__(
        self, name: str, source: str, ways: Sequence[Way], parameters: Signature | None
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.source = source
        self.ways = ways
        if parameters is not None:
            self.__signature__ = parameters

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do it again.

        Raises:
            CompileError: when no recorded way is for these arguments.
        """
        numbers: list[Any] = []
        shape = taken_apart((args, kwargs), numbers, elements=True)
        fitting = [way for way in self.ways if matches(way.arguments, shape)]
        cause: Exception | None = None
        for way in fitting:
            try:
                if (found := _done(way, numbers)) is not None:
                    return put_together(way.result, iter(found), None)
            except CompileError:
                raise
            except Exception as error:  # an op has no result here; another way may not need it
                cause = error
        why = "take another way" if fitting else "have another shape"
        raise CompileError(
            f"{self.__name__} was loaded from {self.source}, which has {len(self.ways)} recorded "
            f"ways and no Python code; these arguments {why}. Where the function is, call it with "
            "such arguments, and save it again"
        ) from cause


def _done(way: Way, numbers: Sequence[Any]) -> list[Any] | None:
    """Do what was recorded; None where an answer is another one now."""
    tape = way.tape
    given = dict(zip(tape.inputs, [numbers[i] for i in way.used], strict=True))
    made: list[Any] = []
    for row, kind in enumerate(tape.kinds):
        if kind < 0:
            made.append(given.get(row, tape.numbers[row]))
            continue
        x = _step(tape.ops[kind], [made[i] for i in tape.operands_of(row)])
        if x is None:
            return None
        made.append(x)
    return [made[row] for row in tape.outputs[:-1]]


def _step(op: Op, operands: Sequence[Any]) -> Any:
    """Do one step; None where it is a question that has another answer now."""
    if isinstance(op, Raises):
        return 0.0 if error_of(op.failing, operands) == op.error else None
    if isinstance(op, Held):
        return operands[0].detach() if isinstance(operands[0], Value) else op(*operands)
    if GUARDS.get(op.name) is not op:
        return op(*operands)
    if op.name in QUESTIONS:
        return 0.0 if QUESTIONS[op.name](*operands) else None
    return operands[0] if op.name == "_constant" else 0.0


def _is_same(a: Any, b: Any) -> bool:
    a, b = float(a), float(b)
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)


def _is_whole(a: Any, b: Any) -> bool:
    try:
        return bool(int(a) == b)
    except (OverflowError, ValueError):
        return _is_same(a, b)


# What Python code asked where a guard was recorded.
QUESTIONS: dict[str, Callable[..., bool]] = {
    "_less": lambda a, b: bool(a < b),
    "_not_less": lambda a, b: not a < b,
    "_at_most": lambda a, b: bool(a <= b),
    "_not_at_most": lambda a, b: not a <= b,
    "_nonzero": bool,
    "_zero": lambda a: not a,
    "_is_number": lambda a: bool(a <= a),
    "_finite": lambda a: math.isfinite(float(a)),
    "_not_finite": lambda a: not math.isfinite(float(a)),
    "_is_nan": lambda a: not a <= a,
    "_same": _is_same,
    "_whole": _is_whole,
}
