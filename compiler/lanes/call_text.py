"""The function that Python calls to run a fused function on arrays, as LLVM text: see calls.py.

It takes the inputs and then the arrays for the outputs, and looks at each: an array of floats that
lie side by side, of the same shape as the others, or as an input a number for all lanes. Each call
has memory of its own, so that calls may run side by side.

One more argument may be a `Begun`, with an integer: how many lanes have been begun. Calls of
several threads that get the same one share the lanes, each taking the next block when it is free.
"""

from __future__ import annotations

from ..native.objects import HEADER, TYPE, reading
from ..run.c_functions import NUMBER

FIELDS = (
    *("kernel", "inputs", "outputs", "width", "least", "calls", "missed"),
    *("array", "float64s", "float", "float64", "int", "begun", "yes", "no", "none"),
)
BLOCK = 2048  # lanes from one look at the flags to the next, and taken by a thread at a time
MISSES = 8  # so many more calls than were answered may find a lane for the careful way
# Where an array of NumPy's keeps what is asked for here, from the end of the header on.
DATA, DIMENSIONS, LENGTHS, KIND, FLAGS = 0, 8, 16, 40, 48
READABLE = 0x101  # C order, and aligned
WRITABLE = READABLE | 0x400


def _member(name: str, kind: str, array: str, offset: int) -> str:
    """Return LLVM text that reads a member of an array."""
    return (
        f"  %{name}.at = getelementptr i8, ptr %{array}, i64 {HEADER + offset}\n"
        f"  %{name} = load {kind}, ptr %{name}.at"
    )


