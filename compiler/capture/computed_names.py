"""Whether code asks for attributes by names that it computes, as in `getattr(model, f"w{i}")`."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType

from ..tape.fingerprint import codes_in

GETTERS = frozenset({"getattr", "hasattr"})
CALL = "CALL" if sys.version_info >= (3, 12) else "PRECALL"
SKIPPED = frozenset({"CACHE", "NOP", "PUSH_NULL", "RESUME"})


@lru_cache(maxsize=1000)
def computes_names(code: CodeType) -> bool:
    """Tell whether code, or that of a function defined in it, computes names of attributes."""
    return any(_computes_one(part) for part in codes_in(code))


def _computes_one(code: CodeType) -> bool:
    steps = [step for step in dis.get_instructions(code) if step.opname not in SKIPPED]
    return any(
        step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        and step.argval in GETTERS
        and not _is_called_by_text(steps[at + 1 :])
        for at, step in enumerate(steps)
    )


def _is_called_by_text(steps: Sequence[dis.Instruction]) -> bool:
    """Tell whether what was loaded is called with a text as it stands for its second argument."""
    depth = 0  # of the stack, above the function
    is_text = False
    for step in steps:
        if step.opname == CALL and step.arg == depth:
            return is_text
        before, depth = depth, depth + dis.stack_effect(step.opcode, step.arg, jump=False)
        if depth < 1:
            return False
        if before <= 1 < depth:  # here the second argument begins
            is_text = _is_text(step)
        elif depth <= 2:  # here it is computed
            is_text = False
    return False


def _is_text(step: dis.Instruction) -> bool:
    return step.opname == "LOAD_CONST" and isinstance(step.argval, str)
