"""Calls from Python into machine code: functions of CPython's C interface, made by LLVM.

A small program takes less time than Python needs to hand its numbers over. So the handing over is
machine code too: one function takes Python numbers, runs the program, and gives Python numbers;
another one only runs it. Both are told where things are by a block of addresses.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from ..native.objects import floats_are_plain
from .c_functions import NOTHING, NUMBERS_BY_POSITION, made
from .call_text import CALL, FIELDS, STEP


class CallFields(ctypes.Structure):
    """What a function here is told, and what it counts; all are 64-bit integers.

    Attributes:
        run: the address of the function that runs a program.
        program: what it is given.
        inputs: the address of the program's inputs, doubles.
        outputs: the address of its outputs; the last counts guards that do not hold.
        taken: how many inputs.
        given: how many outputs.
        gradients: how many gradients stand behind the outputs.
        nested: whether the gradients are a tuple of their own.
        unlocked: whether other threads may run Python meanwhile.
        busy: whether a call is under way, which owns the memory.
        missed: how many calls found it busy.
        calls: how many calls were answered.
        left: how many runs are left until one tells, by an answer that needs a second look, that
            there were many; less than 1 for none.
        float, float64, int, none: the types of numbers that are taken, and None.
        words: where pairs stand of an address and what has to stand there.
        word_count: how many pairs.
        keys: where triples stand of a dict, a key, and what the dict has to have there.
        key_count: how many triples.
        moved: how many calls found something else there.
    """

    _fields_ = tuple([(name, ctypes.c_int64) for name in FIELDS])


def function_of_numbers(**told: int) -> tuple[Any, CallFields] | None:
    """Make a function that takes Python numbers and gives the outputs, and gradients if any.

    It gives None where it cannot answer: for another number or kind of arguments, where a guard
    does not hold or a nan came out, and while a call is under way. The function is None where this
    Python keeps its floats another way.

    Parameters:
        told: fields, by name; what is left out is 0.
    """
    if not floats_are_plain():
        return None
    known = {"float": id(float), "float64": float64(), "int": id(int), "none": id(None)}
    fields = CallFields(**known, **told)
    return made("call_with_numbers", CALL, NUMBERS_BY_POSITION, fields)


def float64() -> int:
    """Return the address of NumPy's type; 0 as long as nobody has imported NumPy."""
    kind = getattr(sys.modules.get("numpy"), "float64", None)
    return 0 if kind is None else id(kind)


def function_that_finds_nan(**told: int) -> tuple[Any, CallFields]:
    """Make a function that runs a program, and tells whether a number at `outputs` is nan.

    It tells the same, for somebody to look, at the last of the runs that are `left`.

    Parameters:
        told: fields, by name; `gradients` is how many numbers are looked at.
    """
    return made("run_from_python", STEP, NOTHING, CallFields(**told))
