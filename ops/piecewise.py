"""Functions with corners and jumps, and the choices that other rules are made of.

Two operands that tie share the gradient half and half, as in JAX and PyTorch. A NaN never hides:
only `where` passes over one, in the operand that it does not choose.
"""

from pluggrad import Op, hookimpl

# ----- Forward functions -----


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x


def _step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x


def _compare(a: float, b: float) -> float:
    return 1.0 if a > b else -1.0 if a < b else 0.0 if a == b else a + b  # a + b: one is nan


def _where(condition: float, a: float, b: float) -> float:
    return a if condition != 0.0 else b


def _minimum(a: float, b: float) -> float:
    return a if a < b else b if b <= a else a + b


def _maximum(a: float, b: float) -> float:
    return a if a > b else b if b >= a else a + b


def _clip(x: float, low: float, high: float) -> float:
    raised = x if x > low else low if low >= x else x + low
    return raised if raised < high else high if high <= raised else raised + high


# Used in rules above their own lines.
where: Op

# A table of rules reads better aligned.
# fmt: off

# ----- Jumps: the gradient is zero on both sides -----

# Not 0 * g, which is nan for an infinite g.

sign = Op("sign", _sign, lambda g, out, x: 0.0, kinks=(0.0,),
          doc="-1, 0 or 1 as x is below, at or above 0. Derivative: 0.")
step = Op("step", _step, lambda g, out, x: 0.0, kinks=(0.0,),
          doc="1 where x > 0, else 0. Derivative: 0.")
# sign(a - b) is nan for two equal infinities; this is 0.
compare = Op("compare", _compare, lambda g, out, a, b: 0.0,
                                  lambda g, out, a, b: 0.0, kinks=lambda a, b: a - b,
             doc="-1, 0 or 1 as a is below, at or above b. Derivatives: 0.")

# ----- Choices: the gradient goes where the result came from -----

where = Op("where", _where, None,
                            lambda g, out, condition, a, b: where(condition, g, 0.0),
                            lambda g, out, condition, a, b: where(condition, 0.0, g),
           doc="a where the condition is not 0, else b. Derivatives: none; 1 or 0; 0 or 1.")
minimum = Op("minimum", _minimum, lambda g, out, a, b: g * (0.5 + 0.5 * compare(b, a)),
                                  lambda g, out, a, b: g * (0.5 + 0.5 * compare(a, b)),
             kinks=lambda a, b: a - b,
             doc="The smaller of a and b. Derivatives: 1 for it, 0 for the other; 1/2 if equal.")
maximum = Op("maximum", _maximum, lambda g, out, a, b: g * (0.5 + 0.5 * compare(a, b)),
                                  lambda g, out, a, b: g * (0.5 + 0.5 * compare(b, a)),
             kinks=lambda a, b: a - b,
             doc="The larger of a and b. Derivatives: 1 for it, 0 for the other; 1/2 if equal.")
# That is minimum(maximum(x, low), high), so high wins where low > high, as in NumPy.
clip = Op("clip", _clip,
          lambda g, out, x, low, high: (
              g * (0.5 + 0.5 * compare(x, low)) * (0.5 + 0.5 * compare(high, maximum(x, low)))),
          lambda g, out, x, low, high: (
              g * (0.5 + 0.5 * compare(low, x)) * (0.5 + 0.5 * compare(high, maximum(x, low)))),
          lambda g, out, x, low, high: g * (0.5 + 0.5 * compare(maximum(x, low), high)),
          kinks=lambda x, low, high: (x - low) * (x - high) * (low - high),
          doc="x, but not below low nor above high. Derivatives: 1 for the one it is, else 0.")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the piecewise ops."""
    return [sign, step, compare, where, minimum, maximum, clip]
