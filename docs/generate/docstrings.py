"""Docstrings as Markdown: paragraphs as they are, sections as lists and code blocks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

HEADINGS = ("Parameters", "Attributes", "Returns", "Raises", "Example")


def sections(documented: object) -> dict[str, str]:
    """Split a docstring at its headings; what stands before the first is under "".

    Lines of a section are indented. What follows it at the margin, as an example, is under "rest".
    """
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in (inspect.getdoc(documented) or "").splitlines():
        heading = line.removesuffix(":")
        if line.endswith(":") and heading in HEADINGS:
            current = heading
            found[current] = []
        else:
            if current and line and not line.startswith(" "):
                current = "rest"
                found.setdefault(current, [])
            found[current].append(line)
    return {name: inspect.cleandoc("\n".join(lines)) for name, lines in found.items()}


def entries(section: str) -> dict[str, str]:
    """Read a section of `name: text` entries, with their following lines."""
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        start = re.match(r"(\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif name:
            found[name] += " " + line.strip()
    return found


def code(section: str) -> str:
    """Return a section as a Python block."""
    return f"```python\n{section.strip()}\n```"


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell(x) for x in line) + " |" for line in lines)


def cell(text: str) -> str:
    """Return text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")
