"""The tape: a recorded graph as flat columns, which every executor starts from.

It holds no Values: numbers of nodes, in an order in which operands come before users. So it can be
pickled, sent to another process, and planned without touching the graph again.
"""

from __future__ import annotations

import operator
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from sys import getrefcount
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.topology import topological_order
from pluggrad.value import recorded

from ..progress import MANY, tell


@dataclass
class Tape:
    """A graph as columns; rows are nodes, operands first.

    Attributes:
        ops: the ops that occur.
        kinds: for each node the number of its op, -1 for a leaf.
        left: for each node the row of its first operand, -1 where there is none.
        right: the same for the second.
        more: for nodes of more than two operands the rows of all of them.
        numbers: for each node its value when it was recorded.
        literals: for each node whether it is a number that nobody can change any more.
        inputs: the rows of the leaves whose values are read anew for each run.
        wrt: the rows of the nodes whose gradients are wanted.
        outputs: the rows of the results.
        labels: the labels of the nodes that have one.
    """

    ops: list[Op]
    kinds: array[int]
    left: array[int]
    right: array[int]
    more: dict[int, tuple[int, ...]]
    numbers: array[float]
    literals: bytearray
    inputs: list[int]
    wrt: list[int]
    outputs: list[int]
    labels: dict[int, str]

    def __len__(self) -> int:
        return len(self.kinds)

    def operands_of(self, row: int) -> tuple[int, ...]:
        """List the rows of a node's operands."""
        if self.kinds[row] < 0:
            return ()
        if self.left[row] < 0:
            return self.more[row]
        return (self.left[row],) if self.right[row] < 0 else (self.left[row], self.right[row])

    def rebuilt(
        self, values: Sequence[float], gradients: Sequence[float], needs: Sequence[bool]
    ) -> list[Value]:
        """Make the graph again, as Values with the given numbers; return its outputs."""
        made: list[Value] = []
        for row, kind in enumerate(self.kinds):
            if kind < 0:
                node = Value(values[row], requires_grad=needs[row])
            else:
                node = recorded(
                    self.ops[kind], tuple([made[x] for x in self.operands_of(row)]), values[row]
                )
            node.label = self.labels.get(row, "")
            if needs[row]:
                node._grad = gradients[row]
            made.append(node)
        return [made[row] for row in self.outputs]

    @staticmethod
    def is_addition(op: Op) -> bool:
        """Return whether an op's forward function is plain floating point addition."""
        return op.forward is operator.add

    # ----- As arrays, for the planner -----

    @property
    def kind(self) -> Any:
        """The column `kinds` as an array."""
        import numpy as np

        return np.frombuffer(self.kinds, np.int64)

    @property
    def data(self) -> Any:
        """The column `numbers` as an array."""
        import numpy as np

        return np.frombuffer(self.numbers)

    @property
    def literal(self) -> Any:
        """The column `literals` as an array."""
        import numpy as np

        return np.frombuffer(self.literals, bool)

    def operands(self, width: int) -> Any:
        """Return the rows of every node's operands as a table with `width` columns, -1 for none."""
        import numpy as np

        table = np.full((len(self), width), -1, np.int64)
        for k, column in enumerate((self.left, self.right)[:width]):
            table[:, k] = np.frombuffer(column, np.int64)
        for row, rows in self.more.items():
            table[row, : len(rows)] = rows
        return table


def recorded_tape(
    outputs: Sequence[Value],
    wrt: Sequence[Value] | None,
    inputs: Sequence[Value] | None,
    first: Sequence[Value] = (),
) -> tuple[Tape, list[Value], list[Value]]:
    """Write a graph down as a tape.

    Parameters:
        outputs: its results.
        wrt: whose gradients are wanted; all leaves that require one when None.
        inputs: what is read anew for each run, besides `wrt`; when None, every leaf that somebody
            still holds, so that a change to its `data` is never missed.
        first: which outputs, and all that they depend on, are computed before the others.

    Returns:
        The tape, and the Values of its `wrt` and `inputs`.

    Raises:
        CompileError: when there is nothing to differentiate by, or an input plays no part.
    """
    # A leaf that the outputs do not depend on stands behind them: its gradient is 0.
    alone = [x for x in wrt or () if isinstance(x, Value) and x.op is None]
    order = topological_order([*first, *outputs, *alone])
    if len(order) > MANY:
        tell(f"writing down {len(order):,} nodes", long=True)
    row, left, right, more = _operand_columns(order)
    numbering: dict[Op | None, int] = {None: -1}
    for node in order:
        if node.op not in numbering:
            numbering[node.op] = len(numbering) - 1
    kinds = array("q", [numbering[node.op] for node in order])
    del numbering[None]
    for op in numbering:
        if op is not None and op.is_composite:
            raise CompileError(
                f"{op.name} recorded a Python function as one node, which cannot be computed "
                "again; compile the function without it"
            )
    leaves = [i for i, kind in enumerate(kinds) if kind < 0]
    if wrt is None:
        wrt = [order[i] for i in leaves if order[i].requires_grad]
    _check_wanted(wrt, row)
    chosen = {row[x] for x in wrt}
    if len(chosen) < len(wrt):
        raise CompileError("wrt= names a Value twice")
    if inputs is None:
        uses = Counter(left)
        for column in (right, *more.values()):
            uses.update(column)
        # What refers to a node: `order`, `row`, its operations, and perhaps somebody else.
        known = _references([Value(0.0)], [0])[0] + 1
        changing = [
            order[i]
            for i, count in zip(leaves, _references(order, leaves), strict=True)
            if i not in chosen and (order[i].requires_grad or count > known + uses[i])
        ]
    else:
        _check_inputs(inputs, row)
        changing = [x for x in inputs if row[x] not in chosen]
    read = [*wrt, *changing]
    rows_read = [row[x] for x in read]
    literals = bytearray(len(order))
    for i in leaves:
        literals[i] = 1
    for i in rows_read:
        literals[i] = 0
    tape = Tape(
        list(numbering),  # type: ignore[arg-type]  # None was deleted
        kinds,
        array("q", left),
        array("q", right),
        more,
        array("d", [x._number for x in order]),
        literals,
        rows_read,
        [row[x] for x in wrt],
        [row[x] for x in outputs],
        {i: str(x.label) for i, x in enumerate(order) if x.label},
    )
    return tape, list(wrt), read


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
