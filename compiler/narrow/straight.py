"""A narrow program: its stretches, in code and in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codegen.code import Code, copies, joined
from ..codegen.instructions import HEADER
from ..codegen.runner import clearing
from ..lower.kinds import Kinds
from ..native.library import library
from ..plan.columns import zeros
from ..plan.plan import Plan
from ..tape.data import Tape
from .bodies import NOWHERE, NotRegularError
from .places import Placement
from .stretches import FEWEST, Finder, Stretch
from .tanh import with_tanh
from .text import TEXT, Routine

PIECE = 300  # rows of one function, where nothing repeats
LOOSE = 1000  # rows that repeat nothing, at most
CROWD = 60  # nodes for one instruction of a plan, from which on loops over many nodes are faster
REPEATED = 0.7  # of all rows, at least


class Straight:
    """The code of a narrow program, which works behind the numbers of a machine.

    Parameters:
        tape: what it computes.
        plan: that of the machine.
        kinds: the functions of its ops.
        stretches: how the tape is divided.

    Raises:
        NotRegularError: when a stretch cannot be computed in a loop.

    Attributes:
        literals: where numbers are, and which.
        size: how many numbers there are, those of the machine and those behind them.
        parts: the code, by phase.
    """

    def __init__(self, tape: Tape, plan: Plan, kinds: Kinds, stretches: list[Stretch]) -> None:
        layout = plan.layout
        places = Placement(tape, kinds, layout, stretches, layout.size)
        self.literals = places.literals
        self.size = layout.size + places.size
        outputs = np.array(tape.outputs, np.int64)
        results = layout.outputs_at + np.arange(len(outputs))
        gradients = places.gradient[outputs]
        flowing = np.flatnonzero(gradients != NOWHERE)
        seeds = layout.seeds_at + flowing
        clear = clearing(*places.cleared), clearing(layout.wrt_at, len(tape.wrt))
        nothing = Code(zeros(0), zeros(0), zeros(0))
        self.parts = {
            "read": nothing,
            "forward": _written([Routine(x, kinds, backward=False) for x in places.bodies]),
            "give": copies(plan, results, places.value[outputs]),
            "clear": Code(joined(x.words for x in clear), zeros(0), zeros(0)),
            "seed": copies(plan, gradients[flowing], seeds, adding=True),
            "backward": _written([Routine(x, kinds, backward=True) for x in places.bodies[::-1]]),
            "collect": nothing,
        }

    def fill(self, memory: Any) -> None:
        """Write the numbers of the tape to their places."""
        memory[list(self.literals)] = list(self.literals.values())


def _written(routines: list[Routine]) -> Code:
    """Write instructions that call these functions, one after the other."""
    words: list[int] = []
    starts = []
    for routine in routines:
        starts.append(len(words))
        words += [_address(routine), len(routine.words) + HEADER, *routine.words]
    return Code(np.array(words, np.int64), np.array(starts, np.int64), zeros(0))


def _address(routine: Routine) -> int:
    name = routine.name()
    return library().address(name, lambda: routine.source(name), TEXT, unrolled=True)


def straight_code(tape: Tape, plan: Plan, math: str) -> Straight | None:
    """Make straight-line code for a program, where that is faster than loops over many nodes.

    Parameters:
        tape: what to compute.
        plan: how a machine computes it otherwise.
        math: `vector` for functions of our own where they are faster, or `libm`.
    """
    if len(tape) > CROWD * plan.nests.made:
        return None
    kinds = plan.kinds if math == "libm" else with_tanh(plan.kinds)
    found = Finder(tape, plan.nests.width).stretches()
    while _is_worth_it(found):
        try:
            return Straight(tape, plan, kinds, [piece for x in found for piece in _pieces(x)])
        except NotRegularError as odd:
            found = [
                part for x in found for part in (_trimmed(x, odd) if x == odd.stretch else [x])
            ]
    return None


def _is_worth_it(stretches: list[Stretch]) -> bool:
    """Return whether little enough of this repeats nothing."""
    loose = sum(x.period for x in stretches if x.count == 1)
    return loose <= min(LOOSE, (1 - REPEATED) * stretches[-1].end)


def _trimmed(stretch: Stretch, odd: NotRegularError) -> list[Stretch]:
    """Leave off the iterations of a stretch, at its ends, that are not like the others."""
    left = stretch.count - odd.first - odd.last
    if left < FEWEST:
        return [Stretch(stretch.start, stretch.period * stretch.count, 1)]
    core = Stretch(stretch.start + odd.first * stretch.period, stretch.period, left)
    ends = (
        Stretch(stretch.start, core.start - stretch.start, 1),
        Stretch(core.end, stretch.end - core.end, 1),
    )
    return [x for x in (ends[0], core, ends[1]) if x.period]


def _pieces(stretch: Stretch) -> list[Stretch]:
    """Cut what does not repeat into pieces that compile fast."""
    if stretch.count > 1:
        return [stretch]
    starts = range(stretch.start, stretch.end, PIECE)
    return [Stretch(at, min(PIECE, stretch.end - at), 1) for at in starts]
