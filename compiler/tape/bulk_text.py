"""The function that lists a graph and writes it down, as LLVM text: see bulk.py.

Which row a Value has stands in its slot `_mark` meanwhile, as an odd number, which no address is.
What was there is put back before the function returns; nobody else runs until then.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..native.objects import HEADER, ITEMS, TYPE, reading

SCATTERING = 0x9E3779B97F4A7C15 - (1 << 64)  # 2 ** 64 by the golden ratio
FIELDS = (
    *("roots", "root_count", "wanted", "wanted_count", "order", "most", "stack", "log"),
    *("kinds", "left", "right", "numbers", "odd", "many", "first", "rows"),
    *("table", "mask", "shift", "most_ops", "none", "no_label", "float"),
    *("odd_count", "many_count"),
)
UNEXPECTED, NO_ROOM = -1, -2  # what the function gives then; otherwise how many ops there are
COUNTERS = ("i", "j", "e", "seen", "depth", "emitted", "odds", "manys", "ops", "k")


def graph_text(at: Mapping[str, int | None]) -> str:
    """Write the function.

    Parameters:
        at: where in a Value its slots are.
    """
    counters = "\n".join(f"  %{x} = alloca i64\n  store i64 0, ptr %{x}" for x in COUNTERS)
    return f"""
declare i32 @PyList_Append(ptr, ptr)

define internal i64 @word(i64 %object, i64 %at) alwaysinline {{
  %address = add i64 %object, %at
  %place = inttoptr i64 %address to ptr
  %word = load i64, ptr %place
  ret i64 %word
}}

define internal void @put(i64 %column, i64 %row, i64 %word) alwaysinline {{
  %begin = inttoptr i64 %column to ptr
  %place = getelementptr i64, ptr %begin, i64 %row
  store i64 %word, ptr %place
  ret void
}}

define internal i64 @got(i64 %column, i64 %row) alwaysinline {{
  %begin = inttoptr i64 %column to ptr
  %place = getelementptr i64, ptr %begin, i64 %row
  %word = load i64, ptr %place
  ret i64 %word
}}

define internal void @mark(i64 %node, i64 %word) alwaysinline {{
  %address = add i64 %node, {at["_mark"]}
  %place = inttoptr i64 %address to ptr
  store i64 %word, ptr %place
  ret void
}}

define internal i1 @is_marked(i64 %node) alwaysinline {{
  %mark = call i64 @word(i64 %node, i64 {at["_mark"]})
  %odd = trunc i64 %mark to i1
  ret i1 %odd
}}

define internal i64 @row_of(i64 %node, i64 %none) alwaysinline {{
entry:
  %is.none = icmp eq i64 %node, %none
  br i1 %is.none, label %unknown, label %look
look:
  %mark = call i64 @word(i64 %node, i64 {at["_mark"]})
  %odd = trunc i64 %mark to i1
  %row = ashr i64 %mark, 1
  br i1 %odd, label %known, label %unknown
known:
  ret i64 %row
unknown:
  ret i64 -1
}}

define internal i64 @more(ptr %counter) alwaysinline {{
  %before = load i64, ptr %counter
  %after = add i64 %before, 1
  store i64 %after, ptr %counter
  ret i64 %before
}}

define internal i64 @operand(i64 %node, i64 %k, i64 %none) alwaysinline {{
entry:
  %a = call i64 @word(i64 %node, i64 {at["_left"]})
  %no.left = icmp eq i64 %a, %none
  br i1 %no.left, label %leaf.or.many, label %one.or.two
one.or.two:
  switch i64 %k, label %nothing [
    i64 0, label %first
    i64 1, label %second
  ]
first:
  ret i64 %a
second:
  %b = call i64 @word(i64 %node, i64 {at["_right"]})
  ret i64 %b
leaf.or.many:
  %op = call i64 @word(i64 %node, i64 {at["op"]})
  %is.leaf = icmp eq i64 %op, %none
  br i1 %is.leaf, label %nothing, label %many
many:
  %operands = call i64 @word(i64 %node, i64 {at["_operands"]})
  %length = call i64 @word(i64 %operands, i64 {HEADER})
  %there = icmp ult i64 %k, %length
  br i1 %there, label %item, label %nothing
item:
  %offset = shl i64 %k, 3
  %from.begin = add i64 %offset, {ITEMS}
  %x = call i64 @word(i64 %operands, i64 %from.begin)
  ret i64 %x
nothing:
  ret i64 %none
}}

