"""The tape: a recorded graph as flat columns, which every executor starts from.

It holds no Values: numbers of nodes, in an order in which operands come before users. So it can be
pickled, sent to another process, and planned without touching the graph again.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pluggrad import Op, Value
from pluggrad.value import recorded


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
