"""LLVM text becomes machine code."""

import ctypes
from array import array
from itertools import accumulate

import pytest

pytest.importorskip("llvmlite")

from pluggrad.compiler.native.library import compiled, library

SUMS = """
define void @{name}(ptr noalias readonly %from, ptr noalias %to, i64 %count) nounwind {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %before = phi double [ 0.0, %entry ], [ %y, %loop ]
  %a = getelementptr double, ptr %from, i64 %i
  %b = getelementptr double, ptr %to, i64 %i
  %x = load double, ptr %a
  %y = fadd double %before, %x
  store double %y, ptr %b
  %next = add nuw nsw i64 %i, 1
  %end = icmp uge i64 %next, %count
  br i1 %end, label %done, label %loop
done:
  ret void
}}
"""


def test_loops_are_unrolled_only_where_that_is_asked_for() -> None:
    text = SUMS.format(name="sums")
    assert len(compiled(text, [], unrolled=True)) > len(compiled(text, []))


@pytest.mark.parametrize("unrolled", [False, True])
def test_a_loop_gives_the_same_numbers_unrolled_or_not(unrolled: bool) -> None:
    name = f"sums_{unrolled}"
    text = SUMS.format(name=name)
    address = library().address(name, lambda: (text, []), text, unrolled=unrolled)
    given = array("d", [1.1 * i for i in range(37)])
    found = array("d", [0.0] * 40)
    places = [column.buffer_info()[0] for column in (given, found)]
    signature = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
    signature(address)(*places, len(given))
    assert found.tolist() == [*accumulate(given), 0.0, 0.0, 0.0]
