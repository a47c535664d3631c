"""Streams: instructions for kernels, linked and ready to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..lower.kinds import Kinds
from ..native.library import library
from ..plan.loops import Ints, call, zeros
from ..plan.nests import nested
from ..plan.plan import Plan
from .emission import emit
from .kernels import CLEAR, KERNEL_TEXT, RUN, Kernel
from .variants import kernel, reads


@dataclass
class Stream:
    """A piece of code: instructions for kernels, whose addresses are filled in on linking."""

    words: Ints
    starts: Ints
    variants: Ints

    def __len__(self) -> int:
        return len(self.variants)

    def linked(self, kinds: Kinds) -> Stream:
        """Fill in the addresses of the kernels, compiling those that are new."""
        wanted, which = np.unique(self.variants, return_inverse=True)
        addresses = np.array([_address(kernel(kinds, int(v))) for v in wanted], np.int64)
        if len(wanted):
            self.words[self.starts] = addresses[which]
        return self


def _address(kernel: Kernel) -> int:
    return library().address(kernel.name, kernel.source, KERNEL_TEXT)


def clearing(start: int, count: int) -> Stream:
    """Write an instruction that sets a stretch of memory to zero."""
    address = library().address("pluggrad_clear", lambda: (CLEAR, []), KERNEL_TEXT)
    words = np.array([address, 4, start, count], np.int64)
    return Stream(words, zeros(0), zeros(0))


def run_address() -> int:
    """Give the address of the loop that runs a stream."""
    return library().address("pluggrad_run", lambda: (RUN, []), KERNEL_TEXT)


def joined(streams: Iterable[Stream]) -> Ints:
    """Put pieces of code one behind the other."""
    return np.concatenate([stream.words for stream in streams])


def directed(plan: Plan, lanes: int = 1, *, backward: bool = False) -> Stream:
    """Write the code of one direction of a plan."""
    return _emitted(
        plan.kinds, plan.layout.literals, plan.columns, plan.rows, plan.made, plan.kind,
        plan.replaces, plan.flows, lanes, backward,
    )  # fmt: skip


def copies(plan: Plan, to: Ints, source: Ints, lanes: int = 1, *, adding: bool = False) -> Stream:
    """Write code that copies between places in memory."""
    count = len(to)
    columns = np.zeros((2 * (plan.width + 1), count), np.int64)
    columns[0], columns[1] = to, source
    rows, made = nested(columns, (source < plan.layout.literals).astype(np.int64))
    kind = np.full(count, len(plan.kinds.ops), np.int64)
    replaces = np.full(count, not adding, np.int64)
    return _emitted(
        plan.kinds, plan.layout.literals, columns, rows, made, kind, replaces, kind, lanes, False
    )


def _emitted(
    kinds: Kinds, shared: int, columns: Ints, rows: Ints, made: int, kind: Ints, replaces: Ints,
    flows: Ints, lanes: int, backward: bool,
) -> Stream:  # fmt: skip
    """Write the instructions for nests; see `emission.emit`."""
    read = reads(kinds)
    count = columns.shape[1], len(columns)
    arguments = (made, *count, kinds.width, lanes, shared, int(backward), columns, rows, kind,
                 replaces, read, flows, zeros(len(columns), 3))  # fmt: skip
    length = zeros(1)
    found = call(emit, *arguments, length, length, length, 0, work=len(columns) * made)
    variants, starts, words = zeros(found), zeros(found + 1), zeros(int(length[0]))
    call(emit, *arguments, variants, starts, words, 1, work=4 * len(columns) * made)
    return Stream(words, starts[:-1], variants).linked(kinds)
