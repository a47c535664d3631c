"""The door: how operations and renderers get in, and the tables that they stand in.

Read `hookspecs.py` first: it says what a plugin is.
"""

from .hookspecs import Plugin, hookimpl
from .registry import Registry, plugins

__all__ = ["Plugin", "Registry", "hookimpl", "plugins"]
