"""What is assigned to the arrays of a program."""

from __future__ import annotations

from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted

from .capture.numbers import is_real
from .run.buffers import listed


def as_floats(name: str, numbers: Any) -> Any:
    """Return what is assigned to an array of a program as floats.

    Raises:
        CompileError: naming what is no real number, or one that no float can hold.
    """
    is_masked = hasattr(numbers, "mask")  # so some of them may be missing
    if getattr(getattr(numbers, "dtype", None), "kind", "") in tuple("biuf") and not is_masked:
        return numbers
    found = []
    for position, x in enumerate(numbers):
        try:
            if not is_real(x):
                raise TypeError("by its type")
            found.append(float(x))
        except OverflowError as cause:
            raise CompileError(f"program.{name}[{position}] is too large for a float") from cause
        except (TypeError, ValueError) as cause:
            kind = type(x).__name__
            raise CompileError(
                f"program.{name}[{position}] takes real numbers, not a {kind}: {quoted(x)}"
            ) from cause
    return listed(found)


def check_count(name: str, numbers: Any, count: int) -> None:
    """Check that there are as many numbers as a program has.

    Raises:
        CompileError: saying how many there are.
    """
    if not hasattr(numbers, "__len__") or getattr(numbers, "shape", (1,)) in ((), None):
        raise CompileError(f"this program has {count} {name}, a list; not {quoted(numbers)}")
    if len(numbers) != count:
        raise CompileError(f"this program has {count} {name}, not {len(numbers)}")
