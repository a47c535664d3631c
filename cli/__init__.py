"""The command line: `pluggrad demo`, `ops`, `renderers`, `plugins`, `render`, `check` and more."""

from .command import main

__all__ = ["main"]