define internal i64 @place(i64 %table, i64 %mask, i64 %shift, i64 %key) alwaysinline {{
entry:
  %scattered = mul i64 %key, {SCATTERING}
  %start = lshr i64 %scattered, %shift
  br label %look
look:
  %at = phi i64 [ %start, %entry ], [ %next, %further ]
  %pair = shl i64 %at, 1
  %found = call i64 @got(i64 %table, i64 %pair)
  %same = icmp eq i64 %found, %key
  %empty = icmp eq i64 %found, 0
  %stop = or i1 %same, %empty
  br i1 %stop, label %done, label %further
further:
  %after = add i64 %at, 1
  %next = and i64 %after, %mask
  br label %look
done:
  ret i64 %pair
}}

define i64 @write_graph(ptr %c) {{
entry:
{reading(FIELDS)}
  %list = inttoptr i64 %order to ptr
{counters}
  br label %root

root:
  %i.now = call i64 @more(ptr %i)
  %all.roots = icmp eq i64 %i.now, %root_count
  br i1 %all.roots, label %find, label %root.look
root.look:
  %roots.begin = add i64 %roots, {ITEMS}
  %root.node = call i64 @got(i64 %roots.begin, i64 %i.now)
  %root.known = call i1 @is_marked(i64 %root.node)
  br i1 %root.known, label %root, label %enter

enter:
  %new = phi i64 [ %root.node, %root.look ], [ %x, %operand.look ]
  %entered = load i64, ptr %seen
  %full = icmp uge i64 %entered, %most
  br i1 %full, label %no.room, label %push
push:
  call i64 @more(ptr %seen)
  %log.node = shl i64 %entered, 1
  %log.mark = add i64 %log.node, 1
  %before = call i64 @word(i64 %new, i64 {at["_mark"]})
  call void @put(i64 %log, i64 %log.node, i64 %new)
  call void @put(i64 %log, i64 %log.mark, i64 %before)
  call void @mark(i64 %new, i64 1)
  %top = call i64 @more(ptr %depth)
  %top.node = shl i64 %top, 1
  %top.operand = add i64 %top.node, 1
  call void @put(i64 %stack, i64 %top.node, i64 %new)
  call void @put(i64 %stack, i64 %top.operand, i64 0)
  br label %step

step:
  %levels = load i64, ptr %depth
  %nothing.left = icmp eq i64 %levels, 0
  br i1 %nothing.left, label %root, label %operands
operands:
  %level = sub i64 %levels, 1
  %node.at = shl i64 %level, 1
  %number.at = add i64 %node.at, 1
  %node = call i64 @got(i64 %stack, i64 %node.at)
  %number.now = call i64 @got(i64 %stack, i64 %number.at)
  %x = call i64 @operand(i64 %node, i64 %number.now, i64 %none)
  %no.more = icmp eq i64 %x, %none
  br i1 %no.more, label %emit, label %operand.look
operand.look:
  %number.next = add i64 %number.now, 1
  call void @put(i64 %stack, i64 %number.at, i64 %number.next)
  %x.known = call i1 @is_marked(i64 %x)
  br i1 %x.known, label %step, label %enter

emit:
  store i64 %level, ptr %depth
  %row = call i64 @more(ptr %emitted)
  %op = call i64 @word(i64 %node, i64 {at["op"]})
  %is.leaf = icmp eq i64 %op, %none
  br i1 %is.leaf, label %number, label %op.look
op.look:
  %op.place = call i64 @place(i64 %table, i64 %mask, i64 %shift, i64 %op)
  %op.there = call i64 @got(i64 %table, i64 %op.place)
  %op.number.at = add i64 %op.place, 1
  %op.known = icmp eq i64 %op.there, %op
  br i1 %op.known, label %op.old, label %op.new
op.new:
  %op.count = call i64 @more(ptr %ops)
  %too.many = icmp uge i64 %op.count, %most_ops
  br i1 %too.many, label %fail, label %op.note
op.note:
  call void @put(i64 %table, i64 %op.place, i64 %op)
  call void @put(i64 %table, i64 %op.number.at, i64 %op.count)
  call void @put(i64 %first, i64 %op.count, i64 %row)
  br label %op.old
op.old:
  %op.number = call i64 @got(i64 %table, i64 %op.number.at)
  br label %number
number:
  %kind = phi i64 [ -1, %emit ], [ %op.number, %op.old ]
  %number.object = call i64 @word(i64 %node, i64 {at["_number"]})
  %type = call i64 @word(i64 %number.object, i64 {TYPE})
  %is.float = icmp eq i64 %type, %float
  br i1 %is.float, label %write, label %fail
write:
  %bits = call i64 @word(i64 %number.object, i64 {HEADER})
  %a = call i64 @word(i64 %node, i64 {at["_left"]})
  %b = call i64 @word(i64 %node, i64 {at["_right"]})
  %a.row = call i64 @row_of(i64 %a, i64 %none)
  %b.row = call i64 @row_of(i64 %b, i64 %none)
  call void @put(i64 %kinds, i64 %row, i64 %kind)
  call void @put(i64 %left, i64 %row, i64 %a.row)
  call void @put(i64 %right, i64 %row, i64 %b.row)
  call void @put(i64 %numbers, i64 %row, i64 %bits)
  %row.twice = shl i64 %row, 1
  %row.odd = or i64 %row.twice, 1
  call void @mark(i64 %node, i64 %row.odd)
  %label = call i64 @word(i64 %node, i64 {at["label"]})
  %has.label = icmp ne i64 %label, %no_label
  %no.left = icmp eq i64 %a, %none
  %is.odd = or i1 %has.label, %no.left
  %odd.now = load i64, ptr %odds
  call void @put(i64 %odd, i64 %odd.now, i64 %row)
  %odd.more = zext i1 %is.odd to i64
  %odd.next = add i64 %odd.now, %odd.more
  store i64 %odd.next, ptr %odds
  %is.result = xor i1 %is.leaf, true
  %has.many = and i1 %no.left, %is.result
  store i64 0, ptr %k
  br i1 %has.many, label %many.one, label %append
many.one:
  %k.now = call i64 @more(ptr %k)
  %y = call i64 @operand(i64 %node, i64 %k.now, i64 %none)
  %many.end = icmp eq i64 %y, %none
  br i1 %many.end, label %append, label %many.put
many.put:
  %many.now = call i64 @more(ptr %manys)
  %many.full = icmp uge i64 %many.now, %most
  br i1 %many.full, label %no.room, label %many.write
many.write:
  %y.row = call i64 @row_of(i64 %y, i64 %none)
  call void @put(i64 %many, i64 %many.now, i64 %y.row)
  br label %many.one
append:
  %object = inttoptr i64 %node to ptr
  %failed = call i32 @PyList_Append(ptr %list, ptr %object)
  %is.failed = icmp ne i32 %failed, 0
  br i1 %is.failed, label %fail, label %step

find:
  %j.now = call i64 @more(ptr %j)
  %all.found = icmp eq i64 %j.now, %wanted_count
  br i1 %all.found, label %done, label %find.one
find.one:
  %wanted.begin = add i64 %wanted, {ITEMS}
  %z = call i64 @got(i64 %wanted.begin, i64 %j.now)
  %z.row = call i64 @row_of(i64 %z, i64 %none)
  call void @put(i64 %rows, i64 %j.now, i64 %z.row)
  br label %find

done:
  %ops.all = load i64, ptr %ops
  br label %restore
fail:
  br label %restore
no.room:
  br label %restore
restore:
  %result = phi i64 [ %ops.all, %done ], [ {UNEXPECTED}, %fail ], [ {NO_ROOM}, %no.room ]
  br label %restore.next
restore.next:
  %e.now = call i64 @more(ptr %e)
  %seen.all = load i64, ptr %seen
  %restored = icmp eq i64 %e.now, %seen.all
  br i1 %restored, label %give, label %restore.one
restore.one:
  %r.node = shl i64 %e.now, 1
  %r.mark = add i64 %r.node, 1
  %r.value = call i64 @got(i64 %log, i64 %r.node)
  %r.before = call i64 @got(i64 %log, i64 %r.mark)
  call void @mark(i64 %r.value, i64 %r.before)
  br label %restore.next
give:
  %odds.all = load i64, ptr %odds
  %manys.all = load i64, ptr %manys
  store i64 %odds.all, ptr %odd_count.at
  store i64 %manys.all, ptr %many_count.at
  ret i64 %result
}}
"""
