"""Columns of a large graph, written by machine code: it reads Values as the interpreter would.

Python takes some four hundred nanoseconds for each node that it writes down. Machine code takes a
tenth of that, with a table of addresses that says which node is in which row. See columns.py, which
does the same in plain Python for small graphs, and where there is no machine code.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from functools import cache as once
from typing import Any

from pluggrad import Value

from ..native.objects import HEADER, ITEMS, TYPE, reading, slot

WORTH_IT = 3000  # nodes: to load the code takes a millisecond
SLOTS = ("op", "_left", "_right", "_number", "label")  # that are read
SCATTERING = 0x9E3779B97F4A7C15 - (1 << 64)  # 2 ** 64 by the golden ratio
FIELDS = (
    *("nodes", "count", "table", "mask", "shift", "kinds", "left", "right", "numbers"),
    *("first", "odd", "odd_count", "none", "no_label", "float"),
)


class Task(ctypes.Structure):
    """What the machine code is told, and what it counts; all are 64-bit integers.

    Attributes:
        nodes: the address of a tuple of Values.
        count: how many there are.
        table: the address of a table: pairs of an address and what is known of it, the row of a
            node or the number of an op.
        mask: the number of pairs, a power of two, less 1.
        shift: how far the product that scatters addresses is shifted.
        kinds, left, right, numbers: the addresses of columns to fill.
        first: filled with the row in which each op occurs first.
        odd: filled with the rows of nodes that Python looks at: leaves, those of more than two
            operands, and those with a label.
        odd_count: how many these are.
        none, no_label, float: the addresses of None, of an empty text, and of a type.
    """

    _fields_ = tuple([(name, ctypes.c_int64) for name in FIELDS])


def _text(at: dict[str, int | None]) -> str:
    return f"""
define internal ptr @place(ptr %table, i64 %mask, i64 %shift, i64 %key) alwaysinline {{
entry:
  %scattered = mul i64 %key, {SCATTERING}
  %start = lshr i64 %scattered, %shift
  br label %look
look:
  %at = phi i64 [ %start, %entry ], [ %next, %further ]
  %pair = shl i64 %at, 1
  %place = getelementptr i64, ptr %table, i64 %pair
  %found = load i64, ptr %place
  %same = icmp eq i64 %found, %key
  %empty = icmp eq i64 %found, 0
  %stop = or i1 %same, %empty
  br i1 %stop, label %done, label %further
further:
  %after = add i64 %at, 1
  %next = and i64 %after, %mask
  br label %look
done:
  ret ptr %place
}}

define internal i64 @known(ptr %table, i64 %mask, i64 %shift, i64 %key, i64 %other)
    alwaysinline {{
  %place = call ptr @place(ptr %table, i64 %mask, i64 %shift, i64 %key)
  %found = load i64, ptr %place
  %same = icmp eq i64 %found, %key
  %known.at = getelementptr i64, ptr %place, i64 1
  %known = load i64, ptr %known.at
  %result = select i1 %same, i64 %known, i64 %other
  ret i64 %result
}}

define internal void @know(ptr %place, i64 %key, i64 %what) alwaysinline {{
  store i64 %key, ptr %place
  %what.at = getelementptr i64, ptr %place, i64 1
  store i64 %what, ptr %what.at
  ret void
}}

define internal i64 @word(ptr %object, i64 %at) alwaysinline {{
  %place = getelementptr i8, ptr %object, i64 %at
  %word = load i64, ptr %place
  ret i64 %word
}}

define internal void @put(i64 %column, i64 %row, i64 %word) alwaysinline {{
  %begin = inttoptr i64 %column to ptr
  %place = getelementptr i64, ptr %begin, i64 %row
  store i64 %word, ptr %place
  ret void
}}

