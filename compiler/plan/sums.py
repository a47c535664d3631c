"""Finding the sums of a graph, and the level of every node.

Loops of the planner: they run in machine code, see loops.py.

A chain of additions, each used by the next one only, is one sum of many addends. An addend that is
used nowhere else is never stored: its op adds right into the sum. So what is left to do is a list
of items: "compute this node, and put it (or add it) there".

A sum is added up in the order in which it was recorded, to the last bit. Its addends that one loop
may add up, one after the other, are a segment of it; segments are done in their order.
"""

from __future__ import annotations

from .columns import KEYS, Items, Nodes, Traits

STORED, INSIDE, FUSED = 0, 1, 2  # an ordinary node, an addition inside a chain, an addend


def analyse(nodes: Nodes, traits: Traits, items: Items) -> int:
    """Fill in what is found of nodes, and list the items; return their number.

    Parameters:
        nodes: `needs` is 1 where a gradient is asked for; other columns to find are zeros.
        traits: of the ops.
        items: room for two for each node.
    """
    find_uses(nodes)
    find_reached(nodes, traits)
    find_sums(nodes, traits)
    return list_items(nodes, traits, items)


def find_uses(nodes: Nodes) -> None:
    """Count the uses of each node, and find what depends on leaves with a gradient."""
    width, operands, needs, uses = nodes.width, nodes.operands, nodes.needs, nodes.uses
    for i in range(nodes.length):
        uses[i] = nodes.kept[i]
    for i in range(nodes.length):
        if nodes.kind[i] >= 0:
            for k in range(width):
                x = operands[i * width + k]
                if x >= 0:
                    uses[x] += 1
                    if needs[x] != 0:
                        needs[i] = 1


def find_reached(nodes: Nodes, traits: Traits) -> None:
    """Take back the need where no rule hands a gradient to a node: 0 times nan would be nan.

    Leaves whose gradient is asked for have a place for it all the same.
    """
    width, operands, needs, reached = nodes.width, nodes.operands, nodes.needs, nodes.reached
    for i in range(nodes.length):
        reached[i] = nodes.kept[i]
    for i in range(nodes.length - 1, -1, -1):
        kind = nodes.kind[i]
        if kind >= 0:
            if reached[i] == 0:
                needs[i] = 0
            if needs[i] != 0:
                for k in range(width):
                    x = operands[i * width + k]
                    if x >= 0 and traits.has_rule[kind * width + k] != 0:
                        reached[x] = 1


def find_sums(nodes: Nodes, traits: Traits) -> None:
    """Find which nodes are parts of sums, and which share a gradient with their user."""
    for i in range(nodes.length):
        nodes.root[i] = i
        nodes.slot[i] = i
    for i in range(nodes.length - 1, -1, -1):
        if nodes.kind[i] >= 0:
            for k in range(nodes.width):
                x = nodes.operands[i * nodes.width + k]
                if x >= 0 and nodes.uses[x] == 1 and nodes.kept[x] == 0 and nodes.kind[x] >= 0:
                    join(nodes, traits, i, k, x)


def join(nodes: Nodes, traits: Traits, i: int, k: int, x: int) -> None:
    """See what `x`, used by nothing but node `i` as its operand `k`, has in common with it."""
    kind, inner = nodes.kind[i], nodes.kind[x]
    if traits.is_sum[kind] != 0:
        nodes.slot[x] = nodes.slot[i]
        if k == 0 and traits.is_sum[inner] != 0:
            nodes.state[x] = INSIDE
            nodes.root[x] = nodes.root[i]
        elif traits.is_sum[inner] == 0 and traits.fusable[inner] != 0:
            nodes.state[x] = FUSED
            nodes.root[x] = nodes.root[i]
    elif traits.identity[kind * nodes.width + k] != 0:
        nodes.slot[x] = nodes.slot[i]


