"""What a terminal shows while a command works: one line, which is gone at the end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0  # seconds before anything is shown


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show what is being done, once it has taken a second, on a terminal.

    `PLUGGRAD_PROGRESS=0` silences it.
    """
    if os.environ.get("PLUGGRAD_PROGRESS") == "0" or not _is_terminal():
        yield
        return
    timer = threading.Timer(PATIENCE, _write, (f"\r\x1b[Kpluggrad: {text}",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        _write("\r\x1b[K")


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
