"""The functions that walk through graphs and write them down, as LLVM text: see bulk.py.

What they know of a Value or an op stands in a table, under its address. A place in the table is
two words, the address and what is known; where the address is 0, there is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..native.objects import HEADER, ITEMS, TYPE, reading

SCATTERING = 0x9E3779B97F4A7C15 - (1 << 64)  # 2 ** 64 by the golden ratio
TABLE_FIELDS = ("nodes", "count", "table", "mask", "shift", "none")
COLUMNS = (
    *TABLE_FIELDS,
    *("kinds", "left", "right", "numbers", "first", "odd", "odd_count", "no_label", "float"),
)
ORDER = (*TABLE_FIELDS, "order", "stack", "most")
Places = Mapping[str, int | None]

TABLE = f"""
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
"""


def columns_text(at: Places) -> str:
    """Write the function that writes columns down, or finds rows.

    Parameters:
        at: where in a Value its slots are.
    """
    return f"""{TABLE}
define i64 @write_columns(ptr %c) {{
entry:
{reading(COLUMNS)}
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


def order_text(at: Places) -> str:
    """Write the function that lists nodes, operands before users.

    Parameters:
        at: where in a Value its slots are.
    """
    return f"""{TABLE}
declare i32 @PyList_Append(ptr, ptr)

define internal i64 @operand(ptr %node, i64 %k, i64 %none) alwaysinline {{
entry:
  %a = call i64 @word(ptr %node, i64 {at["_left"]})
  %no.left = icmp eq i64 %a, %none
  br i1 %no.left, label %leaf.or.many, label %one.or.two
one.or.two:
  switch i64 %k, label %nothing [ i64 0, label %first i64 1, label %second ]
first:
  ret i64 %a
second:
  %b = call i64 @word(ptr %node, i64 {at["_right"]})
  ret i64 %b
leaf.or.many:
  %op = call i64 @word(ptr %node, i64 {at["op"]})
  %is.leaf = icmp eq i64 %op, %none
  br i1 %is.leaf, label %nothing, label %many
many:
  %operands.word = call i64 @word(ptr %node, i64 {at["_operands"]})
  %operands = inttoptr i64 %operands.word to ptr
  %length = call i64 @word(ptr %operands, i64 {HEADER})
  %there = icmp ult i64 %k, %length
  br i1 %there, label %item, label %nothing
item:
  %offset = shl i64 %k, 3
  %from.begin = add i64 %offset, {ITEMS}
  %x = call i64 @word(ptr %operands, i64 %from.begin)
  ret i64 %x
nothing:
  ret i64 %none
}}

define i64 @list_nodes(ptr %c) {{
entry:
{reading(ORDER)}
  %t = inttoptr i64 %table to ptr
  %list = inttoptr i64 %order to ptr
  %s = inttoptr i64 %stack to ptr
  %items.at = add i64 %nodes, {ITEMS}
  %items = inttoptr i64 %items.at to ptr
  br label %root
root:
  %i = phi i64 [ 0, %entry ], [ %i.after, %root.known ], [ %i.next, %root.done ]
  %seen.before = phi i64 [ 0, %entry ], [ %seen.before, %root.known ], [ %seen, %root.done ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %root.look
root.look:
  %i.after = add i64 %i, 1
  %root.at = getelementptr i64, ptr %items, i64 %i
  %root.word = load i64, ptr %root.at
  %root.place = call ptr @place(ptr %t, i64 %mask, i64 %shift, i64 %root.word)
  %root.there = load i64, ptr %root.place
  %root.is.known = icmp eq i64 %root.there, %root.word
  br i1 %root.is.known, label %root.known, label %enter
root.known:
  br label %root

enter:
  %new = phi i64 [ %root.word, %root.look ], [ %x, %operand.new ]
  %new.place = phi ptr [ %root.place, %root.look ], [ %x.place, %operand.new ]
  %below = phi i64 [ 0, %root.look ], [ %depth, %operand.new ]
  %seen.then = phi i64 [ %seen.before, %root.look ], [ %seen, %operand.new ]
  %seen.now = add i64 %seen.then, 1
  %full = icmp ugt i64 %seen.now, %most
  br i1 %full, label %decline, label %push
push:
  call void @know(ptr %new.place, i64 %new, i64 0)
  %top.at = shl i64 %below, 1
  %top = getelementptr i64, ptr %s, i64 %top.at
  call void @know(ptr %top, i64 %new, i64 0)
  %below.more = add i64 %below, 1
  br label %step

step:
  %depth = phi i64 [ %below.more, %push ], [ %depth, %operand.known ], [ %depth.less, %further ]
  %seen = phi i64 [ %seen.now, %push ], [ %seen, %operand.known ], [ %seen, %further ]
  %depth.less = sub i64 %depth, 1
  %node.number = shl i64 %depth.less, 1
  %node.at = getelementptr i64, ptr %s, i64 %node.number
  %node.word = load i64, ptr %node.at
  %node = inttoptr i64 %node.word to ptr
  %k.at = getelementptr i64, ptr %node.at, i64 1
  %k = load i64, ptr %k.at
  %x = call i64 @operand(ptr %node, i64 %k, i64 %none)
  %no.more = icmp eq i64 %x, %none
  br i1 %no.more, label %emit, label %operand.look
operand.look:
  %k.more = add i64 %k, 1
  store i64 %k.more, ptr %k.at
  %x.place = call ptr @place(ptr %t, i64 %mask, i64 %shift, i64 %x)
  %x.there = load i64, ptr %x.place
  %x.is.known = icmp eq i64 %x.there, %x
  br i1 %x.is.known, label %operand.known, label %operand.new
operand.known:
  br label %step
operand.new:
  br label %enter
emit:
  %failed = call i32 @PyList_Append(ptr %list, ptr %node)
  %is.failed = icmp ne i32 %failed, 0
  br i1 %is.failed, label %decline, label %emitted
emitted:
  %is.last = icmp eq i64 %depth.less, 0
  br i1 %is.last, label %root.done, label %further
further:
  br label %step
root.done:
  %i.next = add i64 %i, 1
  br label %root
done:
  ret i64 0
decline:
  ret i64 -1
}}
"""