CALL = f"""
declare ptr @PyByteArray_AsString(ptr)
declare ptr @PyMem_Malloc(i64)
declare void @PyMem_Free(ptr)
declare void @Py_IncRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
{NUMBER}
define internal i1 @is_array(ptr %object, i64 %array) alwaysinline {{
  %type.at = getelementptr i8, ptr %object, i64 {TYPE}
  %type = load i64, ptr %type.at
  %result = icmp eq i64 %type, %array
  ret i1 %result
}}

define internal i1 @is_plain(ptr %object, i64 %float64s, i32 %wanted) alwaysinline {{
{_member("kind", "i64", "object", KIND)}
{_member("flags", "i32", "object", FLAGS)}
  %is_float = icmp eq i64 %kind, %float64s
  %has = and i32 %flags, %wanted
  %has_all = icmp eq i32 %has, %wanted
  %result = and i1 %is_float, %has_all
  ret i1 %result
}}

define internal i64 @lanes_in(ptr %array) {{
entry:
{_member("dimensions", "i32", "array", DIMENSIONS)}
{_member("lengths", "ptr", "array", LENGTHS)}
  %end = sext i32 %dimensions to i64
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %after, %one ]
  %product = phi i64 [ 1, %entry ], [ %more, %one ]
  %ended = icmp eq i64 %i, %end
  br i1 %ended, label %done, label %one
one:
  %length.at = getelementptr i64, ptr %lengths, i64 %i
  %length = load i64, ptr %length.at
  %more = mul i64 %product, %length
  %after = add i64 %i, 1
  br label %next
done:
  ret i64 %product
}}

define internal i1 @have_one_shape(ptr %a, ptr %b) {{
entry:
{_member("a.dimensions", "i32", "a", DIMENSIONS)}
{_member("b.dimensions", "i32", "b", DIMENSIONS)}
{_member("a.lengths", "ptr", "a", LENGTHS)}
{_member("b.lengths", "ptr", "b", LENGTHS)}
  %end = sext i32 %a.dimensions to i64
  %alike = icmp eq i32 %a.dimensions, %b.dimensions
  br i1 %alike, label %next, label %differ
next:
  %i = phi i64 [ 0, %entry ], [ %after, %one ]
  %ended = icmp eq i64 %i, %end
  br i1 %ended, label %done, label %one
one:
  %a.at = getelementptr i64, ptr %a.lengths, i64 %i
  %a.length = load i64, ptr %a.at
  %b.at = getelementptr i64, ptr %b.lengths, i64 %i
  %b.length = load i64, ptr %b.at
  %after = add i64 %i, 1
  %equal = icmp eq i64 %a.length, %b.length
  br i1 %equal, label %next, label %differ
done:
  ret i1 true
differ:
  ret i1 false
}}

; Whether what is written at a place touches one of so many arrays in a list; the last word of its
; entries is 0 for what is none.
define internal i1 @touches(i64 %place, i64 %bytes, ptr %list, i64 %words, i64 %count) {{
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %after, %one ]
  %ended = icmp eq i64 %i, %count
  br i1 %ended, label %apart, label %one
one:
  %index = mul i64 %i, %words
  %other.at = getelementptr i64, ptr %list, i64 %index
  %other = load i64, ptr %other.at
  %after = add i64 %i, 1
  %index.after = mul i64 %after, %words
  %index.last = sub i64 %index.after, 1
  %last.at = getelementptr i64, ptr %list, i64 %index.last
  %last = load i64, ptr %last.at
  %is_array = icmp ne i64 %last, 0
  %distance = sub i64 %place, %other
  %away = call i64 @llvm.abs.i64(i64 %distance, i1 false)
  %near = icmp ult i64 %away, %bytes
  %touching = and i1 %near, %is_array
  br i1 %touching, label %touch, label %next
apart:
  ret i1 false
touch:
  ret i1 true
}}
declare i64 @llvm.abs.i64(i64, i1)
declare i64 @llvm.smin.i64(i64, i64)

define ptr @call_over_lanes(ptr %self, ptr %args, i64 %count) {{
entry:
  %c = call ptr @PyByteArray_AsString(ptr %self)
{reading(FIELDS)}
  %all = add i64 %inputs, %outputs
  %words = mul i64 %inputs, 2
  %spread = mul i64 %inputs, %width
  %pointers = add i64 %words, %outputs
  %cell.own = add i64 %pointers, %spread
  %longs = add i64 %cell.own, 1
  %needed = mul i64 %longs, 8
  %needed.all = add i64 %needed, {BLOCK}
  %given = call ptr @PyMem_Malloc(i64 %needed.all)
  %targets = getelementptr i64, ptr %given, i64 %words
  %numbers = getelementptr double, ptr %given, i64 %pointers
  %own = getelementptr i64, ptr %given, i64 %cell.own
  %flags = getelementptr double, ptr %given, i64 %longs
  %has = icmp ne ptr %given, null
  %is_alone = icmp eq i64 %count, %all
  %one.more = add i64 %all, 1
  %is_shared = icmp eq i64 %count, %one.more
  %expected = or i1 %is_alone, %is_shared
  %allowed = add i64 %calls, {MISSES}
  %hopeful = icmp slt i64 %missed, %allowed
  %likely = and i1 %expected, %hopeful
  %begins = and i1 %likely, %has
  br i1 %begins, label %count.begun, label %decline
count.begun:
  store i64 0, ptr %own
  br i1 %is_shared, label %share, label %look
share:
  %counter.at = getelementptr ptr, ptr %args, i64 %all
  %counter = load ptr, ptr %counter.at
{_member("shared", "ptr", "counter", DATA)}
  %is_counter = call i1 @is_array(ptr %counter, i64 %begun)
  br i1 %is_counter, label %look, label %decline
look:
  %cell = phi ptr [ %own, %count.begun ], [ %shared, %share ]
  %last = sub i64 %all, 1
  %model.at = getelementptr ptr, ptr %args, i64 %last
  %model = load ptr, ptr %model.at
  %is_model = call i1 @is_array(ptr %model, i64 %array)
  br i1 %is_model, label %measure, label %decline
measure:
  %lanes = call i64 @lanes_in(ptr %model)
  %bytes = mul i64 %lanes, 8
  %many = icmp sge i64 %lanes, %least
  br i1 %many, label %next, label %decline
next:
  %i = phi i64 [ 0, %measure ], [ %after, %side ], [ %after, %spread.out ]
  %ended = icmp eq i64 %i, %inputs
  br i1 %ended, label %next.output, label %one
one:
  %after = add i64 %i, 1
  %input.at = getelementptr ptr, ptr %args, i64 %i
  %input = load ptr, ptr %input.at
  %word = mul i64 %i, 2
  %place.at = getelementptr i64, ptr %given, i64 %word
  %step.at = getelementptr i64, ptr %place.at, i64 1
  %is_row = call i1 @is_array(ptr %input, i64 %array)
  br i1 %is_row, label %row, label %number
row:
  %is_readable = call i1 @is_plain(ptr %input, i64 %float64s, i32 {READABLE})
  br i1 %is_readable, label %fit, label %decline
fit:
  %fits = call i1 @have_one_shape(ptr %input, ptr %model)
  br i1 %fits, label %side, label %decline
side:
{_member("data", "i64", "input", DATA)}
  store i64 %data, ptr %place.at
  store i64 1, ptr %step.at
  br label %next
number:
  %lane = mul i64 %i, %width
  %same = getelementptr double, ptr %numbers, i64 %lane
  %is_number = call i1 @number(ptr %input, i64 %float, i64 %float64, i64 %int, ptr %same)
  br i1 %is_number, label %spread.begin, label %decline
spread.begin:
  %x = load double, ptr %same
  br label %spread.next
spread.next:
  %k = phi i64 [ 0, %spread.begin ], [ %k.after, %spread.next ]
  %copy = getelementptr double, ptr %same, i64 %k
  store double %x, ptr %copy
  %k.after = add i64 %k, 1
  %k.more = icmp ult i64 %k.after, %width
  br i1 %k.more, label %spread.next, label %spread.out
spread.out:
  %same.place = ptrtoint ptr %same to i64
  store i64 %same.place, ptr %place.at
  store i64 0, ptr %step.at
  br label %next
next.output:
  %j = phi i64 [ 0, %next ], [ %j.after, %keep ]
  %j.ended = icmp eq i64 %j, %outputs
  br i1 %j.ended, label %run, label %output
output:
  %j.after = add i64 %j, 1
  %argument = add i64 %inputs, %j
  %output.at = getelementptr ptr, ptr %args, i64 %argument
  %out = load ptr, ptr %output.at
  %is_out = call i1 @is_array(ptr %out, i64 %array)
  br i1 %is_out, label %writable, label %decline
writable:
  %is_writable = call i1 @is_plain(ptr %out, i64 %float64s, i32 {WRITABLE})
  br i1 %is_writable, label %out.fit, label %decline
out.fit:
  %out.fits = call i1 @have_one_shape(ptr %out, ptr %model)
  br i1 %out.fits, label %apart, label %decline
apart:
{_member("target", "i64", "out", DATA)}
  %reads = call i1 @touches(i64 %target, i64 %bytes, ptr %given, i64 2, i64 %inputs)
  %writes = call i1 @touches(i64 %target, i64 %bytes, ptr %targets, i64 1, i64 %j)
  %overlaps = or i1 %reads, %writes
  br i1 %overlaps, label %decline, label %keep
keep:
  %to = getelementptr i64, ptr %targets, i64 %j
  store i64 %target, ptr %to
  br label %next.output
run:
  %latest = sub i64 %lanes, %width
  %called = inttoptr i64 %kernel to ptr
  %thread = call ptr @PyEval_SaveThread()
  br label %take
take:
  %taken = atomicrmw add ptr %cell, i64 {BLOCK} monotonic
  %are_left = icmp slt i64 %taken, %lanes
  br i1 %are_left, label %block, label %ran
block:
  ; A vector's worth of lanes at least; what another block has computed is computed again.
  %start = call i64 @llvm.smin.i64(i64 %taken, i64 %latest)
  %full = add i64 %taken, {BLOCK}
  %stop = call i64 @llvm.smin.i64(i64 %full, i64 %lanes)
  %before = sub i64 0, %start
  %flags.here = getelementptr i8, ptr %flags, i64 %before
  %found = call i64 %called(ptr %given, ptr %targets, ptr %flags.here, i64 %start, i64 %stop)
  %any = icmp ne i64 %found, 0
  br i1 %any, label %ran, label %take
ran:
  %flagged = phi i1 [ false, %take ], [ true, %block ]
  call void @PyEval_RestoreThread(ptr %thread)
  br i1 %flagged, label %flag, label %answer
answer:
  %calls.more = add i64 %calls, 1
  store i64 %calls.more, ptr %calls.at
  br label %return
flag:
  %missed.more = add i64 %missed, 1
  store i64 %missed.more, ptr %missed.at
  br label %return
decline:
  br label %return
return:
  %result = phi i64 [ %yes, %answer ], [ %none, %flag ], [ %no, %decline ]
  call void @PyMem_Free(ptr %given)
  %object = inttoptr i64 %result to ptr
  call void @Py_IncRef(ptr %object)
  ret ptr %object
}}
"""
