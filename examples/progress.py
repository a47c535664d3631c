"""A progress bar in twenty lines, so that the examples need nothing but pluggrad."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator


def progress(count: int, title: str) -> Iterator[int]:
    """Count from 0 to `count`, with a bar that grows where somebody is watching the terminal."""
    watched = sys.stderr.isatty()
    start = shown = time.perf_counter()
    for k in range(count):
        yield k
        now = time.perf_counter()
        if watched and (now - shown > 0.05 or k == count - 1):
            shown = now
            done = 30 * (k + 1) // count
            bar = "█" * done + "░" * (30 - done)
            print(f"\r{title} {bar} {k + 1}/{count}", end="", file=sys.stderr, flush=True)
    end = "\n" if watched else ""
    print(f"{end}{title}: {count} steps in {time.perf_counter() - start:.2f} s", file=sys.stderr)
