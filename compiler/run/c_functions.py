"""Functions of CPython's C interface, made of LLVM text: Python calls them as it calls its own."""

from __future__ import annotations

import ctypes
from functools import cache as once
from typing import Any, TypeVar

from ..native.library import library
from ..native.objects import HEADER, TYPE

NUMBERS_BY_POSITION = 0x80  # METH_FASTCALL
NOTHING = 0x04  # METH_NOARGS
Told = TypeVar("Told", bound=ctypes.Structure)


# Writes a Python number where it is wanted, and says whether it is one that a float can hold.
NUMBER = f"""
declare double @PyLong_AsDouble(ptr)
declare ptr @PyErr_Occurred()
declare void @PyErr_Clear()

define internal i1 @number(ptr %object, i64 %float, i64 %float64, i64 %int, ptr %to) alwaysinline {{
  %type.at = getelementptr i8, ptr %object, i64 {TYPE}
  %type = load i64, ptr %type.at
  %is_plain = icmp eq i64 %type, %float
  %is_numpy = icmp eq i64 %type, %float64
  %is_float = or i1 %is_plain, %is_numpy
  br i1 %is_float, label %is.float, label %else
is.float:
  %number.at = getelementptr i8, ptr %object, i64 {HEADER}
  %number = load double, ptr %number.at
  br label %write
else:
  %is_int = icmp eq i64 %type, %int
  br i1 %is_int, label %is.int, label %none
is.int:
  %converted = call double @PyLong_AsDouble(ptr %object)
  %suspect = fcmp oeq double %converted, -1.0
  br i1 %suspect, label %ask, label %write
ask:
  %error = call ptr @PyErr_Occurred()
  %fine = icmp eq ptr %error, null
  br i1 %fine, label %write, label %too.large
too.large:
  call void @PyErr_Clear()
  br label %none
write:
  %input = phi double [ %number, %is.float ], [ %converted, %is.int ], [ %converted, %ask ]
  store double %input, ptr %to
  ret i1 true
none:
  ret i1 false
}}
"""


class _Definition(ctypes.Structure):
    """A PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@once
def _definition(name: str, text: str, flags: int) -> _Definition:
    address = library().address(name, lambda: (text, []), text)
    definition = _Definition(name.encode(), address, flags, None)
    _definitions.append(definition)
    return definition


_definitions: list[_Definition] = []  # all of them: two threads may make one each, and use it


def made(name: str, text: str, flags: int, told: Told) -> tuple[Any, Told]:
    """Make a function that Python can call.

    Parameters:
        name: its name in the text.
        text: LLVM text. The function's `self` is a bytearray.
        flags: which arguments it takes, NUMBERS_BY_POSITION or NOTHING.
        told: what that bytearray holds.

    Returns:
        The function, and a view of what it is told, which it may change.
    """
    block = bytearray(told)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
    function = new(ctypes.addressof(_definition(name, text, flags)), block, None)
    return function, type(told).from_buffer(block)
