"""A tile: some rows of data in one program, and what all rows share.

What is shared is read once, and its gradients are added up over as many tiles as come. Sums of
products over rows are loops like any others; their order is free, and products are added with one
rounding where the processor can.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from ..codegen.code import copies, joined
from ..codegen.runner import clearing
from ..lower.kinds import Kinds
from ..plan.columns import Ints
from ..plan.plan import Plan, planned
from ..tape.data import Tape
from .machine import Machine

LOOPS = 16  # items of a loop, on average: with fewer, lanes are faster


def tiled(tape: Tape, shared: int, rows: int) -> Tape:
    """Write a tape for some rows: all of it once a row, but for what the rows share.

    Parameters:
        tape: for one row; what rows share comes first among its inputs.
        shared: how many inputs that is.
        rows: how many rows.

    Returns:
        The tape. Its inputs are what is shared, and then those of each row; its outputs are those
        of each row, all of the first output, then all of the second, and so on.
    """
    once = np.frombuffer(tape.literals, bool).copy()
    once[tape.inputs[:shared]] = True
    first, again = np.flatnonzero(once), np.flatnonzero(~once)
    place = np.empty((rows, len(tape)), np.int64)
    place[:, first] = np.arange(len(first))
    place[:, again] = len(first) + np.arange(rows * len(again)).reshape(rows, -1)

    def repeated(column: Any) -> Any:
        return np.concatenate([column[first], np.tile(column[again], rows)])

    def moved(column: Any) -> array[int]:
        own = column[again]
        each = np.where(own >= 0, place[:, np.maximum(own, 0)], -1)
        nothing = np.full(len(first), -1, np.int64)
        return array("q", np.concatenate([nothing, each.ravel()]).tobytes())

    more = {
        int(place[r, row]): tuple(place[r, list(operands)].tolist())
        for row, operands in tape.more.items()
        for r in range(rows)
    }
    inputs = [*place[0, tape.inputs[:shared]], *place[:, tape.inputs[shared:]].ravel()]
    return Tape(
        tape.ops,
        array("q", repeated(tape.kind).tobytes()),
        moved(np.frombuffer(tape.left, np.int64)),
        moved(np.frombuffer(tape.right, np.int64)),
        more,
        array("d", repeated(tape.data).tobytes()),
        bytearray(repeated(np.frombuffer(tape.literals, np.uint8)).tobytes()),
        list(map(int, inputs)),
        place[0, tape.wrt].tolist(),
        place[:, tape.outputs].T.ravel().tolist(),
        {},
    )


def tile_plan(tape: Tape) -> Plan | None:
    """Plan a tile; None where it has few loops of some length."""
    width = max([op.arity for op in tape.ops], default=1)
    plan = planned(tape, Kinds(tape.ops, width), keeping=True)
    return plan if plan.nests.length >= LOOPS * plan.nests.made else None


class Tile:
    """Runs a tape that was made for some rows.

    Parameters:
        tape: what to run; its `wrt` are among the inputs that are shared.
        plan: where things are.
        shared: how many inputs rows share.
        rows: how many rows.

    Attributes:
        inputs: what is read from: what is shared, and then the rows.
        outputs: what the last run gave.
        gradients: those of `wrt`, after `end`.
        seeds: what gradients start from.
        rows: the inputs of each row, a table.
    """

    def __init__(self, tape: Tape, plan: Plan, shared: int, rows: int) -> None:
        machine = self._machine = Machine(tape, plan, fused=True)
        self.inputs, self.outputs = machine.inputs, machine.outputs
        self.gradients, self.seeds = machine.gradients, machine.seeds
        self.rows = self.inputs[shared:].reshape(rows, -1)
        layout, parts = plan.layout, machine.parts
        places, seen = layout.position[tape.inputs], layout.inputs_at + np.arange(len(tape.inputs))
        first = np.arange(len(places)) < shared
        found = layout.gradient[tape.wrt]
        given = layout.wrt_at + np.arange(len(found))
        own = np.isin(found, plan.kept)
        self._adds = not own.all()
        cleared = [clearing(a, b - a).words for a, b in _stretches(plan.kept)]

        def copied(to: Ints, source: Ints, chosen: Any, *, adding: bool = False) -> Any:
            chosen = chosen & (to != source)
            return copies(plan, to[chosen], source[chosen], adding=adding).words

        self._code = [
            joined([copied(places, seen, first), *cleared]),
            joined([copied(places, seen, ~first)] + [parts[x].words for x in ("forward", "give")]),
            joined(
                [parts[x].words for x in ("clear", "seed", "backward")]
                + [copied(given, found, ~own, adding=True)]
            ),
            copied(given, found, own),
        ]
        self._calls = [machine._call(code) for code in self._code]
        self._addresses = [call.ctypes.data for call in self._calls]

    def begin(self) -> None:
        """Read what is shared; gradients are 0."""
        if self._adds:
            self.gradients[:] = 0.0
        self._run(0)

    def forward(self) -> None:
        """Read the rows, and compute `outputs`."""
        self._run(1)

    def backward(self) -> None:
        """Add up gradients from `seeds`, after `forward`."""
        self._run(2)

    def end(self) -> None:
        """Write the sums to `gradients`."""
        self._run(3)

    def _run(self, number: int) -> None:
        self._machine._run(self._addresses[number])


def _stretches(places: Ints) -> list[tuple[int, int]]:
    """List the stretches of neighbours among places, where each begins and where it ends."""
    places = np.unique(places)
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    return [(int(x[0]), int(x[-1]) + 1) for x in np.split(places, breaks) if len(x)]
