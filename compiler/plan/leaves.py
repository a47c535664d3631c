"""Finding where leaves are wanted: in which role, and in which order there.

Loops of the planner: they run in machine code, see loops.py. The role of a leaf is its last use: at
which level, by which op, as which operand.
"""

from __future__ import annotations

from .columns import Ints, Items, Nodes, Traits

OPERANDS = 8  # more operands than this share a role with others; the order is worse, and right


def leaf_roles(nodes: Nodes, traits: Traits, items: Items, role: Ints) -> int:
    """Give each leaf its role."""
    for j in range(items.length):
        here = role_of(nodes, traits, items, j)
        for k in range(nodes.width):
            x = operand(nodes, traits, items, j, k)
            if x >= 0 and nodes.kind[x] < 0 and here + k > role[x]:
                role[x] = here + k
    return 0


def leaf_places(
    nodes: Nodes, traits: Traits, items: Items, role: Ints, position: Ints, span: int, place: Ints
) -> int:
    """Find where in its role each leaf is used first: by addend number, then by result.

    Parameters:
        nodes: of the tape.
        traits: of its ops.
        items: what is to be computed.
        role: of each leaf.
        position: of what is stored; all are less than `span`.
        span: how far addends are apart.
        place: is filled in for each leaf; larger than any before.
    """
    for j in range(items.length):
        here = role_of(nodes, traits, items, j)
        at = items.number[j] * span + position[items.out[j]]
        for k in range(nodes.width):
            x = operand(nodes, traits, items, j, k)
            if x >= 0 and nodes.kind[x] < 0 and here + k == role[x] and at < place[x]:
                place[x] = at
    return 0


def role_of(nodes: Nodes, traits: Traits, items: Items, j: int) -> int:
    """Return the role of the first operand of an item."""
    level: int = nodes.level[items.out[j]]
    kind: int = items.kind[j]
    return (level * (traits.copying + 1) + kind) * OPERANDS


def operand(nodes: Nodes, traits: Traits, items: Items, j: int, k: int) -> int:
    """Return what an item reads as operand `k`; -1 for nothing."""
    x: int = items.node[j]
    if items.kind[j] != traits.copying:
        x = nodes.operands[x * nodes.width + k]
    elif k > 0:
        x = -1
    return x
