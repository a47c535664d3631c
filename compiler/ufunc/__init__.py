"""A compiled function as a ufunc, for arguments that have a protocol for ufuncs."""

from .entry import call, taken_options
from .handing import SeveralOutputsError

__all__ = ["SeveralOutputsError", "call", "taken_options"]
