"""Sums of many parts, with the rounding errors kept."""

from __future__ import annotations

from typing import Any


class Total:
    """A sum of arrays with the rounding errors kept: Neumaier's."""

    def __init__(self, gradients: int) -> None:
        import numpy as np

        self.sums = np.zeros(1 + gradients)
        self.errors = np.zeros(1 + gradients)
        self.begun = False

    def add(self, x: Any) -> None:
        """Add other sums."""
        import numpy as np

        if not self.begun:
            self.begun, self.sums = True, x
            return
        with np.errstate(invalid="ignore", over="ignore"):
            total = self.sums + x
            larger = np.abs(self.sums) >= np.abs(x)
            lost = np.where(larger, (self.sums - total) + x, (x - total) + self.sums)
            self.errors += np.where(np.isfinite(total), lost, 0.0)
            self.sums = total

    def with_other(self, other: Total) -> Total:
        """Add another sum; return this one."""
        self.add(other.sums)
        self.errors = self.errors + other.errors
        return self

    def found(self) -> Any:
        """Return the sums."""
        return self.sums + self.errors
