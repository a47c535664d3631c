"""Graphs in few nodes: what belongs together by scope, by repetition or by depth becomes one."""

from .collapsing import collapse

__all__ = ["collapse"]


def __dir__() -> list[str]:
    """List the public names; the files they come from are none."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
