"""Report: how a program is laid out, and where its time goes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..tape.data import Tape
from .executor import Executor

PHASES = ("read", "forward", "give", "clear", "seed", "backward", "collect")
COPY_NAMES = {"read": "copy inputs", "give": "copy outputs", "collect": "copy gradients"}


@dataclass
class Report:
    """What `program.report()` tells; `print` it.

    Attributes:
        executor: what runs the program.
        nodes: how many nodes were recorded.
        ops: for each op how many of them.
        runs: how many instructions run, by phase. An instruction does many nodes.
        bytes: of memory for numbers, of code, and of the tape.
        planned: seconds to find the layout, and to get the machine code.
        microseconds: measured now, by phase.
        costs: measured now, microseconds by op and direction, most expensive first.
    """

    executor: str
    nodes: int
    ops: dict[str, int]
    runs: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    planned: dict[str, float] = field(default_factory=dict)
    microseconds: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.nodes:,} nodes in {self.executor}"]
        lines += [f"  {name:<16}{count:>12,}" for name, count in self.ops.items()]
        if self.runs:
            total = max(1, sum(self.runs.values()))
            lines += [f"{total:,} instructions, {self.nodes / total:,.0f} nodes in each"]
            lines += [f"  {name:<16}{count:>12,}" for name, count in self.runs.items() if count]
        lines += [f"{name}: {count:,} bytes" for name, count in self.bytes.items()]
        lines += [f"{name}: {seconds * 1e3:,.1f} ms" for name, seconds in self.planned.items()]
        if self.microseconds:
            lines += [f"a step: {sum(self.microseconds.values()):,.1f} us"]
            lines += [f"  {name:<16}{us:>12,.2f} us" for name, us in self.microseconds.items()]
        if self.costs:
            lines += ["by op"]
            lines += [f"  {name:<16}{us:>12,.2f} us" for name, us in self.costs.items()]
        return "\n".join(lines)


def report(tape: Tape, executor: Executor, seconds: float) -> Report:
    """Measure a program; see `Report`. Its numbers are those of the last run again afterwards."""
    counted = Counter(tape.ops[kind].name for kind in tape.kinds if kind >= 0)
    leaves = len(tape) - sum(counted.values())
    told = Report(executor.name, len(tape), {**dict(counted.most_common()), "(leaves)": leaves})
    columns = (tape.kinds, tape.left, tape.right, tape.numbers, tape.literals)
    told.bytes["tape"] = sum(memoryview(column).nbytes for column in columns)
    if executor.name != "numba":
        if seconds <= 0.0:
            return told
        for phase, run in (("forward", executor.forward), ("backward", executor.backward)):
            told.microseconds[phase] = _timed(run, seconds / 2)
        return told
    machine: Any = executor
    told.runs = {phase: len(machine.parts[phase]) for phase in PHASES}
    told.bytes["memory"] = machine.memory.nbytes
    told.bytes["code"] = sum(code.words.nbytes for code in machine.parts.values())
    told.planned = {"planned in": machine.planned_in, "linked in": machine.linked_in}
    if seconds <= 0.0:
        return told
    pieces = machine.pieces()
    share = seconds / 2 / max(1, len(pieces))
    costs: Counter[str] = Counter()
    for phase, name, words in pieces:
        taken = machine.timed(words, share)
        costs[COPY_NAMES.get(phase, f"{name} {phase}")] += taken
    for phase in PHASES:
        told.microseconds[phase] = machine.timed(machine.parts[phase].words, share)
    told.costs = {name: us for name, us in costs.most_common() if us > 0.005}
    executor.step()
    return told


def _timed(run: Any, seconds: float) -> float:
    best = float("inf")
    end = time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        best = min(best, now - start)
        if now > end:
            return best * 1e6
