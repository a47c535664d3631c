"""A tape as data, and back.

Leaves have their numbers; those of other nodes are computed. Operands stand one after the other,
as many for each node as its op has, so that no node can have too few.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from pluggrad import Op

from ..tape.data import Tape
from . import ops
from .fields import DocumentError, Fields, number_text


def written(tape: Tape, inputs: Sequence[float]) -> dict[str, Any]:
    """Write down a tape.

    Parameters:
        tape: what to write down.
        inputs: the numbers of its inputs.

    Raises:
        CompileError: for an op that another process could not find by its name.
    """
    given = dict(zip(tape.inputs, inputs, strict=True))
    leaves = [row for row, kind in enumerate(tape.kinds) if kind < 0]
    return {
        "ops": [ops.written(op) for op in tape.ops],
        "kinds": list(tape.kinds),
        "operands": [x for row in range(len(tape)) for x in tape.operands_of(row)],
        "leaves": [number_text(given.get(row, tape.numbers[row])) for row in leaves],
        "inputs": list(tape.inputs),
        "parameters": len(tape.wrt),
        "outputs": list(tape.outputs),
        "labels": [[row, label] for row, label in tape.labels.items()],
    }


def read(fields: Fields) -> Tape:
    """Read a tape.

    Raises:
        DocumentError: where something does not fit.
    """
    found = [ops.found(x, where) for x, where in fields.parts("ops")]
    kinds = fields.integers("kinds", -1, len(found) - 1)
    last = len(kinds) - 1
    left, right, more = _operands(fields, found, kinds)
    inputs = fields.integers("inputs", 0, last)
    outputs = fields.integers("outputs", 0, last)
    parameters = fields.integer("parameters", 0, len(inputs))
    numbers, literals = _leaves(fields, kinds, inputs)
    tape = Tape(
        found, kinds, left, right, more, numbers, literals,
        inputs.tolist(), inputs.tolist()[:parameters], outputs.tolist(), _labels(fields, last),
    )  # fmt: skip
    fields.end()
    _check_used(fields, tape)
    return tape


def _operands(
    fields: Fields, found: list[Op], kinds: array[int]
) -> tuple[array[int], array[int], dict[int, tuple[int, ...]]]:
    given = fields.integers("operands", 0, len(kinds) - 1).tolist()
    arities = [op.arity for op in found]
    left, right = array("q", [-1]) * len(kinds), array("q", [-1]) * len(kinds)
    more: dict[int, tuple[int, ...]] = {}
    at = 0
    for row, kind in enumerate(kinds):
        if kind >= 0:
            operands = given[at : at + arities[kind]]
            at += arities[kind]
            if any(x >= row for x in operands):
                raise DocumentError(
                    f"{fields.where}: node {row} has an operand that comes after it"
                )
            if len(operands) in (1, 2):
                left[row], right[row] = (*operands, -1)[:2]
            else:
                more[row] = tuple(operands)
    if at != len(given):
        raise DocumentError(
            f"{fields.where}.operands has {len(given)} rows; the nodes have {at} operands"
        )
    return left, right, more


def _leaves(
    fields: Fields, kinds: array[int], inputs: array[int]
) -> tuple[array[float], bytearray]:
    leaves = [row for row, kind in enumerate(kinds) if kind < 0]
    literals = bytearray(kind < 0 for kind in kinds)
    for row in inputs:
        if not literals[row]:
            raise DocumentError(
                f"{fields.where}.inputs: node {row} is no leaf, or stands there twice"
            )
        literals[row] = 0
    numbers = array("d", [0.0]) * len(kinds)
    for row, x in zip(leaves, fields.numbers("leaves", len(leaves)), strict=True):
        numbers[row] = x
    return numbers, literals


def _labels(fields: Fields, last: int) -> dict[int, str]:
    found = {}
    for pair, where in fields.parts("labels"):
        if type(pair) is not list or len(pair) != 2 or type(pair[1]) is not str:
            raise DocumentError(f"{where} is not a row and a label")
        if type(pair[0]) is not int or not 0 <= pair[0] <= last:
            raise DocumentError(f"{where} is for no node")
        found[pair[0]] = pair[1]
    return found


def _check_used(fields: Fields, tape: Tape) -> None:
    """Check that there is no node, but inputs, that no output depends on."""
    used = bytearray(len(tape))
    for row in (*tape.inputs, *tape.outputs):
        used[row] = 1
    for row in range(len(tape)):
        for x in tape.operands_of(row):
            used[x] = 1
    if not tape.outputs or not all(used):
        where = f"node {used.index(0)} plays no part" if tape.outputs else "there is no output"
        raise DocumentError(f"{fields.where}: {where}")
