"""Which names functions ask each thing for: `os.path.join` asks nothing of `sys`.

The attribute of a variable outside is asked of what stands there. That of anything else may be one
of whatever a function reaches.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any

from ..tape.fingerprint import codes_in, texts_in
from .places import is_empty

LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"})
TAKES = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM"})
OWN = frozenset({"self", "cls", "other"})  # in methods: what these have is not a library's


class Asked:
    """Which names functions ask things for.

    Parameters:
        functions: the functions.
        by_text: whether any text in them may be a name, too.
    """

    def __init__(self, functions: Iterable[FunctionType], *, by_text: bool) -> None:
        self._of: dict[int, set[str]] = {}  # what stands in a variable outside
        self._of_any: set[str] = set()
        for function in functions:
            for code in codes_in(function.__code__):
                self._note(code, _variables(function, code))
                self._of_any |= texts_in(code) if by_text else set()

    def names(self, thing: Any) -> set[str]:
        """Return the names that a thing may be asked for."""
        return self._of.get(id(thing), set()) | self._of_any

    def _note(self, code: CodeType, variables: dict[str, Any]) -> None:
        for holder, step in pairwise(dis.get_instructions(code)):
            if step.opname not in TAKES:
                continue
            if holder.opname in LOADS and holder.argval in variables:
                asked = self._of.setdefault(id(variables[holder.argval]), set())
                asked.add(str(step.argval))
            elif not (holder.opname.startswith("LOAD_FAST") and holder.argval in OWN):
                self._of_any.add(str(step.argval))


def _variables(function: FunctionType, code: CodeType) -> dict[str, Any]:
    """Return the variables outside of a function that some code in it reads."""
    scope = function.__globals__
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    held = {x: cells[x] for x in code.co_freevars if x in cells}
    inner = {x: cell.cell_contents for x, cell in held.items() if not is_empty(cell)}
    return {x: scope[x] for x in code.co_names if x in scope} | inner
