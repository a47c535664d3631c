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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..lower.kinds import Kinds
from ..tape.data import Tape
from .columns import Ints, Nests, zeros
from .layout import Layout, laid_out
from .nests import nested
from .structure import Structure, structure_of

FEW = 8  # instructions that clear memory


@dataclass(frozen=True)
class Plan:
    """Where everything is in memory, and the nests of loops that compute it.

    Attributes:
        kinds: the functions of the tape's ops.
        layout: where everything is.
        nests: what is computed, in order.
        cleared: stretches of memory, where each begins and its length, that hold gradients which
            are sums: they start from 0.
        kept: the places of gradients that are added to what is there, and never cleared.
    """

    kinds: Kinds
    layout: Layout
    nests: Nests
    cleared: list[tuple[int, int]]
    kept: Ints


def planned(tape: Tape, kinds: Kinds, *, keeping: bool = False) -> Plan:
    """Plan how to compute a tape.

    Parameters:
        tape: what to compute.
        kinds: the functions of its ops.
        keeping: whether gradients of inputs are added to what is there: many runs may share them.
    """
    structure = structure_of(tape, kinds)
    layout = laid_out(structure)
    kept = _own_gradients(structure, layout) if keeping else zeros(0)
    nests, is_sum = _nests(structure, layout, kept)
    return Plan(kinds, layout, nests, _stretches(is_sum, layout, few=not keeping), kept)


def _own_gradients(s: Structure, at: Layout) -> Ints:
    """List the places of gradients that are asked for, and belong to nothing else."""
    wrt = np.array(s.tape.wrt, np.int64)
    own = wrt[s.nodes.slot[wrt] == wrt]
    found: Ints = at.gradient[own]
    return found


def _stretches(is_sum: NDArray[np.bool], at: Layout, *, few: bool) -> list[tuple[int, int]]:
    """List the stretches of gradients that are sums; what lies between, if they are many, too."""
    found = []
    for start, end in ((at.gradients_at, at.inputs_at), (at.wrt_at, at.seeds_at)):
        edges = start + np.flatnonzero(np.diff(is_sum[start:end], prepend=False, append=False))
        if few and len(edges) > 2 * FEW:
            edges = edges[[0, -1]]
        found += [(int(a), int(b - a)) for a, b in edges.reshape(-1, 2)]
    return found


def _nests(s: Structure, at: Layout, kept: Ints) -> tuple[Nests, NDArray[np.bool]]:
    """Cut items into nests; also tell of each place whether a gradient there is a sum of shares."""
    nodes, items, width = s.nodes, s.items, s.nodes.width
    kind, out = items.kind, items.out
    operands = _operands(s)
    there = operands >= 0
    values = np.where(there, at.position[operands], 0)
    gradients = np.where(there, at.gradient[operands], -1)
    flows = (at.gradient[out] >= 0)[:, None] & (gradients >= 0) & _hands_on(s, operands)
    shares = np.bincount(gradients[flows], minlength=at.size)
    outputs = at.gradient[s.tape.outputs]
    shares[outputs[outputs >= 0]] += 2  # what it starts from, and whatever comes
    shares[kept] += 2  # what is there, and whatever comes
    alone_bits = _bits(flows & (shares[gradients] == 1))
    flow_bits, literal_bits = _bits(flows), _bits(there & (values < at.literals))
    replaces = (items.number == 0).astype(np.int64)
    group = nodes.level[out] * (int(items.segment.max(initial=0)) + 1) + items.segment
    group = (group * (s.traits.copying + 1) + kind) * 2 + replaces
    bits = _together(width, flow_bits, literal_bits, alone_bits)
    within = at.position[out] * (int(items.number.max(initial=0)) + 1) + items.number
    order = np.lexsort((within, bits, group))
    places = np.zeros((2 * (width + 1), len(order)), np.int64)
    places[0] = at.position[out][order]
    places[1 : width + 1] = values[order].T
    places[width + 1] = np.where(flow_bits > 0, at.gradient[out], 0)[order]
    places[width + 2 :] = np.where(flows, gradients, 0)[order].T
    same = (np.diff(group[order]) == 0) & (np.diff(bits[order]) == 0)
    rows, made = nested(
        places, np.cumsum(np.concatenate([[0], ~same]), dtype=np.int64)[: len(order)]
    )
    nests = Nests(
        len(order), width, places, kind[order], replaces[order], flow_bits[order],
        alone_bits[order], made, rows,
    )  # fmt: skip
    is_sum = np.zeros(at.size, bool)
    is_sum[at.gradient[at.gradient >= 0]] = True
    is_sum[kept] = False
    return nests, is_sum & (shares != 1)


def _operands(s: Structure) -> Ints:
    """Return the rows of what each item reads: of an addend that is copied, itself."""
    copied = s.items.kind == s.traits.copying
    operands = s.nodes.operands.reshape(-1, s.nodes.width)[s.items.node]
    operands[copied] = -1
    operands[copied, 0] = s.items.node[copied]
    return operands


def _hands_on(s: Structure, operands: Ints) -> NDArray[np.bool]:
    """Return for each operand of each item whether it gets a gradient by a rule of its own."""
    kind, slot, width = s.items.kind, s.nodes.slot, s.nodes.width
    identity, has_rule = (
        x.reshape(-1, width)[kind] != 0 for x in (s.traits.identity, s.traits.has_rule)
    )
    shared = identity & (slot[operands] == slot[s.items.out][:, None])
    found: NDArray[np.bool] = has_rule & ~shared
    return found


def _together(width: int, *columns: Ints) -> Ints:
    """Write several columns of bits as one; where they are too long for that, by their ranks."""
    found = zeros(len(columns[0]))
    for column in columns:
        ranks = column if width <= 20 else np.unique(column, return_inverse=True)[1]
        found = (found << min(width, 20)) + ranks
    return found


def _bits(table: NDArray[np.bool]) -> Ints:
    """Write down a row of yes and no as one number."""
    found: Ints = (table << np.arange(table.shape[1])).sum(1)
    return found
