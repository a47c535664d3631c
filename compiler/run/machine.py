"""The compiled executor: a plan's instructions, run by machine code."""

from __future__ import annotations

import ctypes
import time
from functools import cache as once
from typing import TYPE_CHECKING, Any

import numpy as np
from pluggrad import CompileError

from ..codegen.code import Code, code_of, copies, joined
from ..codegen.runner import clearing, run_address
from ..lower.kinds import Kinds
from ..narrow.background import RUNS, InBackground, background_of
from ..plan.columns import Ints, zeros
from ..plan.layout import Layout
from ..plan.plan import Plan, planned
from ..tape.data import Tape
from .calls import CallFields, function_of_numbers, function_that_finds_nan

if TYPE_CHECKING:
    from ..narrow.straight import Straight

# Lanes are run in blocks whose memory stays in the processor's second-level cache.
BLOCK_BYTES = 400_000
# What takes some ten microseconds, and other threads are let in for.
LONG = 6000  # words of code for kernels
MANY = 20_000  # nodes of a narrow program
REPEATING = 200  # nodes; for fewer nobody looks whether a body repeats
FORWARD, BACKWARD, BOTH = range(3)  # the ways to run a program


@once
def _run() -> Any:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(run_address())


class Machine:
    """Runs a tape in machine code, for one set of inputs or for many lanes of them.

    Parameters:
        tape: what to run.
        plan: where things are; made when left out.
        lanes: how many sets of inputs are computed side by side.
        memory: what to compute in; that of a machine with the same layout.
        straight: the code of a narrow program; looked for when there is no plan yet.
        math: `vector` for functions of our own in narrow programs, `libm` for the C library's.
        fused: whether products may be added with one rounding, not with two as in Python.
        like: a machine of the same plan and as many lanes, whose code it runs, too.
    """

    name = "numba"

    def __init__(
        self,
        tape: Tape,
        plan: Plan | None = None,
        lanes: int = 1,
        memory: Any | None = None,
        straight: Straight | None = None,
        math: str = "vector",
        fused: bool = False,
        like: Machine | None = None,
    ) -> None:
        start = time.perf_counter()
        background: InBackground | None = None if like is None else like.background
        if plan is None:
            plan = plan_of(tape)
            straight = _straight(tape, plan, math) if lanes == 1 else None
            if lanes == 1 and straight is None and not fused:
                background = background_of(plan)
        self.tape = tape
        self.plan = plan
        self.straight = straight
        self.background: InBackground | None = background
        self.math = math
        self.fused = fused
        self._careful: Machine | None = None
        self.lanes = lanes
        self.planned_in = time.perf_counter() - start
        self.memory = self._fresh() if memory is None else memory
        literal = np.flatnonzero(tape.literal)
        self.memory[plan.layout.position[literal]] = tape.data[literal]
        self.memory[plan.layout.seed] = 1.0
        if straight is not None:
            straight.fill(self.memory)
        self.inputs = self._view(plan.layout.inputs_at, len(tape.inputs))
        self.gradients = self._view(plan.layout.wrt_at, len(tape.wrt))
        self.outputs = self._view(plan.layout.outputs_at, len(tape.outputs))
        self.seeds = self._view(plan.layout.seeds_at, len(tape.outputs))
        self.inputs.T[...] = tape.data[tape.inputs]
        self.seeds[...] = 1.0
        self.parts: dict[str, Code] = self._parts(tape, straight) if like is None else like.parts
        self.linked_in = time.perf_counter() - start - self.planned_in
        self._run = _run()
        self._kept: list[Any] = []  # code that may be running
        self._join()
        self._runs = 0
        self._told_to: list[tuple[CallFields, int]] = []  # of functions, and which call they make
        self._run_backward, self._backward_fields = self._finding_nan(BACKWARD)
        self.run_both, self._both_fields = self._finding_nan(BOTH)

    def _fresh(self) -> Any:
        """Make memory for all places, and all lanes of those that are not literals."""
        layout = self.plan.layout
        shared = layout.literals
        if self.straight is not None:
            return _aligned(self.straight.size, 0)
        return _aligned(
            shared + (layout.size - shared) * self.lanes, shared if self.lanes > 1 else 0
        )

    def _join(self) -> None:
        """Put the parts of the code together, one whole for each way to run it."""
        parts = self.parts
        forward = joined(parts[x].words for x in ("read", "forward", "give"))
        backward = joined(parts[x].words for x in ("clear", "seed", "backward", "collect"))
        codes = forward, backward, np.concatenate([forward, backward])
        calls = [self._call(code) for code in codes]
        self._kept += [codes, calls]
        self._codes = codes
        self._at = [call.ctypes.data for call in calls]

    def take(self, parts: dict[str, Code]) -> None:
        """Run other code for some parts, which computes the same in the same memory."""
        self.parts = {**self.parts, **parts}
        self._join()
        for fields, which in self._told_to:
            fields.program = self._at[which]

    def _call(self, code: Any) -> Any:
        """Write down what a run is told: where its code is, how long it is, and the memory."""
        return np.array([code.ctypes.data, len(code), self.memory.ctypes.data])

    def _view(self, at: int, count: int) -> Any:
        """Show a stretch of memory: numbers, or rows of one number for each lane."""
        shared, lanes = self.plan.layout.literals, self.lanes
        start = shared + (at - shared) * lanes
        flat = self.memory[start : start + count * lanes]
        return flat if lanes == 1 else flat.reshape(count, lanes)

    def _parts(self, tape: Tape, straight: Straight | None) -> dict[str, Code]:
        if straight is not None:
            return straight.parts
        layout, lanes = self.plan.layout, self.lanes
        inputs, outputs, wrt = (
            np.array(rows, np.int64) for rows in (tape.inputs, tape.outputs, tape.wrt)
        )
        # An output that depends on nothing wanted has no gradient to start from.
        flowing = np.flatnonzero(layout.gradient[outputs] >= 0)
        cleared = [
            clearing(layout.literals + (at - layout.literals) * lanes, count * lanes)
            for at, count in self.plan.cleared
        ]
        return {
            "read": self._copies(layout.position[inputs], layout.inputs_at),
            "forward": code_of(self.plan, lanes, fused=self.fused),
            "give": copies(
                self.plan,
                layout.outputs_at + np.arange(len(outputs)),
                layout.position[outputs],
                lanes,
            ),
            "clear": Code(joined([zeros(0), *(x.words for x in cleared)]), zeros(0), zeros(0)),
            "seed": copies(
                self.plan,
                layout.gradient[outputs[flowing]],
                layout.seeds_at + flowing,
                lanes,
                adding=True,
            ),
            "backward": code_of(self.plan, lanes, backward=True, fused=self.fused),
            "collect": self._copies(layout.gradient[wrt], layout.wrt_at, back=True),
        }

    def _copies(self, places: Ints, at: int, *, back: bool = False) -> Code:
        """Write code that copies what callers see to its places, or back, where these differ."""
        seen = at + np.arange(len(places))
        other = places != seen
        to, source = (seen, places) if back else (places, seen)
        return copies(self.plan, to[other], source[other], self.lanes)

    def another(self) -> Machine:
        """Make one that runs the same code, in memory of its own."""
        return Machine(self.tape, self.plan, straight=self.straight, math=self.math, like=self)

    @property
    def codes(self) -> tuple[Any, Any]:
        """All instructions, forward and backward."""
        return self._codes[FORWARD], self._codes[BACKWARD]

    def renewed(self) -> Machine:
        """Translate the ops again, which compute something else now; in the same memory.

        Raises:
            CompileError: when they are laid out otherwise.
        """
        plan = plan_of(self.tape)
        if not _is_laid_out_alike(plan.layout, self.plan.layout):
            raise CompileError("an op reads other operands than before; compile the graph again")
        inputs, seeds = self.inputs.copy(), self.seeds.copy()
        straight = None if self.straight is None else _straight(self.tape, plan, self.math)
        if straight is not None and straight.size != len(self.memory):
            straight = None
        machine = Machine(self.tape, plan, self.lanes, self.memory, straight, self.math)
        machine.inputs[...] = inputs
        machine.seeds[...] = seeds
        return machine

    def forward(self) -> None:
        """Compute `outputs` from `inputs`."""
        self._run(self._at[FORWARD])
        self._runs += 1
        if self._runs == RUNS:
            self.ran_often()

    def backward(self) -> None:
        """Compute `gradients` from `seeds`, after `forward`."""
        if self._run_backward():
            self._look(self._backward_fields)

    def step(self) -> None:
        """Do both."""
        if self.run_both():
            self.look()

    def look(self) -> None:
        """Look at what `run_both` has just done, which says that somebody should."""
        self._look(self._both_fields)

    def _look(self, fields: CallFields) -> None:
        """See what a run wants to be looked at: how many there were, or a gradient of nan."""
        if fields.left == 0:
            fields.left = -1
            self.ran_often()
        if np.isnan(self.gradients).any():
            self._mend()

    def ran_often(self) -> None:
        """Take faster code as soon as somebody has made it, if that is worth it."""
        if self.background is not None:
            self.background.ask(self.take)

    def _mend(self) -> None:
        """Compute again, knowing that a gradient of 0 stays 0, where one came out nan."""
        if self._careful is None:
            self._careful = Machine(self.tape, plan_of(self.tape, strong=True), self.lanes)
        careful = self._careful
        careful.inputs[...] = self.inputs
        careful.seeds[...] = self.seeds
        careful._run(careful._at[BOTH])
        np.copyto(self.gradients, careful.gradients, where=np.isnan(self.gradients))

    def direct(self, backward: bool, **told: int) -> tuple[Any, Any] | None:
        """Make a function of plain numbers that runs this, and a view of its fields, if one can be.

        The outputs and the gradients stand one behind the other in memory, in this order.

        Parameters:
            backward: whether it gives the gradient, too.
            told: what else it is told, see `calls.CallFields`.
        """
        gradients = len(self.gradients) if backward else 0
        which = BOTH if backward else FORWARD
        found = function_of_numbers(
            **self._told(which),
            **told,
            inputs=self.inputs.ctypes.data,
            outputs=self.outputs.ctypes.data,
            taken=len(self.inputs),
            given=len(self.outputs),
            gradients=gradients,
            nested=gradients > 1,
        )
        if found is not None:
            self._told_to.append((found[1], which))
        return found

    def takes_long(self) -> bool:
        """Return whether other threads had better be let in while this runs."""
        return len(self.code) > LONG or (self.straight is not None and len(self.tape) > MANY)

    def _finding_nan(self, which: int) -> tuple[Any, CallFields]:
        """Make a function that runs a program, and tells whether a gradient came out nan."""
        function, fields = function_that_finds_nan(
            **self._told(which),
            outputs=self.gradients.ctypes.data,
            gradients=self.gradients.size,
        )
        self._told_to.append((fields, which))
        return function, fields

    def _told(self, which: int) -> dict[str, int]:
        unlocked = self.lanes > 1 or self.takes_long()
        left = RUNS if self.background is not None else 0
        run, program = run_address(), self._at[which]
        return {"run": run, "program": program, "unlocked": unlocked, "left": left}

    # ----- Measuring -----

    def pieces(self) -> list[tuple[str, str, Any]]:
        """Split the code by phase and op; return the phase, the op's name, and the instructions."""
        found = []
        for phase, code in self.parts.items():
            ends = np.append(code.starts[1:], len(code.words))
            for kind in np.unique(code.kinds):
                parts = [
                    code.words[start:end]
                    for start, end in zip(
                        code.starts[code.kinds == kind], ends[code.kinds == kind], strict=True
                    )
                ]
                ops = self.plan.kinds.ops
                name = ops[kind].name if kind < len(ops) else "add"
                found.append((phase, name, np.concatenate(parts)))
            if phase in ("forward", "backward") and len(code) > len(code.kinds):
                name = "repeated body" if self.straight is not None else "straight code"
                found.append((phase, name, code.words))
        return found

    @property
    def code(self) -> Any:
        """All instructions of a step."""
        return self._codes[BOTH]

    def timed(self, words: Any, seconds: float) -> float:
        """Measure a piece of code; return microseconds a run, without the call from Python."""
        if len(words) == 0:
            return 0.0
        words = np.ascontiguousarray(words)
        call, nothing = self._call(words), self._call(words[:0])
        at, empty_at = call.ctypes.data, nothing.ctypes.data
        best = empty = float("inf")
        end = time.perf_counter() + seconds
        while True:
            start = time.perf_counter()
            self._run(empty_at)
            middle = time.perf_counter()
            self._run(at)
            now = time.perf_counter()
            empty = min(empty, middle - start)
            best = min(best, now - middle)
            if now > end:
                return max(0.0, best - empty) * 1e6


