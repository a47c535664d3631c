"""One line about one piece of work, with a bar where it is known how much there is to do.

On a terminal the line is rewritten, and gone at the end; elsewhere it is written once, or not at
all. `PLUGGRAD_PROGRESS=0` silences it.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar

from pluggrad.recording import in_forked_child

from .screens import Screen, made_screen

PATIENCE = 1.0  # seconds before anything is said
EVERY = 0.1  # seconds between two versions of the line
LAST_WORD = 1.0  # seconds in which a clock that is writing comes to its end


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
        self.broken = False

    def is_heard(self) -> bool:
        """Return whether anybody would hear it."""
        if os.environ.get("PLUGGRAD_PROGRESS") == "0" or sys.stderr is None or self.broken:
            return False
        return self.elsewhere or _is_terminal()

    def tell(self, text: str, done: int, total: int, long: bool) -> None:
        """Say what is being done, if it has taken long, or will."""
        if not self.is_heard():
            return
        now = time.monotonic()
        if (not long and now - self.start < PATIENCE) or self.total > total:
            return  # what is part of a counted piece of work does not speak for itself
        with self.lock, self._silent_if_broken():
            self.total = total
            if _is_terminal():
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
            screen, self.screen = self.screen, None
            if screen is not None:
                self.told = 0.0
                with self._silent_if_broken():
                    screen.clear()

    @contextmanager
    def _silent_if_broken(self) -> Iterator[None]:
        """Say nothing more where stderr is full, closed or no stream: the work goes on."""
        try:
            yield
        except Exception:
            self.broken = True


def _is_terminal() -> bool:
    with suppress(Exception):  # it is closed, or no stream
        return sys.stderr.isatty()
    return False


_current: ContextVar[Line | None] = ContextVar("progress", default=None)


def _unlock() -> None:
    """Let a forked child speak, though a clock of its parent was about to."""
    if (line := _current.get()) is not None:
        line.lock = threading.RLock()


in_forked_child(_unlock)


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
    with waiting(elsewhere=False) as line, _clock(line, text, done, total):
        yield line


@contextmanager
def telling(text: str) -> Iterator[None]:
    """Say `text` from time to time while a function of somebody else's runs."""
    line = _current.get()
    with nullcontext() if line is None else _clock(line, text):
        yield


@contextmanager
def _clock(line: Line, text: str, done: int = 0, total: int = 0) -> Iterator[None]:
    """Speak from a thread of its own as soon as a reader has waited, and again every second.

    Ctrl-C may come before the thread is started, a forked child has no such thread, and Python ends
    it before it ends itself: who waits here for its end waits for what was started, and not long.
    """
    if not line.is_heard():
        yield
        return
    over, gone = _thread.allocate_lock(), _thread.allocate_lock()

    def speak() -> None:
        pause = max(0.0, line.start + PATIENCE - time.monotonic())
        while not over.acquire(timeout=pause):
            line.tell(text, done, total, True)
            pause = max(EVERY, PATIENCE)

    def run() -> None:
        try:
            speak()
        finally:
            gone.release()

    over.acquire()
    gone.acquire()
    process, started = os.getpid(), False
    try:
        with suppress(RuntimeError):  # where there are no threads, as in a browser
            _thread.start_new_thread(run, ())
            started = True
        yield
    finally:
        over.release()
        if started and os.getpid() == process:
            gone.acquire(timeout=LAST_WORD)


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
