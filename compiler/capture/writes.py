"""What functions change outside of themselves, as their code tells."""

from __future__ import annotations

import dis
from collections import deque
from types import CodeType
from typing import Any

from ..tape.fingerprint import codes_in
from .places import Seen
from .reads import Reads

VARIABLES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})
CELLS = frozenset({"STORE_DEREF", "DELETE_DEREF"})
PARTS = frozenset({"STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR"})
METHODS = frozenset(
    "append appendleft extend insert add update pop popleft popitem remove discard clear sort "
    "setdefault reverse fill put setattr subtract".split()
)


def sets_outside(step: dis.Instruction, code: CodeType) -> bool:
    """Tell whether an instruction sets a variable of a module or of an enclosing function."""
    return step.opname in VARIABLES or (step.opname in CELLS and step.argval in code.co_freevars)


def may_change(reads: Reads) -> bool:
    """Tell whether functions could change a container or an object that they read."""
    scopes = {id(function.__globals__) for function in reads.functions}
    if not any(_is_held(holder, scopes) for holder, _, _ in reads.places):
        return False
    codes = [code for function in reads.functions for code in codes_in(function.__code__)]
    return any(map(_changes_parts, codes))


def _is_held(holder: Any, scopes: set[int]) -> bool:
    thing = holder.thing if isinstance(holder, Seen) else holder
    is_container = isinstance(thing, dict | list | set | deque | bytearray)
    return (is_container and id(thing) not in scopes) or hasattr(type(thing), "tobytes")


def _changes_parts(code: CodeType) -> bool:
    steps = dis.get_instructions(code)
    return not METHODS.isdisjoint(code.co_names) or any(step.opname in PARTS for step in steps)


def changes(reads: Reads) -> bool:
    """Tell whether functions may change anything that they read, variables among it."""
    codes = [code for function in reads.functions for code in codes_in(function.__code__)]
    steps = ((step, code) for code in codes for step in dis.get_instructions(code))
    return may_change(reads) or any(sets_outside(step, code) for step, code in steps)
