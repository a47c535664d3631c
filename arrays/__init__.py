"""NumPy arrays of Values: numbers in and out in bulk, and NumPy's functions with gradients."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .value_array import ValueArray, values
else:
    try:
        from .value_array import ValueArray, values
    except ModuleNotFoundError as cause:
        if cause.name != "numpy":
            raise
        from .without_numpy import ValueArray, values

__all__ = ["ValueArray", "values"]
