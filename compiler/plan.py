"""The plan: in which order, and where in memory, a tape is computed.

Four ideas make long loops out of single nodes:

1. A chain of additions is one sum (`passes.analyse`), so what stands at the same depth of a
   program stands at the same level, however long the sums before it are.
2. Within a level, nodes of one kind are ordered by where their operands are, and where that makes a
   nest of loops, the longest of them goes innermost: 100 samples before 16 neurons.
3. Leaves are placed in the order in which the sums that use them want them.
4. What then moves at constant strides is one instruction, a nest of up to three loops
   (`passes.nests`); its loops may run in any order, and the cheapest is taken (`passes.emit`).

A node's gradient has a place of its own, or that of the node it is handed on from unchanged: in a
sum, all addends share one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache as once
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pluggrad import Op

from . import passes
from .fingerprint import fingerprint
from .kernels import CLEAR, KERNEL_TEXT, RUN, Kernel
from .native import Library, machine
from .tape import Tape
from .translation import Function, Translator

Ints = NDArray[np.int64]
DEEP = 2000  # more levels than this, and fewer than WIDE nodes in each, are laid out as recorded
WIDE = 20

COPY = Function(
    "f_copy",
    "define internal double @f_copy(double %a0) alwaysinline nounwind {\n  ret double %a0\n}\n",
    frozenset(["a0"]),
)
HAND_ON = Function(
    "r_copy",
    "define internal double @r_copy(double %g) alwaysinline nounwind {\n  ret double %g\n}\n",
    frozenset(["g"]),
    is_identity=True,
)


@once
def library() -> Library:
    """Give this process's compiled code."""
    return Library()


@once
def translator() -> Translator:
    """Give this process's translated ops."""
    return Translator(library().cache)


# ----- Calling the passes -----


@once
def _pass(name: str) -> Callable[..., int]:
    function = getattr(passes, name)
    annotations = function.__annotations__
    kinds = ["i64" if annotations[x] == "int" else "ptr" for x in _parameters(function)]

    def source() -> tuple[str, Iterable[str]]:
        from .numba_front import numba_ir

        text = numba_ir(function, kinds, f"pass_{name}", "i64")
        return text, []

    address = library().address(f"pass_{name}", source, fingerprint(function))
    types = [ctypes.c_int64 if kind == "i64" else ctypes.c_void_p for kind in kinds]
    called: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(address)
    return called


def _parameters(function: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = function.__code__.co_varnames
    return names[: function.__code__.co_argcount]


def _call(name: str, *arguments: int | Ints) -> int:
    given = [x if isinstance(x, int) else x.ctypes.data for x in arguments]
    return _pass(name)(*given)


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)


# ----- What the kinds of items do -----


