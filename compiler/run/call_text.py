"""The functions that Python calls to run a program, as LLVM text: see calls.py.

Each is a function of CPython's C interface, whose `self` is a block of fields: addresses and
numbers, 64-bit integers in the order of FIELDS.
"""

from __future__ import annotations

from ..native.objects import reading
from .c_functions import NUMBER

FIELDS = (
    *("run", "program", "inputs", "outputs", "taken", "given", "gradients", "nested"),
    *("unlocked", "busy", "missed", "calls", "left", "float", "float64", "int", "none"),
    *("words", "word_count", "keys", "key_count", "moved"),
)


COMMON = """
declare ptr @PyByteArray_AsString(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyDict_GetItemWithError(ptr, ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)

define internal void @run(i64 %function, i64 %program, i64 %unlocked) alwaysinline {
  %called = inttoptr i64 %function to ptr
  %argument = inttoptr i64 %program to ptr
  %locked = icmp eq i64 %unlocked, 0
  br i1 %locked, label %short, label %long
short:
  call i64 %called(ptr %argument)
  ret void
long:
  %thread = call ptr @PyEval_SaveThread()
  call i64 %called(ptr %argument)
  call void @PyEval_RestoreThread(ptr %thread)
  ret void
}

define internal i1 @any_nan(ptr %numbers, i64 %count) alwaysinline {
entry:
  %empty = icmp eq i64 %count, 0
  br i1 %empty, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %found = phi i64 [ 0, %entry ], [ %either, %loop ]
  %place = getelementptr double, ptr %numbers, i64 %i
  %number = load double, ptr %place
  %is_nan = fcmp uno double %number, %number
  %bit = zext i1 %is_nan to i64
  %either = or i64 %found, %bit
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  %all = phi i64 [ 0, %entry ], [ %either, %loop ]
  %result = icmp ne i64 %all, 0
  ret i1 %result
}

define internal ptr @tuple(ptr %numbers, i64 %count) {
entry:
  %made = call ptr @PyTuple_New(i64 %count)
  %failed = icmp eq ptr %made, null
  br i1 %failed, label %done, label %next
next:
  %i = phi i64 [ 0, %entry ], [ %after, %put ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %place = getelementptr double, ptr %numbers, i64 %i
  %number = load double, ptr %place
  %object = call ptr @PyFloat_FromDouble(double %number)
  %none = icmp eq ptr %object, null
  br i1 %none, label %broken, label %put
put:
  call i32 @PyTuple_SetItem(ptr %made, i64 %i, ptr %object)
  %after = add i64 %i, 1
  br label %next
broken:
  call void @Py_DecRef(ptr %made)
  br label %done
done:
  %result = phi ptr [ null, %entry ], [ %made, %next ], [ null, %broken ]
  ret ptr %result
}
"""

