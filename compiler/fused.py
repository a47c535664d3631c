"""Fused functions of one recording, each made when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from pluggrad import CompileError

from .tape.data import Tape


class Fused:
    """The functions that compute a whole tape for many lanes.

    Parameters:
        tape: what they compute.
        guarded: whether it is for some inputs only, and finds out as it runs.
    """

    def __init__(self, tape: Tape, *, guarded: bool) -> None:
        self.tape = tape
        self.guarded = guarded
        self._made: dict[Hashable, Any] = {}

    def lanes(self, *, backward: bool) -> Any | None:
        """Return the function that computes each lane, if there can be one."""
        from .lanes.program import Program

        return self._kept(backward, lambda: Program(self.tape, backward=backward))

    def made(self, key: Hashable) -> Any | None:
        """Return a function of lanes, `backward` or not, that has been made already."""
        return self._made.get(key)

    def sums(self, wanted: tuple[int, ...] | None, columns: frozenset[int]) -> Any | None:
        """Return the function that adds up lanes, if there can be one."""
        from .lanes.sums import Summing

        return self._kept((wanted, columns), lambda: Summing(self.tape, wanted, columns))

    def _kept(self, key: Hashable, make: Callable[[], Any]) -> Any | None:
        if key not in self._made:
            self._made[key] = self._tried(make)
        return self._made[key]

    def _tried(self, make: Callable[[], Any]) -> Any | None:
        from .lower.probing import check_ends

        try:
            if self.guarded:
                check_ends(self.tape.ops)
            return make()
        except CompileError:  # the other way says why, if it cannot either
            return None
