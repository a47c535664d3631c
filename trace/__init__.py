"""A rule run once on symbols becomes the list of its steps."""

from .outside import with_symbols
from .steps import Step, Symbol, Trace

__all__ = ["Step", "Symbol", "Trace", "with_symbols"]
