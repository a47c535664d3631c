"""The loop that runs instructions one after the other, and the instruction that clears memory."""

from __future__ import annotations

import numpy as np

from ..native.library import library
from ..plan.columns import zeros
from .code import Code
from .instructions import ADDRESS, HEADER, LENGTH
from .kernels import KERNEL_TEXT

RUN = f"""
define i64 @pluggrad_run(ptr %call) nounwind {{
entry:
  %code = load ptr, ptr %call
  %call1 = getelementptr i64, ptr %call, i64 1
  %length = load i64, ptr %call1
  %call2 = getelementptr i64, ptr %call, i64 2
  %m = load ptr, ptr %call2
  %some = icmp ne i64 %length, 0
  br i1 %some, label %next, label %end
next:
  %at = phi i64 [ 0, %entry ], [ %after, %next ]
  %p = getelementptr i64, ptr %code, i64 %at
  %o = getelementptr i64, ptr %p, i64 {ADDRESS}
  %address = load i64, ptr %o
  %kernel = inttoptr i64 %address to ptr
  %q = getelementptr i64, ptr %p, i64 {LENGTH}
  %words = load i64, ptr %q
  %ins = getelementptr i64, ptr %p, i64 {HEADER}
  call void %kernel(ptr %ins, ptr %m)
  %after = add i64 %at, %words
  %more = icmp ult i64 %after, %length
  br i1 %more, label %next, label %end
end:
  ret i64 0
}}
"""
CLEAR = """
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define void @pluggrad_clear(ptr %ins, ptr %m) nounwind {
  %from = load i64, ptr %ins
  %q = getelementptr i64, ptr %ins, i64 1
  %count = load i64, ptr %q
  %p = getelementptr double, ptr %m, i64 %from
  %bytes = mul i64 %count, 8
  call void @llvm.memset.p0.i64(ptr align 8 %p, i8 0, i64 %bytes, i1 false)
  ret void
}
"""


def run_address() -> int:
    """Return the address of the loop that runs instructions."""
    return library().address("pluggrad_run", lambda: (RUN, []), KERNEL_TEXT)


def clearing(start: int, count: int) -> Code:
    """Write an instruction that sets a stretch of memory to zero."""
    words = np.zeros(HEADER + 2, np.int64)
    words[ADDRESS] = library().address("pluggrad_clear", lambda: (CLEAR, []), KERNEL_TEXT)
    words[LENGTH] = len(words)
    words[HEADER:] = start, count
    return Code(words, zeros(0), zeros(0))
