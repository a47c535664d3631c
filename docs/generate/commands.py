"""The reference of the command line, from the parsers themselves."""

from __future__ import annotations

import re
from argparse import ArgumentParser, HelpFormatter, _SubParsersAction

from pluggrad.cli.command import parser

TOP = """\
# Command line

`pluggrad COMMAND --help` prints the same. The exit code is 0; 1 when `check` finds something wrong;
2 for wrong use or an error, which is told in one line on stderr.

"""


def subcommands() -> dict[str, ArgumentParser]:
    """Return the parser of each subcommand."""
    (found,) = [a for a in parser()._actions if isinstance(a, _SubParsersAction)]
    return dict(found.choices)


def page() -> str:
    """Return the page."""
    return TOP + "".join(
        f"## pluggrad {name}\n\n```text\n{plain_help(one)}\n```\n\n"
        for name, one in subcommands().items()
    )


def plain_help(one: ArgumentParser) -> str:
    """Return a parser's help in 88 columns, without colours, the same in every terminal."""
    one.formatter_class = lambda prog: HelpFormatter(prog, width=88, max_help_position=26)
    return re.sub(r"\x1b\[[0-9;]*m", "", one.format_help()).strip()
