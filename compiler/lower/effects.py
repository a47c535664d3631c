"""What a function does besides computing: which machine code would not do, or do once too often.

An op may count its calls, keep what it gave, or write down what it saw. Machine code of it would
not. So what changes something outside is not translated; nor is it run to find out how it computes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from ..capture.places import is_installed


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
