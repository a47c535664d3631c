"""What forward mode moves, kept for a reverse pass inside it, which symmetry.py looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from pluggrad.op import Op
from pluggrad.value import Value


@dataclass
class Moved:
    """A call of an op, or of a function with a rule of its own, of whose operands some move.

    Attributes:
        what: what was called, for messages.
        slopes: computes the derivatives of a result by all operands, from the number of the result,
            all results and the operands.
        operands: numbers and Values.
        moving: which of them move.
        results: the numbers of all results.
    """

    what: str
    slopes: Callable[[int, Sequence[Any], Sequence[Any]], list[Any]]
    operands: Sequence[Any]
    moving: set[int]
    results: Sequence[float] = ()


# The call behind a result, and which of its results it is.
calls_behind: WeakKeyDictionary[Value, tuple[Moved, int]] = WeakKeyDictionary()


def keep_moved(results: Sequence[Any], call: Moved) -> None:
    """Remember the call behind results, where gradients of them may be taken."""
    call.results = [x._number if isinstance(x, Value) else x for x in results]
    for number, x in enumerate(results):
        if isinstance(x, Value) and x.requires_grad:
            if x in calls_behind:  # by a forward pass further in
                call.moving |= calls_behind[x][0].moving
            calls_behind[x] = call, number


def is_foreign(op: Op) -> bool:
    """Return whether an op of several operands has rules that are not pluggrad's own."""
    return len(op.rules) > 1 and not all(
        rule is None or str(getattr(rule, "__module__", "")).startswith("pluggrad.")
        for rule in op.rules
    )


def slopes_of(op: Op) -> Callable[[int, Sequence[Any], Sequence[Any]], list[Any]]:
    """Return the function that computes the derivatives of an op by all operands."""

    def slopes(_: int, results: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
        return [0.0 if rule is None else rule(1.0, *results, *operands) for rule in op.rules]

    return slopes
