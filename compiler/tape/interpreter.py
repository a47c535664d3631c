"""The interpreter: a tape in plain Python, node by node. It needs nothing but pluggrad.

It is what every other executor is compared with, and what runs where there is no other.
"""

from __future__ import annotations

from array import array
from copy import copy
from itertools import pairwise

from pluggrad import strong_zero

from .data import Tape


class Interpreter:
    """Runs a tape as the engine itself would: each op's `evaluate`, each rule's `partial`."""

    name = "interpreter"

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.values = list(tape.numbers)
        self.inputs = array("d", [tape.numbers[row] for row in tape.inputs])
        self.outputs = array("d", [tape.numbers[row] for row in tape.outputs])
        self.gradients = array("d", [0.0] * len(tape.wrt))
        self.seeds = array("d", [1.0] * len(tape.outputs))
        self.needs = _differentiable(tape)
        self.nodes = [
            (row, tape.ops[kind], tape.operands_of(row))
            for row, kind in enumerate(tape.kinds)
            if kind >= 0
        ]
        # The tape has each guard before what it guards.
        guards = [at for at, node in enumerate(self.nodes) if getattr(node[1], "is_look", False)]
        bounds = [0, *[at + 1 for at in guards], len(self.nodes)]
        self.parts = [self.nodes[start:end] for start, end in pairwise(bounds)]

    def another(self) -> Interpreter:
        """Make one that does the same with numbers of its own."""
        made = copy(self)
        made.values = self.values[:]
        made.inputs, made.outputs = self.inputs[:], self.outputs[:]
        made.gradients, made.seeds = self.gradients[:], self.seeds[:]
        return made

    def forward(self) -> None:
        """Compute `outputs` from `inputs`; the last is 1.0 where a guard does not hold."""
        self._holds()

    def _holds(self) -> bool:
        """Compute as far as all guards hold; return whether that is to the end."""
        values = self.values
        for row, x in zip(self.tape.inputs, self.inputs, strict=True):
            values[row] = x
        last = len(self.parts) - 1
        for number, part in enumerate(self.parts):
            for row, op, operands in part:
                values[row] = op.evaluate(*[values[x] for x in operands])
            if number < last and values[row] != 0.0:
                self.outputs[-1] = 1.0
                return False
        for i, row in enumerate(self.tape.outputs):
            self.outputs[i] = values[row]
        return True

    def backward(self) -> None:
        """Compute `gradients` from `seeds`, after `forward`."""
        found = self.flow()
        for i, row in enumerate(self.tape.wrt):
            self.gradients[i] = found[row]

    def flow(self) -> list[float]:
        """Compute the gradient of every node."""
        values, needs = self.values, self.needs
        found = [0.0] * len(values)
        for row, seed in zip(self.tape.outputs, self.seeds, strict=True):
            found[row] += seed
        for row, op, operands in reversed(self.nodes):
            if needs[row]:
                numbers = [values[x] for x in operands]
                for index, x in enumerate(operands):
                    if needs[x] and op.rules[index] is not None:
                        found[x] += strong_zero.partial(op, index, found[row], values[row], numbers)
        return found

    def step(self) -> None:
        """Do both."""
        if self._holds():
            self.backward()


def _differentiable(tape: Tape) -> list[bool]:
    needs = [False] * len(tape)
    for row in tape.wrt:
        needs[row] = True
    for row, kind in enumerate(tape.kinds):
        if kind >= 0 and any(needs[x] for x in tape.operands_of(row)):
            needs[row] = True
    # What no rule hands a gradient to has none: 0 times a slope of nan would be nan.
    reached = [False] * len(tape)
    for row in tape.outputs:
        reached[row] = True
    for row in range(len(tape) - 1, -1, -1):
        needs[row] = needs[row] and reached[row]
        if needs[row] and tape.kinds[row] >= 0:
            rules = tape.ops[tape.kinds[row]].rules
            for rule, x in zip(rules, tape.operands_of(row), strict=True):
                reached[x] = reached[x] or rule is not None
    return needs
