"""Names that code has in texts: computed ones, as in `getattr(model, f"w{i}")`, and `eval("w")`."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

from ..tape.fingerprint import codes_in, names_in

GETTERS = frozenset({"getattr", "hasattr"})
EVALUATORS = frozenset({"eval", "exec"})
CALL = "CALL" if sys.version_info >= (3, 12) else "PRECALL"
SKIPPED = frozenset({"CACHE", "NOP", "PUSH_NULL", "RESUME"})


@lru_cache(maxsize=1000)
def computes_names(code: CodeType) -> bool:
    """Tell whether code, or that of a function defined in it, computes names of attributes."""
    return any(_computes_one(part) for part in codes_in(code))


class Evaluated(NamedTuple):
    """What code gives to `eval` and `exec`.

    Attributes:
        names: those in texts that stand in the code.
        is_computed: whether it gives them anything else.
    """

    names: frozenset[str]
    is_computed: bool


@lru_cache(maxsize=1000)
def evaluated_in(code: CodeType) -> Evaluated:
    """Tell what code, and that of functions defined in it, has evaluated by Python."""
    given = [text for part in codes_in(code) for text in _evaluated_by_one(part)]
    inner = [x for x in map(_code_of, given) if x is not None]
    below = [evaluated_in(x) for x in inner]
    names = frozenset().union(*map(names_in, inner), *(x.names for x in below))
    return Evaluated(names, len(inner) < len(given) or any(x.is_computed for x in below))


def _evaluated_by_one(code: CodeType) -> Iterator[str | None]:
    """List the texts that code has evaluated, None for what is no text as it stands."""
    steps = _steps(code)
    for at, step in enumerate(steps):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in EVALUATORS:
            yield next((x.argval for x in steps[at + 1 : at + 2] if _is_text(x)), None)


def _code_of(text: str | None) -> CodeType | None:
    try:
        return None if text is None else compile(text, "<text>", "exec")
    except SyntaxError:
        return None


def _steps(code: CodeType) -> list[dis.Instruction]:
    return [step for step in dis.get_instructions(code) if step.opname not in SKIPPED]


def _computes_one(code: CodeType) -> bool:
    steps = _steps(code)
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
