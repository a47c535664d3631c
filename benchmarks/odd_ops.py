"""Ops as plugins write them: forwards and rules full of Python that machine code has not."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from random import Random
from typing import Any

from pluggrad import Op
from pluggrad.ops import cos, exp, sqrt

STRENGTH = 1.5
TABLE = [0.5, -1.0, 2.0, 0.0]


def signed(a: float, b: float) -> float:
    return math.copysign(a, b) if b == b else a  # the sign of a nan is not defined


def reciprocal(x: float) -> float:
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return math.inf


def forgiving(x: float) -> float:
    try:
        return 1.0 / (x * x)
    except (ZeroDivisionError, OverflowError):
        return 0.0
    finally:
        x = 0.0


def by_type(x: float) -> float:
    return 2.0 * x if isinstance(x, float) else 3.0 * x


def by_exact_type(x: float) -> float:
    return 2.0 * x if type(x) is float else 3.0 * x


def floored(x: float) -> float:
    return float(math.floor(x)) if abs(x) < 1e300 else x


def truncated(x: float) -> float:
    return float(int(x)) if math.isfinite(x) else 0.0


def parity(x: float) -> float:
    return x if math.isfinite(x) and int(x) % 2 == 0 else -x


def factorial(x: float) -> float:
    product = 1
    for k in range(2, int(min(abs(x), 40.0)) + 1 if x == x else 1):
        product *= k
    return float(product)


def square_or_none(x: float) -> float:
    if x < 0.0:
        raise ValueError("it has no result below zero")
    return x * x


def nearest(x: float) -> float:
    return float(round(x)) if math.isfinite(x) else x


def cases(x: float) -> float:
    match signed(1.0, x) > 0, abs(x) > 1.0:
        case True, True:
            return x
        case True, False:
            return x * x
        case False, big:
            return -1.0 if big else x


def looked_up(x: float) -> float:
    return TABLE[int(x) % 4] * x if math.isfinite(x) else x


def root_by_newton(x: float) -> float:
    y = 1.0 + abs(x) / (1.0 + abs(x))
    for _ in range(6):
        y = 0.5 * (y + (1.0 + abs(x) / (1.0 + abs(x))) / y)
    return y


def recursive(x: float, depth: int = 0) -> float:
    return x if depth > 3 or not abs(x) < 1e3 else recursive(x * 0.5 + 0.1, depth + 1)


def by_text(x: float) -> float:
    return float(f"{x:.3f}")


def logic(a: float, b: float) -> float:
    return (a and b) + (a or b) + (not a)


def remainder(a: float, b: float) -> float:
    return math.fmod(a, b) if math.isfinite(a) and b else 0.0


def bits(x: float) -> float:
    mantissa, exponent = math.frexp(x)
    return mantissa * (exponent if math.isfinite(x) else 1.0)


def next_one(x: float) -> float:
    return math.nextafter(x, math.inf)


def with_default(x: float, scale: float = 3.0) -> float:
    return x * scale


def chosen(a: float, b: float) -> float:
    return a if a is not b and a >= b else b


def guarded_root(x: float) -> float:
    return math.sqrt(x) if x > 0.0 else 0.0


def comparisons(a: float, b: float) -> float:
    return float(a < b) + 2.0 * (a == b) + 4.0 * (a != b) * (a <= b <= 10.0)


def half(g: Any, out: Any, x: Any) -> Any:
    return 0.5 * g


def by_sign(g: Any, out: Any, x: Any) -> Any:
    return 2.0 * g if x > 0 else -3.0 * g


def by_strength(g: Any, out: Any, x: Any) -> Any:
    return STRENGTH * g


def first(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g * (a + 1.0)


def second(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g * b * 0.25


# Hessians are symmetric only where rules are derivatives of something, as all are but `lopsided`.
THREE = [
    lambda g, out, a, b, c: g * a,
    lambda g, out, a, b, c: g * cos(b),
    lambda g, out, a, b, c: 0.5 * g,
]


def _closure(factor: float) -> Op:
    return Op(
        "scaled", lambda x: x * factor, lambda g, out, x: g * factor, doc="A number of a closure."
    )


ODD_OPS: list[Op] = [
    Op("reciprocal", reciprocal, lambda g, out, x: -g * out * out),
    Op("forgiving", forgiving, half),
    Op("by_type", by_type, lambda g, out, x: 2.0 * g),
    Op("by_exact_type", by_exact_type, lambda g, out, x: 2.0 * g),
    Op("floored", floored, None),
    Op("raw_floor", lambda x: float(math.floor(x)), None),
    Op("raw_ceil", lambda x: float(math.ceil(x)), None, ieee=lambda x: x),
    Op("truncated", truncated, None),
    Op("parity", parity, half),
    Op("factorial", factorial, None),
    Op("square_or_none", square_or_none, lambda g, out, x: 2.0 * g * x),
    Op("nearest", nearest, None),
    Op("cases", cases, half),
    Op("looked_up", looked_up, half),
    Op("root_by_newton", root_by_newton, half),
    Op("recursive", lambda x: recursive(x), half),
    Op("by_text", by_text, half),
    Op("logic", logic, first, second),
    Op("remainder", remainder, first, second),
    Op("bits", bits, half),
    Op("next_one", next_one, lambda g, out, x: g),
    Op(
        "with_default",
        with_default,
        lambda g, out, x, scale: g * scale,
        lambda g, out, x, scale: g * x,
    ),
    Op("chosen", chosen, first, second),
    Op("guarded_root", guarded_root, lambda g, out, x: g * 0.5 / sqrt(x)),
    Op("comparisons", comparisons, None, None),
    Op("by_sign", lambda x: 2.0 * x if x > 0 else -3.0 * x, by_sign),
    Op("by_strength", lambda x: x, by_strength),
    Op("divided", operator.truediv, first, second, ieee=lambda a, b: 0.0),
    Op("divided_or_not", operator.truediv, first, second),
    Op("root", math.sqrt, half, ieee=lambda x: 0.0),
    Op("root_or_not", math.sqrt, half),
    Op("gamma", math.gamma, None, ieee=lambda x: math.nan),
    Op("log_gamma", math.lgamma, half, ieee=lambda x: math.inf),
    Op("odd_exp", math.exp, lambda g, out, x: g * out),
    Op("odd_fmod", math.fmod, first, second, ieee=lambda a, b: math.nan),
    Op("copysign", signed, first, second),
    Op("ldexp", lambda x: math.ldexp(x, 3), lambda g, out, x: g * 8.0),
    Op("complex_abs", lambda a, b: abs(complex(a, b)), first, second),
    Op("power", lambda a, b: a**b, lambda g, out, a, b: g * a**0.5, None, ieee=lambda a, b: -1.0),
    Op("through_ops", lambda x: x * 2.0, lambda g, out, x: g * exp(-x * x) + g * cos(x)),
    Op("three", lambda a, b, c: a if b > c else a * c, *THREE),
    Op("lopsided", lambda a, b: a * b, lambda g, out, a, b: g * b * b, lambda g, out, a, b: g * a),
    _closure(1.25),
    _closure(-2.0),
]

# ----- Ops nobody has seen -----

PIECES: list[Callable[[str, str], str]] = [
    lambda x, y: f"math.floor({x})",
    lambda x, y: f"(math.copysign({x}, {y}) if {y} == {y} else {x})",
    lambda x, y: f"math.sqrt(abs({x}))",
    lambda x, y: f"math.log({x} * {x} + 1.0)",
    lambda x, y: f"math.atan2({x}, {y})",
    lambda x, y: f"({x} // {y})",
    lambda x, y: f"({x} % {y})",
    lambda x, y: f"({x} / {y})",
    lambda x, y: f"int({x})",
    lambda x, y: f"round({x})",
    lambda x, y: f"round({x}, 2)",
    lambda x, y: f"({x} if {x} > {y} else {y})",
    lambda x, y: f"max({x}, {y})",
    lambda x, y: f"min({x}, {y}, 0.5)",
    lambda x, y: f"({x} * {y})",
    lambda x, y: f"({x} + {y})",
    lambda x, y: f"({x} - 3)",
    lambda x, y: f"({x} ** 2)",
    lambda x, y: f"({x} ** 0.5)",
    lambda x, y: f"({x} and {y})",
    lambda x, y: f"(not {x})",
    lambda x, y: f"float({x} == {y})",
    lambda x, y: f"math.isnan({x})",
    lambda x, y: f"abs({x})",
    lambda x, y: f"(-{x})",
    lambda x, y: f"math.fabs({x}) * 1e10",
    lambda x, y: f"divmod({x}, 3.0)[1]",
    lambda x, y: f"sum([{x}, {y}, 1.0])",
    lambda x, y: f"math.hypot({x}, {y})",
    lambda x, y: f"math.trunc({x})",
    lambda x, y: f"pow({x}, 3)",
]


def fresh_op(chance: Random) -> tuple[Op, str]:
    """Write an op of one or two operands that nobody has seen before; return it and its source."""
    names = ["a", "b"][: chance.randint(1, 2)]
    lines = [f"def forward({', '.join(names)}):"]
    known = list(names)
    for i in range(chance.randint(1, 3)):
        piece = chance.choice(PIECES)
        lines.append(f"    t{i} = {piece(chance.choice(known), chance.choice(known))}")
        known.append(f"t{i}")
    if chance.random() < 0.3:
        lines.append(f"    if {chance.choice(known)} > {chance.choice(known)}:")
        lines.append(f"        return float({chance.choice(known)})")
    last = f"float({known[-1]})" if chance.random() < 0.7 else known[-1]
    if chance.random() < 0.2:
        error = chance.choice(["ArithmeticError", "ValueError", "Exception"])
        body = ["    " + line for line in lines[1:]]
        lines = [lines[0], "    try:", *body, f"        return {last}", f"    except {error}:"]
        last = chance.choice(["0.0", "math.inf", "-1.0"])
        lines.append(f"        return {last}")
    else:
        lines.append(f"    return {last}")
    text = "\n".join(lines)
    scope: dict[str, Any] = {"math": math}
    exec(text, scope)  # it was written above
    ieee = chance.choice([None, None, lambda *x: math.nan, lambda *x: 0.0])
    rules = [first, second] if len(names) == 2 else [half]
    return Op("fresh", scope["forward"], *rules, ieee=ieee), text
