"""The command `pluggrad`: reads its arguments, runs one subcommand, tells errors in one line."""

from __future__ import annotations

import io
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from pluggrad import PluggradError, __version__
from pluggrad.hints.names import closest

from . import (
    check,
    completion,
    demo,
    diff,
    doctor,
    listing,
    new_plugin,
    picture,
    settings,
    step,
    stubs,
)
from .table import shown

SUBCOMMANDS = (
    demo,
    listing,
    picture,
    step,
    diff,
    check,
    new_plugin,
    settings,
    doctor,
    stubs,
    completion,
)
WRONG_USE = 2
INTERRUPTED = 130  # 128 + SIGINT and 128 + SIGPIPE, as a shell counts them
BROKEN_PIPE = 141


class Parser(ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong in one line, and leave."""
        if wrong := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            close = closest(wrong[1], re.findall(r"[\w-]+", wrong[2]))
            message += f"; did you mean {close!r}?" if close else ""
        end = "" if message.endswith(("?", "...")) else "."
        self.exit(WRONG_USE, f"pluggrad: {shown(message)}{end} See {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters:
        arguments: what stands behind `pluggrad` on the command line; `sys.argv` if not given.

    Returns:
        The exit code: 0; 1 when `check` finds something wrong; 2 for wrong use, which is told in
        one line on stderr.

    >>> main(["ops"])  # doctest: +ELLIPSIS
    name ...
    0
    """
    _open_closed_streams()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # labels and keys can be anything
    given = parsed(arguments)
    try:
        code = given.run(given)
        sys.stdout.flush()
    except PluggradError as cause:
        print(f"pluggrad: {shown(' '.join(str(cause).split()))}", file=sys.stderr)
        return WRONG_USE
    except OSError as cause:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(cause, BrokenPipeError):  # whoever reads has seen enough
            return BROKEN_PIPE
        what = str(cause) if cause.filename else f"cannot write the output: {cause.strerror}"
        print(f"pluggrad: {shown(what)}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code or 0


def parsed(arguments: Sequence[str] | None) -> Namespace:
    """Read the command line; what a command does not take is told by that command."""
    top = parser()
    given, unknown = top.parse_known_args(arguments)
    if unknown:
        name = f" {given.command}" if given.command else ""
        option = unknown[0].lstrip("-").partition("=")[0]
        hint = f"; a renderer's option is --option {option}=..." if "option" in given else ""
        top.prog += name
        top.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return given


def _open_closed_streams() -> None:
    """Put an end of nothing where whoever started the command has closed a stream."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def parser() -> Parser:
    """Build the parser; each subcommand adds its own part."""
    top = Parser(
        prog="pluggrad",
        description="A scalar autodiff engine whose operations and pictures are plugins.",
    )
    top.add_argument("--version", action="version", version=f"pluggrad {__version__}")
    top.set_defaults(run=lambda given: top.print_help())
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for subcommand in SUBCOMMANDS:
        subcommand.add_to(commands)
    return top
