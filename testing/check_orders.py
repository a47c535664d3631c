"""Checks of second and third derivatives, which come from differentiating the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from pluggrad import Value, grad, no_grad

from .differences import extrapolated
from .many_digits import Point
from .rounding import rounding
from .subject import Subject
from .truth import exact_higher


def second_derivatives_are_true(subject: Subject) -> None:
    """Differentiate the recorded rules once more, and compare for every pair of operands."""
    op = subject.op
    for at in _few_smooth(subject, 12):
        values = [Value(x) for x in at]
        firsts = grad(op(*values), values, create_graph=True)
        for i in range(op.arity):
            for j, got in enumerate(_derivatives(subject, firsts[i], values, 0, at)):
                _compare_higher(subject, got, at, (i, j))


def third_derivatives_are_true(subject: Subject) -> None:
    """Differentiate the recorded rules twice more, and compare for every operand."""
    op = subject.op
    if subject.exact_forward is None:
        return  # three nested differences of floats have no digits left to compare
    for at in _few_smooth(subject, 4):
        for i in range(op.arity):
            values = [Value(x) for x in at]
            first = grad(op(*values), values, create_graph=True)[i]
            second = grad(first, values, create_graph=True)[i]
            got = _derivatives(subject, second, values, i, at)[i]
            _compare_higher(subject, got, at, (i, i, i))


def _few_smooth(subject: Subject, count: int) -> list[Point]:
    found: list[Point] = []
    for at in subject.smooth_points():
        out = subject.forward(at)
        if math.isfinite(out) and all(x == 0 or abs(x) > 1e-2 for x in at):
            found.append(at)
        if len(found) == 4 * count:
            break
    return found[:: max(1, len(found) // count)][:count]


def _derivatives(
    subject: Subject, of: Value, values: Sequence[Value], index: int, at: Point
) -> list[Value]:
    try:
        return grad(of, list(values), create_graph=True)
    except Exception as cause:
        raise subject.failure(
            f"the gradient cannot be differentiated again: {cause}", index, at
        ) from cause


def _compare_higher(subject: Subject, slope: Value, at: Point, order: tuple[int, ...]) -> None:
    got = slope.data
    truth, error, source = _higher_truth(subject, at, order)
    slack = 1e-7 * abs(truth) + error + _left_out(subject, at, len(order)) + 1e-300
    if not abs(got - truth) > slack and got == got:
        return
    bound = rounding(slope)
    if not abs(got - truth) > slack + 4 * bound and got == got:
        return
    if (
        source != "mpmath"
        or _on_a_side(subject, got, at, order)
        or not _is_steady(subject, truth, at, order)
    ):
        floats = _differences_of_rule(subject, at, order)
        if floats is None:
            return
        if abs(got - floats[0]) <= 1e-4 * abs(floats[0]) + 10 * floats[1] + 4 * bound:
            return
    names = ", ".join(subject.operand_names[i] for i in order)
    hint = ""
    if got == 0:
        hint = "the rule cuts off what it computes with, by float(), .data or math.*"
    elif math.isnan(got):
        hint = "0/0 or inf - inf in the rule of an op that this rule uses"
    raise subject.failure(
        f"derivative {len(order)} ({names}), by differentiating the rule again, is {got:.10g}, the "
        f"truth is {truth:.10g} ({source})",
        order[0],
        at,
        hint=hint,
    )


def _higher_truth(subject: Subject, at: Point, order: tuple[int, ...]) -> tuple[float, float, str]:
    """Find a higher derivative, its error, and how it was found; nan where it was not."""
    if subject.exact_forward is not None:
        found = exact_higher(subject.exact_forward, at, order)
        if found is not None:
            return *found, "mpmath"
    found = _differences_of_rule(subject, at, order)
    return (*(found or (math.nan, math.inf)), "finite differences of the rule")


def _left_out(subject: Subject, at: Point, order: int) -> float:
    """Return the derivative of what a forward may leave out, as log(1 + exp(x)) beside x does."""
    size = min(max(1.0, abs(x)) for x in at)
    return subject.rtol * abs(subject.forward(at)) / size**order


def _is_steady(subject: Subject, truth: float, at: Point, order: tuple[int, ...]) -> bool:
    """Return whether a smaller step gives the same; it does not across a jump of any size.

    A forward of approximations may jump by less than a float shows where one follows another.
    """
    assert subject.exact_forward is not None
    finer = exact_higher(subject.exact_forward, at, order, finer=True)
    return finer is not None and abs(finer[0] - truth) <= 1e-6 * abs(truth)


def _on_a_side(subject: Subject, got: float, at: Point, order: tuple[int, ...]) -> bool:
    """Return whether it is the derivative right beside a point where a derivative jumps."""
    assert subject.exact_forward is not None
    moved = sorted(set(order))
    sides = []
    for corner in product((-1.0, 1.0), repeat=len(moved)):
        beside = list(at)
        for index, side in zip(moved, corner, strict=True):
            beside[index] += side * 1e-13 * (abs(at[index]) or 1.0)
        found = exact_higher(subject.exact_forward, tuple(beside), order)
        if found is None:
            return False
        sides.append(found[0])
    slack = 1e-7 * max(map(abs, sides))
    return min(sides) - slack <= got <= max(sides) + slack


def _differences_of_rule(
    subject: Subject, at: Point, order: tuple[int, ...]
) -> tuple[float, float] | None:
    """Difference the rule on floats: what the second derivative is if the first is right."""
    if len(order) != 2:
        return None
    first, last = order

    def partial(x: float) -> float:
        moved = (*at[:last], x, *at[last + 1 :])
        with no_grad():
            return subject.op.partial(first, 1.0, subject.op.evaluate(*moved), *moved)

    found = extrapolated(partial, at[last], subject.room(last, at))
    if not math.isfinite(found.error) or found.kink:
        return None
    return found.value, found.error
