"""How the line looks on a terminal: as rich draws it where that is installed, else by ourselves."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any, Protocol

WIDTH = 30  # letters of a bar


class Screen(Protocol):
    """What shows the line."""

    def show(self, text: str, done: int, total: int) -> None:
        """Show the line, in place of the one before; with a bar where `total` is not 0."""

    def clear(self) -> None:
        """Take it away."""


def made_screen() -> Screen:
    """Make the best screen that there is."""
    return Rich() if find_spec("rich") else Plain()


class Plain:
    """A line of text that is rewritten."""

    def show(self, text: str, done: int, total: int) -> None:
        """Show it."""
        _write(f"\r\x1b[Kpluggrad: {text}{bar(done, total)}")

    def clear(self) -> None:
        """Take it away."""
        _write("\r\x1b[K")


def bar(done: int, total: int) -> str:
    """Draw how much is done; nothing where nobody knows.

    >>> bar(1, 3)
    ' [##########--------------------] 33 %'
    """
    if not total:
        return ""
    full = WIDTH * done // total
    return f" [{'#' * full}{'-' * (WIDTH - full)}] {100 * done // total} %"


class Rich:
    """The same, with rich's bar and the time that is left."""

    def __init__(self) -> None:
        from rich import progress as parts
        from rich.console import Console

        self._bar = parts.Progress(
            parts.TextColumn("pluggrad: {task.description}", markup=False),
            parts.BarColumn(WIDTH),
            parts.TaskProgressColumn(),
            parts.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: Any = self._bar.add_task("", total=None)
        self._bar.start()

    def show(self, text: str, done: int, total: int) -> None:
        """Show it."""
        self._bar.update(
            self._task, description=text, completed=done, total=total or None, refresh=True
        )

    def clear(self) -> None:
        """Take it away."""
        self._bar.stop()


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
