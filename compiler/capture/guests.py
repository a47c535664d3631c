"""Guests: numbers and arrays of other libraries, told apart by what they offer."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted

DOORS = ("__array__", "__dlpack__", "__arrow_c_array__", "__arrow_c_stream__")
# What to do with what does not come in, by the package of the type.
ADVICE = {
    "astropy": "Pass its numbers, in the unit that the function is for: x.to_value(unit)",
    "cupy": "Pass its numbers: x.get()",
    "dask": "Use its map_partitions() with the compiled function",
    "pandas": "Pass its numbers: x.to_numpy()",
    "pint": "Pass its numbers, in the unit that the function is for: x.m_as(unit)",
    "polars": "Use map_batches() with the compiled function, or pass the numbers of a Series: "
    "x.to_numpy()",
    "pyarrow": "Pass the numbers of a column: x.to_numpy(zero_copy_only=False), and take "
    "pyarrow.array() of the result",
    "scipy": "Pass its numbers: x.toarray()",
    "sparse": "Pass its numbers: x.todense()",
    "torch": "Pass its numbers, x.detach().cpu().numpy(), and take torch.from_numpy() of what "
    "comes out",
    "xarray": "Pass its numbers: x.to_numpy()",
}


def is_guest(x: Any) -> bool:
    """Return whether a number has its own protocol for ufuncs, as Dask, pandas and xarray have.

    A type that sets the protocol to None is one, too: it forbids ufuncs.
    """
    kind = type(x)
    if kind is float or kind is int or kind in _numpy_types():
        return False
    if not hasattr(kind, "__array_ufunc__"):
        return False
    return kind.__array_ufunc__ is not _of_numpy("__array_ufunc__")


def is_masked(x: Any) -> bool:
    """Return whether a number is an array of `numpy.ma`, which hides elements."""
    return hasattr(type(x), "mask") and hasattr(type(x), "filled") and type(x).__name__ != _ONE


def has_a_door(x: Any) -> bool:
    """Return whether a number is not for the compiled function to compute with as it stands."""
    return is_guest(x) or is_masked(x)


def is_plain_array(x: Any) -> bool:
    """Return whether a number is an array of NumPy that is not of somebody else's making."""
    return isinstance(x, _numpy_types()) and x.shape != () and not has_a_door(x)


def is_stranger(x: Any) -> bool:
    """Return whether a number is an array of a library that has no protocol for ufuncs."""
    if isinstance(x, _numpy_types()) or is_guest(x):
        return False
    kind = type(x)
    return any(hasattr(kind, door) for door in DOORS) or getattr(x, "shape", None) is not None


def refuse_no_numbers(x: Any) -> None:
    """Refuse a Series of polars that holds no plain numbers.

    It would hand over what stands for them in memory: microseconds for a duration, the places in a
    table for a text of a category, None for a text.

    Raises:
        CompileError: naming what it holds.
    """
    dtype: Any = getattr(x, "dtype", None)
    if not hasattr(dtype, "is_integer") or not hasattr(dtype, "is_float"):
        return
    if not (dtype.is_float() or (dtype.is_integer() and "128" not in str(dtype))):
        raise CompileError(
            f"a compiled function takes real numbers and arrays of them, not a "
            f"{type(x).__name__} of {dtype}: {named(x)}. Make numbers of them first, in the unit "
            "that the function is for, such as x.cast(polars.Float64) or x.dt.total_seconds()"
        )


def in_turn(things: Iterable[Any]) -> list[Any]:
    """List one guest of each type in the order in which NumPy asks: subclasses come first."""
    found: list[Any] = []
    for x in filter(is_guest, things):
        if type(x) not in map(type, found):
            above = [i for i, y in enumerate(found) if issubclass(type(x), type(y))]
            found.insert(above[0] if above else len(found), x)
    return found


def advice(x: Any) -> str:
    """Return in a sentence what to do instead of passing `x`."""
    package = type(x).__module__.partition(".")[0]
    return ADVICE.get(package, "Pass its numbers: numpy.asarray(x)")


def is_lazy(x: Any) -> bool:
    """Return whether an array is computed later, as those of Dask are."""
    return hasattr(type(x), "__dask_graph__")


def named(x: Any) -> str:
    """Name the type of a guest with its package, and what it is in one line."""
    package = type(x).__module__.partition(".")[0]
    return f"{package} {type(x).__name__} {quoted(x, 50)}"


_ONE = "MaskedConstant"  # numpy.ma.masked, which is no array


def _numpy_types() -> tuple[Any, ...]:
    numpy = sys.modules.get("numpy")
    return () if numpy is None else (numpy.ndarray, numpy.generic)


def _of_numpy(name: str) -> Any:
    return getattr(getattr(sys.modules.get("numpy"), "ndarray", None), name, None)
