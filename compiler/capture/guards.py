"""Guards: ops that are 0 where Python code would get to know what it got to know, and 1 elsewhere.

A recording is right for all inputs for which the function's Python code would take the same way.
Code can choose a way only by looking at a number; see looks.py. Each look becomes one more node of
the recording; the sum of these is an output. So both executors check guards as they compute, for
all lanes at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Op, Value


class Guard(Op):
    """An op that no plugin provides: it is found again by its name here.

    Attributes:
        is_look: whether its result says that a guard does not hold.
    """

    @property
    def is_look(self) -> bool:
        """Return whether a result that is not 0 means that a recording does not hold."""
        return self.name not in ("_add", "_constant")

    def __reduce__(self) -> tuple[object, ...]:
        return _guard, (self.name,)


def _less(a: float, b: float) -> float:
    return 0.0 if a < b else 1.0


def _not_less(a: float, b: float) -> float:
    return 1.0 if a < b else 0.0


def _at_most(a: float, b: float) -> float:
    return 0.0 if a <= b else 1.0


def _not_at_most(a: float, b: float) -> float:
    return 1.0 if a <= b else 0.0


def _same(a: float, b: float) -> float:
    if a == b:  # and of one sign, if they are zeros
        return 0.0 if math.copysign(1.0, a) == math.copysign(1.0, b) else 1.0
    return 0.0 if a != a and b != b else 1.0


def _whole(a: float, b: float) -> float:
    return (
        0.0 if math.fabs(a) < 9e15 and math.copysign(math.fabs(a) // 1.0, a) == b else _same(a, b)
    )


def _nonzero(a: float) -> float:
    return 0.0 if a != 0.0 else 1.0


def _zero(a: float) -> float:
    return 0.0 if a == 0.0 else 1.0


def _is_nan(a: float) -> float:
    return 0.0 if a != a else 1.0


def _is_number(a: float) -> float:
    return 0.0 if a == a else 1.0


def _finite(a: float) -> float:
    return 0.0 if a * 0.0 == 0.0 else 1.0


def _not_finite(a: float) -> float:
    return 1.0 if a * 0.0 == 0.0 else 0.0


def _add(a: float, b: float) -> float:
    return a + b


def _ran(a: float) -> float:
    return 0.0


def _constant(a: float) -> float:
    return a


GUARDS = {
    function.__name__: Guard(function.__name__, function, *[None] * function.__code__.co_argcount)
    for function in (
        _less, _not_less, _at_most, _not_at_most, _same, _whole, _nonzero, _zero,
        _is_nan, _is_number, _finite, _not_finite, _ran, _add, _constant,
    )
}  # fmt: skip


def _guard(name: str) -> Guard:
    return GUARDS[name]


class Raises(Op):
    """A guard: 0 where an op raises an error for these operands, as it did when recorded.

    Parameters:
        op: the op.
        error: which error, see `kind_of`.
    """

    is_look = True

    def __init__(self, op: Op, error: str) -> None:
        def forward(*operands: float) -> float:
            return float(error_of(op.evaluate, operands) != error)

        super().__init__(f"{op.name}_raises", forward, *[None] * op.arity)
        self.failing = op
        self.error = error

    def __reduce__(self) -> tuple[object, ...]:
        return Raises, (self.failing, self.error)


def error_of(function: Callable[..., Any], operands: Sequence[Any]) -> str | None:
    """Say which error a function raises; None where it raises none."""
    try:
        function(*operands)
    except Exception as error:
        return kind_of(error)
    return None


def kind_of(error: BaseException | None) -> str:
    """Name the classes of an error and of its cause, by which a program tells errors apart."""
    chain = [] if error is None else [error, error.__cause__]
    kinds = [type(x) for x in chain if x is not None]
    return " from ".join([f"{kind.__module__}.{kind.__qualname__}" for kind in kinds])


def applied(op: Op, operands: Sequence[Any]) -> Value:
    """Record an op; numbers among the operands are constants."""
    made: Value = op.record(
        tuple([x if isinstance(x, Value) else Value(x, requires_grad=False) for x in operands])
    )
    return made


def fixed(number: float) -> Value:
    """Return a Value that is always this number; a node, for nobody to set."""
    return applied(GUARDS["_constant"], [number])
