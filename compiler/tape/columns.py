"""Columns of numbers for a recorded graph: which op, which operands, which number."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from pluggrad import Op, Value
from pluggrad.progress import tell
from pluggrad.topology import order_down_to, topological_order

from .bulk import Bulk, written_in_bulk

MANY_NODES = 1_000_000  # take longer than a second


class Columns(NamedTuple):
    """A graph as columns; rows are nodes, operands first.

    Attributes:
        ops: the ops that occur.
        kinds: for each node the number of its op, -1 for a leaf.
        left: for each node the row of its first operand, -1 where there is none.
        right: the same for the second.
        more: for nodes of more than two operands (left and right are -1) the rows of all of them.
        numbers: for each node its value.
        leaves: the rows of the leaves.
        labels: the labels of the nodes that have one.
    """

    ops: list[Op]
    kinds: array[int]
    left: array[int]
    right: array[int]
    more: dict[int, tuple[int, ...]]
    numbers: array[float]
    leaves: list[int]
    labels: dict[int, str]


def columns_of(
    roots: Sequence[Value], wanted: Sequence[Any], count: int = 0, ends: Sequence[Value] = ()
) -> tuple[list[Value], Columns, list[int]]:
    """List a graph, operands first, and write it down as columns.

    Parameters:
        roots: its results.
        wanted: nodes, and things that may be none.
        count: about how many nodes it has, where somebody knows.
        ends: nodes that count as leaves, whatever they were computed from.

    Returns:
        The nodes; the columns; and the rows of the nodes that are wanted, -1 for what is none.
    """
    if ends:
        order = [*ends, *order_down_to(roots, set(ends), everything=True)]
        return order, *_one_by_one(order, wanted, len(ends))
    _tell_of_many(count)
    bulk = written_in_bulk(roots, wanted, count)
    if bulk is None:
        order = topological_order(roots)
    if bulk is None and not count:
        _tell_of_many(len(order))
        bulk = written_in_bulk(roots, wanted, len(order))
    if bulk is None:
        return order, *_one_by_one(order, wanted)
    return bulk.order, _from_bulk(bulk), bulk.rows


def _tell_of_many(count: int) -> None:
    if count > MANY_NODES:
        tell(f"writing down {count:,} nodes", long=True)


def _from_bulk(bulk: Bulk) -> Columns:
    order, kinds, left, rows = bulk.order, bulk.kinds, bulk.left, iter(bulk.many)
    many = [i for i in bulk.odd if left[i] < 0 <= kinds[i]]
    return Columns(
        [op for i in bulk.first if (op := order[i].op) is not None],
        kinds,
        left,
        bulk.right,
        {i: tuple(islice(rows, len(order[i]._operands))) for i in many},
        bulk.numbers,
        [i for i in bulk.odd if kinds[i] < 0],
        {i: str(order[i].label) for i in bulk.odd if order[i].label},
    )


def _one_by_one(
    order: Sequence[Value], wanted: Sequence[Any], ends: int = 0
) -> tuple[Columns, list[int]]:
    row: dict[Any, int] = dict(zip(order, range(len(order)), strict=True))
    rows = [row.get(x, -1) if isinstance(x, Value) else -1 for x in wanted]
    row[None] = -1
    alone, computed = [-1] * ends, order[ends:]
    left = array("q", [*alone, *(row[node._left] for node in computed)])
    right = array("q", [*alone, *(row[node._right] for node in computed)])
    column = [*[None] * ends, *(node.op for node in computed)]
    ops = [op for op in dict.fromkeys(column) if op is not None]
    numbering: dict[Op | None, int] = {op: kind for kind, op in enumerate(ops)}
    numbering[None] = -1
    kinds = array("q", [numbering[op] for op in column])
    first = [i for i, operand in enumerate(left) if operand < 0]
    columns = Columns(
        ops,
        kinds,
        left,
        right,
        {i: tuple([row[x] for x in order[i]._operands]) for i in first if kinds[i] >= 0},
        array("d", [node._number for node in order]),
        [i for i in first if kinds[i] < 0],
        {i: str(node.label) for i, node in enumerate(order) if node.label},
    )
    return columns, rows
