"""`pluggrad diff BEFORE AFTER`: what is different between two graphs."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from pluggrad import compare, render, save
from pluggrad.drawing.saving import for_a_pipe

from .picture import put
from .table import add_json, shown
from .target import load


def run(given: Namespace) -> int:
    """Draw the comparison: to a file, or as text to the terminal."""
    difference = compare(load(given.before), load(given.after))
    if given.output == "-":
        put(for_a_pipe(difference, "json" if given.json else given.renderer or "text"))
    elif given.output is not None:
        path = save(difference, given.output, given.renderer)
        print(json.dumps({"path": str(path)}) if given.json else shown(str(path)))
    else:
        print(render(difference, "json" if given.json else given.renderer or "text"))
    return int(any(n.kind in KINDS for notes in difference.record.notes.values() for n in notes))


KINDS = ("added", "removed", "changed")


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "diff",
        help="compare two graphs",
        description="Show what is different between two graphs; exits with 1 where anything is.",
    )
    for name in ("before", "after"):
        command.add_argument(
            name,
            metavar=f"{name.upper()}",
            help="MODULE:OBJECT or FILE.py:OBJECT, as for `pluggrad render`",
        )
    command.add_argument("-r", "--renderer", metavar="NAME", help="see `pluggrad renderers`")
    command.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="write a file, such as diff.html; - is standard output",
    )
    add_json(command)
    command.set_defaults(run=run)
