"""Checks of the rules against the truth, kinks included."""

from __future__ import annotations

import math

from .many_digits import Point, change_between
from .scan import discontinuities, steps
from .subject import Subject
from .truth import exact, exact_higher


def partials_are_true(subject: Subject) -> None:
    """Compare each rule with the derivative of the forward, wherever the domain reaches."""
    op = subject.op
    for index in range(op.arity):
        compared = sum([subject.compare(index, at) for at in subject.points])
        if not compared and not _stands_alone(subject, index):
            raise subject.failure(
                "not a single point at which it could be tried: the forward gives nothing finite "
                "there. Declare where it does with domain=",
                index,
            )

    def trial(at: Point) -> None:
        for index in range(op.arity):
            subject.compare(index, at)

    subject.try_drawn(trial)
    if subject.unjudged:
        first = subject.place(next(iter(subject.unjudged)))
        subject.note(
            f"{len(subject.unjudged)} points cannot be judged, such as {first}: neither many "
            "digits nor differences of floats tell the derivative there"
        )


def rules_jump_only_at_declared_kinks(subject: Subject) -> None:
    """Close in on places where a rule changes abruptly, and compare with the truth right there."""
    op = subject.op
    for index, below, above in discontinuities(subject):
        for at in (below, above):
            subject.compare(index, at)
        if subject.has_kink_between(below, above):
            continue
        left, right = subject.truth(index, below), subject.truth(index, above)
        if left is None or right is None:
            continue
        gap, size = abs(right.right - left.left), max(abs(left.left), abs(right.right))
        if gap > 1e-6 * size and not _explained_by_curvature(subject, index, below, above, gap):
            names = subject.operand_names
            remedy = (
                f"({above[0]!r},)"
                if op.arity == 1
                else f"lambda {', '.join(names)}: ..., zero there"
            )
            raise subject.failure(
                f"the derivative jumps from {left.left:.6g} to {right.right:.6g}: a kink that is "
                f"not declared. Declare it: Op(..., kinks={remedy})",
                index,
                above,
            )


def forwards_jump_only_at_declared_kinks(subject: Subject) -> None:
    """Close in on changes of the result that no slope explains, and look at them in many digits.

    A jump is small where it makes no more difference than `rtol` in the slopes around it.
    """
    forward = subject.exact_forward
    if forward is None:
        return
    for index, below, above in steps(subject):
        if subject.has_kink_about(index, below, above):
            continue
        jump = change_between(forward, below, above)
        slopes = [subject.partial(index, at, subject.forward(at)) for at in (below, above)]
        slope, width = max(map(abs, slopes)), above[index] - below[index]
        size = max(abs(above[index]), abs(below[index]))
        if jump is None or not jump > max(1e3 * width, subject.rtol * size) * slope:
            continue
        names = ", ".join(subject.operand_names)
        remedy = f"({above[0]!r},)" if subject.op.arity == 1 else f"lambda {names}: ..., zero there"
        raise subject.failure(
            f"the result jumps by {jump:.3g}, a step that is not declared. Declare it: "
            f"Op(..., kinks={remedy})",
            index,
            above,
        )


def _stands_alone(subject: Subject, index: int) -> bool:
    """Tell an operand without a rule that has no neighbours, such as a whole number, an order."""
    return subject.op.rules[index] is None and any(
        math.isfinite(subject.forward(at)) for at in subject.points
    )


def _explained_by_curvature(
    subject: Subject, index: int, below: Point, above: Point, gap: float
) -> bool:
    """Tell a steep derivative between two neighbouring floats from a jump."""
    if subject.exact_forward is None:
        return True  # differences of floats cannot tell
    width = above[index] - below[index]
    bends = [exact_higher(subject.exact_forward, at, (index, index)) for at in (below, above)]
    return any(bend is None or abs(bend[0]) * width > gap / 10 for bend in bends)


def declared_kinks_have_a_gradient_between_both_sides(subject: Subject) -> None:
    """At a kink, the rule gives one of the two one-sided derivatives, or something between."""
    op = subject.op
    kinks: list[Point] = (
        [at for at in subject.points if subject.is_kink(at)]
        if callable(op.kinks)
        else [(float(kink),) for kink in op.kinks]
    )
    for at in kinks:
        out = subject.forward(at)
        if not math.isfinite(out):
            continue
        for index in range(op.arity):
            got = subject.partial(index, at, out)
            truth = None if subject.has_no_sides(index, at) else subject.truth(index, at)
            if truth is None or subject.agrees(got, truth, index, at, out):
                continue
            raise subject.failure(
                f"at the kink the rule says {got:.10g}, which is not between the derivatives of "
                f"both sides, {truth.left:.10g} and {truth.right:.10g} ({truth.source})",
                index,
                at,
            )


def gradients_at_kinks_fit_together(subject: Subject) -> None:
    """Move all operands at once: where max(a, b) has a tie, one part of each is one of the whole.

    Each rule alone may say 0 there, for that is the slope of one side; all together may not.
    """
    op, forward = subject.op, subject.exact_forward
    if forward is None or op.arity == 1 or None in op.rules:
        return
    for at in [at for at in subject.points if subject.is_kink(at)][:12]:
        if subject.has_no_sides(0, at):
            continue
        truth = exact(lambda t, at=at: forward(*[x + t for x in at]), (0.0,), 0, singular=True)
        out = subject.forward(at)
        total = sum(subject.partial(index, at, out) for index in range(op.arity))
        if truth is None or not math.isfinite(total) or truth.allows(total, 1e-6 * abs(total)):
            continue
        raise subject.failure(
            f"the rules together say {total:.10g} where all operands change by as much, the truth "
            f"is {truth}; where several operands have a say, their parts add up to the whole",
            at=at,
        )