def list_items(nodes: Nodes, traits: Traits, items: Items) -> int:
    """Find the levels, and list what is to be computed; return how many items there are."""
    made = 0
    for i in range(nodes.length):
        kind = nodes.kind[i]
        if kind >= 0:
            if traits.is_sum[kind] != 0:
                made = list_addends(nodes, traits, items, made, i)
            else:
                made = list_node(nodes, items, made, i)
    return made


def list_node(nodes: Nodes, items: Items, made: int, i: int) -> int:
    """List an ordinary node, unless it is computed into a sum."""
    top = 0
    for k in range(nodes.width):
        x = nodes.operands[i * nodes.width + k]
        if x >= 0:
            top = max(top, nodes.level[x])
            if k < KEYS:
                nodes.keys[i * KEYS + k] = x
    if nodes.state[i] == FUSED:
        nodes.level[i] = top
        return made
    nodes.level[i] = top + 1
    return list_item(items, made, i, i, 0, 0, nodes.kind[i])


def list_addends(nodes: Nodes, traits: Traits, items: Items, made: int, i: int) -> int:
    """List what addition `i` adds to its sum: its second operand; where a sum begins, both."""
    x = nodes.operands[i * nodes.width]
    y = nodes.operands[i * nodes.width + 1]
    root = nodes.root[i]
    if nodes.state[x] == INSIDE:
        index, segment, before = nodes.depth[x] + 1, nodes.segment[x], nodes.looks[x]
    else:
        index, segment, before = 1, 0, -1
        made = list_item(items, made, x, root, 0, 0, addend_kind(nodes, traits, x))
        note_keys(nodes, x, root * KEYS)
        note_keys(nodes, y, root * KEYS + 2)
    kind = addend_kind(nodes, traits, y)
    here = looks(nodes, traits, kind, y, root)
    if here != before:
        segment += 1
    nodes.depth[i], nodes.segment[i], nodes.last[i], nodes.looks[i] = index, segment, kind, here
    top = max(nodes.level[x], nodes.level[y])
    nodes.level[i] = top if nodes.state[i] == INSIDE else top + 1
    return list_item(items, made, y, root, index, segment, kind)


def list_item(
    items: Items, at: int, node: int, out: int, index: int, segment: int, kind: int
) -> int:
    """Write down one item; return where the next one goes."""
    items.node[at], items.out[at], items.number[at] = node, out, index
    items.segment[at], items.kind[at] = segment, kind
    return at + 1


def addend_kind(nodes: Nodes, traits: Traits, x: int) -> int:
    """Return how an addend is computed: by its op, or copied from where it is."""
    return nodes.kind[x] if nodes.state[x] == FUSED else traits.copying


def note_keys(nodes: Nodes, x: int, at: int) -> None:
    """Note what an addend reads, two keys at most, for the order of sums in a level."""
    if nodes.state[x] == FUSED:
        nodes.keys[at] = nodes.operands[x * nodes.width]
        if nodes.width > 1:
            nodes.keys[at + 1] = nodes.operands[x * nodes.width + 1]
    else:
        nodes.keys[at] = x


def looks(nodes: Nodes, traits: Traits, kind: int, node: int, out: int) -> int:
    """Sum up what of an item decides which loop may do it; equal numbers may share one.

    For each operand: whether it is a literal, and whether a gradient flows to it.
    """
    bits = 0
    for k in range(nodes.width):
        x = -1
        if kind != traits.copying:
            x = nodes.operands[node * nodes.width + k]
        elif k == 0:
            x = node
        if x >= 0:
            rule = kind * nodes.width + k
            elsewhere = traits.identity[rule] == 0 or nodes.slot[x] != nodes.slot[out]
            wanted = nodes.needs[x] != 0 and nodes.needs[out] != 0
            bits |= nodes.literal[x] << (2 * k)
            if wanted and traits.has_rule[rule] != 0 and elsewhere:
                bits |= 2 << (2 * k)
    return (kind << (2 * nodes.width)) | bits
