"""Arguments of calls over lanes as rows of floats, one for each lane or one for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

PLAIN = np.floating, np.integer
MOST = 1 << 1023  # ints above might not fit into a float


def shape_of(args: Sequence[Any]) -> tuple[int, ...] | None:
    """Give the shape of arrays of numbers together; None where the careful way has to look."""
    shapes = []
    for x in args:
        if type(x) is np.ndarray and x.dtype.kind in "fiu":
            shapes.append(x.shape)
        elif type(x) is int:
            if abs(x) >= MOST:
                return None
        elif type(x) is not float and not isinstance(x, PLAIN):
            return None
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def row(x: Any, lengths: tuple[int, ...]) -> Any:
    """Give floats side by side, of a shape; or one for all lanes."""
    if type(x) is not np.ndarray:
        return x if type(x) is float or type(x) is int else float(x)
    if x.size == 1:
        return float(x.reshape(()))
    return np.ascontiguousarray(x if x.shape == lengths else np.broadcast_to(x, lengths), float)
