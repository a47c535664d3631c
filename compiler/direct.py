"""Direct calls: what a call on plain numbers takes when machine code answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .capture.places import check_of

if TYPE_CHECKING:
    from .recording import Recording
    from .run.watched import Watched


class DirectCall:
    """Calls of one recording that machine code answers, in memory of their own.

    Parameters:
        recording: what it computes.
        machine: owns the code and the memory.
        function: takes numbers; gives None where it cannot answer.
        fields: what the function is told, and what it counts.
        watched: the places outside that the function looks at.
    """

    __slots__ = ("call", "fields", "machine", "recording", "watched")

    def __init__(
        self, recording: Recording, machine: Any, function: Any, fields: Any, watched: Watched
    ) -> None:
        self.recording = recording
        self.machine = machine
        self.fields = fields
        self.watched = watched
        self.call: Callable[..., Any] = function
        if watched.rest:
            check = check_of(watched.rest)
            self.call = lambda *args: function(*args) if check() else None

    def was_busy(self) -> bool:
        """Return whether a call found it busy since this was last asked."""
        missed, self.fields.missed = self.fields.missed, 0
        return bool(missed)

    def see_how_often(self) -> None:
        """See whether there were so many calls that faster code is worth it."""
        if self.fields.left == 0:
            self.fields.left = -1
            self.machine.ran_often()

    def follow(self) -> None:
        """Expect what stands in its places now: other objects, perhaps, of the same number."""
        if self.fields.moved:
            self.fields.moved = 0
            self.watched.refresh()

    def know_numpy(self) -> None:
        """Take NumPy's floats, too, which somebody may have imported meanwhile."""
        from .run.calls import float64

        self.fields.float64 = float64()

    def into(self, _args: Sequence[Any], _outs: Sequence[Any]) -> None:
        """Answer a call with `out=`: none of numbers is one."""
