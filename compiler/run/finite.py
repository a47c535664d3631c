"""Where a number is nan or infinite that a program should have found finite."""

from __future__ import annotations

import math

from ..tape.interpreter import Interpreter


def first_not_finite(slow: Interpreter) -> str:
    """Return which node gave the first number that is not finite: of values, else of gradients.

    Parameters:
        slow: has computed all values.
    """
    for row, _, operands in slow.nodes:
        if not math.isfinite(slow.values[row]):
            return f"{_node(slow, row)} gave {slow.values[row]!r} for {_values(slow, operands)}"
    found = slow.flow()
    for row, _, operands in reversed(slow.nodes):
        for x in operands:
            if not math.isfinite(found[x]):
                at = _values(slow, operands)
                return f"{_node(slow, row)} gave a gradient of {found[x]!r} at {at}"
    if all(map(math.isfinite, slow.inputs)):
        return "a result of the compiled program is nan or infinite"
    return "an input is nan or infinite"


def _node(slow: Interpreter, row: int) -> str:
    op = slow.tape.ops[slow.tape.kinds[row]]
    return f"node n{row}, op {op.name!r},"


def _values(slow: Interpreter, rows: tuple[int, ...]) -> str:
    return ", ".join(repr(slow.values[x]) for x in rows)
