"""The layout: where in memory everything is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import KEYS, Ints, zeros
from .leaves import leaf_places, leaf_roles
from .loops import call
from .nests import nested, nests
from .structure import Structure
from .sums import STORED

DEEP = 2000  # more levels than this, and fewer than WIDE nodes in each, are laid out as recorded
WIDE = 20
FEW, ROUGH = 16, 1 / 100  # so many breaks, in all and for each input, are no disorder


@dataclass(frozen=True)
class Layout:
    """Where the numbers of a structure stand in memory.

    Memory is one array of floats: literals, one each; then, for every lane, values, gradients,
    inputs, outputs, gradients of inputs. Inputs and their gradients are used where they stand, if
    they are given in some order; otherwise they have a second place.

    Attributes:
        position: for each node where its value is; -1 for what is never stored.
        gradient: for each node where its gradient is; -1 where none is wanted.
        literals: how many places at the beginning are the same for all lanes.
        seed: the place of the literal 1.0.
        gradients_at, inputs_at, outputs_at, wrt_at, seeds_at: where these begin.
        size: how many places there are.
    """

    position: Ints
    gradient: Ints
    literals: int
    seed: int
    gradients_at: int
    inputs_at: int
    outputs_at: int
    wrt_at: int
    seeds_at: int
    size: int


def laid_out(structure: Structure) -> Layout:
    """Give everything its place: values first, and what belongs to them behind."""
    s, nodes = structure, structure.nodes
    leaves = _Leaves(s)
    position = np.full(nodes.length, -1, np.int64)
    leaves.place(position)
    count = _place_stored(s, position, len(leaves.rows))
    count = leaves.place_as_wanted(position, count)
    literals = leaves.literals
    inputs, wrt = np.array(s.tape.inputs, np.int64), np.array(s.tape.wrt, np.int64)
    regular = _is_regular(position[inputs])
    owner = (nodes.needs != 0) & (nodes.slot == np.arange(nodes.length)) & (nodes.state == STORED)
    seen = np.flatnonzero(owner[wrt]) if regular else zeros(0)  # gradients where callers see them
    owner[wrt[seen]] = False
    owners = np.flatnonzero(owner)
    owners = owners[np.argsort(position[owners], kind="stable")]
    lengths = [len(owners), len(inputs), len(s.tape.outputs), len(wrt)]
    starts = [count, *(count + np.cumsum([*lengths, len(s.tape.outputs)])).tolist()]
    _, inputs_at, _, wrt_at, _, _ = starts
    if regular:
        position[inputs] = inputs_at + np.arange(len(inputs))
    gradient = np.full(nodes.length, -1, np.int64)
    gradient[owners] = count + np.arange(len(owners))
    gradient[wrt[seen]] = wrt_at + seen
    gradient = np.where(nodes.needs != 0, gradient[nodes.slot], -1)
    return Layout(position, gradient, literals, literals - 1, *starts)


def _is_regular(places: Ints) -> bool:
    """Return whether inputs, in the order in which they are given, stand in rows for kernels.

    Then kernels may read them, and add to their gradients, where callers have them: nothing is
    copied. What is given in no order at all is copied into one.
    """
    count = len(places)
    _, made = nested(np.stack([places, np.arange(count)]), zeros(count))
    return made <= FEW + count * ROUGH


class _Leaves:
    """The leaves of a structure, while they get their places.

    Attributes:
        rows: their rows.
        role: for each node its role, see leaves.py.
        alias: for each node the one that has its place: literals of one role that are all the same
            number are one number.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        nodes, items = structure.nodes, structure.items
        self.role = zeros(nodes.length)
        call(leaf_roles, nodes, structure.traits, items, self.role, work=items.length)
        self.rows = np.flatnonzero(nodes.kind < 0)
        self.literal = structure.tape.literal[self.rows]
        self.alias = np.arange(nodes.length)
        if self.literal.any():
            self._find_equal(self.rows[self.literal])

    def _find_equal(self, literals: Ints) -> None:
        order = literals[np.argsort(self.role[literals], kind="stable")]
        bounds = np.flatnonzero(np.diff(self.role[order], prepend=-1))
        lengths = np.diff(bounds, append=len(order))
        values = self.structure.tape.data[order].view(np.int64)  # bits: 0.0 is not -0.0
        low, high = np.minimum.reduceat(values, bounds), np.maximum.reduceat(values, bounds)
        same = np.repeat(low == high, lengths)
        self.alias[order[same]] = np.repeat(order[bounds], lengths)[same]

    def place(self, position: Ints) -> None:
        """Put literals first, then by role, as recorded within each."""
        order = self._ordered(self.role)
        position[order] = np.arange(len(order))
        position[self.rows] = position[self.alias[self.rows]]

    def place_as_wanted(self, position: Ints, count: int) -> int:
        """Put leaves in the order in which the sums of their role want them; return the new end."""
        s, rows = self.structure, self.rows
        wanted = np.full(s.nodes.length, np.iinfo(np.int64).max, np.int64)
        call(leaf_places, s.nodes, s.traits, s.items, self.role, position, count + 1, wanted,
             work=s.items.length)  # fmt: skip
        order = self._ordered(wanted, self.role)
        order = order[self.alias[order] == order]
        gone = len(rows) - len(order)
        position[position >= len(rows)] -= gone
        position[order] = np.arange(len(order))
        position[rows] = position[self.alias[rows]]
        # One more literal: what a gradient starts from.
        own = self.alias[rows] == rows
        self.literals = int(np.count_nonzero(self.literal & own)) + 1
        position += position >= self.literals - 1
        return count - gone + 1

    def _ordered(self, *keys: Ints) -> Ints:
        """Sort the rows: literals first, then by these keys, the last one first."""
        rows = self.rows
        return rows[np.lexsort((rows, *(key[rows] for key in keys), ~self.literal))]


