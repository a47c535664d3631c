"""Finding where leaves are wanted: in which role, and in which order there.

Loops of the planner: they run in machine code, see loops.py.
"""

from __future__ import annotations

from typing import Any

Ints = Any  # a NumPy array of int64, or what numba makes of one


def leaf_roles(
    items: int,
    width: int,
    ops: int,
    op: Ints,
    operands: Ints,
    level: Ints,
    item_node: Ints,
    item_out: Ints,
    item_kind: Ints,
    role: Ints,
) -> int:
    """Give each leaf the role of its last use: at which level, by which op, as which operand."""
    for j in range(items):
        x = item_node[j]
        at = level[item_out[j]] * (ops + 1) + item_kind[j]
        if item_kind[j] == ops:
            if op[x] < 0 and at * 8 > role[x]:
                role[x] = at * 8
        else:
            for k in range(width):
                y = operands[x * width + k]
                if y >= 0 and op[y] < 0 and at * 8 + k > role[y]:
                    role[y] = at * 8 + k
    return 0


def leaf_places(
    items: int,
    width: int,
    ops: int,
    op: Ints,
    operands: Ints,
    level: Ints,
    item_node: Ints,
    item_out: Ints,
    item_index: Ints,
    item_kind: Ints,
    role: Ints,
    position: Ints,
    span: int,
    place: Ints,
) -> int:
    """Find where in its role each leaf is used first: by addend number, then by result."""
    for j in range(items):
        x = item_node[j]
        at = level[item_out[j]] * (ops + 1) + item_kind[j]
        here = item_index[j] * span + position[item_out[j]]
        if item_kind[j] == ops:
            if op[x] < 0 and at * 8 == role[x] and here < place[x]:
                place[x] = here
        else:
            for k in range(width):
                y = operands[x * width + k]
                if y >= 0 and op[y] < 0 and at * 8 + k == role[y] and here < place[y]:
                    place[y] = here
    return 0
