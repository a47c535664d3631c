"""What a terminal can show: how wide it is, whether it has colours, and texts that ask it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, Self

# The sixteen colours that terminals have, and let people choose.
CODES = {"dim": "2", "bold": "1", "leaf": "34", "output": "1;33", "group": "35", "alarm": "1;31"}


def terminal_width() -> int | None:
    """Give the columns of the terminal that standard output is; None where it is none."""
    return shutil.get_terminal_size().columns if _is_terminal() else None


def has_colours() -> bool:
    """Say whether standard output is a terminal that shows colours to somebody who wants them.

    Nobody does where `NO_COLOR` is set (https://no-color.org).
    """
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and _is_terminal()


def painted(text: str, look: str) -> str:
    """Write a text in one of `CODES`; "" leaves it as it is.

    >>> painted("x", "bold")
    '\\x1b[1mx\\x1b[0m'
    """
    return f"\x1b[{CODES[look]}m{text}\x1b[0m" if look and text else text


def _is_terminal() -> bool:
    isatty = getattr(sys.stdout, "isatty", None)
    try:
        return bool(isatty is not None and isatty())
    except ValueError:  # it is closed
        return False


class Printed(str):
    """A text without colours, for every purpose, that `print()` shows with them on a terminal.

    Parameters:
        text: the text.
        coloured: the same with a terminal's codes for colours.
    """

    coloured: str

    def __new__(cls, text: str, coloured: str) -> Self:
        """Make the text."""
        made = super().__new__(cls, text)
        made.coloured = coloured
        return made

    def __str__(self) -> str:
        """Give what `print()` writes."""
        return self.coloured if has_colours() else self[:]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self)}  # in a notebook, too, lines are lines

    def __reduce__(self) -> tuple[Any, ...]:
        return Printed, (self[:], self.coloured)
