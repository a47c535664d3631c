"""The plan: in which order, and where in memory, a tape is computed.

Four ideas make long loops out of single nodes:

1. A chain of additions is one sum (sums.py), so what stands at the same depth of a
   program stands at the same level, however long the sums before it are.
2. Within a level, nodes of one kind are ordered by where their operands are, and where that makes a
   nest of loops, the longest of them goes innermost: 100 samples before 16 neurons.
3. Leaves are placed in the order in which the sums that use them want them.
4. What then moves at constant strides is one instruction, a nest of up to three loops
   (nests.py); its loops may run in any order, and the cheapest is taken (codegen/emission.py).

A node's gradient has a place of its own, or that of the node it is handed on from unchanged: in a
sum, all addends share one.
"""

from __future__ import annotations

import numpy as np

from ..lower.kinds import Kinds
from ..tape.data import Tape
from .layout import Layout
from .nests import nested
from .structure import Structure


class Plan:
    """Where everything is in memory, and the code that computes it.

    Memory is one array of floats: literals, one each; then, for every lane, values, gradients,
    inputs, outputs, gradients of inputs.

    Parameters:
        tape: what to compute.
        kinds: the functions of its ops.
    """

    def __init__(self, tape: Tape, kinds: Kinds) -> None:
        self.kinds = kinds
        self.width = kinds.width
        structure = Structure(tape, kinds)
        self.layout = Layout(structure)
        self._make_nests(structure)

    def _make_nests(self, s: Structure) -> None:
        items, width, at = s.items, self.width, self.layout
        n = len(s.op)
        kind, out = items.kind, items.out
        ops = len(self.kinds.ops)
        copies = kind == ops
        operands = s.operands.reshape(n, width)[items.node]
        operands = np.where(copies[:, None], -1, operands)
        operands[copies, 0] = items.node[copies]
        there = operands >= 0
        values = np.where(there, at.position[operands], 0)
        gradients = np.where(there, at.gradient[operands], -1)
        shared = s.identity[kind] & (s.slot[operands] == s.slot[out][:, None]) & there
        flows = (gradients >= 0) & (at.gradient[out] >= 0)[:, None] & ~shared & s.has_rule[kind]
        bits = (flows << np.arange(width)).sum(1)
        literal = ((there & (values < at.literals)) << np.arange(width)).sum(1)
        replaces = (items.index == 0).astype(np.int64)
        spread = 1 << width
        group = s.level[out] * (int(items.segment.max(initial=0)) + 1) + items.segment
        group = (((group * (ops + 1) + kind) * 2 + replaces) * spread + bits) * spread + literal
        within = at.position[out] * (int(items.index.max(initial=0)) + 1) + items.index
        order = np.lexsort((within, group))
        columns = np.zeros((2 * (width + 1), len(order)), np.int64)
        columns[0] = at.position[out][order]
        columns[1 : width + 1] = values[order].T
        columns[width + 1] = np.where(bits > 0, at.gradient[out], 0)[order]
        columns[width + 2 :] = np.where(flows, gradients, 0)[order].T
        self.columns = columns
        self.group = group[order]
        self.kind = kind[order]
        self.replaces = replaces[order]
        self.flows = bits[order]
        self.rows, self.made = nested(columns, self.group)
