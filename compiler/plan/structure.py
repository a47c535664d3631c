"""The structure of a tape: its sums, its levels, and the list of all there is to compute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lower.kinds import Kinds
from ..tape.data import Tape
from .loops import Ints, call, zeros
from .sums import analyse


@dataclass
class Items:
    """What is to be computed, one item for each node or addend, as columns."""

    node: Ints
    out: Ints
    index: Ints
    segment: Ints
    kind: Ints


class Structure:
    """What is to be computed, before anybody thinks of where it is in memory.

    Parameters:
        tape: what to compute.
        kinds: the functions of its ops.
    """

    def __init__(self, tape: Tape, kinds: Kinds) -> None:
        self.tape = tape
        self.kinds = kinds
        self.width = kinds.width
        n = len(tape)
        self.op = tape.op
        self.operands = tape.operands(self.width)
        ops = len(kinds.ops)
        is_sum, fusable = zeros(ops + 1), zeros(ops + 1)
        identity, has_rule = zeros(ops + 1, self.width), zeros(ops + 1, self.width)
        for kind, op in enumerate(kinds.ops):
            rules = kinds.rules[kind]
            same = [rule is not None and rule.is_identity for rule in rules]
            identity[kind, : len(same)] = same
            has_rule[kind, : len(same)] = [rule is not None for rule in rules]
            is_sum[kind] = tape.is_addition(op) and all(same)
            fusable[kind] = not any(rule is not None and "out" in rule.used for rule in rules)
        identity[ops, 0] = has_rule[ops, 0] = 1
        keep = zeros(n)
        keep[tape.outputs] = 1
        keep[tape.wrt] = 1
        self.keep = keep
        self.needs = zeros(n)
        self.needs[tape.wrt] = 1
        self.root, self.state, self.slot, self.level = (zeros(n) for _ in range(4))
        uses, depth, segment, last, mark = (zeros(n) for _ in range(5))
        self.keys = np.full((n, 4), -1, np.int64)
        columns = [zeros(2 * n) for _ in range(5)]
        count = call(
            analyse, n, self.width, ops, self.op, self.operands, keep, is_sum, fusable, identity,
            has_rule, tape.literal.astype(np.int64), self.needs, uses, self.root, self.state,
            self.slot, self.level, depth, segment, last, mark, self.keys, *columns, work=3 * n,
        )  # fmt: skip
        self.items = Items(*[column[:count].copy() for column in columns])
        self.identity, self.has_rule = identity != 0, has_rule != 0
        self.sums = is_sum
        self.depth, self.last = depth, last
