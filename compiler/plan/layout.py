"""The layout: where in memory everything is."""

from __future__ import annotations

import numpy as np

from .leaves import leaf_places, leaf_roles
from .loops import Ints, call, zeros
from .nests import nests
from .structure import Structure

DEEP = 2000  # more levels than this, and fewer than WIDE nodes in each, are laid out as recorded
WIDE = 20


class Layout:
    """Where the numbers of a structure stand in memory.

    Parameters:
        structure: what is to be placed.

    Attributes:
        position: for each node where its value is; -1 for what is never stored.
        gradient: for each node where its gradient is; -1 where none is wanted.
        literals: how many places at the beginning are the same for all lanes.
        seed: the place of the literal 1.0.
        gradients_at, inputs_at, outputs_at, wrt_at, seeds_at: where these begin.
        size: how many places there are.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        n = len(structure.op)
        self._place_stored(n)
        self._place_leaves(n)
        self._lay_out(n)
        del self.structure, self.role, self.alias, self.leaves  # they are large

    def _place_stored(self, n: int) -> None:
        """Put the results of ops in order, level by level."""
        s, items = self.structure, self.structure.items
        role = zeros(n)
        ops = len(s.kinds.ops)
        call(leaf_roles, len(items.node), s.width, ops, s.op, s.operands, s.level,
              items.node, items.out, items.kind, role, work=len(items.node))  # fmt: skip
        leaves = np.flatnonzero(s.op < 0)
        self.leaves = leaves
        literal = s.tape.literal[leaves]
        # Literals of one role that are all the same number are one number.
        self.alias = np.arange(n)
        literals = leaves[literal]
        if len(literals):
            order = literals[np.argsort(role[literals], kind="stable")]
            bounds = np.flatnonzero(np.diff(role[order], prepend=-1))
            values = s.tape.data[order].view(np.int64)  # bits: 0.0 is not -0.0
            low, high = np.minimum.reduceat(values, bounds), np.maximum.reduceat(values, bounds)
            same = np.repeat(low == high, np.diff(bounds, append=len(order)))
            firsts = np.repeat(order[bounds], np.diff(bounds, append=len(order)))
            self.alias[order[same]] = firsts[same]
        self.role = role
        self.position = np.full(n, -1, np.int64)
        # For now leaves stand in the order of their roles, and as recorded within them.
        order = leaves[np.lexsort((leaves, role[leaves], ~literal))]
        self.position[order] = np.arange(len(order))
        self.position[leaves] = self.position[self.alias[leaves]]
        stored = np.flatnonzero((s.op >= 0) & (s.state == 0))
        ops = len(s.kinds.ops)
        summing = s.sums[s.op[stored]] != 0
        kind = np.where(
            summing, ops + s.depth[stored] * 64 + np.minimum(s.last[stored], 63),
            s.op[stored],
        )  # fmt: skip
        kind = kind * 2 + s.needs[stored]
        levels = s.level[stored]
        next_position = len(leaves)
        if len(stored) == 0:  # leaves only
            self.count = next_position
            return
        if levels.max() > DEEP and len(stored) < WIDE * levels.max():
            self.position[stored[np.lexsort((stored, kind, levels))]] = next_position + np.arange(
                len(stored)
            )
            self.count = next_position + len(stored)
            return
        by_level = np.argsort(levels, kind="stable")
        bounds = np.flatnonzero(np.diff(levels[by_level], prepend=-1))
        for start, end in zip(bounds, np.append(bounds[1:], len(stored)), strict=True):
            chosen = by_level[start:end]
            nodes = stored[chosen]
            self.position[self._ordered(nodes, kind[chosen])] = next_position + np.arange(
                len(nodes)
            )
            next_position += len(nodes)
        self.count = next_position

    def _ordered(self, nodes: Ints, kind: Ints) -> Ints:
        """Order nodes of one level: by kind, then by where their operands are."""
        if len(nodes) == 1:
            return nodes
        keys = self.structure.keys[nodes]
        where = np.where(keys >= 0, self.position[keys], 0)
        best: tuple[int, Ints, Ints] | None = None
        # By where their operands are, or as they were recorded: whichever makes fewer loops.
        for order in (
            np.lexsort((nodes, *[where[:, k] for k in (3, 2, 1, 0)], kind)),
            np.lexsort((nodes, kind)),
        ):
            rows = zeros(len(nodes), 4)
            made = call(nests, len(nodes), 4, np.ascontiguousarray(where[order].T), kind[order],
                         rows, work=4 * len(nodes))  # fmt: skip
            if best is None or made < best[0]:
                best = made, order, rows
        assert best is not None
        made, order, rows = best
        nodes = nodes[order]
        if made > 100:
            return nodes
        placed = []
        for first, a, b, c in rows[:made].tolist():
            block = nodes[first : first + a * b * c]
            lengths = [c, b, a]
            longest = max(range(3), key=lambda d: lengths[d])
            if longest != 2 and lengths[longest] > 1:
                block = np.moveaxis(block.reshape(lengths), longest, 2).reshape(-1)
            placed.append(block)
        return np.concatenate(placed)

    def _place_leaves(self, n: int) -> None:
        """Put each role's leaves in the order in which sums want them."""
        s, items = self.structure, self.structure.items
        place = np.full(n, np.iinfo(np.int64).max, np.int64)
        call(leaf_places, len(items.node), s.width, len(s.kinds.ops), s.op,
              s.operands, s.level, items.node, items.out, items.index, items.kind, self.role,
              self.position, self.count + 1, place, work=len(items.node))  # fmt: skip
        leaves = self.leaves
        literal = s.tape.literal[leaves]
        own = self.alias[leaves] == leaves
        order = leaves[np.lexsort((leaves, place[leaves], self.role[leaves], ~literal))]
        order = order[self.alias[order] == order]
        gone = len(leaves) - len(order)
        stored = self.position >= len(leaves)
        self.position[stored] -= gone
        self.position[order] = np.arange(len(order))
        self.position[leaves] = self.position[self.alias[leaves]]
        self.count -= gone
        # One more literal: what a gradient starts from.
        self.literals = int(np.count_nonzero(literal & own)) + 1
        self.position += self.position >= self.literals - 1
        self.count += 1
        self.seed = self.literals - 1

    def _lay_out(self, n: int) -> None:
        """Give gradients, inputs and outputs their places behind the values."""
        s = self.structure
        owner = (s.needs != 0) & (s.slot == np.arange(n)) & (s.state == 0)
        owners = np.flatnonzero(owner)
        owners = owners[np.argsort(self.position[owners], kind="stable")]
        self.gradient = np.full(n, -1, np.int64)
        self.gradient[owners] = self.count + np.arange(len(owners))
        self.gradient = np.where(s.needs != 0, self.gradient[s.slot], -1)
        self.gradients_at = self.count
        self.inputs_at = self.gradients_at + len(owners)
        self.outputs_at = self.inputs_at + len(s.tape.inputs)
        self.wrt_at = self.outputs_at + len(s.tape.outputs)
        self.seeds_at = self.wrt_at + len(s.tape.wrt)
        self.size = self.seeds_at + len(s.tape.outputs)
