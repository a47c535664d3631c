"""What a function computes, as one short text that changes when the function does.

Compiled code is kept on disk under the fingerprint of what it was made from: byte code, constants,
the globals and closures that the code names, and all that in turn of the functions and ops among
those. So an edited rule, or an edited helper of a rule, never meets the code of the old one.
"""

from __future__ import annotations

import hashlib
import types
from typing import Any

from pluggrad import Op


def fingerprint(*things: object) -> str:
    """Hash functions, ops and plain values; equal for equal behaviour, as far as can be seen."""
    digest = hashlib.sha256()
    _Walk(digest.update).over(things)
    return digest.hexdigest()[:32]


class _Walk:
    def __init__(self, update: Any) -> None:
        self.update = update
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []  # so that no id is given to a second object meanwhile

    def note(self, text: str) -> None:
        self.update(text.encode() + b"\0")

    def over(self, things: Any) -> None:
        pending = [*reversed(tuple(things))]
        while pending:
            thing = pending.pop()
            if id(thing) in self.seen:
                self.note(f"again {self.seen[id(thing)]}")
                continue
            pending += reversed(self.parts(thing))

    def parts(self, thing: Any) -> list[Any]:
        self.note(type(thing).__qualname__)
        if isinstance(thing, int | float | complex | str | bytes | None | types.EllipsisType):
            self.note(repr(thing))
            return []
        self.seen[id(thing)] = len(self.seen)
        self.kept.append(thing)
        match thing:
            case Op():
                self.note(thing.name)
                return [thing.forward, *thing.rules]
            case types.FunctionType():
                code = thing.__code__
                cells = [_content(cell) for cell in thing.__closure__ or ()]
                named = [
                    thing.__globals__[name]
                    for name in sorted(names_in(code))
                    if name in thing.__globals__
                ]
                return [code, thing.__defaults__, *cells, *named]
            case types.CodeType():
                self.update(thing.co_code)
                return [*thing.co_names, *thing.co_varnames, *thing.co_consts]
            case types.ModuleType():
                self.note(thing.__name__)
                return [getattr(thing, "__version__", None)]
            case tuple() | list():
                return list(thing)
            case frozenset() | set():
                return sorted(thing, key=repr)
            case dict():
                return [x for pair in thing.items() for x in pair]
        self.note(f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}")
        return [getattr(thing, "func", None), getattr(thing, "args", None)]


def names_in(code: types.CodeType) -> set[str]:
    """Collect the global names that code uses, and those of the functions defined in it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
    return found


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None
