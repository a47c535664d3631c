"""What a derivative really is, found without looking at any rule.

Two independent ways: differences of the forward function in so many digits that the step can be
1e-20 of the operand (mpmath), and, where the forward cannot be evaluated so, differences of floats
extrapolated to step zero with an estimate of what is left (C. Ridders, "Accurate computation of
F'(x) and F'(x) F''(x)", Advances in Engineering Software 4, 1982). Both look at the two sides of
the point apart, so that a kink shows as two different numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath

Point = tuple[float, ...]

# Digits to compute with, and the part of the operand that is stepped: the error of a central
# difference is then about 1e-40, that of a one-sided one 1e-20.
DIGITS = 60
MOST_DIGITS = 800
STEP = mpmath.mpf(10) ** -20


class Truth(NamedTuple):
    """A derivative from both sides.

    Attributes:
        left: towards smaller operands.
        right: towards larger operands; equal to `left` but for `error` where there is no kink.
        error: how far off both may be.
        source: how it was found, for messages.
        jump: whether the function itself is discontinuous there.
    """

    left: float
    right: float
    error: float
    source: str
    jump: bool = False

    @property
    def value(self) -> float:
        """The derivative, where there is one."""
        return self.left if self.left == self.right else (self.left + self.right) / 2

    @property
    def kink(self) -> bool:
        """Whether the two sides differ."""
        return self.left != self.right

    def allows(self, number: float, slack: float) -> bool:
        """Tell whether `number` is the derivative, or at a kink one between the two sides."""
        low, high = min(self.left, self.right), max(self.left, self.right)
        if math.isinf(number):
            return number in (low, high)
        return low - self.error - slack <= number <= high + self.error + slack

    def __str__(self) -> str:
        if self.kink:
            return f"{self.left:.10g} from below and {self.right:.10g} from above ({self.source})"
        return f"{self.value:.10g} ({self.source})"


# ----- In many digits -----


def exact(forward: Callable[..., Any], at: Point, index: int) -> Truth | None:
    """Differentiate `forward` in many digits with respect to one operand; None if it cannot be.

    Parameters:
        forward: the function on mpmath numbers, see multiprecision.py.
        at: the operands.
        index: which operand.
    """
    digits = DIGITS + _extra_digits(at)
    while True:
        with mpmath.workdps(digits):
            sides = _sides(forward, at, index, _step(at[index]))
            if sides is None:
                return None
            left, right, lost, jump = sides
            if lost > digits - 20 and digits < MOST_DIGITS:
                digits = MOST_DIGITS if lost == math.inf else min(2 * digits, MOST_DIGITS)
                continue
            if _differ(left, right):
                nearer = _sides(forward, at, index, _step(at[index]) / 1000)
                if nearer is None:
                    return None
                if abs(nearer[1] - nearer[0]) < abs(right - left) / 10:
                    # The difference shrinks with the step: curvature, not a kink.
                    left = right = (nearer[0] + nearer[1]) / 2
            else:
                left = right = (left + right) / 2
            return Truth(float(left), float(right), 0.0, "mpmath", jump)


def exact_higher(forward: Callable[..., Any], at: Point, order: Sequence[int]) -> float | None:
    """Differentiate `forward` in many digits, once for each operand index in `order`.

    Differences in one operand after another, each central and with a step of its own.
    """
    digits = 30 + (DIGITS - 20) * len(order) + _extra_digits(at)
    while True:
        with mpmath.workdps(digits):
            steps = [_step(x) for x in at]
            terms: dict[tuple[int, ...], int] = {(0,) * len(at): 1}
            for index in order:
                stepped: dict[tuple[int, ...], int] = {}
                for offsets, weight in terms.items():
                    for side in (1, -1):
                        moved = tuple(o + side * (i == index) for i, o in enumerate(offsets))
                        stepped[moved] = stepped.get(moved, 0) + side * weight
                terms = {offsets: weight for offsets, weight in stepped.items() if weight}
            total, largest = mpmath.mpf(0), mpmath.mpf(0)
            for offsets, weight in terms.items():
                moved_to = [mpmath.mpf(x) + o * h for x, o, h in zip(at, offsets, steps, strict=True)]
                result = number(forward, moved_to)
                if result is None:
                    return None
                total += weight * result
                largest = max(largest, abs(result))
            if _lost(total, largest) > digits - 20 and digits < MOST_DIGITS:
                digits = MOST_DIGITS if total == 0 else min(2 * digits, MOST_DIGITS)
                continue
            for index in order:
                total /= 2 * steps[index]
            return float(total)


def number(forward: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """Evaluate on mpmath numbers; None where there is no real, finite result."""
    try:
        result = forward(*map(mpmath.mpf, operands))
        if isinstance(result, mpmath.mpc):
            result = result.real if result.imag == 0 else mpmath.nan
        result = mpmath.mpf(result)
    except Exception:  # whatever the forward does on numbers that it was not written for
        return None
    return result if mpmath.isfinite(result) else None


def _sides(
    forward: Callable[..., Any], at: Point, index: int, step: Any
) -> tuple[Any, Any, float, bool] | None:
    """Give both one-sided slopes, the digits that cancelled, and whether there is a jump.

    The point itself is not evaluated: at a jump it belongs to one side at most.
    """
    found = []
    for offset in (-2, -1, 1, 2):
        operands = [mpmath.mpf(x) for x in at]
        operands[index] += offset * step
        result = number(forward, operands)
        if result is None:
            return None
        found.append(result)
    a, b, c, d = found
    left, right = (b - a) / step, (d - c) / step
    lost = max(_lost(b - a, b), _lost(d - c, d))
    across = abs((c - b) - (left + right) * step)
    jump = bool(across > max(abs(b), abs(c)) * mpmath.mpf(10) ** -9)
    return left, right, lost, jump


def _lost(difference: Any, of: Any) -> float:
    """Count the decimal digits that cancel in a difference."""
    if of == 0:
        return 0.0
    return math.inf if difference == 0 else float(mpmath.log10(abs(of / difference)))


def _step(x: float) -> Any:
    return STEP * min(abs(mpmath.mpf(x)), 1) if x else STEP


def _extra_digits(at: Point) -> int:
    return int(max(0.0, *(math.log10(abs(x)) if x else 0.0 for x in at)))


def _differ(left: Any, right: Any) -> bool:
    return bool(abs(left - right) > max(abs(left), abs(right)) * mpmath.mpf(10) ** -12)


# ----- In floats -----


def extrapolated(function: Callable[[float], float], x: float, reach: float) -> Truth:
    """Differentiate a function of one float by differences, extrapolated to step zero.

    Parameters:
        function: may give nan or inf; such steps are not used.
        x: where.
        reach: how far from `x` the function may be evaluated.
    """
    scale = abs(x) if x else 1.0
    steps = [min(scale * size, reach / 2) for size in (0.3, 0.03, 1e-3, 1e-5)]
    # The function's own rounding, which the quotient divides by the step.
    noise = 4 * 2.0**-52 * abs(function(x))
    central = _best(
        lambda h: (function(x + h) - function(x - h)) / ((x + h) - (x - h)), steps, 2, noise
    )
    left = _best(lambda h: (function(x) - function(x - h)) / (x - (x - h)), steps, 1, noise)
    right = _best(lambda h: (function(x + h) - function(x)) / ((x + h) - x), steps, 1, noise)
    gap = abs(left[0] - right[0])
    if gap > 30 * (left[1] + right[1]) + 1e-6 * max(abs(left[0]), abs(right[0])):
        return Truth(left[0], right[0], 10 * max(left[1], right[1]), "finite differences")
    return Truth(central[0], central[0], 10 * central[1], "finite differences")


def _best(
    quotient: Callable[[float], float], steps: Sequence[float], power: int, noise: float
) -> tuple[float, float]:
    """Extrapolate from each first step, and give the result that estimates its error smallest."""
    found = [_tableau(quotient, step, power, noise) for step in steps]
    return min(found, key=lambda result: result[1])


def _tableau(
    quotient: Callable[[float], float], step: float, power: int, noise: float, rows: int = 9
) -> tuple[float, float]:
    """Extrapolate one sequence of halved steps, each column cancelling one power of the step."""
    best, error = math.nan, math.inf
    previous: list[float] = []
    for _ in range(rows):
        try:
            row = [quotient(step)]
        except (ArithmeticError, ValueError):
            row = [math.nan]
        factor = 2.0**power
        for entry in previous:
            row.append((factor * row[-1] - entry) / (factor - 1))
            change = max(abs(row[-1] - row[-2]), abs(row[-1] - entry), noise / step)
            if change < error:
                best, error = row[-1], change
            factor *= 2.0**power
        if previous and abs(row[-1] - previous[-1]) > 2 * error and error < 1e-6 * abs(best):
            break
        previous = row
        step /= 2
    return best, error
