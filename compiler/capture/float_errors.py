"""Where arithmetic of Python's floats raises an error, and recorded numbers have to raise it too.

Outside `x.data` is a float: 1.0 / x.data raises at 0, x.data ** 2 where it overflows. Ops follow
IEEE 754 and go on. So what decides is looked at, as a program looks at a number before it takes a
branch: whether a divisor is 0, whether a power is finite. The way on which an error was raised is a
recording of its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from pluggrad import strong_zero
from pluggrad.func.dual import pushed
from pluggrad.func.gradient_hooks import changed_by
from pluggrad.gradient import propagate, step_back

from .watching import watched

# Rules follow IEEE 754, whatever numbers they are given.
RULES = (propagate.__code__, step_back.__code__, pushed.__code__, strong_zero.share.__code__)
USERS = (changed_by.__code__, watched.__code__)

Apply = Callable[[Any, Any], Any]


def divided(apply: Apply, left: Any, right: Any, out: Any) -> Any:
    """Give what came of a division of floats.

    Raises:
        ZeroDivisionError: as Python does.
    """
    return out if right or _in_a_rule() else apply(_number(left), _number(right))


def raised(apply: Apply, left: Any, right: Any, out: Any) -> Any:
    """Give what came of raising floats to a power, which may be a complex number.

    Raises:
        ZeroDivisionError: as Python does.
        OverflowError: as Python does.
    """
    if (type(right) is int and right in (0, 1)) or _is_finite(out) or _in_a_rule():
        return out
    try:
        found = apply(_number(left), _number(right))
    except OverflowError:
        bool(left), _is_finite(left), _is_finite(right)  # of 0 it would be another error
        raise
    except ZeroDivisionError:
        bool(left), right < 0
        raise
    for x in (left, right):  # infinite, or nan
        _see(x)
    return found if isinstance(found, complex) else out


def rounded(x: Any, digits: Any, out: Any) -> Any:
    """Give what came of rounding a float, which overflows for negative digits alone.

    Raises:
        OverflowError: as Python does.
    """
    if digits < 0 and not _is_finite(out) and not _in_a_rule():
        _see(x)
        round(_number(x), digits)
    return out


def _number(x: Any) -> Any:
    return getattr(x, "_number", x)


def _is_finite(x: Any) -> bool:
    """Tell whether a number is finite, which is guarded for one that is recorded."""
    number = _number(x)
    answer = math.isfinite(number)
    if number is not x:
        x._look("is finite", answer)
    return answer


def _see(x: Any) -> None:
    """Let the recording hold for this number alone, if it is recorded."""
    if hasattr(x, "_number"):
        x._look("float", x._number)


def _in_a_rule() -> bool:
    """Tell whether a derivative rule computes here."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code not in USERS:
        if frame.f_code in RULES:
            return True
        frame = frame.f_back
    return False