define i64 @write_columns(ptr %c) {{
entry:
{reading(FIELDS)}
  %t = inttoptr i64 %table to ptr
  %items.at = add i64 %nodes, {ITEMS}
  %items = inttoptr i64 %items.at to ptr
  %most = lshr i64 %count, 2
  %finding = icmp eq i64 %kinds, 0
  br i1 %finding, label %find, label %begin

find:
  %j = phi i64 [ 0, %entry ], [ %j.after, %find.one ]
  %found.all = icmp eq i64 %j, %count
  br i1 %found.all, label %done.finding, label %find.one
find.one:
  %wanted.at = getelementptr i64, ptr %items, i64 %j
  %wanted = load i64, ptr %wanted.at
  %row = call i64 @known(ptr %t, i64 %mask, i64 %shift, i64 %wanted, i64 -1)
  call void @put(i64 %left, i64 %j, i64 %row)
  %j.after = add i64 %j, 1
  br label %find
done.finding:
  ret i64 0

begin:
  %none.place = call ptr @place(ptr %t, i64 %mask, i64 %shift, i64 %none)
  call void @know(ptr %none.place, i64 %none, i64 -1)
  br label %next
next:
  %i = phi i64 [ 0, %begin ], [ %after, %written ]
  %ops = phi i64 [ 0, %begin ], [ %ops.now, %written ]
  %odds = phi i64 [ 0, %begin ], [ %odds.now, %written ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %node.at = getelementptr ptr, ptr %items, i64 %i
  %node = load ptr, ptr %node.at
  %node.word = ptrtoint ptr %node to i64
  %op = call i64 @word(ptr %node, i64 {at["op"]})
  %op.place = call ptr @place(ptr %t, i64 %mask, i64 %shift, i64 %op)
  %op.there = load i64, ptr %op.place
  %op.known = icmp eq i64 %op.there, %op
  br i1 %op.known, label %old.op, label %new.op
new.op:
  call void @know(ptr %op.place, i64 %op, i64 %ops)
  call void @put(i64 %first, i64 %ops, i64 %i)
  %ops.more = add i64 %ops, 1
  %too.many = icmp ugt i64 %ops.more, %most
  br i1 %too.many, label %decline, label %operands
old.op:
  %op.number.at = getelementptr i64, ptr %op.place, i64 1
  %op.number = load i64, ptr %op.number.at
  br label %operands
operands:
  %kind = phi i64 [ %ops, %new.op ], [ %op.number, %old.op ]
  %ops.now = phi i64 [ %ops.more, %new.op ], [ %ops, %old.op ]
  %a = call i64 @word(ptr %node, i64 {at["_left"]})
  %b = call i64 @word(ptr %node, i64 {at["_right"]})
  %a.row = call i64 @known(ptr %t, i64 %mask, i64 %shift, i64 %a, i64 -2)
  %b.row = call i64 @known(ptr %t, i64 %mask, i64 %shift, i64 %b, i64 -2)
  %a.unknown = icmp eq i64 %a.row, -2
  %b.unknown = icmp eq i64 %b.row, -2
  %unknown = or i1 %a.unknown, %b.unknown
  br i1 %unknown, label %decline, label %number
number:
  %float.is = call i64 @word(ptr %node, i64 {at["_number"]})
  %number.object = inttoptr i64 %float.is to ptr
  %type = call i64 @word(ptr %number.object, i64 {TYPE})
  %is.float = icmp eq i64 %type, %float
  br i1 %is.float, label %write, label %decline
write:
  %bits = call i64 @word(ptr %number.object, i64 {HEADER})
  call void @put(i64 %kinds, i64 %i, i64 %kind)
  call void @put(i64 %left, i64 %i, i64 %a.row)
  call void @put(i64 %right, i64 %i, i64 %b.row)
  call void @put(i64 %numbers, i64 %i, i64 %bits)
  %node.place = call ptr @place(ptr %t, i64 %mask, i64 %shift, i64 %node.word)
  call void @know(ptr %node.place, i64 %node.word, i64 %i)
  %label = call i64 @word(ptr %node, i64 {at["label"]})
  %has.label = icmp ne i64 %label, %no_label
  %no.operand = icmp eq i64 %a.row, -1
  %is.odd = or i1 %has.label, %no.operand
  call void @put(i64 %odd, i64 %odds, i64 %i)
  %more = zext i1 %is.odd to i64
  %odds.now = add i64 %odds, %more
  br label %written
written:
  %after = add i64 %i, 1
  br label %next
done:
  store i64 %odds, ptr %odd_count.at
  ret i64 %ops
decline:
  ret i64 -1
}}
"""


@once
def _function() -> Callable[[Any], int] | None:
    """Return the machine code; None where there can be none."""
    at = {name: slot(name) for name in SLOTS}
    if None in at.values():
        return None
    try:
        from ..native.library import library
    except ImportError:
        return None
    text = _text(at)
    address = library().address("write_columns", lambda: (text, []), text)
    return ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)  # which holds the GIL


class Bulk:
    """A graph that was written down by machine code.

    Attributes:
        kinds, left, right, numbers: its columns, see `Columns`.
        first: the row in which each op occurs first.
        odd: the rows of leaves, of nodes of more than two operands, and of nodes with a label.
    """

    def __init__(self, write: Callable[[Any], int], nodes: tuple[Value, ...]) -> None:
        count, bits = len(nodes), (2 * len(nodes)).bit_length()
        self._write = write
        self._table = _integers(2 << bits)
        self.kinds, self.left, self.right = _integers(count), _integers(count), _integers(count)
        self.numbers = array("d", [0.0]) * count
        first, odd = _integers(count), _integers(count)
        columns = (self.kinds, self.left, self.right, self.numbers, first, odd)
        self._task = Task(
            id(nodes), count, _address(self._table), (1 << bits) - 1, 64 - bits,
            *map(_address, columns), 0, id(None), id(""), id(float),
        )  # fmt: skip
        self.ops = write(ctypes.byref(self._task))
        self.first = first[: max(0, self.ops)]
        self.odd = odd[: self._task.odd_count].tolist()

    def rows_of(self, wanted: Sequence[Any]) -> list[int]:
        """Return the rows of some nodes, -1 for what is none."""
        nodes = tuple([x if isinstance(x, Value) else None for x in wanted])
        rows = _integers(len(nodes))
        task = self._task
        task.nodes, task.count, task.kinds, task.left = id(nodes), len(nodes), 0, _address(rows)
        self._write(ctypes.byref(task))
        return rows.tolist()


def written_in_bulk(order: Sequence[Value]) -> Bulk | None:
    """Write a graph down; None where it is too small, or holds what is not as expected."""
    write = _function() if len(order) >= WORTH_IT else None
    bulk = None if write is None else Bulk(write, tuple(order))
    return None if bulk is None or bulk.ops < 0 else bulk


def _integers(count: int) -> array[int]:
    return array("q", [0]) * count


def _address(column: Any) -> int:
    at: int = column.buffer_info()[0]
    return at
