"""A rule run once on symbols: the list of its steps, and the Python that is made of them."""

from .outside import with_symbols
from .python_code import PythonCode
from .steps import Step, Symbol, Trace

__all__ = ["PythonCode", "Step", "Symbol", "Trace", "with_symbols"]
