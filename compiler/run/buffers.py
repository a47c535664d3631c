"""Buffers of numbers as arrays, with NumPy or without."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any


def shown(buffer: Any) -> Any:
    """Show a buffer as a NumPy array, where there is NumPy."""
    if hasattr(buffer, "dtype"):
        return buffer
    try:
        import numpy as np
    except ImportError:
        return memoryview(buffer)
    return np.frombuffer(buffer)


def listed(numbers: Sequence[float]) -> Any:
    """Make of a list what may be assigned into such an array."""
    return array("d", numbers)


def as_buffer(numbers: Any) -> Any:
    """Make of such an array what may be assigned into one of another executor."""
    return listed(numbers.tolist())


def copied(numbers: Any) -> Any:
    """Copy such an array."""
    return numbers.copy() if hasattr(numbers, "copy") else listed(numbers.tolist())
