"""The vector function of each function that has one.

A function is known by its module and its name: `math.exp`, or the forward function of a built-in
op. What is not listed here is traced, see paths.py, or called for each lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import exponentials, inverses, logarithms, normal, powers, trigonometry
from .symbols import Lanes
from .writer import Writer

VectorFunction = Callable[..., Any]  # takes a writer and the operands


def _arithmetic(name: str) -> VectorFunction:
    return lambda w, *operands: getattr(w, name)(*operands)


def _is_finite(w: Writer, x: Lanes) -> Any:
    return w.fabs(x) < math.inf


def _is_infinite(w: Writer, x: Lanes) -> Any:
    return w.fabs(x).equals(math.inf)


FUNCTIONS: dict[str, VectorFunction] = {
    "_operator.add": lambda w, a, b: a + b,
    "_operator.sub": lambda w, a, b: a - b,
    "_operator.mul": lambda w, a, b: a * b,
    "_operator.truediv": lambda w, a, b: a / b,
    "_operator.neg": lambda w, a: -a,
    "math.fabs": _arithmetic("fabs"),
    "math.sqrt": _arithmetic("sqrt"),
    "math.copysign": _arithmetic("copysign"),
    "math.isfinite": _is_finite,
    "math.isinf": _is_infinite,
    "math.isnan": lambda w, x: w.is_nan(x),
    "math.exp": exponentials.exp,
    "math.exp2": exponentials.exp2,
    "math.expm1": exponentials.expm1,
    "math.sinh": exponentials.sinh,
    "math.cosh": exponentials.cosh,
    "math.tanh": exponentials.tanh,
    "math.log": logarithms.log,
    "math.log2": logarithms.log2,
    "math.log10": logarithms.log10,
    "math.log1p": logarithms.log1p,
    "math.sin": trigonometry.sin,
    "math.cos": trigonometry.cos,
    "math.tan": trigonometry.tan,
    "math.erf": normal.erf,
    "math.erfc": normal.erfc,
    "math.pow": powers.pow,
    "math.atan": inverses.atan,
    "math.atan2": inverses.atan2,
    "math.asin": inverses.asin,
    "math.acos": inverses.acos,
    "math.asinh": inverses.asinh,
    "math.acosh": inverses.acosh,
    "math.atanh": inverses.atanh,
    "pluggrad.ops.exponential._cbrt": inverses.cbrt,
    "pluggrad.ops.trigonometric._hypot": inverses.hypot,
    "pluggrad.ops.hyperbolic._sech": exponentials.sech,
    "pluggrad.ops.activation._sigmoid": exponentials.sigmoid,
    "pluggrad.ops.activation._silu": exponentials.silu,
    "pluggrad.ops.activation._softplus": logarithms.softplus,
    "pluggrad.ops.special._gaussian": exponentials.gaussian,
    "pluggrad.ops.special._ndtr": normal.ndtr,
}


# Derivatives that share more with the function itself than the formula of the rule does.
DERIVATIVES: dict[str, VectorFunction] = {
    "math.tanh": exponentials.tanh_slope,
    "pluggrad.ops.activation._sigmoid": exponentials.sigmoid_slope,
    "pluggrad.ops.activation._silu": exponentials.silu_slope,
    "pluggrad.ops.special._ndtr": normal.density,
}


def vector_function(function: Any) -> VectorFunction | None:
    """Find the vector function of a function; None where there is none."""
    return FUNCTIONS.get(_key(function))


def vector_derivative(function: Any) -> VectorFunction | None:
    """Find that of the derivative of a function of one number; None where the rule serves."""
    return DERIVATIVES.get(_key(function))


def _key(function: Any) -> str:
    module = getattr(function, "__module__", None)
    return f"{module}.{getattr(function, '__qualname__', None)}"


def is_long(function: VectorFunction) -> bool:
    """Say whether a vector function takes many instructions."""
    return function.__module__ != __name__ and function is not powers.pow
