"""The built-in operations, grouped like a maths book; each takes floats or Values."""

from .activation import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus, softsign
from .arithmetic import (
    abs,
    add,
    ceil,
    div,
    floor,
    floordiv,
    mod,
    mul,
    neg,
    pow,
    power_log,
    power_rule,
    round,
    sub,
    trunc,
)
from .exponential import cbrt, exp, exp2, expm1, log, log1p, log2, log10, sqrt
from .gammas import beta, betaln, gamma, lgamma
from .hyperbolic import acosh, asinh, atanh, cosh, sech, sinh, tanh
from .ieee import copysign, fma, fmod, remainder
from .piecewise import clip, compare, maximum, minimum, sign, step, where
from .polygammas import digamma, polygamma, polygamma_rise
from .special import erf, erfc, gaussian, ndtr
from .trigonometric import acos, asin, atan, atan2, cos, hypot, sin, tan

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "beta",
    "betaln",
    "cbrt",
    "ceil",
    "clip",
    "compare",
    "copysign",
    "cos",
    "cosh",
    "digamma",
    "div",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floordiv",
    "fma",
    "fmod",
    "gamma",
    "gaussian",
    "gelu",
    "hypot",
    "leaky_relu",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "maximum",
    "minimum",
    "mod",
    "mul",
    "ndtr",
    "neg",
    "polygamma",
    "polygamma_rise",
    "pow",
    "power_log",
    "power_rule",
    "relu",
    "remainder",
    "round",
    "sech",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "softsign",
    "sqrt",
    "step",
    "sub",
    "tan",
    "tanh",
    "trunc",
    "where",
]


def __dir__() -> list[str]:
    """List the public names; the files they come from are none."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