CALL = f"""{COMMON}{NUMBER}
define ptr @call_with_numbers(ptr %self, ptr %args, i64 %count) {{
entry:
  %c = call ptr @PyByteArray_AsString(ptr %self)
{reading(FIELDS)}
  %expected = icmp eq i64 %count, %taken
  br i1 %expected, label %counting, label %decline
counting:
  %left.less = sub i64 %left, 1
  store i64 %left.less, ptr %left.at
  %due = icmp eq i64 %left.less, 0
  br i1 %due, label %decline, label %watch
watch:
  %words.begin = inttoptr i64 %words to ptr
  %keys.begin = inttoptr i64 %keys to ptr
  br label %word
word:
  %w = phi i64 [ 0, %watch ], [ %w.after, %word.same ]
  %w.end = icmp eq i64 %w, %word_count
  br i1 %w.end, label %key, label %word.look
word.look:
  %w.first = shl i64 %w, 1
  %w.second = add i64 %w.first, 1
  %w.after = add i64 %w, 1
  %address.at = getelementptr i64, ptr %words.begin, i64 %w.first
  %address = load ptr, ptr %address.at
  %word.expected.at = getelementptr i64, ptr %words.begin, i64 %w.second
  %word.expected = load i64, ptr %word.expected.at
  %word.now = load i64, ptr %address
  %word.is.same = icmp eq i64 %word.now, %word.expected
  br i1 %word.is.same, label %word.same, label %changed
word.same:
  br label %word
key:
  %k = phi i64 [ 0, %word ], [ %k.after, %key.same ]
  %k.end = icmp eq i64 %k, %key_count
  br i1 %k.end, label %take, label %key.look
key.look:
  %k.first = mul i64 %k, 3
  %k.second = add i64 %k.first, 1
  %k.third = add i64 %k.first, 2
  %k.after = add i64 %k, 1
  %dict.at = getelementptr i64, ptr %keys.begin, i64 %k.first
  %dict = load ptr, ptr %dict.at
  %name.at = getelementptr i64, ptr %keys.begin, i64 %k.second
  %name = load ptr, ptr %name.at
  %key.expected.at = getelementptr i64, ptr %keys.begin, i64 %k.third
  %key.expected = load ptr, ptr %key.expected.at
  %key.now = call ptr @PyDict_GetItemWithError(ptr %dict, ptr %name)
  %key.is.same = icmp eq ptr %key.now, %key.expected
  br i1 %key.is.same, label %key.same, label %key.other
key.same:
  br label %key
key.other:
  call void @PyErr_Clear()
  br label %changed
changed:
  %moved.more = add i64 %moved, 1
  store i64 %moved.more, ptr %moved.at
  br label %decline
take:
  %exchanged = cmpxchg ptr %busy.at, i64 0, i64 1 acquire monotonic
  %free = extractvalue {{ i64, i1 }} %exchanged, 1
  br i1 %free, label %begin, label %miss
miss:
  %missed.more = add i64 %missed, 1
  store i64 %missed.more, ptr %missed.at
  br label %decline
begin:
  %in = inttoptr i64 %inputs to ptr
  %out = inttoptr i64 %outputs to ptr
  br label %next
next:
  %i = phi i64 [ 0, %begin ], [ %after, %read ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %compute, label %read
read:
  %arg.at = getelementptr ptr, ptr %args, i64 %i
  %arg = load ptr, ptr %arg.at
  %to = getelementptr double, ptr %in, i64 %i
  %is_number = call i1 @number(ptr %arg, i64 %float, i64 %float64, i64 %int, ptr %to)
  %after = add i64 %i, 1
  br i1 %is_number, label %next, label %release
compute:
  call void @run(i64 %run, i64 %program, i64 %unlocked)
  %last = sub i64 %given, 1
  %guards.at = getelementptr double, ptr %out, i64 %last
  %guards = load double, ptr %guards.at
  %hold = fcmp oeq double %guards, 0.0
  br i1 %hold, label %look, label %release
look:
  %all = add i64 %given, %gradients
  %nan = call i1 @any_nan(ptr %out, i64 %all)
  br i1 %nan, label %release, label %answer
answer:
  %calls.more = add i64 %calls, 1
  store i64 %calls.more, ptr %calls.at
  %plain = icmp eq i64 %gradients, 0
  %some = icmp ugt i64 %given, 2
  %many = and i1 %plain, %some
  br i1 %many, label %values, label %value
values:
  %results = call ptr @tuple(ptr %out, i64 %last)
  br label %one
value:
  %value.number = load double, ptr %out
  %first = call ptr @PyFloat_FromDouble(double %value.number)
  br i1 %plain, label %one, label %both
both:
  %gradient.at = getelementptr double, ptr %out, i64 %given
  %is_nested = icmp ne i64 %nested, 0
  br i1 %is_nested, label %several, label %single
several:
  %tuple = call ptr @tuple(ptr %gradient.at, i64 %gradients)
  br label %pair
single:
  %slope = load double, ptr %gradient.at
  %slope.object = call ptr @PyFloat_FromDouble(double %slope)
  br label %pair
pair:
  %second = phi ptr [ %tuple, %several ], [ %slope.object, %single ]
  %made = call ptr @PyTuple_New(i64 2)
  %no.first = icmp eq ptr %first, null
  %no.second = icmp eq ptr %second, null
  %no.pair = icmp eq ptr %made, null
  %either = or i1 %no.first, %no.second
  %broken = or i1 %either, %no.pair
  br i1 %broken, label %memory.error, label %fill
fill:
  call i32 @PyTuple_SetItem(ptr %made, i64 0, ptr %first)
  call i32 @PyTuple_SetItem(ptr %made, i64 1, ptr %second)
  br label %one
memory.error:
  br label %one
one:
  %result = phi ptr [ %first, %value ], [ %results, %values ],
                    [ %made, %fill ], [ null, %memory.error ]
  store atomic i64 0, ptr %busy.at release, align 8
  ret ptr %result
release:
  store atomic i64 0, ptr %busy.at release, align 8
  br label %decline
decline:
  %nothing = inttoptr i64 %none to ptr
  call void @Py_IncRef(ptr %nothing)
  ret ptr %nothing
}}
"""

STEP = f"""{COMMON}
define ptr @run_from_python(ptr %self, ptr %nothing) {{
  %c = call ptr @PyByteArray_AsString(ptr %self)
{reading(FIELDS)}
  call void @run(i64 %run, i64 %program, i64 %unlocked)
  %out = inttoptr i64 %outputs to ptr
  %nan = call i1 @any_nan(ptr %out, i64 %gradients)
  %left.less = sub i64 %left, 1
  store i64 %left.less, ptr %left.at
  %due = icmp eq i64 %left.less, 0
  %look = or i1 %nan, %due
  %number = uitofp i1 %look to double
  %answer = call ptr @PyFloat_FromDouble(double %number)
  ret ptr %answer
}}
"""
