"""The command line: `pluggrad demo`, `ops`, `renderers`, `plugins`, `render`, `check`, `new-plugin`."""

from .command import main

__all__ = ["main"]
