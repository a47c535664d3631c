"""Finding the sums of a graph, and the level of every node.

A loop of the planner: it runs in machine code, see loops.py. `ops`, one more than the last op,
stands for the kind that no op is: an addend taken over as it is.
"""

from __future__ import annotations

from typing import Any

Ints = Any  # a NumPy array of int64, or what numba makes of one


def analyse(
    n: int,
    width: int,
    ops: int,
    op: Ints,
    operands: Ints,
    keep: Ints,
    is_sum: Ints,
    fusable: Ints,
    identity: Ints,
    has_rule: Ints,
    literal: Ints,
    needs: Ints,
    uses: Ints,
    root: Ints,
    state: Ints,
    slot: Ints,
    level: Ints,
    depth: Ints,
    segment: Ints,
    last: Ints,
    mark: Ints,
    keys: Ints,
    item_node: Ints,
    item_out: Ints,
    item_index: Ints,
    item_segment: Ints,
    item_kind: Ints,
) -> int:
    """Find the sums, what can be computed right into them, and at which level each node stands.

    A chain of additions, each used by the next one only, is one sum of many addends. An addend
    that is used nowhere else is never stored: its op adds right into the sum. So what is left to
    do is a list of items: "compute this node, and put it (or add it) there".

    A sum is added up in the order in which it was recorded, to the last bit. Its addends that one
    loop may add up, one after the other, are a segment of it; segments are done in their order.

    `state`: 0 an ordinary node, 1 an addition inside a chain, 2 an addend computed into its sum.
    `slot`: the node whose gradient is this node's gradient too.
    Returns the number of items.
    """
    for i in range(n):
        uses[i] = keep[i]
        root[i] = i
        slot[i] = i
        state[i] = 0
    for i in range(n):
        if op[i] >= 0:
            for k in range(width):
                x = operands[i * width + k]
                if x >= 0:
                    uses[x] += 1
                    if needs[x] != 0:
                        needs[i] = 1
    # What no rule hands a gradient to has none: 0 times a slope of nan would be nan. `mark` says
    # here what is reached; leaves whose gradient is asked for have a place for it all the same.
    for i in range(n):
        mark[i] = keep[i]
    for i in range(n - 1, -1, -1):
        o = op[i]
        if o >= 0:
            if mark[i] == 0:
                needs[i] = 0
            if needs[i] != 0:
                for k in range(width):
                    x = operands[i * width + k]
                    if x >= 0 and has_rule[o * width + k] != 0:
                        mark[x] = 1
    for i in range(n - 1, -1, -1):
        o = op[i]
        if o < 0:
            continue
        summing = is_sum[o] != 0
        for k in range(width):
            x = operands[i * width + k]
            if x < 0 or uses[x] != 1 or keep[x] != 0 or op[x] < 0:
                continue
            if summing:
                slot[x] = slot[i]
                if k == 0 and is_sum[op[x]] != 0:
                    state[x] = 1
                    root[x] = root[i]
                elif is_sum[op[x]] == 0 and fusable[op[x]] != 0:
                    state[x] = 2
                    root[x] = root[i]
            elif identity[o * width + k] != 0:
                slot[x] = slot[i]
    items = 0
    for i in range(n):
        o = op[i]
        if o < 0:
            level[i] = 0
            continue
        if is_sum[o] == 0:
            top = 0
            for k in range(width):
                x = operands[i * width + k]
                if x >= 0:
                    if level[x] > top:
                        top = level[x]
                    if k < 4:
                        keys[i * 4 + k] = x
            if state[i] == 2:
                level[i] = top
            else:
                level[i] = top + 1
                item_node[items] = i
                item_out[items] = i
                item_index[items] = 0
                item_segment[items] = 0
                item_kind[items] = o
                items += 1
            continue
        x = operands[i * width]
        y = operands[i * width + 1]
        r = root[i]
        if state[x] == 1:
            top = level[x]
            at = depth[x] + 1
            part = segment[x]
            before = mark[x]
        else:
            top = level[x]
            at = 1
            part = 0
            before = -1
            item_node[items] = x
            item_out[items] = r
            item_index[items] = 0
            item_segment[items] = 0
            item_kind[items] = op[x] if state[x] == 2 else ops
            items += 1
            if state[x] == 2:
                keys[r * 4] = operands[x * width]
                keys[r * 4 + 1] = operands[x * width + 1] if width > 1 else -1
            else:
                keys[r * 4] = x
            if state[y] == 2:
                keys[r * 4 + 2] = operands[y * width]
                keys[r * 4 + 3] = operands[y * width + 1] if width > 1 else -1
            else:
                keys[r * 4 + 2] = y
        if level[y] > top:
            top = level[y]
        this = op[y] if state[y] == 2 else ops
        here = looks(this, y, r, width, ops, operands, identity, has_rule, literal, needs, slot)
        if here != before:
            part += 1
        item_node[items] = y
        item_out[items] = r
        item_index[items] = at
        item_segment[items] = part
        item_kind[items] = this
        items += 1
        depth[i] = at
        segment[i] = part
        last[i] = this
        mark[i] = here
        level[i] = top if state[i] == 1 else top + 1
    return items


def looks(
    kind: int,
    node: int,
    out: int,
    width: int,
    ops: int,
    operands: Ints,
    identity: Ints,
    has_rule: Ints,
    literal: Ints,
    needs: Ints,
    slot: Ints,
) -> int:
    """Sum up what of an item decides which loop may do it; equal numbers may share one.

    For each operand: whether it is a literal, and whether a gradient flows to it.
    """
    bits = 0
    for k in range(width):
        x = -1
        if kind != ops:
            x = operands[node * width + k]
        elif k == 0:
            x = node
        if x >= 0:
            bits |= literal[x] << (2 * k)
            rule = kind * width + k
            elsewhere = identity[rule] == 0 or slot[x] != slot[out]
            if needs[x] != 0 and needs[out] != 0 and has_rule[rule] != 0 and elsewhere:
                bits |= 2 << (2 * k)
    return (kind << (2 * width)) | bits