# ----- Results of ops -----


def _place_stored(s: Structure, position: Ints, start: int) -> int:
    """Put the results of ops in order, level by level; return where they end."""
    nodes = s.nodes
    stored = np.flatnonzero((nodes.kind >= 0) & (nodes.state == STORED))
    if len(stored) == 0:  # leaves only
        return start
    kind, levels = _sorts(s, stored), nodes.level[stored]
    end = start + len(stored)
    if levels.max() > DEEP and len(stored) < WIDE * levels.max():
        position[stored[np.lexsort((stored, kind, levels))]] = np.arange(start, end)
        return end
    by_level = np.argsort(levels, kind="stable")
    bounds = np.flatnonzero(np.diff(levels[by_level], prepend=-1))
    for first, last in zip(bounds, np.append(bounds[1:], len(stored)), strict=True):
        chosen = by_level[first:last]
        rows = _ordered(s, position, stored[chosen], kind[chosen])
        position[rows] = np.arange(start + first, start + last)
    return end


def _sorts(s: Structure, stored: Ints) -> Ints:
    """Tell results apart that one loop cannot do: by op, or by the length and the end of a sum."""
    nodes, kind = s.nodes, s.nodes.kind[stored]
    sums = s.traits.copying + nodes.depth[stored] * 64 + np.minimum(nodes.last[stored], 63)
    return np.where(s.traits.is_sum[kind] != 0, sums, kind) * 2 + nodes.needs[stored]


def _ordered(s: Structure, position: Ints, rows: Ints, kind: Ints) -> Ints:
    """Order nodes of one level: by kind, then by where their operands are."""
    if len(rows) == 1:
        return rows
    keys = s.nodes.keys.reshape(-1, KEYS)[rows]
    where = np.where(keys >= 0, position[keys], 0)
    # By where their operands are, or as they were recorded: whichever makes fewer loops.
    orders = (np.lexsort((rows, *where.T[::-1], kind)), np.lexsort((rows, kind)))
    cuts = [_cut(where[order], kind[order]) for order in orders]
    best = min((0, 1), key=lambda i: len(cuts[i]))
    return _longest_innermost(rows[orders[best]], cuts[best])


def _cut(where: Ints, kind: Ints) -> Ints:
    rows = zeros(len(where), 4)
    made = call(nests, len(where), KEYS, np.ascontiguousarray(where.T), kind, rows,
                work=KEYS * len(where))  # fmt: skip
    return rows[:made]


def _longest_innermost(rows: Ints, cut: Ints) -> Ints:
    """Turn each nest so that its longest loop goes along memory."""
    if len(cut) > 100:
        return rows
    placed = []
    for first, a, b, c in cut.tolist():
        block = rows[first : first + a * b * c]
        lengths = [c, b, a]
        longest = max(range(3), key=lambda d: lengths[d])
        if longest != 2 and lengths[longest] > 1:
            block = np.moveaxis(block.reshape(lengths), longest, 2).reshape(-1)
        placed.append(block)
    return np.concatenate(placed)
