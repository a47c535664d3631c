"""Bodies: what a loop of straight-line code computes in each iteration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ..plan.columns import Ints
from .stretches import Stretch

NOWHERE = -(2**62)  # a place that nothing has; others may be before the machine's memory


class How(Enum):
    """How a body reaches an operand."""

    HERE = "computed in this iteration"
    CARRIED = "computed some iterations before"
    MEMORY = "in memory, at a constant step"
    NUMBER = "the same number each time"


class NotRegularError(Exception):
    """A stretch reaches something that it cannot reach at a constant step.

    Attributes:
        stretch: that stretch.
        first, last: how many iterations, at its ends, are those that cannot; the others can.
    """

    def __init__(self, stretch: Stretch, first: int, last: int) -> None:
        super().__init__(stretch, first, last)
        self.stretch = stretch
        self.first = first
        self.last = last


def never(stretch: Stretch) -> NotRegularError:
    """Make the error for a stretch none of whose iterations can."""
    return NotRegularError(stretch, stretch.count, 0)


@dataclass
class Operand:
    """One operand of one row of a body.

    Attributes:
        how: how it is reached.
        row: the body's row that computes it, for what the body computes.
        back: how many iterations ago, for what is carried.
        number: what it is, for a number.
        place: where its value is in the first iteration, for what is in memory.
        step: how far that moves with each iteration.
        gradient: where its gradient is added to, for what is in memory.
        gradient_step: how far that moves.
        needs: whether its gradient is wanted.
    """

    how: How
    row: int = -1
    back: int = 0
    number: float = 0.0
    place: int = NOWHERE
    step: int = 0
    gradient: int = NOWHERE
    gradient_step: int = 0
    needs: bool = False


@dataclass
class Body:
    """One stretch, as its code needs it; rows are those of the body.

    Attributes:
        stretch: which rows of the tape it has.
        kinds: the op of each row, -1 for a leaf.
        operands: those of each row.
        needs: for each row whether its gradient is wanted.
        kept: for each row where its value stands in the block of an iteration, -1 for nowhere.
        summed: for each row where what others add to its gradient stands in the block of gradients.
        back: for each row how many iterations on its value is read.
        values, gradients: where the blocks of the first iteration are.
        width, gradient_width: how many places a block has.
        before: for what is carried, by row and iterations before the first: where its value is,
            and where its gradient is added to, perhaps NOWHERE.
    """

    stretch: Stretch
    kinds: list[int]
    operands: list[list[Operand]] = field(default_factory=list)
    needs: list[bool] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    summed: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    values: int = 0
    gradients: int = 0
    width: int = 0
    gradient_width: int = 0
    before: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def rows(self, j: int, iterations: Ints) -> Ints:
        """Return the tape's rows of one row of the body."""
        return self.stretch.start + j + self.stretch.period * iterations

    def carried(self) -> Iterator[tuple[int, int]]:
        """List what is carried: rows, and how many iterations on."""
        for j, most in enumerate(self.back):
            for i in range(1, most + 1):
                yield j, i
