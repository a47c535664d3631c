"""Seeing who reads and sets the numbers of Values from outside while a function is recorded.

Values of the function itself have a class of their own, see recorded.py. Those from outside are
plain Values, which other threads may work with. So for as long as anything is recorded, `data` and
`grad` of all Values are other properties, which look whose code asks: for the code that this thread
records, `data` is recorded too, so that each call reads it anew.
"""

from __future__ import annotations

import sys
from threading import RLock
from typing import Any

from pluggrad import CompileError, Value
from pluggrad.insight.callers import line_of, outside
from pluggrad.recording import in_forked_child, keeper

# What stands there while nothing is recorded: properties that check what is assigned.
CHECKED: dict[str, Any] = {name: vars(Value)[name] for name in ("data", "grad")}

# The engine itself reads numbers to compute with them; these packages count as users of it.
WINGS = ("pluggrad.nn", "pluggrad.ops", "pluggrad.cli", "pluggrad.testing")
BETWEEN = (
    "weakref",
    "_weakrefset",
    "copy",
    "pickle",
    "dataclasses",
    "abc",
)  # they ask for somebody else


def by_engine() -> bool:
    """Return whether the engine itself reads a member, rather than the program that it records."""
    frame: Any = sys._getframe(2)
    while (name := frame.f_globals.get("__name__")) in BETWEEN:
        frame = frame.f_back
    if name is None:
        return False  # a program run by exec() in a namespace without a name
    return bool(name == "pluggrad" or (name.startswith("pluggrad.") and not name.startswith(WINGS)))


def line_of_program() -> str:
    """Return the line of the user's program that runs."""
    frame = outside(sys._getframe(1))
    while frame.f_globals.get("__name__") in BETWEEN and frame.f_back is not None:
        frame = outside(frame.f_back)
    return line_of(frame)


def refusal(what: str, why: str) -> CompileError:
    """Make the error for something that a compiled function cannot do.

    The recording ends with it, whatever the program makes of it.
    """
    error = CompileError(f"{what} in a compiled function, at {line_of_program()}: {why}")
    watcher: Any = keeper()
    if watcher is not None:
        watcher.refused.append(error)
    return error


def _data(x: Value) -> Any:
    watcher = keeper()
    if watcher is None or by_engine():
        return x._number
    return watcher.number(x, x.label)


def _set_data(x: Value, number: Any) -> None:
    if keeper() is not None and not by_engine():
        raise refusal(
            f"setting data of {_named(x)}", "it would be set once and never again; give the number "
            "back as a result, and set it outside"
        )  # fmt: skip
    CHECKED["data"].__set__(x, number)


def _grad(x: Value) -> Any:
    if keeper() is not None and not by_engine():
        raise refusal(
            f"grad of {_named(x)}", "what it is today would be computed with for ever; pass it as "
            "an argument"
        )  # fmt: skip
    return x._grad


def _set_grad(x: Value, number: Any) -> None:
    if keeper() is not None and not by_engine():
        raise refusal(
            f"setting grad of {_named(x)}", "it would be set once and never again; set it outside"
        )
    CHECKED["grad"].__set__(x, number)


def _named(x: Value) -> str:
    return f"{x.label!r} from outside" if x.label else "a Value from outside"


PROPERTIES = {"data": property(_data, _set_data), "grad": property(_grad, _set_grad)}
_looking: set[seen_from_outside] = set()
_lock = RLock()


class seen_from_outside:  # noqa: N801 - a context manager, used once
    """See who reads and sets numbers of Values, of all Values and in this thread."""

    def __enter__(self) -> None:
        _looking.add(self)
        _change_properties()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop looking; once more does no harm, see `Context.close`."""
        _looking.discard(self)
        _change_properties()


def _change_properties() -> None:
    with _lock:
        _put_up(PROPERTIES if _looking else CHECKED)


def _put_up(standing: dict[str, Any]) -> None:
    for name, of_class in standing.items():
        if vars(Value)[name] is not of_class:
            setattr(Value, name, of_class)


def _forget() -> None:
    """Begin anew: in a forked child the threads that record do not exist."""
    global _lock
    _lock = RLock()
    _looking.clear()
    _change_properties()


in_forked_child(_forget)
