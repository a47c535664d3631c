"""Whether an edited rule is another rule at all, decided without the conformance kit."""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Callable, Iterator
from typing import Any

from mutants import Mutant, Rule
from pluggrad import Op, Value, grad
from pluggrad.testing.counterparts import MP
from pluggrad.testing.multiprecision import multiprecision

# Enough to see 1e-250 beside 1, as in cos(atan2(1, x)).
DIGITS = 700
TINY = 5e-324


def why_same(op: Op, mutant: Mutant) -> str:
    """Say why a mutant is as right as the rule it came from; "" if it is not.

    The two rules are compared on a grid that has nothing to do with the kit's.
    """
    if mutant.kind == "cut":
        rule = op.rules[mutant.operand]
        assert rule is not None
        constant = all(
            depends_not(rule, op.arity, at) for at in [(0.3,) * op.arity, (1.7,) * op.arity]
        )
        return "the rule depends on g alone" if constant else ""
    at_kink = False
    outside = False
    digits = 0
    for at in grid(op):
        if digits == 40:
            break
        kind = where_differ(op, mutant, at)
        if kind == "inside":
            return ""
        at_kink |= kind == "kink"
        outside |= kind == "outside"
        digits |= kind == "digits"
    if digits:
        return "the same function, seen with many digits; in floats it loses some"
    if at_kink:
        return "another choice between the two sides, at declared kinks only"
    return "differs only outside the declared domain" if outside else "the same numbers everywhere"


def depends_not(rule: Rule, arity: int, at: tuple[float, ...]) -> bool:
    values = [Value(x) for x in (0.7, *at)]
    result = rule(2.0, *values)
    if not isinstance(result, Value) or not result.requires_grad:
        return True
    return not any(grad(result, values))


def grid(op: Op) -> Iterator[tuple[float, ...]]:
    chance = random.Random(op.name)
    sizes = [s * 10 ** (e / 3) for e in range(-21, 22) for s in (1.0, -1.0)]
    sizes += [s * 10.0**e for e in (-250, -50, -12, 12, 50, 250) for s in (1.0, -1.0)]
    sizes += [0.0, 1.0, -1.0, 2.0, -2.0, *(chance.uniform(-3, 3) for _ in range(40))]
    for low, high in {d for d in op.domain if d}:
        if math.isfinite(low) and math.isfinite(high):
            sizes += [low + (high - low) * chance.random() for _ in range(60)]
        edges = [edge for edge in (low, high) if math.isfinite(edge)]
        sizes += [e + s * 10.0**-k for e in edges for k in range(1, 12) for s in (1, -1)]
    if op.arity == 1:
        yield from ((x,) for x in sizes)
        return
    for _ in range(600):
        yield tuple(chance.choice(sizes) for _ in range(op.arity))
    for x in sizes:
        yield (x,) * op.arity
        for i, other in itertools.product(range(op.arity), (0.0, 0.25, -0.25, 1e9, -1e9)):
            yield tuple(x if j == i else other for j in range(op.arity))


def where_differ(op: Op, mutant: Mutant, at: tuple[float, ...]) -> str:
    """Return whether the rules differ at a point: "", "inside", "kink" or "outside"."""
    try:
        out = op.evaluate(*at)
    except ArithmeticError:
        return ""
    i = mutant.operand
    for g in (1.0, -2.5, 0.5):
        right = op.partial(i, g, out, *at)
        wrong = mutant.op.partial(i, g, out, *at)
        if right == wrong or (right != right and wrong != wrong):
            continue
        if (
            abs(right - wrong) <= 1e-7 * max(abs(right), abs(wrong))
            or max(abs(right), abs(wrong)) < 1e-290
        ):
            continue
        inside = all(d is None or d[0] < x < d[1] for d, x in zip(op.domain, at, strict=True))
        if not inside or not math.isfinite(out):
            return "outside"
        if is_kink(op, at):
            beside = [beside_kink(op, i, g, at, side) for side in (-1e-9, 1e-9)]
            between = min(beside) - 1e-6 <= wrong <= max(beside) + 1e-6
            return "kink" if between else "inside"
        if abs(right) > 1e280 or right != right:
            return "outside"  # beyond what floats can hold
        exact = [many(which, i, g, at) for which in (op, mutant.op)]
        if None not in exact and wrong == wrong:
            with MP.workdps(DIGITS):
                if abs(exact[0] - exact[1]) <= MP.mpf("1e-14") * abs(exact[0]) + TINY:
                    return "digits"
        return "inside"
    return ""


def beside_kink(op: Op, i: int, g: float, at: tuple[float, ...], side: float) -> float:
    moved = (*at[:i], at[i] + side * max(1.0, abs(at[i])), *at[i + 1 :])
    return op.partial(i, g, op.evaluate(*moved), *moved)


def is_kink(op: Op, at: tuple[float, ...]) -> bool:
    if callable(op.kinks):
        try:
            return not abs(op.kinks(*at)) > 0
        except ArithmeticError:  # 10.0**400 on the way: too large to have kinks or not
            return False
    return at[0] in op.kinks


class Many:
    """A number with many digits that rules can compute with."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, number: Any) -> None:
        self.number = MP.mpf(number)

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Many:
        forward = multiprecision(op.forward)
        return cls(forward(*(x.number if isinstance(x, Many) else MP.mpf(x) for x in operands)))


def many(op: Op, i: int, g: float, at: tuple[float, ...]) -> Any:
    """Evaluate a rule with many digits; None where it cannot be."""
    rule = op.rules[i]
    forward = multiprecision(op.forward)
    if rule is None or forward is None:
        return None
    with MP.workdps(DIGITS):
        try:
            operands = [Many(x) for x in at]
            result = rule(Many(g), Many(forward(*(x.number for x in operands))), *operands)
            return result.number if isinstance(result, Many) else MP.mpf(result)
        except Exception:
            return None


def operators_of_many() -> None:
    def binary(function: Callable[..., Any]) -> tuple[Any, Any]:
        def forward(a: Many, b: Any) -> Many:
            return Many(function(a.number, b.number if isinstance(b, Many) else b))

        def reflected(a: Many, b: Any) -> Many:
            return Many(function(b, a.number))

        return forward, reflected

    for name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        forward, reflected = binary(getattr(operator, name))
        setattr(Many, f"__{name}__", forward)
        setattr(Many, f"__r{name}__", reflected)
    Many.__neg__ = lambda x: Many(-x.number)  # type: ignore[attr-defined]


operators_of_many()
