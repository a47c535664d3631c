"""Many lanes, op by op: machines of many lanes, each of which takes blocks of them in turn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plan.plan import Plan
from ..tape.data import Tape
from .machine import Machine, best_lanes

KEPT = 16  # idle machines


@dataclass(slots=True)
class Lanes:
    """What is computed for many lanes, and where results go.

    Attributes:
        rows: an array for each number, an element for each lane.
        outside: a column of numbers that are the same for all lanes; they follow those of `rows`.
        results: is filled with a row for each output but the last.
        gradients: is filled with rows for the numbers; None computes forward only.
        used: which rows of the gradients these are.
        holds: is filled with whether the last output is 0, for each lane.
    """

    rows: Sequence[Any]
    outside: Any
    results: Any
    gradients: Any | None
    used: Any
    holds: Any

    def compute(self, machine: Machine, block: slice) -> None:
        """Compute one block of lanes."""
        size = block.stop - block.start
        for numbers, row in zip(machine.inputs, self.rows, strict=False):
            numbers[:size] = row[block]
            numbers[size:] = row[block.stop - 1]  # so that nothing odd happens there
        if len(self.outside):
            machine.inputs[len(self.rows) :] = self.outside
        if self.gradients is None:
            machine.forward()
        else:
            machine.step()
            self.gradients[self.used, block] = machine.gradients[:, :size]
        self.results[:, block] = machine.outputs[:-1, :size]
        np.equal(machine.outputs[-1, :size], 0.0, out=self.holds[block])


class Wide:
    """Computes a tape for many lanes.

    Parameters:
        tape: what to compute.
        plan: how.
    """

    def __init__(self, tape: Tape, plan: Plan) -> None:
        self.tape = tape
        self.plan = plan
        self._idle: list[Machine] = []

    def run(self, lanes: Lanes, threads: int) -> None:
        """Compute all lanes.

        Parameters:
            lanes: what, and where results go.
            threads: how many threads share the lanes.
        """
        count = len(lanes.holds)
        machines = self._machines(count, threads)
        width = machines[0].lanes
        blocks = [slice(start, min(start + width, count)) for start in range(0, count, width)]

        def work(number: int) -> None:
            for block in blocks[number :: len(machines)]:
                lanes.compute(machines[number], block)

        if len(machines) == 1:
            work(0)
        else:
            with ThreadPoolExecutor(len(machines)) as pool:
                list(pool.map(work, range(len(machines))))
        self._idle = [*self._idle, *machines][-KEPT:]

    def _machines(self, count: int, threads: int) -> list[Machine]:
        """Take machines of one width: one for each thread that has something to do."""
        width = min(best_lanes(self.plan), max(8, -(-count // 8) * 8))
        threads = max(1, min(threads, -(-count // width)))
        machines = [self._take(width) or Machine(self.tape, self.plan, width)]
        width = machines[0].lanes
        while len(machines) < threads:
            machines.append(self._take(width, width) or Machine(self.tape, self.plan, width))
        return machines

    def _take(self, least: int, most: int | None = None) -> Machine | None:
        for _ in range(len(self._idle)):
            try:
                machine = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if machine.lanes >= least and (most is None or machine.lanes == most):
                return machine
        return None
