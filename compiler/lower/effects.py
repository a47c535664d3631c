"""What a function does besides computing: which machine code would not do, or do once too often.

An op may count its calls, keep what it gave, or write down what it saw. Machine code of it would
not. So what changes something outside is not translated; nor is it run to find out how it computes.
"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from ..capture.places import Seen, is_installed
from ..capture.reads import Reads
from ..tape.fingerprint import codes_in

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


class entered:  # noqa: N801 - a context manager, used once
    """Collect the code of functions that run in a `with` block, but for that of libraries.

    However a function calls another, by the name of a method, out of a list or as an operator of
    an object, it is found here.
    """

    def __enter__(self) -> set[CodeType]:
        self.codes: set[CodeType] = set()
        self.profiler: Any = sys.getprofile()
        sys.setprofile(self._note)
        return self.codes

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            module = str(frame.f_globals.get("__name__"))
            if not (module.startswith("pluggrad.") or is_installed(module)):
                self.codes.add(frame.f_code)

    def __exit__(self, *exc: object) -> None:
        sys.setprofile(None)
        if hasattr(self.profiler, "enable"):  # that of cProfile, which is no function
            self.profiler.enable()
        else:
            sys.setprofile(self.profiler)


@contextmanager
def left() -> Iterator[None]:
    """Collect nothing in a `with` block: what compiles another op is no code of this one."""
    profiler = sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(profiler)
