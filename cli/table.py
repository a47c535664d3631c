"""Tables for a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align texts in columns.

    On a terminal the last column is wrapped to its width; into a file or pipe each row is a line.

    >>> print(table(("name", "op"), [("add", "+"), ("mul", "*")]))
    name  op
    add   +
    mul   *
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)][:-1]
    before = sum(widths) + 2 * len(widths)
    room = shutil.get_terminal_size().columns - before if sys.stdout.isatty() else 0
    lines = []
    for row in (header, *rows):
        start = "".join(f"{cell:{width}}  " for cell, width in zip(row, widths, strict=False))
        last = textwrap.wrap(row[-1], room) if room >= 20 else [row[-1]]
        lines += [f"{start}{last[0] if last else ''}".rstrip()]
        lines += [" " * before + more for more in last[1:]]
    return "\n".join(lines)
