"""NumPy arrays of Values: numbers in and out in bulk, and NumPy's functions with gradients."""

from .value_array import ValueArray, values

__all__ = ["ValueArray", "values"]
