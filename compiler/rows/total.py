"""Sums of many parts, with the rounding errors kept."""

from __future__ import annotations

from typing import Any


class Total:
    """A sum of arrays with the rounding errors kept: Neumaier's."""

    def __init__(self) -> None:
        self.sums: Any = None
        self.errors: Any = None

    def add(self, x: Any) -> None:
        """Add another array."""
        import numpy as np

        if self.sums is None:
            self.sums = x
            return
        with np.errstate(invalid="ignore", over="ignore"):
            total = self.sums + x
            larger = np.abs(self.sums) >= np.abs(x)
            lost = np.where(larger, (self.sums - total) + x, (x - total) + self.sums)
            lost = np.where(np.isfinite(total), lost, 0.0)
            self.errors = lost if self.errors is None else self.errors + lost
            self.sums = total

    def with_other(self, other: Total) -> Total:
        """Add another sum; return this one."""
        self.add(other.sums)
        if other.errors is not None:
            self.errors = other.errors if self.errors is None else self.errors + other.errors
        return self

    def found(self) -> Any:
        """Return the sums."""
        return self.sums if self.errors is None else self.sums + self.errors
