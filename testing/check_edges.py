"""Checks of derivatives where things end: at borders of the domain, at 0, and at kinks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement, islice, product
from typing import Any

from pluggrad import Value, grad

from .many_digits import Point
from .sampling import kinks_of
from .subject import Subject
from .truth import higher_limit

Hessian = list[list[float]]

MOST_EDGES = 80
FAR = 1e9


def hessians_are_symmetric_at_edges(subject: Subject) -> None:
    """Differentiate each rule with respect to each operand: the order makes no difference.

    At a kink there is no Hessian; each number is one between those of both sides, see below.
    """
    names = subject.operand_names
    for at in _edges(subject):
        if subject.is_kink(at):
            continue
        hessian = _reverse(subject, at)
        for i, j in combinations_with_replacement(_with_rules(subject), 2):
            pair = hessian[i][j], hessian[j][i]
            if not _equal(*pair) and not _are_unjudged(subject, at, *pair):
                raise subject.failure(
                    f"the Hessian is not symmetric: d2/d{names[i]}d{names[j]} is "
                    f"{hessian[i][j]:.10g} by differentiating the rule of {names[i]}, and "
                    f"{hessian[j][i]:.10g} by differentiating that of {names[j]}",
                    i,
                    at,
                )


def rules_are_true_at_edges(subject: Subject) -> None:
    """Compare each rule with what the truth tends to; for kinks, see check_partials.py."""
    for at in _edges(subject):
        for i in () if subject.is_kink(at) else _with_rules(subject):
            _compare(subject, at, (i,), subject.partial(i, at, subject.forward(at)))


def second_derivatives_are_true_at_edges(subject: Subject) -> None:
    """Compare second derivatives with what the truth tends to, from inside and from each side."""
    for at in _edges(subject):
        hessian = _reverse(subject, at)
        for i, j in product(range(subject.op.arity), repeat=2):
            _compare(subject, at, (i, j), hessian[i][j])


def forward_mode_has_the_same_hessians_at_edges(subject: Subject) -> None:
    """Compare forward mode over forward mode with the rules differentiated in reverse."""
    names = subject.operand_names
    for at in _edges(subject):
        hessian = _reverse(subject, at)
        for i, j in combinations_with_replacement(_with_rules(subject), 2):
            got = _forward(subject, at, i, j)
            if not (_equal(got, hessian[i][j]) or _are_unjudged(subject, at, got, hessian[i][j])):
                raise subject.failure(
                    f"d2/d{names[i]}d{names[j]} is {got:.10g} in forward mode, and "
                    f"{hessian[i][j]:.10g} in reverse mode",
                    i,
                    at,
                )


# ----- Where -----


def _edges(subject: Subject) -> Iterator[Point]:
    """Combine the borders of domains, 0, kinks and a few simple numbers."""
    op = subject.op
    each = [_edges_of(domain, kinks_of(op)) for domain in op.domain]
    for at in islice(product(*each), MOST_EDGES):
        if math.isnan(subject.forward(at)) or (subject.is_kink(at) and not subject.is_inside(at)):
            continue  # a kink on a border has no second derivative from any side
        yield at


def _edges_of(interval: tuple[float, float] | None, kinks: Sequence[float]) -> list[float]:
    low, high = interval or (-math.inf, math.inf)
    found = [x for x in (low, high) if abs(x) < FAR]
    found += [x for x in (0.0, *kinks, 1.0, 2.0) if low < x < high]
    return list(dict.fromkeys(found))


# ----- Second derivatives -----


def _reverse(subject: Subject, at: Point) -> Hessian:
    values = [Value(x) for x in at]
    try:
        firsts = grad(subject.op(*values), values, create_graph=True)
        rows = [grad(first, values) for first in firsts]
    except Exception as cause:
        raise subject.failure(
            f"the gradient cannot be differentiated again: {cause}", at=at
        ) from cause
    return [[float(x) for x in row] for row in rows]


def _forward(subject: Subject, at: Point, i: int, j: int) -> float:
    from pluggrad.func import jvp

    def slope(*operands: Value) -> Any:
        return jvp(subject.op, operands, _unit(i, at))[1]

    return float(jvp(slope, at, _unit(j, at))[1])


def _with_rules(subject: Subject) -> list[int]:
    """List the operands through which gradients flow; another may be an order, say."""
    return [index for index, rule in enumerate(subject.op.rules) if rule is not None]


def _unit(index: int, at: Point) -> tuple[float, ...]:
    return tuple(float(k == index) for k in range(len(at)))


def _compare(subject: Subject, at: Point, order: tuple[int, ...], got: float) -> None:
    forward, rules = subject.exact_forward, subject.op.rules
    if forward is None or any(rules[index] is None for index in order):
        return
    if subject.is_kink(at) and not math.isfinite(got):
        return  # there is none, and it says so
    if math.isnan(got) and _is_irregular(subject, at):
        return
    limits = _limits(subject, at, order)
    if not limits or _between(got, limits):
        return
    if math.isinf(got) and math.isinf(subject.forward(at)) and not any(map(math.isinf, limits)):
        return  # the infinite terms of a pole, of which the truth is a difference
    names = "".join(f"d{subject.operand_names[index]}" for index in order)
    what = f"d2/{names}, by differentiating the rule again," if order[1:] else f"d/{names}"
    truth = " or ".join(f"{limit:.10g}" for limit in dict.fromkeys(limits))
    raise subject.failure(
        f"{what} is {got:.10g}, and the truth tends to {truth} towards this point (mpmath)",
        order[0],
        at,
    )


def _is_irregular(subject: Subject, at: Point) -> bool:
    """Return whether rules may give nan: on a border they need not hold, at a pole inf - inf is."""
    return not (subject.is_inside(at) and math.isfinite(subject.forward(at)))


def _are_unjudged(subject: Subject, at: Point, one: float, other: float) -> bool:
    """Return whether two numbers may differ: where one is nan, or infinite at a pole."""
    if math.isnan(one) or math.isnan(other):
        return _is_irregular(subject, at)
    return math.isinf(subject.forward(at)) and math.isinf(one) != math.isinf(other)


def _limits(subject: Subject, at: Point, order: tuple[int, ...]) -> list[float]:
    """Follow the truth to a point from each side; empty where it tends to nothing somewhere."""
    assert subject.exact_forward is not None
    moved = sorted(set(order))
    sides = [_sides(subject.op.domain[index], at[index]) for index in moved]
    found = []
    for signs in product(*sides):
        towards = [0.0] * len(at)
        for index, sign in zip(moved, signs, strict=True):
            towards[index] = sign
        limit = higher_limit(subject.exact_forward, at, order, tuple(towards))
        if limit is None:
            return []
        found.append(limit)
    return found


def _sides(interval: tuple[float, float] | None, x: float) -> list[float]:
    low, high = interval or (-math.inf, math.inf)
    return [side for side in (1.0, -1.0) if low <= x + side * 1e-9 * (high > low) <= high]


def _between(got: float, limits: Sequence[float]) -> bool:
    """Return whether a number is the limit, or one between those of both sides."""
    if got == 0.0 and all(map(math.isinf, limits)):
        return True  # a zero that meets an infinite slope is 0, see "Zero times infinity" in docs
    slack = 1e-6 * max((abs(x) for x in limits if abs(x) < math.inf), default=0.0) + 1e-9
    return min(limits) - slack <= got <= max(limits) + slack


def _equal(a: float, b: float) -> bool:
    if a == b or (a != a and b != b):
        return True
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b)) + 1e-12
