"""Exponentials, logarithms and roots."""

import math

from pluggrad import Op, hookimpl

inf, nan = math.inf, math.nan
LN2 = math.log(2.0)
LOG2E = 1.0 / LN2
LOG10E = 0.4342944819032518  # 1 / math.log(10.0) is one unit in the last place below


def _log_beyond(x: float) -> float:
    return -inf if x == 0.0 else nan


def _log1p_beyond(x: float) -> float:
    return -inf if x == -1.0 else nan


def _cbrt(x: float) -> float:
    # One Newton step makes good that 1/3 is rounded; math.cbrt is up to 3.7 ulp off.
    t = math.fabs(x)
    if t == 0.0 or t == inf:
        return x
    root = math.pow(t, 1.0 / 3.0)
    return math.copysign(root - (root - t / (root * root)) / 3.0, x)


# A table of rules reads better aligned.
# fmt: off

# ----- Exponentials -----

exp   = Op("exp",   math.exp,   lambda g, out, x: g * out,         ieee=lambda x: inf,
           doc="e**x. Derivative: e**x.")
# Not out + 1, which has no digit left where e**x is tiny.
expm1 = Op("expm1", math.expm1, lambda g, out, x: g * exp(x),      ieee=lambda x: inf,
           doc="e**x - 1, accurate near 0. Derivative: e**x.")
exp2  = Op("exp2",  math.exp2,  lambda g, out, x: g * (LN2 * out), ieee=lambda x: inf,
           doc="2**x. Derivative: 2**x log 2.")

# ----- Logarithms -----

log   = Op("log",   math.log,   lambda g, out, x: g / x,           ieee=_log_beyond,
           domain=(0.0, inf),
           doc="Natural logarithm. Derivative: 1 / x.")
log1p = Op("log1p", math.log1p, lambda g, out, x: g / (1 + x),     ieee=_log1p_beyond,
           domain=(-1.0, inf),
           doc="log(1 + x), accurate near 0. Derivative: 1 / (1 + x).")
# Not g / (x log 2): that product has few digits where x is subnormal.
log2  = Op("log2",  math.log2,  lambda g, out, x: g * LOG2E / x,   ieee=_log_beyond,
           domain=(0.0, inf),
           doc="Logarithm to base 2. Derivative: 1 / (x log 2).")
log10 = Op("log10", math.log10, lambda g, out, x: g * LOG10E / x,  ieee=_log_beyond,
           domain=(0.0, inf),
           doc="Logarithm to base 10. Derivative: 1 / (x log 10).")

# ----- Roots -----

# At -0.0 the derivative is -inf, as 1 / -0.0 is, and as it is in PyTorch and JAX.
sqrt  = Op("sqrt",  math.sqrt,  lambda g, out, x: 0.5 * g / out,   ieee=lambda x: nan,
           domain=(0.0, inf),
           doc="Square root, -0.0 of -0.0. Derivative: 1 / (2 sqrt(x)).")
# In JavaScript, cbrt, operand 0: 8 units where abs(x) > 0. Math.pow is rounded less exactly.
cbrt  = Op("cbrt",  _cbrt,      lambda g, out, x: g / (3 * out * out), kinks=(0.0,),
           doc="Cube root, negative for negative x. Derivative: 1 / (3 cbrt(x)**2).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the exponentials, logarithms and roots."""
    return [exp, expm1, exp2, log, log1p, log2, log10, sqrt, cbrt]
