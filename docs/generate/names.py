"""The page of names: what PyTorch, JAX and micrograd call a thing, and what it is called here."""

from __future__ import annotations

from pluggrad.hints.engines import GROUPS, Row

TOP = """\
# Names side by side

What PyTorch, JAX and micrograd call a thing, and what it is called here. The tests import every
name. "-" says that there is none of its own; the last column says what differs, or why it is
missing.

"""
HEADER = "| PyTorch | JAX | micrograd | pluggrad | |\n|---|---|---|---|---|\n"


def page() -> str:
    """Return the page."""
    return TOP + "\n".join(
        f"## {title}\n\n{HEADER}" + "".join(line(row) for row in rows)
        for title, rows in GROUPS.items()
    )


def line(row: Row) -> str:
    """Return the line of one thing."""
    names = [f"`{name}`" if name else "-" for name in row[:4]]
    if not row.here:
        names[3] = "**missing**"
    return f"| {' | '.join(names)} | {row.why} |\n"
