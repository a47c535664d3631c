"""`pluggrad render MODULE:OBJECT`: draw a graph that some program makes."""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from pluggrad import render, save
from pluggrad.drawing.saving import for_a_pipe
from pluggrad.progress import working

from .table import add_json, shown
from .target import load


def run(given: Namespace) -> None:
    """Draw what a program has made: to a file, or as text to the terminal."""
    options = dict(map(option, given.option))
    values = load(given.target)
    if given.output == "-":
        with working("drawing"):
            put(for_a_pipe(values, "json" if given.json else given.renderer, **options))
        return
    if given.output is not None:
        with working(f"drawing {given.output}"):
            path = save(values, given.output, given.renderer, **options)
        if given.json:
            print(json.dumps({"path": str(path)}, indent=2))
            return
        if not _is_standard_output(path):
            print(shown(str(path)))
        return
    with working("drawing"):
        result = render(values, "json" if given.json else given.renderer, **options)
    put(result)


def put(result: Any) -> None:
    """Write a picture to standard output."""
    if isinstance(result, bytes):
        sys.stdout.buffer.write(result)
    elif type(result) is str and sys.stdout.isatty():
        print(_tame(result))
    else:
        print(result)


def option(text: str) -> tuple[str, Any]:
    """Read `key=value`; a value that is JSON is what JSON says, any other is text.

    Yes and no, in whatever letters, are true and false, as in the environment.

    >>> option("max_nodes=100"), option("direction=LR"), option("color=no"), option("width=None")
    (('max_nodes', 100), ('direction', 'LR'), ('color', False), ('width', None))
    """
    key, _, value = text.partition("=")
    if value.lower() in _WORDS:
        return key, _WORDS[value.lower()]
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value


_WORDS = {"yes": True, "true": True, "no": False, "false": False, "none": None, "null": None}


def _tame(text: str) -> str:
    """Escape what a terminal would obey in a picture, but its lines and colours."""
    parts = re.split(r"(\n|\x1b\[[0-9;]*m)", text)
    return "".join(part if i % 2 else shown(part) for i, part in enumerate(parts))


def _is_standard_output(path: Path) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # it has no descriptor, in a test for instance
        return False


def _key_and_value(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not equals or not key.isidentifier():
        raise ValueError
    return text


_key_and_value.__name__ = "key=value"  # argparse names the type in its message


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "render",
        help="draw a graph that a module or file makes",
        description="Draw a Value that a module or file holds, or that a function in it returns.",
    )
    command.add_argument(
        "target",
        metavar="MODULE:OBJECT|FILE.py:OBJECT",
        help="a Value, several, a Graph, or a function without arguments that returns one",
    )
    command.add_argument(
        "-r",
        "--renderer",
        metavar="NAME",
        help="see `pluggrad renderers`; else the suffix of PATH, or the settings, choose",
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="write a file, or to standard output for -; else the result is printed",
    )
    command.add_argument(
        "--option",
        metavar="KEY=VALUE",
        type=_key_and_value,
        action="append",
        default=[],
        help="an option of the renderer; may be given several times",
    )
    add_json(command)
    command.set_defaults(run=run)
