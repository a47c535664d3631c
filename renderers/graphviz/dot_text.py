"""What DOT makes of a text: escapes (https://graphviz.org/doc/info/attrs.html#k:escString)."""

from __future__ import annotations

from typing import Any


def entry(operand: int) -> str:
    """Name the port of a card at which an operand arrives."""
    return f"o{operand}"


def entries(symbol: str, arity: int) -> str:
    """Return the side of a card where operands arrive: `a * b` as written, else the name first."""
    ports = [f"<{entry(index)}>" for index in range(arity)]
    if arity == 1:
        return ports[0] + record(symbol)
    return "|".join([*ports[: arity == 2], record(symbol), *ports[arity == 2 :]])


def escaped(text: str) -> str:
    """Escape a plain label: no escape sequences, no HTML entities."""
    return text.replace("\\", "\\\\").replace("&", "&amp;")


def record(text: str) -> str:
    """Escape a field of a record, in which braces, bars, angles and repeated spaces mean more."""
    text = escaped(text)
    for mark in "{}|<>":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("  ", " \\ ")


def tip(text: str) -> str:
    """Escape a tooltip, from which Graphviz takes escape sequences out twice."""
    return escaped(_escaped_backslashes(text))


def _escaped_backslashes(text: str) -> str:
    return text.replace("\\", "\\\\")


def quoted(text: str) -> Any:
    """Keep the graphviz package from taking a text in angle brackets for HTML."""
    import graphviz

    return graphviz.nohtml(text)
