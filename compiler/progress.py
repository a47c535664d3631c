"""What is said while somebody waits: one line on stderr, and only when it takes long.

On a terminal the line is rewritten, and gone at the end; elsewhere it is written once.
`PLUGGRAD_PROGRESS=0` silences it.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE = 1.0  # seconds before anything is said
EVERY = 0.1  # seconds between two versions of the line


MANY = 1_000_000  # nodes that take longer than that


class Progress:
    """One line about one piece of work."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.told = 0.0

    def tell(self, text: str, *, long: bool = False) -> None:
        """Say what is being done, if it has taken long, or will."""
        if os.environ.get("PLUGGRAD_PROGRESS") == "0" or sys.stderr is None:
            return
        now = time.monotonic()
        if not long and now - self.start < PATIENCE:
            return
        if sys.stderr.isatty():
            if now - self.told > EVERY:
                self.told = now
                sys.stderr.write(f"\r\x1b[Kpluggrad: {text}")
        elif not self.told:
            self.told = now
            sys.stderr.write(f"pluggrad: {text}\n")
        sys.stderr.flush()

    def done(self) -> None:
        """Take the line away, where that is possible."""
        if self.told and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


_current: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def waiting() -> Iterator[None]:
    """While it is open, `tell` speaks; inside another one it is the same piece of work."""
    if _current.get() is not None:
        yield
        return
    progress = Progress()
    try:
        _current.set(progress)
        yield
    finally:
        _current.set(None)
        progress.done()


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


def tell(text: str, *, long: bool = False) -> None:
    """Say what is being done, if somebody waits, and it has taken long or will (`long`)."""
    progress = _current.get()
    if progress is not None:
        progress.tell(text, long=long)
