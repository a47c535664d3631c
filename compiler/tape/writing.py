"""Writing a recorded graph down as a tape."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from sys import getrefcount
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.progress import tell
from pluggrad.topology import topological_order

from .data import Tape

MANY_NODES = 1_000_000  # take longer than a second


def recorded_tape(
    outputs: Sequence[Value],
    wrt: Sequence[Value] | None,
    inputs: Sequence[Value] | None,
    order: list[Value] | None = None,
) -> tuple[Tape, list[Value], list[Value]]:
    """Write a graph down as a tape.

    Parameters:
        outputs: its results.
        wrt: whose gradients are wanted; all leaves that require one when None.
        inputs: what is read anew for each run, besides `wrt`; when None, every leaf that somebody
            still holds, so that a change to its `data` is never missed.
        order: all that the outputs depend on, operands first, where the caller knows it.

    Returns:
        The tape, and the Values of its `wrt` and `inputs`.

    Raises:
        CompileError: when there is nothing to differentiate by, or an input plays no part.
    """
    if wrt is not None and not isinstance(wrt, Iterable):
        raise CompileError(f"wrt= is a Value, or a list of them, not {wrt!r:.60}")
    if order is None:
        # A leaf that the outputs do not depend on stands behind them: its gradient is 0.
        alone = [x for x in wrt or () if isinstance(x, Value) and x.op is None]
        order = topological_order([*outputs, *alone])
    if len(order) > MANY_NODES:
        tell(f"writing down {len(order):,} nodes", long=True)
    row, left, right, more = _operand_columns(order)
    ops, kinds = _kinds(order)
    leaves = [i for i, kind in enumerate(kinds) if kind < 0]
    if wrt is None:
        wrt = [order[i] for i in leaves if order[i].requires_grad]
    _check_wanted(wrt, row)
    chosen = {row[x] for x in wrt}
    if len(chosen) < len(wrt):
        raise CompileError("wrt= names a Value twice")
    if inputs is None:
        others = [i for i in leaves if i not in chosen]
        changing = _changing(order, others, (left, right, more), {row[x] for x in outputs})
    else:
        _check_inputs(inputs, row)
        changing = [x for x in inputs if row[x] not in chosen]
    read = [*wrt, *changing]
    rows_read = [row[x] for x in read]
    tape = Tape(
        ops,
        kinds,
        array("q", left),
        array("q", right),
        more,
        array("d", [x._number for x in order]),
        _literals(len(order), leaves, rows_read),
        rows_read,
        [row[x] for x in wrt],
        [row[x] for x in outputs],
        {i: str(x.label) for i, x in enumerate(order) if x.label},
    )
    return tape, list(wrt), read


def _kinds(order: Sequence[Value]) -> tuple[list[Op], array[int]]:
    """List the ops of a graph, and for each node the number of its op."""
    column = [node.op for node in order]
    ops = [op for op in dict.fromkeys(column) if op is not None]
    numbering: dict[Op | None, int] = {op: kind for kind, op in enumerate(ops)}
    numbering[None] = -1
    for op in ops:
        if op.is_composite:
            raise CompileError(
                f"{op.name} recorded a Python function as one node, which cannot be computed "
                "again; compile the function without it"
            )
    return ops, array("q", [numbering[op] for op in column])


def _changing(
    order: list[Value],
    leaves: Sequence[int],
    operands: tuple[Any, Any, dict[int, Any]],
    ends: set[int],
) -> list[Value]:
    """List the leaves that may change: those that require a gradient, or that somebody holds.

    What refers to a leaf is `order`, a dict of rows, its users, and perhaps somebody else.
    """
    known = _references([Value(0.0)], [0])[0] + 1
    counts = dict(zip(leaves, _references(order, leaves), strict=True))
    held = [i for i in leaves if order[i].requires_grad or counts[i] > known + 1 or i in ends]
    if not all(order[i].requires_grad for i in held):  # somebody has it, or it is used twice
        uses = _uses(operands)
        held = [i for i in held if order[i].requires_grad or counts[i] > known + uses[i]]
    return [order[i] for i in held]


def _uses(operands: tuple[Any, Any, dict[int, Any]]) -> Counter[int]:
    """Count how often each row is an operand."""
    left, right, more = operands
    uses = Counter(left)
    for column in (right, *more.values()):
        uses.update(column)
    return uses


def _literals(count: int, leaves: Sequence[int], read: Sequence[int]) -> bytearray:
    """Mark the leaves that are not read anew."""
    literals = bytearray(count)
    for i in leaves:
        literals[i] = 1
    for i in read:
        literals[i] = 0
    return literals


def _check_wanted(wrt: Sequence[Value], row: dict[Value, int]) -> None:
    for position, x in enumerate(wrt):
        if not isinstance(x, Value):
            raise CompileError(f"wrt= takes Values; number {position} is a {type(x).__name__}")
        if x not in row:
            raise CompileError(
                f"wrt= names {_named(x, position)}, which the outputs do not depend on: it was "
                "dropped on the way, or belongs to another recording"
            )
        if x.op is not None:
            raise CompileError(
                f"wrt= names {_named(x, position)}, which was computed; only leaves can be set"
            )
        if not x.requires_grad:
            raise CompileError(f"wrt= names {_named(x, position)}, which requires no gradient")


def _check_inputs(inputs: Sequence[Value], row: dict[Value, int]) -> None:
    for position, x in enumerate(inputs):
        if not isinstance(x, Value) or x not in row or x.op is not None:
            raise CompileError(
                f"inputs= names {_named(x, position)}, which is not a leaf of this graph"
            )


def _references(nodes: list[Value], rows: Sequence[int]) -> list[int]:
    """Count what refers to each node."""
    return [getrefcount(nodes[i]) for i in rows]


def _named(x: Any, position: int) -> str:
    label = getattr(x, "label", "")
    return f"{label!r}" if label else f"number {position} ({x!r:.80})"


def _operand_columns(
    order: Sequence[Value],
) -> tuple[dict[Value, int], list[int], list[int], dict[int, tuple[int, ...]]]:
    """Return a graph as columns of numbers.

    Parameters:
        order: what `topological_order` gave, without `differentiable`.

    Returns:
        The row of each node, its position in `order`; the row of every node's first operand, and
        of its second, -1 where there is none; and for nodes of more than two operands the rows of
        all of them (their first and second are -1).
    """
    row: dict[Any, int] = {node: i for i, node in enumerate(order)}
    row[None] = -1
    left = [row[node._left] for node in order]
    right = [row[node._right] for node in order]
    more = {
        i: tuple([row[x] for x in order[i]._operands])
        for i, first in enumerate(left)
        if first < 0 and order[i].op is not None
    }
    del row[None]
    return row, left, right, more
