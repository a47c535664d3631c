"""The structure of a tape: its sums, its levels, and the list of all there is to compute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lower.kinds import Kinds
from ..tape.data import Tape
from .columns import KEYS, Items, Nodes, Traits, zeros
from .loops import call
from .sums import analyse


@dataclass(frozen=True)
class Structure:
    """What is to be computed, before anybody thinks of where it is in memory.

    Attributes:
        tape: what to compute.
        nodes: its nodes.
        traits: of its ops.
        items: what is to be done.
    """

    tape: Tape
    nodes: Nodes
    traits: Traits
    items: Items


def structure_of(tape: Tape, kinds: Kinds) -> Structure:
    """Find the structure of a tape.

    Parameters:
        tape: what to compute.
        kinds: the functions of its ops.
    """
    nodes, traits = _nodes(tape, kinds.width), _traits(tape, kinds)
    room = Items(nodes.length, *(zeros(2 * nodes.length) for _ in range(5)))
    count = call(analyse, nodes, traits, room, work=3 * nodes.length)
    items = Items(count, *(column[:count].copy() for column in room[1:]))
    return Structure(tape, nodes, traits, items)


def _nodes(tape: Tape, width: int) -> Nodes:
    n = len(tape)
    kept, needs = zeros(n), zeros(n)
    kept[tape.outputs] = kept[tape.wrt] = needs[tape.wrt] = 1
    return Nodes(
        length=n, width=width, kind=tape.kind, operands=tape.operands(width).reshape(-1),
        literal=tape.literal.astype(np.int64), kept=kept, needs=needs, reached=zeros(n),
        uses=zeros(n), state=zeros(n), root=zeros(n), slot=zeros(n), level=zeros(n), depth=zeros(n),
        segment=zeros(n), last=zeros(n), looks=zeros(n), keys=np.full(n * KEYS, -1, np.int64),
    )  # fmt: skip


def _traits(tape: Tape, kinds: Kinds) -> Traits:
    copying, width = len(kinds.ops), kinds.width
    is_sum, fusable = zeros(copying + 1), zeros(copying + 1)
    identity, has_rule = zeros(copying + 1, width), zeros(copying + 1, width)
    for kind, rules in enumerate(kinds.rules):
        same = [rule is not None and rule.is_identity for rule in rules]
        identity[kind, : len(same)] = same
        has_rule[kind, : len(same)] = [rule is not None for rule in rules]
        if kind < copying:
            is_sum[kind] = tape.is_addition(kinds.ops[kind]) and all(same)
            fusable[kind] = not any(rule is not None and "out" in rule.used for rule in rules)
    return Traits(copying, is_sum, fusable, identity.reshape(-1), has_rule.reshape(-1))
