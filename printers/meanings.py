"""The words that a language needs, and what each means: a function of floats by IEEE 754.

`floordiv`, `mod`, `min`, `max` and `round` are those of Python: the remainder has the sign of the
divisor, `min(a, b)` is `b` only where `b < a`, and `round` takes ties to even, by decimal digits.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

inf, nan = math.inf, math.nan


def _ieee(compute: Callable[..., float], beyond: Callable[..., float]) -> Callable[..., float]:
    """Make a function of `math` give what IEEE 754 says where it raises."""

    def computed(*operands: float) -> float:
        try:
            result = compute(*operands)
        except (ArithmeticError, ValueError):
            result = beyond(*operands)
        return nan if isinstance(result, complex) else float(result)

    return computed


def _nan(*_: float) -> float:
    return nan


def _infinite(*_: float) -> float:
    return inf


def _pole(at: float) -> Callable[..., float]:
    return lambda x: -inf if x == at else nan


def _signed(x: float) -> float:
    return math.copysign(inf, x)


def _quotient(a: float, b: float) -> float:
    return nan if a == 0.0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    if a < 0.0 and b % 1.0 != 0.0:
        return nan
    return math.copysign(inf, a) if b % 2.0 == 1.0 else inf


MEANINGS: dict[str, Callable[..., Any]] = {
    # ----- Operators -----
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": _ieee(operator.truediv, _quotient),
    "neg": operator.neg,
    "abs": abs,
    "pow": _ieee(math.pow, _power),
    "floordiv": _ieee(operator.floordiv, _quotient),
    "mod": _ieee(operator.mod, _nan),
    # ----- Conditions -----
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    "select": lambda condition, a, b: a if condition else b,
    # ----- Whole numbers and signs -----
    "min": min,
    "max": max,
    "copysign": math.copysign,
    "floor": lambda x: x // 1.0 if abs(x) < 2.0**52 else x,
    "ceil": lambda x: -(-x // 1.0) if abs(x) < 2.0**52 else x,
    "trunc": lambda x: math.copysign(abs(x) // 1.0, x) if abs(x) < 2.0**52 else x,
    "rint": lambda x: round(x, 0) if math.isfinite(x) else x,
    "round": _ieee(lambda x, digits: round(x, int(digits)), lambda x, digits: _signed(x)),
    "fmod": _ieee(math.fmod, _nan),
    "remainder": _ieee(math.remainder, _nan),
    "ldexp": _ieee(lambda x, n: math.ldexp(x, int(n)), lambda x, n: _signed(x)),
    # ----- Functions -----
    "exp": _ieee(math.exp, _infinite),
    "exp2": _ieee(math.exp2, _infinite),
    "expm1": _ieee(math.expm1, _infinite),
    "log": _ieee(math.log, _pole(0.0)),
    "log1p": _ieee(math.log1p, _pole(-1.0)),
    "log2": _ieee(math.log2, _pole(0.0)),
    "log10": _ieee(math.log10, _pole(0.0)),
    "sqrt": _ieee(math.sqrt, _nan),
    "cbrt": math.cbrt,
    "sin": _ieee(math.sin, _nan),
    "cos": _ieee(math.cos, _nan),
    "tan": _ieee(math.tan, _nan),
    "asin": _ieee(math.asin, _nan),
    "acos": _ieee(math.acos, _nan),
    "atan": math.atan,
    "atan2": math.atan2,
    "sinh": _ieee(math.sinh, _signed),
    "cosh": _ieee(math.cosh, _infinite),
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": _ieee(math.acosh, _nan),
    "atanh": _ieee(math.atanh, lambda x: _signed(x) if abs(x) == 1.0 else nan),
    "erf": math.erf,
    "erfc": math.erfc,
    "hypot": math.hypot,
}

# The functions of Python that are one word.
WORDS: dict[Any, str] = {
    **{getattr(math, name): name for name in MEANINGS if hasattr(math, name)},
    **{getattr(operator, name): name for name in ("add", "sub", "mul", "truediv", "neg", "mod")},
    math.fabs: "abs",
    operator.floordiv: "floordiv",
    operator.abs: "abs",
    operator.pow: "pow",
    abs: "abs",
    min: "min",
    max: "max",
    math.ceil: "ceil",
    math.floor: "floor",
    math.trunc: "trunc",
    int: "trunc",
}
