"""What a terminal can show: how wide it is, whether it has colours, and texts that ask it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import dis

# The sixteen colours that terminals have, and let people choose.
CODES = {"dim": "2", "bold": "1", "leaf": "34", "output": "1;33", "group": "35", "alarm": "1;31"}


def terminal_width() -> int | None:
    """Return the columns of the terminal that standard output is; None where it is none."""
    if not _is_terminal():
        return None
    from shutil import get_terminal_size  # slow to import

    return get_terminal_size().columns


def has_colours() -> bool:
    """Return whether standard output is a terminal that shows colours to somebody who wants them.

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


def _is_printing(frame: FrameType) -> bool:
    """Return whether a frame is just calling `print(...)` without a file.

    `str(text)`, `print(text)` and `print(text, file=log)` all ask a text for the same, and do not
    say what for. But the call stands in the asking frame's code: it begins where the name `print`
    stands, and names its keywords. Where that cannot be seen, nothing is coloured.
    """
    import dis

    steps = list(dis.get_instructions(frame.f_code))
    at = next((i for i, step in enumerate(steps) if step.offset == frame.f_lasti), 0)
    call = steps[at].positions
    if call is None or call.lineno is None or "CALL" not in steps[at].opname:
        return False
    for i in range(at - 1, -1, -1):
        held, place = steps[i].argval, steps[i].positions
        begins = place is not None and (place.lineno, place.col_offset) == (
            call.lineno,
            call.col_offset,
        )
        if begins and steps[i].opname.startswith("LOAD_") and held == "print":
            keywords = [k for step in steps[i : at + 1] for k in _keywords(frame, step)]
            return "file" not in keywords and "DICT" not in "".join(
                step.opname for step in steps[i:at]
            )
    return False


def _keywords(frame: FrameType, step: dis.Instruction) -> Sequence[Any]:
    """Return the names of keywords in one step of a call: a tuple among the code's constants."""
    if step.opname == "KW_NAMES" and step.arg is not None:  # Python 3.11 and 3.12
        return tuple(frame.f_code.co_consts[step.arg])
    return step.argval if isinstance(step.argval, tuple) else ()


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
        """Return what `print()` writes; to everybody else, such as a logger, the text."""
        return self.coloured if has_colours() and _is_printing(sys._getframe(1)) else self[:]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # In a notebook, too, lines are lines.
        return {"text/plain": self.coloured if has_colours() else self[:]}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # IPython knows how to write texts, and would write this one with quotes and escapes.
        printer.text(self._repr_mimebundle_()["text/plain"])

    def __reduce__(self) -> tuple[Any, ...]:
        return Printed, (self[:], self.coloured)
