"""Writing a recorded graph down as a tape."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from sys import getrefcount
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.errors import quoted

from .columns import Columns, columns_of
from .data import Tape


def recorded_tape(
    outputs: Sequence[Value],
    wrt: Sequence[Value] | None,
    inputs: Sequence[Value] | None,
    instead: Callable[[Any], Op | None] | None = None,
) -> tuple[Tape, list[Value], list[Value]]:
    """Write a graph down as a tape.

    Parameters:
        outputs: its results.
        wrt: whose gradients are wanted; all leaves that require one when None.
        inputs: what is read anew for each run, besides `wrt`; when None, every leaf that somebody
            still holds, so that a change to its `data` is never missed.
        instead: gives the op that computes again what a Python function gave that was recorded as
            one node; None where there is none.

    Returns:
        The tape, and the Values of its `wrt` and `inputs`.

    Raises:
        CompileError: when there is nothing to differentiate by, or an input plays no part.
    """
    if wrt is not None and not isinstance(wrt, Iterable):
        raise CompileError(f"wrt= is a Value, or a list of them, not {quoted(wrt)}")
    # A leaf that the outputs do not depend on stands behind them: its gradient is 0.
    alone = [x for x in wrt or () if isinstance(x, Value) and x.op is None]
    wanted = [*outputs, *(wrt or ()), *(inputs or ())]
    order, columns, rows = columns_of([*outputs, *alone], wanted)
    columns = _computable(columns, instead)
    _check_ops(columns.ops)
    ends, rows = rows[: len(outputs)], rows[len(outputs) :]
    if wrt is None:
        chosen = [i for i in columns.leaves if order[i].requires_grad]
        wrt = [order[i] for i in chosen]
    else:
        chosen, rows = rows[: len(wrt)], rows[len(wrt) :]
        _check_wanted(wrt, chosen)
    if inputs is None:
        changing = _changing(order, chosen, columns, ends)
    else:
        _check_inputs(inputs, rows)
        known = set(chosen)
        changing = [i for i in rows if i not in known]
    tape = _tape(columns, chosen, changing, ends)
    return tape, list(wrt), [*wrt, *(order[i] for i in changing)]


def captured_tape(
    outputs: Sequence[Value], leaves: Sequence[Value], count: int = 0, given: Sequence[Value] = ()
) -> tuple[Tape, list[int], list[Value]]:
    """Write down what a function did.

    Parameters:
        outputs: its results, and the count of failed guards, which the tape has first.
        leaves: the numbers that it was given.
        count: about how many nodes it made, where somebody knows.
        given: Values from outside that were computed there, which are not computed again.

    Returns:
        The tape, by whose inputs gradients are wanted; the positions of those of `leaves` that
        matter, its first inputs; and Values from outside, the others.
    """
    roots = [*outputs[-1:], *outputs]
    order, columns, rows = columns_of(roots, [*outputs, *leaves], count, given)
    _check_ops(columns.ops)
    ends, rows = rows[: len(outputs)], rows[len(outputs) :]
    used = [i for i, row in enumerate(rows) if row >= 0 and columns.kinds[row] < 0]
    chosen = [rows[i] for i in used]
    changing = _changing(order, chosen, columns, ends)
    return _tape(columns, chosen, changing, ends), used, [order[i] for i in changing]


def _tape(columns: Columns, chosen: list[int], changing: Sequence[int], outputs: list[int]) -> Tape:
    """Make the tape of which some leaves are read anew for each run."""
    literals = bytearray(len(columns.kinds))
    for i in columns.leaves:
        literals[i] = 1
    read = [*chosen, *changing]
    for i in read:
        literals[i] = 0
    return Tape(
        columns.ops,
        columns.kinds,
        columns.left,
        columns.right,
        columns.more,
        columns.numbers,
        literals,
        read,
        chosen,
        outputs,
        columns.labels,
    )


def _computable(columns: Columns, instead: Callable[[Any], Op | None] | None) -> Columns:
    """Put other ops in the places of Python functions that were recorded as one node.

    Such a node has an op of its own, as it remembers the call; calls that are alike get one.
    """
    if instead is None or not any(op.is_composite for op in columns.ops):
        return columns
    ops = [(instead(op) if op.is_composite else None) or op for op in columns.ops]
    numbering = {op: kind for kind, op in enumerate(dict.fromkeys(ops))}
    renumbered = [numbering[op] for op in ops]
    kinds = array("q", [kind if kind < 0 else renumbered[kind] for kind in columns.kinds])
    return columns._replace(ops=[*numbering], kinds=kinds)


def _check_ops(ops: Sequence[Op]) -> None:
    for op in ops:
        if op.is_composite:
            raise CompileError(
                f"{op.name} recorded a Python function as one node, which cannot be computed "
                "again; compile the function without it"
            )


def _changing(
    order: list[Value], chosen: Sequence[int], columns: Columns, ends: Sequence[int]
) -> list[int]:
    """List the rows of other leaves that may change: that need a gradient, or that somebody holds.

    What refers to a leaf is `order`, its users, and perhaps somebody else.
    """
    known = _references([Value(0.0)], [0])[0]
    leaves = sorted(set(columns.leaves).difference(chosen))
    last = set(ends)
    counts = dict(zip(leaves, _references(order, leaves), strict=True))
    held = [i for i in leaves if order[i].requires_grad or counts[i] > known + 1 or i in last]
    if not all(order[i].requires_grad for i in held):  # somebody has it, or it is used twice
        uses = _uses(columns)
        held = [i for i in held if order[i].requires_grad or counts[i] > known + uses[i]]
    return held


def _uses(columns: Columns) -> Counter[int]:
    """Count how often each row is an operand."""
    uses = Counter(columns.left)
    for column in (columns.right, *columns.more.values()):
        uses.update(column)
    return uses


def _check_wanted(wrt: Sequence[Value], rows: Sequence[int]) -> None:
    for position, (x, row) in enumerate(zip(wrt, rows, strict=True)):
        if not isinstance(x, Value):
            raise CompileError(f"wrt= takes Values; number {position} is a {type(x).__name__}")
        if row < 0:
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
    if len(set(rows)) < len(rows):
        raise CompileError("wrt= names a Value twice")


def _check_inputs(inputs: Sequence[Value], rows: Sequence[int]) -> None:
    for position, (x, row) in enumerate(zip(inputs, rows, strict=True)):
        if row < 0 or x.op is not None:
            raise CompileError(
                f"inputs= names {_named(x, position)}, which is not a leaf of this graph"
            )


def _references(nodes: list[Value], rows: Sequence[int]) -> list[int]:
    """Count what refers to each node."""
    return [getrefcount(nodes[i]) for i in rows]


def _named(x: Any, position: int) -> str:
    label = getattr(x, "label", "")
    return f"{label!r}" if label else f"number {position} ({quoted(x, 80)})"
