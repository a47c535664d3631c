"""Streams: instructions for kernels, linked and ready to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .emission import emit
from .kernels import CLEAR, KERNEL_TEXT, RUN, Kernel
from .kinds import Kinds
from .loops import Ints, call, zeros
from .native import library
from .nests import nests


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
        addresses = np.array([_address(kinds.kernel(int(v))) for v in wanted], np.int64)
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


def nested(columns: Ints, group: Ints) -> tuple[Ints, int]:
    """Cut a list of items into nests; give them and their number."""
    count = columns.shape[1]
    rows = zeros(max(count, 1), 4)
    made = call(nests, count, len(columns), columns, group, rows, work=len(columns) * count)
    return rows[:made].copy(), made


def emitted(
    kinds: Kinds, shared: int, columns: Ints, rows: Ints, made: int, kind: Ints, replaces: Ints,
    flows: Ints, lanes: int, backward: bool,
) -> Stream:  # fmt: skip
    """Write the instructions for nests; see `emission.emit`."""
    reads = kinds.reads()
    count = columns.shape[1], len(columns)
    arguments = (made, *count, kinds.width, lanes, shared, int(backward), columns, rows, kind,
                 replaces, reads, flows, zeros(len(columns), 3))  # fmt: skip
    length = zeros(1)
    found = call(emit, *arguments, length, length, length, 0, work=len(columns) * made)
    variants, starts, words = zeros(found), zeros(found + 1), zeros(int(length[0]))
    call(emit, *arguments, variants, starts, words, 1, work=4 * len(columns) * made)
    return Stream(words, starts[:-1], variants).linked(kinds)
