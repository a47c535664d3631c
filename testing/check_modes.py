"""Checks that every way to differentiate says what the rules say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pluggrad import Value, grad

from .many_digits import Point
from .subject import Subject


def every_mode_gives_the_same_gradient(subject: Subject) -> None:
    """Compare backward(), grad(), recorded gradients and forward mode with the rules on floats."""
    op = subject.op
    for at in subject.points[:40]:
        out = subject.forward(at)
        if not math.isfinite(out):
            continue
        expected = [subject.partial(i, at, out) for i in range(op.arity)]
        if not all(map(math.isfinite, expected)):
            continue
        values = [Value(x) for x in at]
        result = op(*values)
        result.backward()
        recorded = grad(op(*values), values, create_graph=True)
        modes = {
            "backward()": [v.grad for v in values],
            "grad()": grad(op(*values), values),
            "grad(create_graph=True)": [v.data for v in recorded],
        }
        for mode, found in modes.items():
            for index, (a, b) in enumerate(zip(found, expected, strict=True)):
                slack = 1e-13 * abs(b)
                if abs(a - b) <= slack or abs(a - b) <= slack + subject.rounding(index, at, out):
                    continue
                raise subject.failure(f"{mode} says {a:.10g}, the rule {b:.10g}", index, at)
        _check_forward_mode(subject, at, out, expected)


def _check_forward_mode(subject: Subject, at: Point, out: float, expected: Sequence[float]) -> None:
    try:
        from pluggrad.func import jvp
    except ImportError:  # the kit also serves an engine without function transforms
        return
    tangents = [0.5 + 0.25 * i for i in range(len(at))]
    _, got = jvp(subject.op, at, tuple(tangents))
    terms = [t * d for t, d in zip(tangents, expected, strict=True)]
    off, slack = abs(float(got) - sum(terms)), 1e-13 * sum(map(abs, terms))
    if not off <= slack and not off <= slack + sum(
        [subject.rounding(index, at, out) for index in range(len(at))]
    ):
        raise subject.failure(
            f"forward mode says {float(got):.10g}, the rules {sum(terms):.10g} (tangents "
            f"{', '.join(f'{t:g}' for t in tangents)})",
            at=at,
        )
