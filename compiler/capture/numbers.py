"""The numbers among arguments: what is one, and what to say of what is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted

from .guests import advice, is_stranger, named

PLAIN = {float, int}


def floats(numbers: Sequence[Any]) -> list[float]:
    """Return them as floats.

    Raises:
        CompileError: for an integer that no float can hold, or a signalling nan of decimals.
    """
    try:
        return [float(x) for x in numbers]
    except (OverflowError, ValueError):
        raise no_float(numbers) from None


def no_float(numbers: Sequence[Any]) -> CompileError:
    """Make the error for a number that no float can hold."""
    for position, x in enumerate(numbers):
        try:
            float(x)
        except OverflowError:
            return CompileError(f"number {position} of the arguments is too large for a float")
        except ValueError:
            return CompileError(f"number {position} of the arguments, {quoted(x)}, is no float")
        except TypeError:  # an array
            continue
    return CompileError("a number of the arguments is too large for a float, or none")


def check_numbers(numbers: Sequence[Any]) -> None:
    """Check that all of them are real numbers.

    Raises:
        CompileError: naming the type of the first that is not.
    """
    if set(map(type, numbers)) <= PLAIN:
        return
    for x in numbers:
        if is_stranger(x):
            raise CompileError(
                f"{named(x)}: a compiled function takes NumPy's arrays, and arrays with their own "
                f"__array_ufunc__, which this has not. {advice(x)}"
            )
        if not is_real(x):
            kind = getattr(getattr(x, "dtype", None), "kind", None)
            what = type(x).__name__ if kind is None else f"{type(x).__name__} of {x.dtype}"
            raise CompileError(
                f"a compiled function takes real numbers and arrays of them, not a {what}: "
                f"{quoted(x)}"
            )


def is_real(x: Any) -> bool:
    """Return whether something is a real number, or an array of real numbers by its type."""
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    real = _has_number(x) if kind is None else kind in "biuf"
    # numpy.ma hides elements, which would come to light here.
    return real and not isinstance(x, str | bytes) and not hasattr(x, "mask")


def _has_number(x: Any) -> bool:
    """Return whether `float(x)` is a number, or says only that it is too large for one."""
    try:
        return hasattr(type(x), "__float__") and float(x) is not None
    except (OverflowError, ValueError):
        return True
    except Exception:  # as that of a symbol of SymPy
        return False
