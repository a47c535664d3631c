"""Graphs in few nodes: what belongs together by scope, by repetition or by depth becomes one."""

from .collapsing import collapse
from .parts import around, between
from .regions import Region, scopes

__all__ = ["Region", "around", "between", "collapse", "scopes"]
