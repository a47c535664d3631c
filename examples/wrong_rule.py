"""Ops with a wrong derivative, and what the kit says about each.

    python examples/wrong_rule.py

Whoever writes a rule makes these mistakes sooner or later. Training still seems to work with most
of them. `pluggrad.testing.check_op` finds the operand, a point, and often the mistake.
"""

from __future__ import annotations

import math

from pluggrad import Op
from pluggrad.ops import cos, exp, sin, tanh
from pluggrad.testing import ConformanceError, check_op


def undefined(x: float) -> float:
    """Return what IEEE 754 has where Python raises, as for the sine of infinity."""
    return math.nan


def mistakes() -> dict[str, Op]:
    """Make ops that are wrong in the ways that happen."""
    return {
        "the square, its factor 2 forgotten": Op(
            "square", lambda x: x * x, lambda g, out, x: g * x
        ),
        "the cosine with the sign of the sine's rule": Op(
            "cosine", math.cos, lambda g, out, x: g * sin(x), ieee=undefined
        ),
        "a difference whose rules are swapped": Op(
            "minus", lambda a, b: a - b, lambda g, out, a, b: -g, lambda g, out, a, b: g
        ),
        "exp(3 x) without the inner derivative": Op(
            "exp3", lambda x: math.exp(3 * x), lambda g, out, x: g * exp(3 * x),
            ieee=lambda x: math.inf,
        ),
        "tanh' = 1 - tanh, the square forgotten": Op(
            "tanh_", math.tanh, lambda g, out, x: g * (1 - tanh(x))
        ),
        "a rule that calls the math module": Op(
            "sine", math.sin, lambda g, out, x: g * math.cos(x), ieee=undefined
        ),
    }  # fmt: skip


def right() -> Op:
    """Make the sine as it should be."""
    return Op("sine", math.sin, lambda g, out, x: g * cos(x), ieee=undefined)


def found(op: Op) -> str:
    """Check an op; return what is wrong, or "" when nothing is."""
    try:
        check_op(op)
    except ConformanceError as cause:
        return str(cause)
    return ""


def main() -> None:
    for what, op in mistakes().items():
        print(f"{what}:\n    {found(op) or 'NOT FOUND'}\n")
    print(f"and a right one:\n    {found(right()) or 'nothing to say'}")


if __name__ == "__main__":
    main()
