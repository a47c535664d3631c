"""The command line: `pluggrad demo`, `ops`, `renderers`, `plugins`, `render`, `check` and more."""

from .command import main

__all__ = ["main"]


def __dir__() -> list[str]:
    """List the public names; the files they come from are none."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
