"""Every error that pluggrad raises on purpose.

All of them derive from `PluggradError`, and each also from the built-in class that Python code
would expect, so `except ValueError` keeps working for someone who has never read this file.
"""

from __future__ import annotations

import re

# What a terminal obeys instead of showing it: all control characters but tab and newline, and what
# turns the direction of reading.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text with escapes for what a terminal would obey; lines stay lines.

    Labels, file names and the texts of other errors can hold anything, and end up in messages.

    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def _text(self: BaseException) -> str:
    return printable(BaseException.__str__(self))


class PluggradError(Exception):
    """The base class of all errors that pluggrad raises on purpose."""

    __str__ = _text


class OpError(PluggradError, ValueError):
    """An `Op` was declared in a way that cannot work."""


class MissingOpError(PluggradError, TypeError):
    """No installed plugin provides the operator or operation that was used."""


class ForwardError(PluggradError, ArithmeticError):
    """An op's forward function failed, or returned something that is not a real number.

    Attributes:
        operands: the Values that the op was called with, if it was; `save(error, "until.html")`
            draws what was computed up to there.
    """

    operands: tuple[object, ...] = ()


class RuleError(PluggradError, ArithmeticError):
    """A derivative rule failed, or returned something that is not a real number."""


class GradientError(PluggradError, ValueError):
    """The requested gradient does not exist."""


class LostGradientError(PluggradError, TypeError):
    """A call such as `math.exp(x)` takes a Value for a plain number and would lose its gradient."""


class LostGradientWarning(UserWarning):
    """A library took a Value for a plain number; no gradient flows through what it computed."""

    __str__ = _text


class AnomalyError(PluggradError, ArithmeticError):
    """`detect_anomaly()` saw a number that is not finite, or a graph that is out of date."""


class PluginError(PluggradError, RuntimeError):
    """A plugin could not be loaded or registered. Nothing of it is kept."""


class PluginWarning(UserWarning):
    """A plugin was skipped. The text names it, the cause and the remedy."""

    __str__ = _text


class ConfigError(PluggradError, ValueError):
    """A setting has an unknown name or a value of the wrong type."""


class TraceError(PluggradError, TypeError):
    """A function cannot be written down as steps. The text says why.

    Attributes:
        numpy: the name of the NumPy function that it called; "" for anything else.
    """

    def __init__(self, text: str, numpy: str = "") -> None:
        super().__init__(text)
        self.numpy = numpy


class GraphError(PluggradError, ValueError):
    """The requested part or summary of a graph does not exist."""


class RenderError(PluggradError, RuntimeError):
    """A renderer is unknown, was given a wrong option, or failed."""


class CompileError(PluggradError, ValueError):
    """A graph or function cannot be compiled, or a compiled one cannot run as asked."""


class CompileWarning(UserWarning):
    """Compiled code falls back to a slower path. The text names the op and the reason."""

    __str__ = _text


class StateError(PluggradError, ValueError):
    """A saved state does not fit the model or optimizer. Nothing is changed."""


# ----- What messages are made of -----


def one_line(cause: BaseException) -> str:
    """Return an exception as one line, whatever its own text does."""
    kind = type.__dict__["__name__"].__get__(type(cause))  # a metaclass may have another
    try:
        text = " ".join(str(cause).split())
    except KeyboardInterrupt:
        raise
    except BaseException as worse:
        text = f"its text cannot be had ({type(worse).__name__})"
    text = text if len(text) <= 500 else f"{text[:499]}…"
    return f"{kind}: {text}" if text else kind


def quoted(thing: object, most: int = 60) -> str:
    """Return how Python writes a thing, on one line and cut off, to be told in an error.

    Some things have no such text: integers of thousands of digits, what fails in its `__repr__`.
    """
    try:
        text = repr(thing)
    except Exception:
        return f"a {type(thing).__name__} that cannot be printed"
    return (" ".join(text.split()) if "\n" in text else text)[:most]
