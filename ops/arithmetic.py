"""Arithmetic: what Python's operators do.

`abs`, `pow` and `round` take the names of Python's own functions here on purpose: an op is called
what the mathematics is called.
"""

import math
import operator
from builtins import round as python_round
from typing import Any

from pluggrad import Op, hookimpl

from .exponential import log
from .piecewise import minimum, sign, step, where

inf, nan = math.inf, math.nan
WHOLE = 2.0**52  # from here on every float is a whole number
MOST = math.ldexp(1.0 - 2.0**-53, 1024)  # the largest float
LARGE = 2.0**450  # its square and the square's inverse are far inside the range of floats


# ----- Forward functions -----


def _floor(x: float) -> float:
    return x // 1.0 if math.fabs(x) < WHOLE else x  # math.floor gives an int, which has no -0.0


def _ceil(x: float) -> float:
    return -(-x // 1.0) if math.fabs(x) < WHOLE else x


def _trunc(x: float) -> float:
    return math.copysign(math.fabs(x) // 1.0, x) if math.fabs(x) < WHOLE else x


def _round(x: float, digits: float = 0.0) -> float:
    if digits != digits // 1.0:
        return nan
    if math.fabs(digits) > 400.0:  # no float has so many digits, on either side of the point
        return x if digits > 0.0 or not math.isfinite(x) else math.copysign(0.0, x)
    return python_round(x, int(digits))


def _power_rule(a: float, b: float, factor: float = 1.0) -> float:
    if b == 0.0 or factor == 0.0:
        return 0.0  # for every a, also where a**(b - 1) is infinite
    less = b - 1.0
    if b - b != 0.0:
        power = math.pow(a, b)  # a**(b - 1) is the same; a power of 0 wins over an infinite b
        return power if power == 0.0 else factor * (b * power)
    if a <= 0.0 or a == inf:
        return factor * (b * math.pow(a, less))
    # b - 1 is rounded, for b < 0.5; unmended that would cost |log a| / 2 units in the last place.
    rest = b - (less + 1.0)
    if rest != 0.0:
        b *= math.pow(a, rest)
    half = math.pow(a, 0.5 * less)
    if 1.0 / LARGE < half < LARGE:
        return factor * (b * math.pow(a, less))
    return factor * half * (b * half)  # the power overflows or gets subnormal; this need not


def _power_log(a: float, b: float) -> float:
    if a == 0.0 and b == b:
        return -inf if b < 0.0 else 0.0  # at b = 0 the limit from b > 0
    power = math.pow(a, b)
    return power if power == 0.0 else power * math.log(a)


# ----- Where Python raises -----


def _quotient_by_zero(a: float, b: float) -> float:
    return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def _pow_beyond(a: float, b: float) -> float:
    odd = b % 2.0 == 1.0
    if a < 0.0 and b % 1.0 != 0.0:
        return nan  # a complex number
    return math.copysign(inf, a) if odd else inf  # a pole at 0, or overflow


def _power_rule_beyond(a: float, b: float, factor: float) -> float:
    return factor * (b * _pow_beyond(a, b - 1.0))


def _power_log_beyond(a: float, b: float) -> float:
    return nan if a < 0.0 or b != b else math.copysign(inf, a - 1.0)


def _rounded_beyond(x: float, digits: float) -> float:
    return math.copysign(inf, x)  # up to the next multiple of 10**-digits, which is too large


# ----- Where rules hold -----


def _from_whole(x: float) -> float:
    return x - python_round(x) if math.isfinite(x) else 1.0


def _quotient_from_whole(a: float, b: float) -> float:
    if b == 0.0:
        return b
    quotient = a / b
    # Where it overflows, the jumps lie closer together than floats do.
    return 0.0 if math.isinf(quotient) and math.isfinite(a) else _from_whole(quotient)


def _from_half(x: float, digits: float) -> float:
    # Beyond 9 digits the steps lie so close that they look like a slope.
    return _from_whole(x * 10.0**digits - 0.5) if digits < 9.0 else 0.0


# Used in rules above their own lines.
power_rule: Op
power_log: Op


def _mixed_slope(a: Any, b: Any, factor: Any) -> Any:
    """Return d/db of factor b a**(b - 1), which is d/da of factor a**b log a."""
    half = pow(a, 0.5 * (b - 1))
    logarithm = log(a + (1 - step(abs(a))) * (1 - step(abs(power_rule(a, b, factor)))))
    product = factor * half * (half * (1 + b * logarithm))
    # A power of 0 wins over an infinite logarithm, a factor of 0 over an infinite power.
    return where(half, where(abs(factor) + step(MOST - half), product, 0.0), 0.0)


def _at_zero(a: Any, b: Any) -> Any:
    """Return 1 where a is 0 and b is not below: there a**b log a is 0, as is all that follows."""
    return (1 - step(-b)) * (1 - step(abs(a)))


# A table of rules reads better aligned.
# fmt: off

# ----- The four basic operations -----

add = Op("add", operator.add, lambda g, out, a, b: g,
                              lambda g, out, a, b: g,      operator="+",
         doc="a + b. Derivatives: 1, 1.")
sub = Op("sub", operator.sub, lambda g, out, a, b: g,
                              lambda g, out, a, b: -g,     operator="-",
         doc="a - b. Derivatives: 1, -1.")
mul = Op("mul", operator.mul, lambda g, out, a, b: g * b,
                              lambda g, out, a, b: g * a,  operator="*",
         doc="a * b. Derivatives: b, a.")
# Not a / (b * b), which overflows where |b| > 1e154.
# Accuracy of div, operand 1: inf units where abs(a / b) < 1e-307. The few digits of a subnormal
# quotient are divided once more.
div = Op("div", operator.truediv, lambda g, out, a, b: g / b,
                                  lambda g, out, a, b: -g * out / b, operator="/",
         ieee=_quotient_by_zero, kinks=lambda a, b: b,
         doc="a / b. Derivatives: 1 / b, -a / b**2.")
neg = Op("neg", operator.neg, lambda g, out, x: -g,          operator="-",
         doc="-x. Derivative: -1.")
abs = Op("abs", math.fabs,    lambda g, out, x: g * sign(x), operator="abs", kinks=(0.0,),
         doc="The size of x without its sign. Derivative: sign(x), 0 at 0.")

# ----- Powers -----

# d/db at a = 0 is the limit 0 from b > 0, and so it is at b = 0, as in PyTorch and JAX. It is nan
# at a < 0, where a**b is real for whole b only, and has few digits where a**b is subnormal.
pow = Op("pow", math.pow,
         lambda g, out, a, b: g * power_rule(a, b, 1.0),
         lambda g, out, a, b: g * power_log(a, b),
         operator="**", ieee=_pow_beyond, domain=((0.0, inf), None),
         doc="a**b. Derivatives: b a**(b - 1), a**b log a.")
# At a = 0, the border of its domain, the second derivative by a is 0, and no limit (-inf to b = 2).
# In JavaScript, power_log, operand 1: 8 units where b < -10. Math.pow is rounded less exactly.
# Accuracy of power_log, forward: inf units where abs(b * log(a)) > 700. The power is subnormal.
# Accuracy of power_log, operand 0: inf units where a < 1e-300. The derivative may overflow there.
# Accuracy of power_log, operand 0: (8 + abs(log(a) * (b - 1))) * (1 + abs(b * log(a))) / abs(1 + b
# * log(a)) units where b < 0.5 or a < 1. As for operand 1 of power_rule.
power_log = Op("power_log", _power_log,
               lambda g, out, a, b: g * _mixed_slope(a, b, 1.0),
               lambda g, out, a, b: g * out * log(minimum(a, MOST) + _at_zero(a, b)),
               ieee=_power_log_beyond, domain=((0.0, inf), (-1e75, 1e75)), kinks=lambda a, b: a,
               doc="a**b log a, the slope of a power by its exponent; 0 where a is 0 and b is not "
                   "below. Derivatives: a**(b - 1) (1 + b log a), a**b (log a)**2.")
# The factor makes the second derivative of a power the same again, 0 where b (b - 1) is; and a
# factor 0 makes 0 of an infinite power. Half the exponent, twice, overflows only where the product
# does. The domain keeps factor * b from overflowing.
# Accuracy of power_rule, operand 0: 8 + abs(log(a) * (b - 1)) units where b < 0.5. There b - 1 is
# rounded, which the power magnifies.
# Accuracy of power_rule, operand 0: inf units where abs(factor * b) < 1e-307. It is rounded to the
# few digits of a subnormal.
# Accuracy of power_rule, operand 1: inf units where abs(factor * b) < 1e-307. It is rounded so too.
# Accuracy of power_rule, operand 1: (8 + abs(log(a) * (b - 1))) * (1 + abs(b * log(a))) / abs(1 +
# b * log(a)) units where b < 0.5 or a < 1. There b - 1 is rounded, or the two terms cancel: b log a
# is near -1.
power_rule = Op("power_rule", _power_rule,
    lambda g, out, a, b, factor: g * power_rule(a, b - 1, factor * b),
    lambda g, out, a, b, factor: g * _mixed_slope(a, b, factor),
    lambda g, out, a, b, factor: g * power_rule(a, b, 1.0),
    ieee=_power_rule_beyond, domain=((0.0, inf), (-1e75, 1e75), (-1e75, 1e75)),
    doc="factor b a**(b - 1), the slope of a power. Derivatives: the same for that and so on.")

# ----- Whole numbers: flat between jumps -----

floor = Op("floor", _floor, lambda g, out, x: 0.0, operator="floor", kinks=_from_whole,
           doc="The largest whole number that is not above x. Derivative: 0.")
ceil  = Op("ceil",  _ceil,  lambda g, out, x: 0.0, operator="ceil",  kinks=_from_whole,
           doc="The smallest whole number that is not below x. Derivative: 0.")
trunc = Op("trunc", _trunc, lambda g, out, x: 0.0, operator="trunc", kinks=_from_whole,
           doc="The whole part of x. Derivative: 0.")
round = Op("round", _round, lambda g, out, x, digits: 0.0,
                            None,                      operator="round", kinks=_from_half,
           ieee=_rounded_beyond,
           doc="x to a number of decimal digits, ties to even. Derivatives: 0; none.")
floordiv = Op("floordiv", operator.floordiv, lambda g, out, a, b: 0.0,
                                             lambda g, out, a, b: 0.0, operator="//",
              ieee=_quotient_by_zero, kinks=_quotient_from_whole,
              doc="floor(a / b). Derivatives: 0.")
mod = Op("mod", operator.mod, lambda g, out, a, b: g,
                              lambda g, out, a, b: -g * floordiv(a, b), operator="%",
         ieee=lambda a, b: nan, kinks=_quotient_from_whole,
         doc="a - b floor(a / b), with the sign of b. Derivatives: 1, -floor(a / b).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the ops behind Python's operators."""
    return [
        add,
        sub,
        mul,
        div,
        neg,
        abs,
        pow,
        power_log,
        power_rule,
        floor,
        ceil,
        trunc,
        round,
        floordiv,
        mod,
    ]
