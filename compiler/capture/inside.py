"""What is compiled, and called while another function is recorded: it is recorded there, too.

What it computes with alone would be a constant of the recording, whatever it reads from outside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from pluggrad import Op, Value
from pluggrad.recording import keeper

from .arguments import is_array, is_symbolic, put_together, taken_apart
from .calls import numbers_of
from .guests import has_a_door
from .numbers import check_numbers, floats
from .plain import is_float
from .slots import refusal
from .watching import watched

BY_OP = (Op.evaluate.__code__, Op.partial.__code__)  # what runs the functions of an op on floats


def is_recorded() -> bool:
    """Return whether what is computed here belongs to a recording.

    It does while a function is recorded, but in the functions of an op, which compute with floats.
    """
    if keeper() is None:
        return False
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not watched.__code__:
        if frame.f_code in BY_OP:
            return False
        frame = frame.f_back
    return True


def refuse_inside(what: str, advice: str) -> None:
    """Refuse to compute with plain numbers while a function is recorded.

    Raises:
        CompileError: then.
    """
    if is_recorded():
        raise refusal(what, f"its numbers would be those of today for ever; {advice}")


def called_inside(
    compiled: Any,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    gradient: bool = False,
) -> Any:
    """Call a function in place of the compiled one, and return what that one would give.

    Of plain numbers this is plain numbers, whatever Values it reads from outside.

    Parameters:
        compiled: the one that was called.
        function: what computes the same.
        args: what it was called with.
        kwargs: the same, by name.
        gradient: whether it gives a number and a gradient, which has no -0.0.

    Raises:
        CompileError: for arrays.
    """
    shape, numbers, others = numbers_of(args, kwargs, compiled.arrays)
    if any(map(is_array, numbers)) or any(map(has_a_door, others)):
        refuse_inside(f"arrays for {compiled!r}", "give it numbers")
    if not all(map(is_plain, numbers)):
        return function(*args, **kwargs)
    given = [Value(x if isinstance(x, Value) else _as_float(x)) for x in numbers]
    args, kwargs = put_together(shape, iter(given), None)
    found: list[Any] = []
    result = taken_apart(function(*args, **kwargs), found, elements=False, answers=True)
    if gradient:
        found[1:] = [x + 0.0 for x in found[1:]]
    return put_together(result, map(_plain, found), None)


def _as_float(x: Any) -> float:
    """Return a number of the program's own as the compiled function alone would take it."""
    check_numbers([x])
    return floats([x])[0]


def _plain(x: Any) -> Any:
    watcher: Any = keeper()
    return watcher.number(x) if isinstance(x, Value) else float(x)


def is_plain(x: Any) -> bool:
    """Return whether the program alone has a plain number where this is recorded."""
    return is_float(x) or not is_symbolic(x)
