"""Places: how a body reaches its operands, and where in memory what it keeps stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lower.kinds import Kinds
from ..plan.columns import Ints
from ..plan.layout import Layout
from ..tape.data import Tape
from .bodies import NOWHERE, Body, How, NotRegularError, Operand, never
from .stretches import Stretch

FARTHEST = 4  # so many iterations on numbers are carried in registers


class Placement:
    """Where everything is, in an array of its own behind a machine's memory.

    Parameters:
        tape: what is computed.
        kinds: the functions of its ops.
        layout: that of the machine: where inputs, outputs and gradients are.
        stretches: how the tape is divided.
        at: where this array begins, counted in numbers from the beginning of the machine's memory.

    Attributes:
        bodies: the stretches, with all that their code needs.
        literals: where numbers are, and which.
        gathered: inputs that are copied before all else: to where, from where.
        size: how many numbers the array has.
        cleared: where gradients begin in it, and how many there are.

    Raises:
        NotRegularError: when a stretch cannot be computed in a loop.
    """

    def __init__(
        self, tape: Tape, kinds: Kinds, layout: Layout, stretches: list[Stretch], at: int
    ) -> None:
        self.tape = tape
        self.kinds = kinds
        self.at = at
        self.size = 0
        n = len(tape)
        self.op: Ints = tape.kind
        self.table: Ints = tape.operands(kinds.width)
        self.value: Ints = np.full(n, NOWHERE, np.int64)
        self.gradient: Ints = np.full(n, NOWHERE, np.int64)
        self.needs: Any = layout.gradient >= 0
        self.read = np.zeros(n, bool)  # in memory, by whom it may be
        self.added = np.zeros(n, bool)
        self.literals: dict[int, float] = {}
        self.gathered: list[tuple[int, int]] = []
        self.value[tape.inputs] = layout.inputs_at + np.arange(len(tape.inputs))
        self.gradient[tape.wrt] = layout.wrt_at + np.arange(len(tape.wrt))
        self.read[tape.outputs] = True
        self.added[tape.outputs] = True
        self.bodies = [Body(x, self.op[x.start : x.start + x.period].tolist()) for x in stretches]
        for body in self.bodies:
            self._share_needs(body)
        for body in self.bodies:
            self._place_leaves(body)
        for body in self.bodies:
            self._classify(body)
        for body in self.bodies:
            self._place_values(body)
        begin = self.size
        for body in self.bodies:
            self._place_gradients(body)
        self.cleared = at + begin, self.size - begin
        for body in self.bodies:
            self._resolve(body)

    def _take(self, count: int) -> int:
        """Take some places; return where they begin."""
        begin = self.at + self.size
        self.size += count
        return begin

    def _iterations(self, body: Body) -> Ints:
        return np.arange(body.stretch.count)

    def _share_needs(self, body: Body) -> None:
        """Let a row want a gradient in each iteration if it does in one."""
        stretch = body.stretch
        whole = self.needs[stretch.start : stretch.end].reshape(stretch.count, stretch.period)
        body.needs = whole.any(0).tolist()
        if stretch.count > 1:
            computed = self.op[stretch.start : stretch.start + stretch.period] >= 0
            whole[:, computed] = whole[:, computed].any(0)

    # ----- Leaves -----

    def _place_leaves(self, body: Body) -> None:
        """Give numbers that are no inputs a place, one iteration behind the other."""
        for j, kind in enumerate(body.kinds):
            if kind >= 0:
                continue
            rows = body.rows(j, self._iterations(body))
            loose = rows[self.value[rows] == NOWHERE]
            begin = self._take(len(loose))
            self.value[loose] = begin + np.arange(len(loose))
            self.literals.update(
                zip(self.value[loose].tolist(), self.tape.data[loose], strict=True)
            )

    # ----- How operands are reached -----

    def _classify(self, body: Body) -> None:
        body.back = [0] * body.stretch.period
        body.operands = [
            [self._operand(body, j, k) for k in range(self.kinds.ops[kind].arity)]
            if kind >= 0
            else []
            for j, kind in enumerate(body.kinds)
        ]
        for operand in [x for row in body.operands for x in row]:
            if operand.how is How.CARRIED:
                body.back[operand.row] = max(body.back[operand.row], operand.back)
        for j, i in body.carried():
            self.read[body.stretch.start + j - i * body.stretch.period] = True
            self.added[body.stretch.start + j - i * body.stretch.period] |= body.needs[j]

    def _operand(self, body: Body, j: int, k: int) -> Operand:
        stretch = body.stretch
        rows = self.table[body.rows(j, self._iterations(body)), k]
        first = int(rows[0])
        back = max(0, -((first - stretch.start) // stretch.period))
        row = first - stretch.start + back * stretch.period
        if rows.max() < stretch.start or body.kinds[row] < 0:
            return self._in_memory(stretch, rows)
        regular = stretch.count == 1 or int(rows[1]) - first == stretch.period
        if not regular or back > FARTHEST:
            raise never(stretch)
        how = How.CARRIED if back else How.HERE
        return Operand(how, row=row, back=back, needs=body.needs[row])

    def _in_memory(self, stretch: Stretch, rows: Ints) -> Operand:
        numbers = self.tape.data[rows].view(np.int64)
        if self.tape.literal[rows].all() and (numbers == numbers[0]).all():
            return Operand(How.NUMBER, number=float(self.tape.data[rows[0]]))
        needs = self.needs[rows]
        if needs.any() != needs.all():
            raise never(stretch)
        self.read[rows] = True
        self.added[rows] |= needs
        return Operand(How.MEMORY, place=int(rows[0]), step=0, needs=bool(needs[0]))

    # ----- What is kept -----

    def _place_values(self, body: Body) -> None:
        """Give a place in each block to what is read later on, here or elsewhere."""
        stretch = body.stretch
        kept: Any = self.read[stretch.start : stretch.end].reshape(-1, stretch.period).any(0)
        for j in self._with_gradients(body):
            rules = self.kinds.rules[body.kinds[j]]
            for operand, rule in zip(body.operands[j], rules, strict=True):
                if not operand.needs or rule is None:
                    continue
                kept[j] |= "out" in rule.used
                for i, other in enumerate(body.operands[j]):
                    if f"a{i}" in rule.used and other.how in (How.HERE, How.CARRIED):
                        kept[other.row] = True
        body.kept = self._numbered(kept & (np.array(body.kinds) >= 0))
        body.width = max(body.kept) + 1
        before = max(body.back, default=0)
        begin = self._take((stretch.count + before) * body.width)
        body.values = begin + before * body.width
        self._spread(body, body.kept, self.value, body.values, body.width)

    def _place_gradients(self, body: Body) -> None:
        """Give a place in each block to what others add to."""
        stretch = body.stretch
        added: Any = self.added[stretch.start : stretch.end].reshape(-1, stretch.period).any(0)
        body.summed = self._numbered(added & (np.array(body.kinds) >= 0) & np.array(body.needs))
        body.gradient_width = max(body.summed) + 1
        body.gradients = self._take(stretch.count * body.gradient_width)
        self._spread(body, body.summed, self.gradient, body.gradients, body.gradient_width)

    def _with_gradients(self, body: Body) -> list[int]:
        return [j for j, kind in enumerate(body.kinds) if kind >= 0 and body.needs[j]]

    def _numbered(self, chosen: Any) -> list[int]:
        """Number what is chosen, from 0 on; -1 for the others."""
        return np.where(chosen, np.cumsum(chosen) - 1, -1).tolist()  # type: ignore[no-any-return]

    def _spread(self, body: Body, places: list[int], of: Ints, begin: int, width: int) -> None:
        iterations = self._iterations(body)
        for j, place in enumerate(places):
            if place >= 0:
                of[body.rows(j, iterations)] = begin + place + width * iterations

    # ----- Where that is -----

    def _resolve(self, body: Body) -> None:
        for j, operands in enumerate(body.operands):
            for k, operand in enumerate(operands):
                if operand.how is How.MEMORY:
                    rows = self.table[body.rows(j, self._iterations(body)), k]
                    operand.place, operand.step = self._line(body.stretch, self.value[rows])
                    if operand.needs:
                        operand.gradient, operand.gradient_step = self._line(
                            body.stretch, self.gradient[rows]
                        )
        for j, i in body.carried():
            row = body.stretch.start + j - i * body.stretch.period
            wanted = body.needs[j] and self.needs[row]
            body.before[j, i] = int(self.value[row]), int(self.gradient[row]) if wanted else NOWHERE

    def _line(self, stretch: Stretch, places: Ints) -> tuple[int, int]:
        """Return where places begin and how they move."""
        steps = np.diff(places)
        step = int(steps[len(steps) // 2]) if len(steps) else 0
        odd = np.flatnonzero(steps != step)
        if len(odd):
            early = odd[odd < len(steps) // 2]
            first = int(early.max()) + 1 if len(early) else 0
            late = odd[len(early) :]
            raise NotRegularError(stretch, first, len(steps) - int(late.min()) if len(late) else 0)
        if places[0] == NOWHERE:
            raise never(stretch)
        return int(places[0]), step
