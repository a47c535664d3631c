"""Random programs over all built-in ops, and how to run them on any kind of number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from pluggrad import Op, Value, plugins

INPUTS = 4
Table = Mapping[str, Callable[..., Any]]

# Operands beyond this are brought back by a sine: exp of exp of exp of 5 is no number.
MODERATE = 6.0


class Step(NamedTuple):
    """One op applied to inputs and earlier results, given by number, or to constants."""

    op: str
    operands: tuple[int | float, ...]


class Program(NamedTuple):
    """A graph of ops; its result is the sum of all that nothing else uses.

    Attributes:
        seed: what it was drawn from.
        at: the inputs.
        steps: the ops; their results are numbered from INPUTS on.
    """

    seed: int
    at: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, table: Table, inputs: Sequence[Any]) -> Any:
        """Compute the result with the functions of a table."""
        made = list(inputs)
        used: set[int] = set()
        for step in self.steps:
            chosen = [made[x] if isinstance(x, int) else x for x in step.operands]
            used.update(x for x in step.operands if isinstance(x, int))
            made.append(table[step.op](*chosen))
        ends = [x for i, x in enumerate(made) if i not in used and i >= INPUTS]
        total = ends[0]
        for end in ends[1:]:
            total = table["add"](total, end)
        return total

    def __str__(self) -> str:
        lines = [f"x{i} = {x!r}" for i, x in enumerate(self.at)]
        for i, step in enumerate(self.steps, INPUTS):
            operands = [f"x{x}" if isinstance(x, int) else repr(x) for x in step.operands]
            lines.append(f"x{i} = {step.op}({', '.join(operands)})")
        return f"program {self.seed}: " + "; ".join(lines)


OPS: dict[str, Op] = {
    op.name: op for plugin in plugins if plugin.name.startswith("pluggrad.") for op in plugin.ops
}


def drawn(seed: int) -> Program:
    """Draw a program of 5 to 14 ops, and some more that keep operands inside domains."""
    chance = Random(seed)
    at = tuple(chance.uniform(-2.0, 2.0) for _ in range(INPUTS))
    draft = _Draft(chance, list(at))
    for _ in range(chance.randint(5, 14)):
        op = OPS[chance.choice(list(OPS))]
        draft.apply(op, [draft.operand(op, i) for i in range(op.arity)])
    return Program(seed, at, tuple(draft.steps))


class _Draft:
    def __init__(self, chance: Random, numbers: list[float]) -> None:
        self.chance = chance
        self.numbers = numbers
        self.steps: list[Step] = []

    def apply(self, op: Op, operands: Sequence[int | float]) -> int:
        chosen = [self.numbers[x] if isinstance(x, int) else x for x in operands]
        self.steps.append(Step(op.name, tuple(operands)))
        self.numbers.append(op.evaluate(*chosen))
        return len(self.numbers) - 1

    def operand(self, op: Op, index: int) -> int | float:
        """Choose an operand that is inside the op's domain, by a sine where it has to be."""
        if op.rules[index] is None and op.name != "where":  # an order, or a number of digits
            return float(self.chance.randint(0, 3))
        if self.chance.random() < 0.1:
            return self._constant(op, index)
        recent = min(int(self.chance.expovariate(0.3)), len(self.numbers) - 1)
        chosen = len(self.numbers) - 1 - recent
        low, high = op.domain[index] or (-math.inf, math.inf)
        if low < self.numbers[chosen] < high and abs(self.numbers[chosen]) < MODERATE:
            return chosen
        middle, reach = self._inside(low, high)
        sine = self.apply(OPS["sin"], [chosen])
        return self.apply(OPS["add"], [self.apply(OPS["mul"], [sine, reach]), middle])

    def _constant(self, op: Op, index: int) -> float:
        low, high = op.domain[index] or (-math.inf, math.inf)
        middle, reach = self._inside(low, high)
        return middle + reach * self.chance.uniform(-1.0, 1.0)

    def _inside(self, low: float, high: float) -> tuple[float, float]:
        """Return the middle of a moderate part of an interval, and how far it reaches."""
        low, high = max(low, -2.0 if high > 0.0 else high - 4.0), min(high, max(low, 0.0) + 2.0)
        return (low + high) / 2, 0.45 * (high - low)


def at_a_kink(program: Program) -> str:
    """Name an op of a program whose operands are at a kink of its; "" where none is."""
    made = [Value(x) for x in program.at]
    for step in program.steps:
        op = OPS[step.op]
        operands = [made[x] if isinstance(x, int) else Value(x) for x in step.operands]
        numbers = [x.data for x in operands]
        if callable(op.kinks):
            distance = op.kinks(*numbers)
        else:
            distance = min([abs(numbers[0] - kink) for kink in op.kinks], default=1.0)
        if not abs(distance) > 1e-9:
            return op.name
        made.append(op(*operands))
    return ""
