"""Graphs in few nodes: what belongs together by scope, by repetition or by depth becomes one."""

from .collapsing import collapse

__all__ = ["collapse"]
