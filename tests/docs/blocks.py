"""The fenced blocks of a Markdown page: what a reader would type, and what it should print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^( *)(```+)(\w*)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
# A block that begins with a comment of nothing but a path is the file of that name.
FILE = re.compile(r"# ([\w./-]+\.(?:py|toml|txt|csv))\n")


@dataclass(frozen=True)
class Block:
    """One block: its language, its text, and the line of the page on which the text begins."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        """The name of the file that the block is; "" for one to run."""
        found = FILE.match(self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A line `$ command` of a console block, and the output that the page shows below it."""

    command: str
    output: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start(4)) + 1, found[3], found[4])
        for found in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """Split a console block at its prompts."""
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = command.removesuffix("\\") + more.strip()
        found.append(Command(command.strip(), output.strip("\n")))
    return found
