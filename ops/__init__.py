"""The built-in operations, grouped like a maths book; each takes floats or Values.

`logsumexp`, `softmax` and `log_softmax` are functions of lists, composed of the others.
"""

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
from .log_space import log_softmax, logaddexp, logit, logsumexp, softmax
from .normal import erfinv, log_ndtr, mills, ndtri
from .piecewise import clip, compare, maximum, minimum, sign, step, where
from .polygammas import digamma, polygamma, polygamma_rise
from .special import erf, erfc, gaussian, ndtr
from .trigonometric import acos, asin, atan, atan2, cos, hypot, sin, sinc, sinc_slope, tan

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
    "erfinv",
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
    "log_ndtr",
    "log_softmax",
    "logaddexp",
    "logit",
    "logsumexp",
    "maximum",
    "mills",
    "minimum",
    "mod",
    "mul",
    "ndtr",
    "ndtri",
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
    "sinc",
    "sinc_slope",
    "sinh",
    "softmax",
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