@dataclass
class Kinds:
    """The functions of a program's ops, by number; the last kind copies."""

    ops: list[Op]
    width: int
    forwards: list[Function] = field(default_factory=list)
    rules: list[list[Function | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        translate = translator()
        for op in self.ops:
            self.forwards.append(translate.forward(op))
            self.rules.append([translate.rule(op, k) for k in range(op.arity)])
        self.forwards.append(COPY)
        self.rules.append([HAND_ON])

    def reads(self) -> Ints:
        """Say which columns each function reads, a bit for each; see `passes.emit`."""
        bits = _zeros(len(self.forwards), self.width + 1)
        column = {"out": 0, "g": self.width + 1} | {f"a{k}": 1 + k for k in range(self.width)}
        for kind, forward in enumerate(self.forwards):
            functions = [forward, *self.rules[kind]]
            for f, function in enumerate(functions):
                if function is not None:
                    bits[kind, f] = sum(1 << column[x] for x in function.used)
        return bits

    def kernel(self, variant: int) -> Kernel:
        """Read back what `passes.emit` wrote about the kernel it wants."""
        variant, bits = divmod(variant, 512)
        variant, shape = divmod(variant, 8)
        variant, exact = divmod(variant, 2)
        variant, adding = divmod(variant, 2)
        kind, f = divmod(variant, self.width + 1)
        arity = len(self.rules[kind])
        operands = tuple(f"a{k}" for k in range(arity))
        if f == 0:
            function, parameters = self.forwards[kind], operands
        else:
            rule = self.rules[kind][f - 1]
            assert rule is not None
            function = rule
            parameters = ("g",) if rule is HAND_ON else ("g", "out", *operands)
        order = sorted(
            (x for x in parameters if x in function.used),
            key=lambda x: self.width + 1 if x == "g" else 0 if x == "out" else 1 + int(x[1:]),
        )
        contiguous = tuple(bool(bits >> i & 1) for i in range(1 + len(order)))
        return Kernel(
            function,
            parameters,
            tuple(order),
            None if bits == 511 or shape == 0 else contiguous,
            summing=shape >= 3,
            jammed=shape in (2, 4),
            adding=bool(adding),
            exact=bool(exact) or shape < 3,
            single=shape == 0,
        )

    def source_kind(self, variant: int) -> int:
        """Tell whose code a variant is: the number of the op."""
        return int(variant // (512 * 8 * 2 * 2) // (self.width + 1))


# ----- Instructions -----


@dataclass
class Stream:
    """A piece of code: instructions for kernels, whose addresses are filled in on linking."""

    words: Ints
    starts: Ints
    variants: Ints

    def __len__(self) -> int:
        return len(self.variants)

    def linked(self, kinds: Kinds) -> Stream:
        """Fill in the addresses of the kernels, compiling those that are new."""
        wanted, which = np.unique(self.variants, return_inverse=True)
        addresses = np.array([_address(kinds.kernel(int(v))) for v in wanted], np.int64)
        if len(wanted):
            self.words[self.starts] = addresses[which]
        return self


def _address(kernel: Kernel) -> int:
    return library().address(kernel.name, kernel.source, KERNEL_TEXT)


def clearing(start: int, count: int) -> Stream:
    """Write an instruction that sets a stretch of memory to zero."""
    address = library().address("pluggrad_clear", lambda: (CLEAR, []), KERNEL_TEXT)
    words = np.array([address, 4, start, count], np.int64)
    return Stream(words, _zeros(0), _zeros(0))


def run_address() -> int:
    """Give the address of the loop that runs a stream."""
    return library().address("pluggrad_run", lambda: (RUN, []), KERNEL_TEXT)


def joined(streams: Iterable[Stream]) -> Ints:
    """Put pieces of code one behind the other."""
    return np.concatenate([stream.words for stream in streams])


# ----- The plan -----


@dataclass
class Items:
    """What is to be computed, one item for each node or addend, as columns."""

    node: Ints
    out: Ints
    index: Ints
    segment: Ints
    kind: Ints


class Plan:
    """Where everything is in memory, and the code that computes it.

    Memory is one array of floats: literals, one each; then, for every lane, values, gradients,
    inputs, gradients of inputs, outputs.

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
        self._analyse(n)
        self._place_stored(n)
        self._place_leaves(n)
        self._lay_out(n)
        self._make_nests()

    # ----- Structure -----

    def _analyse(self, n: int) -> None:
        tape, kinds = self.tape, self.kinds
        ops = len(kinds.ops)
        is_sum, fusable = _zeros(ops + 1), _zeros(ops + 1)
        identity, has_rule = _zeros(ops + 1, self.width), _zeros(ops + 1, self.width)
        for kind, op in enumerate(kinds.ops):
            rules = kinds.rules[kind]
            same = [rule is not None and rule.is_identity for rule in rules]
            identity[kind, : len(same)] = same
            has_rule[kind, : len(same)] = [rule is not None for rule in rules]
            is_sum[kind] = tape.is_addition(op) and all(same)
            fusable[kind] = not any(rule is not None and "out" in rule.used for rule in rules)
        identity[ops, 0] = has_rule[ops, 0] = 1
        keep = _zeros(n)
        keep[tape.outputs] = 1
        keep[tape.wrt] = 1
        self.keep = keep
        self.needs = _zeros(n)
        self.needs[tape.wrt] = 1
        self.root, self.state, self.slot, self.level = (_zeros(n) for _ in range(4))
        uses, depth, segment, last, mark = (_zeros(n) for _ in range(5))
        self.keys = np.full((n, 4), -1, np.int64)
        columns = [_zeros(2 * n) for _ in range(5)]
        count = _call(
            "analyse", n, self.width, ops, self.op, self.operands, keep, is_sum, fusable, identity,
            has_rule, tape.literal.astype(np.int64), self.needs, uses, self.root, self.state,
            self.slot, self.level, depth, segment, last, mark, self.keys, *columns,
        )  # fmt: skip
        self.items = Items(*[column[:count].copy() for column in columns])
        self.identity, self.has_rule = identity != 0, has_rule != 0
        self.sums = is_sum
        self.depth, self.last = depth, last

    # ----- Layout -----

    def _place_stored(self, n: int) -> None:
        """Put the results of ops in order, level by level."""
        tape = self.tape
        role = _zeros(n)
        items = self.items
        ops = len(self.kinds.ops)
        _call("leaf_roles", len(items.node), self.width, ops, self.op, self.operands, self.level,
              items.node, items.out, items.kind, role)  # fmt: skip
        leaves = np.flatnonzero(self.op < 0)
        self.leaves = leaves
        literal = tape.literal[leaves]
        # Literals of one role that are all the same number are one number.
        self.alias = np.arange(n)
        literals = leaves[literal]
        if len(literals):
            order = literals[np.argsort(role[literals], kind="stable")]
            bounds = np.flatnonzero(np.diff(role[order], prepend=-1))
            values = tape.data[order]
            low, high = np.minimum.reduceat(values, bounds), np.maximum.reduceat(values, bounds)
            same = np.repeat(low == high, np.diff(bounds, append=len(order)))
            firsts = np.repeat(order[bounds], np.diff(bounds, append=len(order)))
            self.alias[order[same]] = firsts[same]
        self.role = role
        self.position = np.full(n, -1, np.int64)
        # For now leaves stand in the order of their roles, and as recorded within them.
        order = leaves[np.lexsort((leaves, role[leaves], ~literal))]
        self.position[order] = np.arange(len(order))
        self.position[leaves] = self.position[self.alias[leaves]]
        stored = np.flatnonzero((self.op >= 0) & (self.state == 0))
        ops = len(self.kinds.ops)
        summing = self.sums[self.op[stored]] != 0
        kind = np.where(
            summing, ops + self.depth[stored] * 64 + np.minimum(self.last[stored], 63),
            self.op[stored],
        )  # fmt: skip
        kind = kind * 2 + self.needs[stored]
        levels = self.level[stored]
        next_position = len(leaves)
        if len(stored) and levels.max() > DEEP and len(stored) < WIDE * levels.max():
            self.position[stored[np.lexsort((stored, kind, levels))]] = next_position + np.arange(
                len(stored)
            )
            self.count = next_position + len(stored)
            return
        by_level = np.argsort(levels, kind="stable")
        bounds = np.flatnonzero(np.diff(levels[by_level], prepend=-1))
        for start, end in zip(bounds, np.append(bounds[1:], len(stored)), strict=True):
            chosen = by_level[start:end]
            nodes = stored[chosen]
            self.position[self._ordered(nodes, kind[chosen])] = next_position + np.arange(
                len(nodes)
            )
            next_position += len(nodes)
        self.count = next_position

    def _ordered(self, nodes: Ints, kind: Ints) -> Ints:
        """Order nodes of one level: by kind, then by where their operands are."""
        if len(nodes) == 1:
            return nodes
        keys = self.keys[nodes]
        where = np.where(keys >= 0, self.position[keys], 0)
        best: tuple[int, Ints, Ints] | None = None
        # By where their operands are, or as they were recorded: whichever makes fewer loops.
        for order in (
            np.lexsort((nodes, *[where[:, k] for k in (3, 2, 1, 0)], kind)),
            np.lexsort((nodes, kind)),
        ):
            rows = _zeros(len(nodes), 4)
            made = _call("nests", len(nodes), 4, np.ascontiguousarray(where[order].T), kind[order],
                         rows)  # fmt: skip
            if best is None or made < best[0]:
                best = made, order, rows
        assert best is not None
        made, order, rows = best
        nodes = nodes[order]
        if made > 100:
            return nodes
        placed = []
        for first, a, b, c in rows[:made].tolist():
            block = nodes[first : first + a * b * c]
            lengths = [c, b, a]
            longest = max(range(3), key=lambda d: lengths[d])
            if longest != 2 and lengths[longest] > 1:
                block = np.moveaxis(block.reshape(lengths), longest, 2).reshape(-1)
            placed.append(block)
        return np.concatenate(placed)

    def _place_leaves(self, n: int) -> None:
        """Put each role's leaves in the order in which sums want them."""
        items = self.items
        place = np.full(n, np.iinfo(np.int64).max, np.int64)
        _call("leaf_places", len(items.node), self.width, len(self.kinds.ops), self.op,
              self.operands, self.level, items.node, items.out, items.index, items.kind, self.role,
              self.position, self.count + 1, place)  # fmt: skip
        leaves = self.leaves
        literal = self.tape.literal[leaves]
        own = self.alias[leaves] == leaves
        order = leaves[np.lexsort((leaves, place[leaves], self.role[leaves], ~literal))]
        order = order[self.alias[order] == order]
        gone = len(leaves) - len(order)
        stored = self.position >= len(leaves)
        self.position[stored] -= gone
        self.position[order] = np.arange(len(order))
        self.position[leaves] = self.position[self.alias[leaves]]
        self.count -= gone
        # One more literal: what a gradient starts from.
        self.literals = int(np.count_nonzero(literal & own)) + 1
        self.position += self.position >= self.literals - 1
        self.count += 1
        self.seed = self.literals - 1

    def _lay_out(self, n: int) -> None:
        """Give gradients, inputs and outputs their places behind the values."""
        tape = self.tape
        owner = (self.needs != 0) & (self.slot == np.arange(n)) & (self.state == 0)
        owners = np.flatnonzero(owner)
        owners = owners[np.argsort(self.position[owners], kind="stable")]
        self.gradient = np.full(n, -1, np.int64)
        self.gradient[owners] = self.count + np.arange(len(owners))
        self.gradient = np.where(self.needs != 0, self.gradient[self.slot], -1)
        self.gradients_at = self.count
        self.inputs_at = self.gradients_at + len(owners)
        self.wrt_at = self.inputs_at + len(tape.inputs)
        self.outputs_at = self.wrt_at + len(tape.wrt)
        self.seeds_at = self.outputs_at + len(tape.outputs)
        self.size = self.seeds_at + len(tape.outputs)

    # ----- Code -----

    def _make_nests(self) -> None:
        items, width = self.items, self.width
        n = len(self.op)
        kind, out = items.kind, items.out
        ops = len(self.kinds.ops)
        copies = kind == ops
        operands = self.operands.reshape(n, width)[items.node]
        operands = np.where(copies[:, None], -1, operands)
        operands[copies, 0] = items.node[copies]
        there = operands >= 0
        values = np.where(there, self.position[operands], 0)
        gradients = np.where(there, self.gradient[operands], -1)
        shared = self.identity[kind] & (self.slot[operands] == self.slot[out][:, None]) & there
        flows = (gradients >= 0) & ~shared & self.has_rule[kind]
        bits = (flows << np.arange(width)).sum(1)
        literal = ((there & (values < self.literals)) << np.arange(width)).sum(1)
        replaces = (items.index == 0).astype(np.int64)
        spread = 1 << width
        group = self.level[out] * (int(items.segment.max(initial=0)) + 1) + items.segment
        group = (((group * (ops + 1) + kind) * 2 + replaces) * spread + bits) * spread + literal
        within = self.position[out] * (int(items.index.max(initial=0)) + 1) + items.index
        order = np.lexsort((within, group))
        columns = np.zeros((2 * (width + 1), len(order)), np.int64)
        columns[0] = self.position[out][order]
        columns[1 : width + 1] = values[order].T
        columns[width + 1] = np.where(bits > 0, self.gradient[out], 0)[order]
        columns[width + 2 :] = np.where(flows, gradients, 0)[order].T
        self.columns = columns
        self.group = group[order]
        self.kind = kind[order]
        self.replaces = replaces[order]
        self.flows = bits[order]
        self.rows, self.made = _nested(columns, self.group)

    def stream(self, lanes: int = 1, *, backward: bool = False) -> Stream:
        """Write the code of one direction."""
        return _emitted(self, self.columns, self.rows, self.made, self.kind, self.replaces,
                        self.flows, lanes, backward)  # fmt: skip

    def copies(self, to: Ints, source: Ints, lanes: int = 1, *, adding: bool = False) -> Stream:
        """Write code that copies between places in memory."""
        count = len(to)
        columns = np.zeros((2 * (self.width + 1), count), np.int64)
        columns[0], columns[1] = to, source
        rows, made = _nested(columns, (source < self.literals).astype(np.int64))
        kind = np.full(count, len(self.kinds.ops), np.int64)
        replaces = np.full(count, not adding, np.int64)
        return _emitted(self, columns, rows, made, kind, replaces, kind, lanes, False)


def _nested(columns: Ints, group: Ints) -> tuple[Ints, int]:
    count = columns.shape[1]
    rows = _zeros(max(count, 1), 4)
    made = _call("nests", count, len(columns), columns, group, rows)
    return rows[:made].copy(), made


def _emitted(
    plan: Plan, columns: Ints, rows: Ints, made: int, kind: Ints, replaces: Ints, flows: Ints,
    lanes: int, backward: bool,
) -> Stream:  # fmt: skip
    reads = plan.kinds.reads()
    arguments = (made, columns.shape[1], len(columns), plan.width, lanes, plan.literals,
                 int(backward), columns, rows, kind, replaces, reads, flows)  # fmt: skip
    length = _zeros(1)
    count = _call("emit", *arguments, length, length, length, 0)
    variants, starts, words = _zeros(count), _zeros(count + 1), _zeros(int(length[0]))
    _call("emit", *arguments, variants, starts, words, 1)
    return Stream(words, starts[:-1], variants).linked(plan.kinds)


machine()
