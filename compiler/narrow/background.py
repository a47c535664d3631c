"""Code in pieces, made in the background for programs that run often; see pieces.py."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from threading import Event, Thread
from weakref import WeakMethod

from pluggrad.errors import one_line

from ..codegen.code import Code
from ..native.library import making
from ..plan.plan import Plan
from ..warning import warn

RUNS = 3000  # of a program, before it is worth a second of a processor
FEWEST = 100  # instructions
MOST = 20_000  # nodes, which take some seconds to compile
CROWD = 4  # nodes for one instruction, from which on there is little to gain

Parts = dict[str, Code]
Taker = Callable[[Parts], None]


class InBackground:
    """Makes the pieces of one plan, once, for all machines that run it.

    Parameters:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.thread: Thread | None = None
        self.parts: Parts | None = None
        self._takers: list[WeakMethod[Taker]] = []

    def ask(self, taker: Taker) -> None:
        """Let the method of a machine have the pieces as soon as they are there."""
        self._takers.append(WeakMethod(taker))
        if self.parts is not None:
            self._give()
        elif self.thread is None and not _ending.is_set():
            self.thread = Thread(target=self._make, name="pluggrad pieces", daemon=True)
            _threads.append(self.thread)
            self.thread.start()

    def _make(self) -> None:
        try:
            self._make_pieces()
        except Exception as cause:  # of LLVM, or of a disk; in a thread nobody would catch it
            warn(
                f"faster code could not be compiled: {one_line(cause)}. The program goes on with "
                "the code that it has, which gives the same numbers"
            )

    def _make_pieces(self) -> None:
        with making:
            from .pieces import in_pieces  # which most programs never need
        forward = in_pieces(self.plan, backward=False, stop=_ending)
        backward = in_pieces(self.plan, backward=True, stop=_ending)
        if forward is not None and backward is not None:
            self.parts = {"forward": forward, "backward": backward}
            self._give()

    def _give(self) -> None:
        assert self.parts is not None
        while self._takers:
            taker = self._takers.pop()()
            if taker is not None:
                taker(self.parts)


def background_of(plan: Plan) -> InBackground | None:
    """Return what makes the pieces of a plan; None where they are not worth it."""
    made, nodes = plan.nests.made, plan.nests.length
    if made < FEWEST or nodes > MOST or nodes > CROWD * made:
        return None
    return InBackground(plan)


_threads: list[Thread] = []
_ending = Event()


def _end() -> None:
    """Wait for pieces that are being compiled: LLVM must not be taken away from them."""
    _ending.set()
    for thread in _threads:
        thread.join()


atexit.register(_end)
