"""Record once, replay fast: programs from recorded graphs, and from functions."""

from .program import Program

__all__ = ["Program"]
