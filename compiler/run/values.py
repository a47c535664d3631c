"""Numbers of many Values at once: their `data` into an array, gradients added to their `grad`.

Python takes some eighty nanoseconds for each Value that it reads and adds to; a layer of 784 by 50
has forty thousand. The functions here go through a tuple of Values as the interpreter would: a slot
of an object holds a float. A float that nobody else refers to is changed where it is.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Value

from ..native import objects
from ..native.objects import HEADER, ITEMS, TYPE, reading
from .c_functions import NOTHING, made

FIELDS = ("values", "count", "numbers", "slot", "type", "flag", "false", "still")


class ValuesFields(ctypes.Structure):
    """What a function here is told; all are 64-bit integers.

    Attributes:
        values: the address of a tuple of Values.
        count: how many there are.
        numbers: the address of as many doubles.
        slot: where in a Value the float is.
        type: the address of `float`.
        flag: where in a Value it stands whether it requires a gradient.
        false: the address of False.
        still: from which Value on that must be False for numbers to be read.
    """

    _fields_ = tuple([(name, ctypes.c_int64) for name in FIELDS])


_BEGIN = f"""
declare ptr @PyByteArray_AsString(ptr)
declare ptr @PyFloat_FromDouble(double)
declare void @Py_DecRef(ptr)

define internal ptr @slot_of(ptr %values, i64 %i, i64 %slot) alwaysinline {{
  %items = getelementptr i8, ptr %values, i64 {ITEMS}
  %item.at = getelementptr ptr, ptr %items, i64 %i
  %item = load ptr, ptr %item.at
  %place = getelementptr i8, ptr %item, i64 %slot
  ret ptr %place
}}

define internal i1 @is_float(ptr %object, i64 %type) alwaysinline {{
  %none = icmp eq ptr %object, null
  br i1 %none, label %no, label %look
look:
  %type.at = getelementptr i8, ptr %object, i64 {TYPE}
  %found = load i64, ptr %type.at
  %is = icmp eq i64 %found, %type
  ret i1 %is
no:
  ret i1 false
}}

define internal i1 @is_frozen(ptr %v, i64 %i, i64 %flag, i64 %false) alwaysinline {{
  %place = call ptr @slot_of(ptr %v, i64 %i, i64 %flag)
  %wanted = load i64, ptr %place
  %frozen = icmp eq i64 %wanted, %false
  ret i1 %frozen
}}

define internal i1 @read(ptr %v, i64 %count, ptr %to, i64 %slot, i64 %type, i64 %flag, i64 %false,
                         i64 %still) {{
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %after, %good ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %place = call ptr @slot_of(ptr %v, i64 %i, i64 %slot)
  %object = load ptr, ptr %place
  %is = call i1 @is_float(ptr %object, i64 %type)
  br i1 %is, label %number, label %bad
number:
  %held = icmp sge i64 %i, %still
  br i1 %held, label %constant, label %good
constant:
  %frozen = call i1 @is_frozen(ptr %v, i64 %i, i64 %flag, i64 %false)
  br i1 %frozen, label %good, label %bad
good:
  %number.at = getelementptr i8, ptr %object, i64 {HEADER}
  %x = load double, ptr %number.at
  %to.at = getelementptr double, ptr %to, i64 %i
  store double %x, ptr %to.at
  %after = add i64 %i, 1
  br label %next
done:
  ret i1 true
bad:
  ret i1 false
}}
"""
READ = f"""{_BEGIN}
define ptr @read_from_values(ptr %self, ptr %nothing) {{
  %c = call ptr @PyByteArray_AsString(ptr %self)
{reading(FIELDS)}
  %v = inttoptr i64 %values to ptr
  %n = inttoptr i64 %numbers to ptr
  %done = call i1 @read(ptr %v, i64 %count, ptr %n, i64 %slot, i64 %type, i64 %flag, i64 %false,
                       i64 %still)
  %answer = uitofp i1 %done to double
  %result = call ptr @PyFloat_FromDouble(double %answer)
  ret ptr %result
}}
"""
ADD = f"""{_BEGIN}
define ptr @add_to_values(ptr %self, ptr %nothing) {{
entry:
  %c = call ptr @PyByteArray_AsString(ptr %self)
{reading(FIELDS)}
  %v = inttoptr i64 %values to ptr
  %n = inttoptr i64 %numbers to ptr
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %after, %added ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %give, label %look
look:
  %frozen = call i1 @is_frozen(ptr %v, i64 %i, i64 %flag, i64 %false)
  br i1 %frozen, label %added, label %one
one:
  %place = call ptr @slot_of(ptr %v, i64 %i, i64 %slot)
  %object = load ptr, ptr %place
  %is = call i1 @is_float(ptr %object, i64 %type)
  br i1 %is, label %add, label %give
add:
  %number.at = getelementptr i8, ptr %object, i64 {HEADER}
  %before = load double, ptr %number.at
  %share.at = getelementptr double, ptr %n, i64 %i
  %share = load double, ptr %share.at
  %total = fadd double %before, %share
  %references = load i64, ptr %object
  %alone = icmp eq i64 %references, 1
  br i1 %alone, label %change, label %replace
change:
  store double %total, ptr %number.at
  br label %added
replace:
  %new = call ptr @PyFloat_FromDouble(double %total)
  %failed = icmp eq ptr %new, null
  br i1 %failed, label %no.memory, label %put
put:
  store ptr %new, ptr %place
  call void @Py_DecRef(ptr %object)
  br label %added
added:
  %after = add i64 %i, 1
  br label %next
give:
  %answer = uitofp i64 %i to double
  %result = call ptr @PyFloat_FromDouble(double %answer)
  ret ptr %result
no.memory:
  ret ptr null
}}
"""


def _bulk(
    name: str, text: str, slot: str, values: tuple[Value, ...], numbers: Any, still: int = 0
) -> Any:
    at, flag = objects.slot(slot), objects.slot("requires_grad")
    if at is None or flag is None or len(values) != len(numbers):
        return None
    told = ValuesFields(
        id(values), len(values), numbers.ctypes.data, at, id(float), flag, id(False), still
    )
    return made(name, text, NOTHING, told)[0]


def reader(
    values: Sequence[Value],
    numbers: Any,
    frozen: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> Callable[[], None]:
    """Make a function that reads the `data` of Values into an array.

    Parameters:
        values: as many as the array has numbers.
        numbers: the array, float64 and contiguous.
        frozen: from which Value on none may require a gradient; None where all may.
        check: raises an error if one does.
    """
    kept = tuple(values)
    direct = _bulk(
        "read_from_values", READ, "_number", kept, numbers, len(kept) if frozen is None else frozen
    )

    def read() -> None:
        if direct is None or not direct():
            check()
            numbers[:] = [x._number for x in kept]

    return read


def adder(values: Sequence[Value], numbers: Any) -> Callable[[], None]:
    """Make a function that adds the numbers of an array to the `grad` of Values that require it.

    Parameters:
        values: as many as the array has numbers.
        numbers: the array, float64 and contiguous.
    """
    kept = tuple(values)
    direct = _bulk("add_to_values", ADD, "_grad", kept, numbers)

    def add() -> None:
        done = 0 if direct is None else int(direct())
        if done < len(kept):
            for x, share in zip(kept[done:], numbers[done:].tolist(), strict=True):
                if x.requires_grad:
                    x._grad += share

    return add
