"""Lines of generated code, and the function that they become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def compiled(
    source: Iterable[str], name: str, file: str, scope: dict[str, Any]
) -> Callable[..., Any]:
    """Compile lines of generated code; return the function of this name in it."""
    exec(compile("\n".join(source), file, "exec"), scope)
    made: Callable[..., Any] = scope.pop(name)  # which refers to the scope
    return made


def operand_lines(names: Sequence[str]) -> list[str]:
    """Write the lines that take the operands out of a node."""
    if len(names) <= 2:
        places = zip(names, ("_left", "_right"), strict=False)
        return [f"    {name} = node.{place}" for name, place in places]
    return [f"    {', '.join(names)} = node._operands"]
