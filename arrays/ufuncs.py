"""NumPy's ufuncs on Values: which op each one is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pluggrad.registry import plugins

LOG_2 = math.log(2.0)


def _op(name: str) -> Callable[..., Any]:
    return lambda *operands: plugins.op(name)(*operands)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return at_zero if x == 0 else plugins.op("step")(x)


def _logaddexp2(a: Any, b: Any) -> Any:
    return plugins.op("logaddexp")(a * LOG_2, b * LOG_2) / LOG_2


def _whole(x: Any) -> Any:
    return plugins.op("round")(x, 0)


# What NumPy's loops for objects cannot do, or do by another name, or by comparing.
RULES: dict[str, Callable[..., Any]] = {
    **{
        name: _op(name)
        for name in (
            "exp exp2 expm1 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh hypot "
            "maximum minimum clip copysign fmod floor ceil trunc sign logaddexp"
        ).split()
    },
    **{f"arc{name}": _op(f"a{name}") for name in "sin cos tan sinh cosh tanh tan2".split()},
    "fmax": _op("maximum"),
    "fmin": _op("minimum"),
    "logaddexp2": _logaddexp2,
    "float_power": lambda a, b: a**b,
    "heaviside": _heaviside,
    "rint": _whole,
    "fabs": abs,
    "deg2rad": lambda x: x * (math.pi / 180),
    "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "degrees": lambda x: x * (180 / math.pi),
}

# Questions, whose answers have no gradient; put by comparing, which a compiled function asks again.
ANSWERS: dict[str, Callable[..., bool]] = {
    "isnan": lambda x: not x <= math.inf,
    "isinf": lambda x: x >= math.inf or x <= -math.inf,
    "isfinite": lambda x: -math.inf < x < math.inf,
    "signbit": lambda x: plugins.op("copysign")(1.0, x) < 0,
}


def computed(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Compute a ufunc, or one of its methods, on arrays of Values.

    Raises:
        TypeError: for a ufunc that is none of numbers with a gradient.
    """
    answer = ANSWERS.get(ufunc.__name__)
    if answer is not None and method == "__call__":
        with np.errstate(invalid="ignore"):  # nan is compared with numbers
            return np.frompyfunc(answer, 1, 1)(*inputs, **kwargs).astype(bool)
    rule = RULES.get(ufunc.__name__)
    chosen = ufunc if rule is None else np.frompyfunc(rule, ufunc.nin, 1)
    try:
        return getattr(chosen, method)(*inputs, **kwargs)
    except TypeError as cause:
        if rule is not None or "not supported for the input types" not in str(cause):
            raise
        raise TypeError(
            f"numpy.{ufunc.__name__} has no derivative for Values; for plain numbers give it x.data"
        ) from cause
