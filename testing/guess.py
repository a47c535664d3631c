"""What kind of mistake a wrong rule makes, as far as its numbers tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    """One place at which a rule was compared with the truth.

    Attributes:
        got: what the rule gives for g = 1.
        truth: the derivative.
        others: the derivatives with respect to the other operands.
        out: the op's result.
        operands: where.
    """

    got: float
    truth: float
    others: tuple[float, ...]
    out: float
    operands: tuple[float, ...]


Hypothesis = tuple[str, Callable[[Sample], float]]


def guess(samples: Sequence[Sample], names: Sequence[str], operand: int = 0) -> str:
    """Name the mistake that explains all samples; "" when none on the list does.

    Parameters:
        samples: places spread over the domain.
        names: what the operands are called.
        operand: whose rule it is.
    """
    finite = [s for s in samples if _finite(s)]
    telling = [s for s in finite if not _close(s.got, s.truth)]
    if not telling:
        return ""
    if not any(s.truth for s in finite):
        return "the forward is flat between its jumps: does it round, or look up a table?"
    for text, predicted in _hypotheses(names, operand):
        if _explains(predicted, telling, finite):
            return text
    right = [s for s in finite if _close(s.got, s.truth)]
    return _constant(finite) or (_where(telling, right) if right else "")


def _explains(
    predicted: Callable[[Sample], float], telling: Sequence[Sample], finite: Sequence[Sample]
) -> bool:
    """Return whether a mistake would give just what was got, wherever it gives anything."""
    predictions = [(s, _safely(predicted, s)) for s in finite]
    made = [(s, x) for s, x in predictions if not math.isnan(x)]
    return any(s in telling for s, _ in made) and all(_close(s.got, x) for s, x in made)


def _hypotheses(names: Sequence[str], operand: int) -> list[Hypothesis]:
    found: list[Hypothesis] = [
        ("the sign is wrong", lambda s: -s.truth),
        ("a factor 2 too much", lambda s: 2 * s.truth),
        ("a factor 2 is missing", lambda s: s.truth / 2),
        ("the rule is always zero", lambda s: 0.0),
        ("1 too much (+ g, or + 1, that should not be there)", lambda s: s.truth + 1),
        ("1 too little", lambda s: s.truth - 1),
        ("1 + something where 1 - something is right, or the reverse", lambda s: 2 - s.truth),
    ]
    for i, name in enumerate([*names[:operand], *names[operand + 1 :]]):
        found += [
            (f"it is the gradient of {name}: swapped?", lambda s, i=i: s.others[i]),  # type: ignore[misc]
            (f"it is the gradient of {name}, negated: swapped?", lambda s, i=i: -s.others[i]),  # type: ignore[misc]
        ]
    terms: list[Hypothesis] = [("out", lambda s: s.out)]
    terms += [(name, lambda s, i=i: s.operands[i]) for i, name in enumerate(names)]  # type: ignore[misc]
    for name, term in terms:
        found += [
            (f"a factor {name} is missing", lambda s, t=term: s.truth / t(s)),  # type: ignore[misc]
            (f"a factor {name} too much", lambda s, t=term: s.truth * t(s)),  # type: ignore[misc]
            (f"a factor {name} is missing, twice", lambda s, t=term: s.truth / t(s) ** 2),  # type: ignore[misc]
            (f"a term {name} too much", lambda s, t=term: s.truth + t(s)),  # type: ignore[misc]
            (f"a term {name} is missing", lambda s, t=term: s.truth - t(s)),  # type: ignore[misc]
            (f"it is {name} itself, not the derivative", lambda s, t=term: t(s)),  # type: ignore[misc]
        ]
    found += [
        ("the chain factor is missing: the rule is 1 times g", lambda s: 1.0),
        ("it is one over the derivative", lambda s: 1 / s.truth),
        (
            "sine and cosine (or the like) are mixed up",
            lambda s: math.copysign(math.sqrt(1 - s.truth * s.truth), s.got),
        ),
        (
            "hyperbolic sine and cosine are mixed up",
            lambda s: math.copysign(
                math.sqrt(abs(s.truth * s.truth + (s.got > s.truth) * 2 - 1)), s.got
            ),
        ),
    ]
    return found


def _constant(samples: Sequence[Sample]) -> str:
    """Name a constant factor or term that is off everywhere."""
    # A truth that was found by differences can be 1e-146 where it is 0.
    ratios = [s.got / s.truth for s in samples if not _close(s.truth, 0.0)]
    at_zero = [s.got for s in samples if _close(s.truth, 0.0)]
    if len(ratios) > 1 and all(_close(got, 0.0) for got in at_zero) and _all_close(ratios):
        return f"{ratios[0]:.6g} times the derivative everywhere: a constant factor is off"
    offsets = [s.got - s.truth for s in samples]
    if len(offsets) > 2 and _all_close(offsets):
        return f"off by {offsets[0]:.6g} everywhere: a constant term too much or missing"
    return ""


def _all_close(numbers: Sequence[float]) -> bool:
    return all(_close(x, numbers[0]) for x in numbers)


def _where(wrong: Sequence[Sample], right: Sequence[Sample]) -> str:
    """Say which side is wrong, where a rule is right elsewhere."""
    for index in range(len(wrong[0].operands)):
        bad = [s.operands[index] for s in wrong]
        good = [s.operands[index] for s in right]
        which = f" operand {index}" if len(wrong[0].operands) > 1 else " operand"
        if min(bad) > max(good):
            return f"wrong only for a large{which}, above {max(good):.3g}"
        if max(bad) < min(good):
            return f"wrong only for a small{which}, below {min(good):.3g}"
        if min(map(abs, bad)) > max(map(abs, good)) > 0:
            return f"wrong only far from zero, beyond {max(map(abs, good)):.3g}"
    return ""


def _finite(s: Sample) -> bool:
    return all(map(math.isfinite, (s.got, s.truth, s.out, *s.operands)))


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)


def _safely(predicted: Callable[[Sample], float], s: Sample) -> float:
    try:
        return predicted(s)
    except (ArithmeticError, ValueError):
        return math.nan
