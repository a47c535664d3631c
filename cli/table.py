"""What commands print: tables for a terminal, and JSON for programs."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align texts in columns.

    On a terminal the last column is wrapped to its width; into a file or pipe each row is a line.

    >>> print(table(("name", "op"), [("add", "+"), ("mul", "*")]))
    name  op
    add   +
    mul   *
    """
    header, rows = tuple(map(shown, header)), [tuple(map(shown, row)) for row in rows]
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


# Control characters, and what turns the direction of reading.
_OBEYED = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")


def shown(text: str) -> str:
    r"""Return a text as one line, with escapes for what a terminal would obey.

    Names of files, plugins and labels can hold anything.

    >>> shown("a\x1b[2J")
    'a\\x1b[2J'
    """
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def add_json(command: ArgumentParser) -> None:
    """Add the option --json to a command."""
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def report(given: Namespace, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table; with --json as a list of objects, whose names are those of columns."""
    if given.json:
        print(
            json.dumps([dict(zip(header, row, strict=True)) for row in rows], indent=2, default=str)
        )
        return
    cells = [[_cell(x) for x in row] for row in rows]
    if sys.stdout.isatty() and find_spec("rich"):
        _print_with_rich(header, cells)
    else:
        print(table(header, cells))


def _print_with_rich(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*header, box=box.SIMPLE_HEAD, pad_edge=False)
    for first, *others in rows:  # as Text: nothing in it is markup
        drawn.add_row(Text(shown(first), "bold"), *(Text(shown(cell)) for cell in others))
    Console().print(drawn)


def _cell(x: Any) -> str:
    return " ".join(x) if isinstance(x, list) else str(x)
