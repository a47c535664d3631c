"""One line about one piece of work, with a bar where it is known how much there is to do.

On a terminal the line is rewritten, and gone at the end; elsewhere it is written once, or not at
all. `PLUGGRAD_PROGRESS=0` silences it.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .screens import Screen, made_screen

PATIENCE = 1.0  # seconds before anything is said
EVERY = 0.1  # seconds between two versions of the line


class Line:
    """What is said of one piece of work.

    Parameters:
        elsewhere: whether it is said once where no terminal is.
    """

    def __init__(self, elsewhere: bool) -> None:
        self.elsewhere = elsewhere
        self.start = time.monotonic()
        self.told = 0.0
        self.total = 0
        self.screen: Screen | None = None
        self.lock = threading.RLock()  # a timer may tell, too

    def tell(self, text: str, done: int, total: int, long: bool) -> None:
        """Say what is being done, if it has taken long, or will."""
        if os.environ.get("PLUGGRAD_PROGRESS") == "0" or sys.stderr is None:
            return
        now = time.monotonic()
        if (not long and now - self.start < PATIENCE) or self.total > total:
            return  # what is part of a counted piece of work does not speak for itself
        with self.lock:
            self.total = total
            if sys.stderr.isatty():
                self._show(text, done, total, now)
            elif self.elsewhere and not self.told:
                self.told = now
                sys.stderr.write(f"pluggrad: {text}\n")
                sys.stderr.flush()

    def _show(self, text: str, done: int, total: int, now: float) -> None:
        if now - self.told > EVERY:
            self.told = now
            self.screen = self.screen or made_screen()
            self.screen.show(text, done, total)

    def done(self) -> None:
        """Take the line away, where that is possible."""
        with self.lock:
            if self.screen is not None:
                self.screen.clear()
                self.screen = None
                self.told = 0.0


_current: ContextVar[Line | None] = ContextVar("progress", default=None)


@contextmanager
def waiting(*, elsewhere: bool = True) -> Iterator[Line]:
    """While it is open, `tell` speaks; inside another one it is the same piece of work.

    Parameters:
        elsewhere: whether it also speaks, once, where stderr is no terminal.
    """
    if (outer := _current.get()) is not None:
        yield outer
        return
    line = Line(elsewhere)
    try:
        _current.set(line)
        yield line
    finally:
        _current.set(None)
        line.done()


@contextmanager
def working(text: str, *, done: int = 0, total: int = 0) -> Iterator[Line]:
    """Say `text` on a terminal as soon as its reader has waited for a second.

    Parameters:
        text: what is done.
        done: how much of the whole is done before, and
        total: of how much.
    """
    with waiting(elsewhere=False) as line:
        patience = max(0.0, line.start + PATIENCE - time.monotonic())
        timer = threading.Timer(patience, line.tell, (text, done, total, True))
        timer.daemon = True
        timer.start()
        try:
            yield line
        finally:
            timer.cancel()
            timer.join()


@contextmanager
def telling(text: str) -> Iterator[None]:
    """Say `text` from time to time while a function of somebody else's runs.

    Python collects garbage whenever some hundred objects more are alive, such as the nodes that a
    function makes: that is the time to look at the clock.
    """

    def collected(phase: str, info: dict[str, int]) -> None:
        tell(text)

    try:
        gc.callbacks.append(collected)
        yield
    finally:
        gc.callbacks.remove(collected)


def tell(text: str, *, done: int = 0, total: int = 0, long: bool = False) -> None:
    """Say what is being done, if somebody waits, and it has taken long or will.

    Parameters:
        text: what.
        done: how much of it, and
        total: of how much; 0 where nobody knows.
        long: whether it will take long.
    """
    line = _current.get()
    if line is not None:
        line.tell(text, done, total, long)
