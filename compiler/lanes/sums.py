"""The second ending of a fused function: results and gradients are added up over lanes.

Each sum is a vector in a register, from the first lane to the last; what all lanes share gets one
gradient, and nothing is written for each lane. A lane in which a guard does not hold, or a gradient
is nan, adds nothing: it is flagged, and left to the careful way.

    i64 name(ptr inputs, ptr outputs, ptr flags, i64 start, i64 end)

`inputs` holds an address and a step for each input, counted in numbers: 0 for one number written
down as often as a vector has lanes, 1 for lanes side by side; columns of a table have any step.
`outputs` holds an address for each sum, a vector. From `start` to `end` there are whole vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..tape.data import Tape
from .fusion import Body, Fused, fused
from .program import Doubles, callable_of, writer_here
from .sharing import side_by_side
from .symbols import DOUBLE, Lanes
from .writer import Writer

VECTORS = 256  # are added up one after the other; then sums are added pairwise
POINTER = 8  # bytes


class SummingBody(Body):
    """The loop of a function that adds up.

    Parameters:
        tape: what is computed.
        writer: a new one.
        wanted: the positions, among the tape's inputs, of those whose gradients are added up.
        strided: the positions of inputs that are columns of a table.
    """

    def __init__(
        self, tape: Tape, writer: Writer, wanted: Sequence[int], strided: frozenset[int]
    ) -> None:
        super().__init__(tape, writer)
        self.wrt = [tape.inputs[i] for i in wanted]
        self.strided = strided

    def loop(self, backward: bool, most: int) -> None:
        """Write the whole function's body, in so many lines at most."""
        w = self.writer
        self.most = most
        sums = len(self.tape.outputs) - 1 + len(self.wrt) * backward
        self.begin(sums)
        w.say("%never = icmp ugt i64 %start, %end")
        w.say("%empty = icmp uge i64 %start, %end")
        w.say("br i1 %empty, label %done, label %loop")
        w.label("loop")
        w.say("%at = phi i64 [ %start, %entry ], [ %next, %latch ]")
        w.say("%any = phi i1 [ false, %entry ], [ %more, %latch ]")
        kind, zero = w.type(DOUBLE), w.constant(DOUBLE, 0.0)
        for i in range(sums):
            w.say(f"%sum{i} = phi {kind} [ {zero}, %entry ], [ %sum{i}.next, %latch ]")
        self.forward()
        results = [self.values[row] for row in self.tape.outputs]
        failed = results.pop()
        wanted = self.gradients() if backward else []
        found = self.flags(failed, wanted)
        left_out = found[0][0]
        for mask, _ in found[1:]:
            left_out = left_out | mask
        shares = [w.select(left_out, 0.0, w.everywhere(x)) for x in [*results, *wanted]]
        added = [
            w.binary("fadd", DOUBLE, Lanes(w, DOUBLE, f"%sum{i}"), x) for i, x in enumerate(shares)
        ]
        self.flag(found)
        w.say("br label %latch")
        before = w.block
        w.label("latch")
        for i, x in enumerate(added):
            w.say(f"%sum{i}.next = phi {kind} [ {x.name}, %{before} ]")
        w.say(f"%next = add i64 %at, {w.width}")
        w.say("%ended = icmp uge i64 %next, %end")
        w.say("br i1 %ended, label %done, label %loop")
        w.label("done")
        w.say("%found = phi i1 [ false, %entry ], [ %more, %latch ]")
        for i in range(sums):
            w.say(f"%total{i} = phi {kind} [ {zero}, %entry ], [ %sum{i}.next, %latch ]")
        for i in range(sums):
            w.say(f"store {kind} %total{i}, ptr %out{i}, align 8")
        w.say("%answer = zext i1 %found to i64")
        w.say("ret i64 %answer")
        w.label("nowhere")
        w.say("ret i64 0")

    def loaded(self, i: int) -> Lanes:
        """Read an input: a vector, or from a column number by number."""
        if i not in self.strided:
            return super().loaded(i)
        w = self.writer
        kind = w.type(DOUBLE)
        vector = "poison"
        for lane in range(w.width):
            name = w.name()
            w.say(f"{name}.l = add i64 %at, {lane}")
            w.say(f"{name}.n = mul i64 {name}.l, %step{i}")
            w.say(f"{name}.p = getelementptr double, ptr %in{i}, i64 {name}.n")
            w.say(f"{name}.x = load double, ptr {name}.p, align 8")
            if w.width == 1:
                return Lanes(w, DOUBLE, f"{name}.x")
            w.say(f"{name} = insertelement {kind} {vector}, double {name}.x, i64 {lane}")
            vector = name
        return Lanes(w, DOUBLE, vector)


class Summing:
    """A tape as a fused function that adds up.

    Parameters:
        tape: what is computed; its last output counts guards that do not hold.
        wanted: the positions, among the tape's inputs, of those whose gradients are added up; None
            for no gradients.
        strided: the positions of inputs that are columns of a table.

    Raises:
        CompileError: when the tape cannot be fused, saying why.
    """

    def __init__(self, tape: Tape, wanted: Sequence[int] | None, strided: frozenset[int]) -> None:
        chosen = wanted or ()
        self.fused: Fused = fused(
            tape,
            writer_here(),
            backward=wanted is not None,
            body=lambda tape, writer: SummingBody(tape, writer, chosen, strided),
        )
        self.sums = len(tape.outputs) - 1 + len(chosen)
        self._call = callable_of(self.fused)

    def run(
        self, inputs: Sequence[Doubles], count: int, threads: int
    ) -> tuple[Doubles, NDArray[np.uint8] | None, int]:
        """Add up lanes.

        Parameters:
            inputs: one number for all lanes each, or an array of them.
            count: how many lanes there are.
            threads: how many threads share them.

        Returns:
            The sums, over lanes that are not flagged; for each lane its flag, or None for none; and
            how many lanes, from the first one on, were done: whole vectors.
        """
        width = self.fused.width
        given = np.empty((len(inputs), 2), np.int64)
        kept = [x if len(x) == count else np.full(width, x[0]) for x in inputs]
        for i, (x, place) in enumerate(zip(inputs, kept, strict=True)):
            step = x.strides[0] // x.itemsize if len(x) == count else 0
            given[i] = place.ctypes.data, step
        done = count - count % width
        ends = [*range(0, done, width * VECTORS), done]
        parts = len(ends) - 1
        totals = np.empty((parts, self.sums, width))
        targets = totals.ctypes.data + POINTER * width * np.arange(parts * self.sums)
        flags = np.zeros(count, np.uint8)
        fixed = given.ctypes.data, flags.ctypes.data
        step = POINTER * self.sums

        def work(k: int) -> int:
            at = targets.ctypes.data + step * k
            return int(self._call(fixed[0], at, fixed[1], ends[k], ends[k + 1]))

        found = side_by_side(work, range(parts), min(threads, parts)) if parts else []
        sums = totals.transpose(1, 0, 2).reshape(self.sums, -1).sum(axis=1)
        return sums, flags if any(found) else None, done
