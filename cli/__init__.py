"""The command line: `pluggrad demo`, `ops`, `renderers`, `plugins`, `render`."""

from .command import main

__all__ = ["main"]
