"""Printers: the one trace of every rule as program text in other languages.

`render(loss, "c")` and `render(loss, "js")` write a graph as a function of value and gradient.
Another language is one more `Printer`; words for ops that cannot be written down come through the
hook `pluggrad_register_words`.
"""

from .code import Apply, Assign, Call, Expression, Function, If, Item, Name, Number, Return, While
from .functions import Functions
from .printer import Printer
from .program import Program

__all__ = [
    "Apply",
    "Assign",
    "Call",
    "Expression",
    "Function",
    "Functions",
    "If",
    "Item",
    "Name",
    "Number",
    "Printer",
    "Program",
    "Return",
    "While",
]
