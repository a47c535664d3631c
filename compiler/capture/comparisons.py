"""Comparisons of floats with numbers of any kind, which Python makes exactly."""

from __future__ import annotations

import math
from typing import Any

from pluggrad import Value
from pluggrad.value import comparable

EXACT = 2**53  # integers up to here are floats


def exactly(name: str, pair: list[Any]) -> tuple[str, list[Any]]:
    """Say the same of floats that Python, which compares exactly, says of any two numbers.

    No float lies between 1/3 and the float next to it. So x < 1/3 where x <= that float, if it is
    the one below, and where x < that float, if it is the one above.
    """
    for place, x in enumerate(pair):
        if isinstance(x, Value) or x.__class__ is float:
            continue
        if x.__class__ is int and -EXACT <= x <= EXACT:
            pair[place] = float(x)
            continue
        exact = _exact(comparable(x))
        near = pair[place] = _nearest(exact)
        if near != near or near == exact:
            continue
        is_above = near > exact
        if name in ("_less", "_at_most"):
            name = "_less" if is_above == (place == 1) else "_at_most"
        elif name in ("_not_less", "_not_at_most"):
            name = "_not_less" if is_above == (place == 1) else "_not_at_most"
    return name, pair


def _exact(x: Any) -> Any:
    """Return the number as a fraction where it tells one; else it compares with floats itself."""
    from fractions import Fraction  # most programs have floats only

    try:
        return Fraction(*x.as_integer_ratio())
    except (AttributeError, TypeError, ValueError, OverflowError):  # infinite, or nan
        return x


def _nearest(exact: Any) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
