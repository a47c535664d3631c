"""Powers on vectors of lanes: products where the exponent is a small whole number."""

from __future__ import annotations

from typing import Any

from .symbols import Lanes
from .writer import Writer

MOST = 8  # what is a longer product is left to the C library


def pow(w: Writer, a: Any, b: Any) -> Any:
    """Give a**b."""
    if not isinstance(b, Lanes):
        if b == 0.0:
            return 1.0
        if b == 0.5:
            return root(w, a)
        if 0.0 < b <= MOST and b == int(b):
            return whole(w, a, int(b))
        if b == -1.0:
            return 1.0 / a
    return w.one_by_one("pow", [a, b])


def root(w: Writer, a: Lanes) -> Any:
    """Give a**0.5, which is 0 for -0.0 and inf for -inf, unlike the square root."""
    positive = w.select(a.equals(-float("inf")), float("inf"), a + 0.0)
    return w.sqrt(positive)


def whole(w: Writer, a: Lanes, n: int) -> Any:
    """Give a**n as products whose rounding errors are carried along."""
    if n == 1:
        return a
    high, low = w.product(a, a)
    if n == 2:
        return high
    for _ in range(n - 2):
        rest = low
        high, error = w.product(high, a)
        low = w.fma(rest, a, error)
    total = high + low
    return w.select(w.fabs(high) < 1e300, w.select(w.fabs(high) > 1e-250, total, high), high)
