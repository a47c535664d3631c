"""Code: the instructions that compute a plan, linked and ready to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..lower.kinds import Kinds
from ..native.library import library
from ..plan.columns import Ints, Nests, zeros
from ..plan.loops import call
from ..plan.nests import nested
from ..plan.plan import Plan
from .emission import Memory, emit
from .functions import kernel_of
from .instructions import ADDRESS, Room, unpacked
from .kernels import KERNEL_TEXT


@dataclass(frozen=True)
class Code:
    """A piece of code.

    Attributes:
        words: its instructions.
        starts: where each begins that calls an op's kernel.
        kinds: the numbers of these ops.
    """

    words: Ints
    starts: Ints
    kinds: Ints

    def __len__(self) -> int:
        return len(self.starts)


def code_of(plan: Plan, lanes: int = 1, *, backward: bool = False, fused: bool = False) -> Code:
    """Write the code of one direction of a plan; `fused` adds products with one rounding."""
    return linked(plan.kinds, instructions_of(plan, lanes, backward=backward, fused=fused))


def instructions_of(
    plan: Plan, lanes: int = 1, *, backward: bool = False, fused: bool = False
) -> Room:
    """Write the instructions of one direction of a plan, without addresses; see `code_of`."""
    memory = Memory(lanes, plan.layout.literals, int(fused))
    return _instructions(plan.kinds, plan.nests, memory, backward)


def copies(plan: Plan, to: Ints, source: Ints, lanes: int = 1, *, adding: bool = False) -> Code:
    """Write code that copies between places in memory."""
    width, count, shared = plan.nests.width, len(to), plan.layout.literals
    if not count:
        return Code(zeros(0), zeros(0), zeros(0))
    places = np.zeros((2 * (width + 1), count), np.int64)
    places[0], places[1] = to, source
    kind = np.full(count, len(plan.kinds.ops), np.int64)
    replaces = np.full(count, not adding, np.int64)
    rows, made = nested(places, (source < shared).astype(np.int64))
    nests = Nests(count, width, places, kind, replaces, zeros(count), zeros(count), made, rows)
    return linked(plan.kinds, _instructions(plan.kinds, nests, Memory(lanes, shared), False))


def joined(pieces: Iterable[Ints]) -> Ints:
    """Put pieces of code one behind the other."""
    return np.concatenate(list(pieces))


def _instructions(kinds: Kinds, nests: Nests, memory: Memory, backward: bool) -> Room:
    """Write the instructions for nests; see `emit`."""
    read, strides = kinds.reads, zeros(len(nests.places), 3)
    work = len(nests.places) * nests.made
    room = Room(zeros(0), zeros(1), zeros(0), strides)
    count = call(emit, nests, read, memory, int(backward), room, 0, work=work)
    room = Room(zeros(count), zeros(count + 1), zeros(int(room.starts[0])), strides)
    call(emit, nests, read, memory, int(backward), room, 1, work=4 * work)
    return room


def linked(kinds: Kinds, room: Room) -> Code:
    """Fill in the addresses of the kernels, compiling those that are new."""
    starts = room.starts[:-1]
    wanted, which = np.unique(room.variants, return_inverse=True)
    addresses = np.array([_address(kinds, int(number)) for number in wanted], np.int64)
    ops = np.array([unpacked(int(number), kinds.width).kind for number in wanted], np.int64)
    room.words[starts + ADDRESS] = addresses[which]
    return Code(room.words, starts, ops[which])


def _address(kinds: Kinds, number: int) -> int:
    """Return the address of the kernel of a variant, written as one number."""
    found = kinds.addresses.get(number)
    if found is None:
        kernel = kernel_of(kinds, unpacked(number, kinds.width))
        found = library().address(kernel.name, kernel.source, KERNEL_TEXT)
        kinds.addresses[number] = found
    return found
