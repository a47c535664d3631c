"""What a plan is made of: columns, arrays of 64-bit integers with a row for each thing.

The planner's loops take them whole, a few groups each instead of thirty arrays: numba knows named
tuples. An array of several numbers for each row is flat, row after row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
KEYS = 4  # by so many operands nodes of a level are ordered


def zeros(*shape: int) -> Ints:
    """Make an array for a column."""
    return np.zeros(shape, np.int64)


class Nodes(NamedTuple):
    """A row for each node of the tape, operands first."""

    length: int
    width: int  # the most operands that a node has
    # Written down from the tape.
    kind: Ints  # the number of its op; -1 for a leaf
    operands: Ints  # the rows of its operands, `width` of them; -1 for none
    literal: Ints  # 1 for a number that nobody can change any more
    kept: Ints  # 1 where its value is wanted after the run
    # Found by `analyse` (sums.py).
    needs: Ints  # 1 where a gradient flows to it; at first, where one is asked for
    reached: Ints  # 1 where some rule hands a gradient to it, or it is an output
    uses: Ints  # how many operands it is, and 1 more if it is kept
    state: Ints  # STORED, INSIDE or FUSED
    root: Ints  # the last node of the sum that it is part of, or itself
    slot: Ints  # the node whose gradient is its gradient too
    level: Ints  # one more than the highest level among its operands; 0 for leaves
    depth: Ints  # of a sum: the number of its last addend
    segment: Ints  # of a sum: the number of its last segment
    last: Ints  # of a sum: the kind of its last addend
    looks: Ints  # of a sum: what `looks` says of its last addend
    keys: Ints  # KEYS operands of it, or of the first addends of a sum; -1 for none


class Traits(NamedTuple):
    """A row for each op of the tape, and the last for what is no op: an addend taken over as is."""

    copying: int  # the number of the last row
    is_sum: Ints  # 1 for addition
    fusable: Ints  # 1 if its result need not be stored to compute gradients
    identity: Ints  # for each operand: 1 if its gradient is that of the result
    has_rule: Ints  # for each operand: 1 if it has a rule


class Items(NamedTuple):
    """A row for each thing to compute: a node, or an addend of a sum."""

    length: int
    node: Ints  # what is computed
    out: Ints  # the node where the result goes: itself, or the sum
    number: Ints  # of the addend in its sum; the first replaces what is there
    segment: Ints  # addends that one loop may add up, one after the other, are a segment
    kind: Ints  # the number of the op; `copying` for an addend that is there already


class Nests(NamedTuple):
    """Items in the order in which they are computed, cut into nests of loops.

    What an item reads and writes are columns: the value of its result, of each operand, the
    gradient of its result, of each operand.
    """

    length: int  # how many items
    width: int  # the most operands that a node has
    places: Ints  # of each column, and in it of each item: where in memory that is
    kind: Ints  # of each item, as in `Items`
    replaces: Ints  # of each item: 1 if it replaces what is there, 0 if it is added
    flows: Ints  # of each item: a bit for each operand whose gradient is wanted
    alone: Ints  # of each item: a bit for each operand whose gradient has no other share
    made: int  # of nests
    rows: Ints  # of each nest: its first item, and three lengths, innermost first