def plan_of(tape: Tape, *, strong: bool = False) -> Plan:
    """Plan how to compute a tape; `strong` for rules that let 0 win where they give nan."""
    width = max([op.arity for op in tape.ops], default=1)
    return planned(tape, Kinds(tape.ops, width, strong))


def _straight(tape: Tape, plan: Plan, math: str) -> Straight | None:
    """Make straight-line code for a narrow program that repeats itself."""
    if len(tape) < REPEATING:
        return None
    from ..narrow.straight import straight_code

    return straight_code(tape, plan, math)


def _is_laid_out_alike(one: Layout, other: Layout) -> bool:
    numbers = ("literals", "seed", "size", "gradients_at", "inputs_at", "outputs_at", "wrt_at")
    return all(getattr(one, name) == getattr(other, name) for name in numbers) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("position", "gradient")
    )


def _aligned(count: int, at: int) -> Any:
    """Make an array of zeros in which place `at` begins a cache line: wide loads cross none."""
    kept = np.zeros(count + 8)
    start = (-kept.ctypes.data // 8 - at) % 8
    return kept[start : start + count]


def best_lanes(plan: Plan) -> int:
    """Choose how many lanes to run side by side: as many as the cache holds, 8 at least."""
    each = 8 * max(1, plan.layout.size - plan.layout.literals)
    return max(8, min(4096, BLOCK_BYTES // each // 8 * 8))
