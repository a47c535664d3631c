"""The loops of the planner, in the small language that numba turns into machine code.

Each works on flat arrays of 64-bit integers that the caller owns, and walks them once or a few
times, so planning takes time in proportion to the graph. See plan.py for what they are for; `COPY`
stands there for the kind that no op is: an addend taken over as it is.
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
            if needs[x] != 0 and has_rule[rule] != 0 and elsewhere:
                bits |= 2 << (2 * k)
    return (kind << (2 * width)) | bits


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


def nests(n: int, count: int, columns: Ints, group: Ints, rows: Ints) -> int:
    """Cut a list of items into loop nests, in which every column moves by constant strides.

    First runs along the list, then runs of equal runs, and once more. `rows` gets for each nest
    its first item and its three lengths, innermost first; their product is the number of items.
    The strides need not be kept: they are the difference to the next item along each loop.
    """
    made = 0
    i = 0
    while i < n:
        j = i + 1
        if j < n and group[j] == group[i]:
            going = True
            j += 1
            while going and j < n and group[j] == group[i]:
                for c in range(count):
                    at = c * n
                    if (
                        columns[at + j] - columns[at + j - 1]
                        != columns[at + i + 1] - columns[at + i]
                    ):
                        going = False
                        break
                if going:
                    j += 1
        rows[made * 4] = i
        rows[made * 4 + 1] = j - i
        rows[made * 4 + 2] = 1
        rows[made * 4 + 3] = 1
        made += 1
        i = j
    for depth in range(2, 4):
        before = made
        made = 0
        r = 0
        while r < before:
            first = rows[r * 4]
            a = rows[r * 4 + 1]
            b = rows[r * 4 + 2]
            s = r + 1
            going = True
            while going and s < before:
                start = rows[s * 4]
                if rows[s * 4 + 1] != a or rows[s * 4 + 2] != b or group[start] != group[first]:
                    break
                previous = rows[(s - 1) * 4]
                second = rows[(r + 1) * 4]
                for c in range(count):
                    at = c * n
                    if (
                        columns[at + start] - columns[at + previous]
                        != columns[at + second] - columns[at + first]
                    ):
                        going = False
                        break
                    if a > 1 and (
                        columns[at + start + 1] - columns[at + start]
                        != columns[at + first + 1] - columns[at + first]
                    ):
                        going = False
                        break
                    if b > 1 and (
                        columns[at + start + a] - columns[at + start]
                        != columns[at + first + a] - columns[at + first]
                    ):
                        going = False
                        break
                if going:
                    s += 1
            if s == r + 2 and a * b == 1:
                s = r + 1  # two that happen to be neighbours: nothing is gained
            rows[made * 4] = first
            rows[made * 4 + 1] = a
            rows[made * 4 + 2] = b
            rows[made * 4 + 3] = 1
            rows[made * 4 + depth] = s - r
            made += 1
            r = s
    return made


def emit(
    made: int,
    n: int,
    count: int,
    width: int,
    lanes: int,
    shared: int,
    backward: int,
    columns: Ints,
    rows: Ints,
    kind: Ints,
    replaces: Ints,
    reads: Ints,
    wanted: Ints,
    variants: Ints,
    starts: Ints,
    code: Ints,
    write: int,
) -> int:
    """Turn nests into instructions, each for the kernel whose loops fit it best.

    `columns`, in order: the value of the result, of each operand, the gradient of the result, of
    each operand. `reads[kind, function]` has a bit for each column that it reads; function
    0 is the forward one, 1 + k the rule of operand k. `wanted` has a bit for each operand whose
    gradient is asked for. With `lanes`, memory from position `shared` on has that many numbers for
    each position. Returns the number of instructions; `starts[number]` is the length of the code.
    """
    made_code = 0
    length = 0
    for row in range(made):
        r = made - 1 - row if backward != 0 else row
        first = rows[r * 4]
        functions = width if backward != 0 else 1
        for f in range(functions):
            if backward != 0 and (wanted[first] >> f) & 1 == 0:
                continue
            function = f + 1 if backward != 0 else 0
            target = width + 2 + f if backward != 0 else 0
            read = reads[kind[first] * (width + 1) + function]
            adding = 1
            if backward == 0 and replaces[first] != 0:
                adding = 0
            used = 1
            for c in range(count):
                used += (read >> c) & 1
            # Which loop goes innermost: the one for which all loops together cost least.
            inner = -1
            best = 0.0
            total = rows[r * 4 + 1] * rows[r * 4 + 2] * rows[r * 4 + 3]
            general = 0
            if lanes == 1:
                step = 1
                for d in range(3):
                    size = rows[r * 4 + 1 + d]
                    if size > 1:
                        odd = 0
                        at = columns[target * n + first + step] - columns[target * n + first]
                        if at != 0 and at != 1:
                            odd = 1
                        zero = 1 if at == 0 else 0
                        for c in range(count):
                            if (read >> c) & 1:
                                by = columns[c * n + first + step] - columns[c * n + first]
                                if by != 0 and by != 1:
                                    odd = 1
                        each = 0.25
                        if odd != 0:
                            each = 1.5
                        start = 10.0
                        if zero != 0:
                            start = 16.0
                            if backward == 0:
                                each = 4.0
                        cost = float(total // size) * (start + each * size)
                        if inner < 0 or cost < best:
                            best = cost
                            inner = d
                            general = odd
                    step *= size
            single = 1 if (inner < 0 and lanes == 1) else 0
            words = 2 + used if single != 0 else 2 + 4 + 5 * used
            # The loop around it: one over which the innermost one can be jammed.
            middle = -1
            summing = 0
            bits = 0
            if single == 0:
                step = 1
                inner_step = 0
                if inner >= 0:
                    for d in range(inner):
                        step *= rows[r * 4 + 1 + d]
                    inner_step = step
                    if columns[target * n + first + step] == columns[target * n + first]:
                        summing = 1
                step = 1
                size_of_middle = 1
                for d in range(3):
                    size = rows[r * 4 + 1 + d]
                    if size > 1 and d != inner:
                        at = columns[target * n + first + step] - columns[target * n + first]
                        if (at != 0) == (summing != 0) and size > size_of_middle and adding != 0:
                            middle = d
                            size_of_middle = size
                    step *= size
                jam = 1 if size_of_middle >= 4 else 0
                number = 1
                at = 0
                if lanes > 1:
                    at = 1
                elif general == 0:
                    at = columns[target * n + first + inner_step] - columns[target * n + first]
                bits = at
                for c in range(count):
                    if (read >> c) & 1:
                        if lanes > 1:
                            at = 1 if columns[c * n + first] >= shared else 0
                        elif general == 0:
                            at = columns[c * n + first + inner_step] - columns[c * n + first]
                        bits |= at << number
                        number += 1
                if general != 0:
                    bits = 511
                if used > 8:
                    bits = 511
                shape = 1 + jam + 2 * summing
            else:
                shape = 0
            if write != 0:
                starts[made_code] = length
                variant = kind[first] * (width + 1) + function
                variant = (variant * 2 + adding) * 2 + (1 if backward == 0 else 0)
                variants[made_code] = (variant * 8 + shape) * 512 + bits
                at = length + 1
                code[at] = words
                at += 1
                order0 = -1
                order1 = -1
                if single == 0:
                    for d in range(2, -1, -1):
                        if d != inner and d != middle:
                            if order0 < 0:
                                order0 = d
                            elif order1 < 0:
                                order1 = d
                            else:
                                middle = d
                    for place in range(4):
                        d = inner
                        if place == 0:
                            d = order0
                        elif place == 1:
                            d = order1
                        elif place == 2:
                            d = middle
                        size = 1
                        if d >= 0:
                            size = rows[r * 4 + 1 + d]
                        if place == 3 and lanes > 1:
                            size = lanes
                        code[at] = size
                        at += 1
                for c in range(-1, count):
                    column = c
                    if c < 0:
                        column = target
                    elif (read >> c) & 1 == 0:
                        continue
                    base = columns[column * n + first]
                    many = 1
                    if lanes > 1 and base >= shared:
                        many = lanes
                        base = shared + (base - shared) * lanes
                    code[at] = base
                    at += 1
                    if single == 0:
                        for place in range(4):
                            d = inner
                            if place == 0:
                                d = order0
                            elif place == 1:
                                d = order1
                            elif place == 2:
                                d = middle
                            stride = 0
                            if d >= 0 and rows[r * 4 + 1 + d] > 1:
                                step = 1
                                for e in range(d):
                                    step *= rows[r * 4 + 1 + e]
                                stride = columns[column * n + first + step]
                                stride = (stride - columns[column * n + first]) * many
                            if place == 3 and lanes > 1:
                                stride = 1 if many > 1 else 0
                            code[at] = stride
                            at += 1
            made_code += 1
            length += words
    if write != 0:
        starts[made_code] = length
        return made_code
    variants[0] = length
    return made_code
