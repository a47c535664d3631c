"""What a derivative really is, found without looking at any rule.

Differences of the forward function in so many digits that the step can be 1e-30 of the operand
(mpmath); where the forward cannot be evaluated so, those of differences.py. Both look at the two
sides of the point apart, so that a kink shows as two different numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import mpmath

from .counterparts import MP
from .many_digits import DIGITS, MOST_DIGITS, Point, extra_digits, number

# The part of the operand that is stepped: the error of a central difference is then about 1e-60,
# that of a one-sided one 1e-30, also next to a pole.
STEP = MP.mpf("1e-30")
AT_ZERO = MP.mpf("1e-40")
# Beside the largest result: what is no jump; and how much smaller a slope is that may be a step's.
SMALL_CHANGE = MP.mpf("1e-9")
TINY_CHANGE = MP.mpf("1e-20")
SAME_CHANGE = MP.mpf("0.9")  # the fifth root of a step shrinks to a quarter of it
# Two numbers are the same when they differ by less than this part of the larger one.
SAME = MP.mpf("1e-12")
# Beside 1, that is what the smallest float takes.
ALL_DIGITS = 400
# What is smaller than half the smallest float is 0.
NOTHING = MP.mpf(2) ** -1075


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
        """Return whether `number` is the derivative, or at a kink one between the two sides."""
        low, high = min(self.left, self.right), max(self.left, self.right)
        if math.isinf(number):
            return number in (low, high)
        return low - self.error - slack <= number <= high + self.error + slack

    def __str__(self) -> str:
        if self.kink:
            return f"{self.left:.10g} from below and {self.right:.10g} from above ({self.source})"
        return f"{self.value:.10g} ({self.source})"


def same(a: Any, b: Any) -> bool:
    """Return whether two numbers are equal, two nans too."""
    return bool(a == b) or (a != a and b != b)


@lru_cache(maxsize=1 << 16)
def exact(
    forward: Callable[..., Any],
    at: Point,
    index: int,
    *,
    singular: bool = False,
    finer: bool = False,
) -> Truth | None:
    """Differentiate `forward` in many digits with respect to one operand; None if it cannot be.

    Parameters:
        forward: the function on numbers of MP, see multiprecision.py.
        at: the operands.
        index: which operand.
        singular: whether there may be a kink, a jump or an infinite slope here, which takes a
            second look, at each side alone.
        finer: whether to take more digits and a smaller step, to see whether it stays the same.
    """
    # What cancels on the way, as the logarithm of cosh near 0 may, takes the extra digits twice.
    digits = DIGITS + extra_digits(at) * (1 + finer) + 30 * finer
    most = digits + MOST_DIGITS
    first = step = _step(at) * MP.mpf("1e-10") if finer else _step(at)
    places = [MP.mpf(x) for x in at]

    def around(step: Any) -> Three | None:
        return None if singular else _around(forward, at, places, index, step)

    def sides(step: Any, near: Three | None) -> Sides | None:
        return (near and _smooth_sides(near, step)) or _both_sides(forward, places, index, step)

    def nearer_sides() -> Sides | None:
        return sides(step / 1000, around(step / 1000))

    while True:
        # mpmath's own context, too, so that no evaluation has to exchange its digits.
        with MP.workdps(digits), mpmath.workdps(digits):
            near = around(step)
            if near is not None and (slope := _plain_slope(near, step)) is not None:
                if not slope and digits < most:  # it is 0, or so many digits are too few
                    digits = most
                    continue
                error = float(abs(near[1]) * _unit(digits) / step)
                return Truth(slope, slope, error, "mpmath")
            if (found := sides(step, near)) is None:
                return None
            left, right, largest, across = found
            jump = bool(across) and across > max(largest * SMALL_CHANGE, NOTHING)
            if jump:
                # Or is the function so small here, as x**2 at 0, that any change is large beside
                # it? Then the change shrinks as a power of the step; more is too long a step.
                if (nearer := nearer_sides()) is None:
                    return None
                jump = not across * TINY_CHANGE < nearer[3] < across * SAME_CHANGE
            if not largest and digits < ALL_DIGITS:  # it is 0, or has cancelled
                digits = most = ALL_DIGITS
                continue
            small = min(abs(left), abs(right)) * step
            if digits < most and small < largest * _unit(digits):
                digits = most if small == 0 else min(2 * digits, most)
                continue
            if jump and step > first / 2:
                step *= MP.mpf("1e-150")  # or is it only that steep, as a**b for b = 1e100?
                digits, most = digits + 300, most + 300
                continue
            if singular or jump or _differ(left, right):
                slopes = _one_sided(left, right, nearer_sides(), jump, singular)
            elif _may_be_the_step(left, right, largest, step, at):
                slopes = _bent(left, right, nearer_sides())
            else:
                slopes = (left + right) / 2, (left + right) / 2, MP.zero
            if slopes is None:
                return None
            left, right, bent = slopes
            error = largest * _unit(digits) / step + bent
            return Truth(float(left), float(right), float(error), "mpmath", bool(jump))


Slopes = tuple[Any, Any, Any]  # of both sides, and by how much they bend at the step taken


def _one_sided(left: Any, right: Any, nearer: Any, jump: Any, singular: bool) -> Slopes | None:
    """Tell where the slopes of both sides go, from two steps; None if nowhere."""
    if nearer is None:
        return None
    apart, bent = abs(right - left), abs(nearer[1] - nearer[0])
    if not jump and bent < apart / 10 and abs(nearer[0] - left) <= apart:
        # The difference shrinks with the step: curvature, not a kink.
        middle = (nearer[0] + nearer[1]) / 2
        return middle, middle, bent
    ends = _limit(left, nearer[0], singular), _limit(right, nearer[1], singular)
    # None of a limit: it jumps within every step that can be taken.
    return None if None in ends else (*ends, MP.zero)


def _bent(left: Any, right: Any, nearer: Any) -> Slopes | None:
    """Tell the slope at the shorter of two steps."""
    if nearer is None:
        return None
    middle = (nearer[0] + nearer[1]) / 2
    return middle, middle, abs(nearer[0] - left) + abs(nearer[1] - right)


@cache
def _unit(digits: int) -> Any:
    """Return how far off the last of so many digits may be, with 15 digits to spare."""
    return MP.mpf(10) ** (15 - digits)


def _may_be_the_step(left: Any, right: Any, largest: Any, step: Any, at: Point) -> bool:
    """Return whether slopes are so small that they may be 0 but for the step, as of x**3 at 0."""
    slope = max(abs(left), abs(right))
    if not slope:
        return False  # no step is to blame for nothing
    size = min([1.0, *(abs(x) for x in at if x)])
    return bool(largest < 1000 * step * slope or slope * size < largest * TINY_CHANGE)


def _limit(slope: Any, nearer: Any, singular: bool) -> Any:
    """Tell where a one-sided slope goes as the step shrinks; None if nowhere."""
    if abs(slope - nearer) <= max(abs(slope), abs(nearer)) * MP.mpf("1e-6"):
        return nearer
    if singular and slope * nearer > 0 and abs(nearer) > 2 * abs(slope):
        return MP.inf if slope > 0 else -MP.inf
    return None


def exact_higher(
    forward: Callable[..., Any], at: Point, order: tuple[int, ...], *, finer: bool = False
) -> tuple[float, float] | None:
    """Differentiate `forward` in many digits, once for each operand index in `order`.

    Central differences in one operand after another; in which order makes no difference. With
    `finer` the step is smaller, to see whether the derivative stays the same.

    Returns:
        the derivative, and how far off it may be; None if it cannot be had.
    """
    return _exact_higher(forward, at, tuple(sorted(order)), finer)


@lru_cache(maxsize=1 << 16)
def _exact_higher(
    forward: Callable[..., Any], at: Point, order: tuple[int, ...], finer: bool
) -> tuple[float, float] | None:
    digits = 30 + (DIGITS - 30 + 3 * finer) * len(order) + extra_digits(at)
    most = digits + MOST_DIGITS
    while True:
        with MP.workdps(digits), mpmath.workdps(digits):
            step = _step(at) / (1000 if finer else 1)
            total, largest = MP.mpf(0), MP.mpf(0)
            places = [MP.mpf(x) for x in at]
            for offsets, weight in difference_terms(order, len(at)):
                moved_to = [x + o * step if o else x for x, o in zip(places, offsets, strict=True)]
                result = number(forward, moved_to)
                if result is None:
                    return None
                total += weight * result
                largest = max(largest, abs(result))
            if not largest and digits < ALL_DIGITS:
                digits = most = ALL_DIGITS
                continue
            if digits < most and abs(total) < largest * _unit(digits):
                digits = most if total == 0 else min(2 * digits, most)
                continue
            scale = (2 * step) ** len(order)
            return float(total / scale), float(largest * _unit(digits) / scale)


@cache
def difference_terms(order: tuple[int, ...], arity: int) -> list[tuple[tuple[int, ...], int]]:
    """List the terms of a central difference: by how many steps to move each operand; weights.

    Parameters:
        order: by which operand to differentiate, each time.
        arity: how many operands there are.
    """
    terms: dict[tuple[int, ...], int] = {(0,) * arity: 1}
    for index in order:
        stepped: dict[tuple[int, ...], int] = {}
        for offsets, weight in terms.items():
            for side in (1, -1):
                moved = tuple(o + side * (i == index) for i, o in enumerate(offsets))
                stepped[moved] = stepped.get(moved, 0) + side * weight
        terms = {offsets: weight for offsets, weight in stepped.items() if weight}
    return list(terms.items())


# How near a point is come to, and how much farther off; far from the step of a difference.
NEAR = ("1e-15", "1e-12", "1e-9")


def higher_limit(
    forward: Callable[..., Any], at: Point, order: tuple[int, ...], towards: tuple[float, ...]
) -> float | None:
    """Tell where a higher derivative goes as a point is come to; None where that is not seen.

    Parameters:
        forward: the function on numbers of MP.
        at: the point.
        order: the operand of each differentiation.
        towards: for each operand the side it comes from, 1.0 or -1.0; 0.0 where it stays.
    """
    nearest, nearer = (_beside(forward, at, order, towards, near) for near in NEAR[:2])
    if nearest is None or nearer is None:
        return None
    if abs(nearest - nearer) <= 1e-6 * abs(nearest) or max(abs(nearer), abs(nearest)) < 1e-9:
        return nearest
    far = _beside(forward, at, order, towards, NEAR[2])
    if far is None:
        return None
    if abs(nearest) < abs(nearer) / 5 < abs(far) / 25:
        return 0.0
    if nearest * nearer > 0 and nearer * far > 0 and abs(nearest) > abs(nearer) > abs(far):
        # A power grows by a factor each time, a logarithm by the same.
        return math.copysign(math.inf, nearest)
    return None


def _beside(
    forward: Callable[..., Any],
    at: Point,
    order: tuple[int, ...],
    towards: tuple[float, ...],
    near: str,
) -> float | None:
    """Take a higher derivative near a point; not along a diagonal, on which much cancels."""
    with MP.workdps(MOST_DIGITS):
        beside = tuple(
            MP.mpf(x) + side * MP.mpf(near) * (1 + 3 * i) if side else x
            for i, (x, side) in enumerate(zip(at, towards, strict=True))
        )
    derivative = exact_higher(forward, beside, order)
    return None if derivative is None else derivative[0]


# Left and right slope, the largest result, and how far the function is from both lines between.
Sides = tuple[Any, Any, Any, Any]
Three = tuple[Any, Any, Any]  # the results a step below a point, there, and a step above


def _around(
    forward: Callable[..., Any], at: Point, places: Sequence[Any], index: int, step: Any
) -> Three | None:
    """Evaluate at a point, which all operands share, and beside it; None unless there are three."""
    if (middle := _at_the_point(forward, at, MP.prec)) is None:
        return None
    if (below := _moved(forward, places, index, -step)) is None:
        return None
    above = _moved(forward, places, index, step)
    return None if above is None else (below, middle, above)


def _plain_slope(near: Three, step: Any) -> float | None:
    """Return the slope where it is the same on both sides and many digits tell it, beyond doubt."""
    below, middle, above = near
    if not middle:
        return None
    if below == middle == above:
        return 0.0
    to, on = float((middle - below) / middle), float((above - middle) / middle)
    if not (1e-45 < abs(to) < 1e-12 and abs(on - to) < 1e-13 * abs(to)):
        return None
    return float((above - below) / (2 * step))


def _smooth_sides(near: Three, step: Any) -> Sides | None:
    """Return the slopes up to a point and from there on; None unless they are of one line.

    The result at the point itself is left out where it may lie halfway up a jump, as sign(0) does:
    beside a large number a small jump looks like a line.
    """
    below, middle, above = near
    left, right = (middle - below) / step, (above - middle) / step
    largest = max(abs(below), abs(middle), abs(above))
    # A jump to half of it at the point itself looks like a line, but a steep one.
    if _differ(left, right) or abs(above - below) > largest * SMALL_CHANGE:
        return None
    return left, right, largest, MP.zero


def _both_sides(
    forward: Callable[..., Any], places: Sequence[Any], index: int, step: Any
) -> Sides | None:
    """Take each slope on its side of the point, which at a jump belongs to one side at most."""
    found = []
    for offset in (-2, -1, 1, 2):
        result = _moved(forward, places, index, offset * step)
        if result is None:
            return None
        found.append(result)
    a, b, c, d = found
    left, right = (b - a) / step, (d - c) / step
    largest = max(map(abs, found))
    return left, right, largest, abs((c - b) - (left + right) * step)


def _moved(forward: Callable[..., Any], places: Sequence[Any], index: int, distance: Any) -> Any:
    return number(forward, [*places[:index], places[index] + distance, *places[index + 1 :]])


@lru_cache(maxsize=1 << 10)
def _at_the_point(forward: Callable[..., Any], at: Point, bits: int) -> Any:
    """Evaluate at a point, once for each number of bits: those of the context now."""
    return number(forward, at)


def _step(at: Point) -> Any:
    """Choose a step that is small beside every operand; at zero, one that is small beside most."""
    step = STEP * min([1.0, *(abs(x) for x in at if x)])
    return step if all(at) else step * AT_ZERO


def _differ(left: Any, right: Any) -> bool:
    return bool(abs(left - right) > max(abs(left), abs(right)) * SAME)
