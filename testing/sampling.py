"""Where an op is tried: inside its domain, at every magnitude, and close to where it is not smooth.

Two sources. A fixed list goes from simple numbers to edges and extremes, so that the first failure
is also a readable one; hypothesis draws what nobody thought of, and shrinks what fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from random import Random
from types import CodeType

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from pluggrad import Op

from .many_digits import Point

Interval = tuple[float, float] | None

SIMPLE = (1.0, 2.0, 0.5, 3.0, 0.7, 1.3, 5.0, 10.0, 0.1)
MAGNITUDES = (
    *(m * 10.0**e for e in (-3, -2, -1, 0, 1, 2) for m in (1.7, 4.1)),
    *(m * 10.0**e for e in (3, 4, 6, 9, 15) for m in (1.3, 6.7)),
    *(2.9 * 10.0**e for e in (-4, -6, -9, -15)),
)
# One of each size, for one operand among several.
REACH = (3e-4, 0.02, 0.4, 1.7, 8.0, 17.0, 41.0, 1.3e3, 1.7e5, 6.7e8)
# A domain that ends beyond this has no end as far as moderate numbers are concerned.
FAR = 1e9
EXTREMES = (1e-300, 1e-100, 1e-30, 1e30, 1e100, 1e300, 1.7e308)


# Beside a number that a function is written with, as parts of it; and how many such numbers may be
# places where something changes. Where there are more, they are coefficients.
BESIDE = (0.0, 1e-6, -1e-6, 0.01, -0.01)
MOST_WRITTEN = 8


def simple(interval: Interval) -> list[float]:
    """List readable numbers inside an interval, the simplest first."""
    return _inside([*_at(interval, SIMPLE)], interval)


def spread(interval: Interval, near: Sequence[float] = ()) -> list[float]:
    """List numbers of every magnitude inside an interval, edges included, and close to `near`."""
    found = [*_at(interval, SIMPLE), *_at(interval, MAGNITUDES), *_at(interval, EXTREMES)]
    if interval is None:
        found += [0.0, -0.0]
    low, high = interval or (-math.inf, math.inf)
    for edge in (low, high):
        if math.isfinite(edge):
            found += [math.nextafter(edge, 0.0), math.nextafter(edge, 1e9)]
            found += [math.nextafter(edge, -1e9)]
    for point in near:
        found += [point, math.nextafter(point, -math.inf), math.nextafter(point, math.inf)]
        for distance in (1e-12, 1e-6, 1e-3, 0.3):
            found += [point - distance, point + distance]
    return _inside(found, interval)


def _ends(interval: Interval) -> tuple[float, float]:
    """Return the ends of an interval, infinite where they are far away."""
    low, high = interval or (-math.inf, math.inf)
    return (low if abs(low) < FAR else -math.inf), (high if abs(high) < FAR else math.inf)


def _at(interval: Interval, distances: Sequence[float]) -> list[float]:
    """Put distances down from each end of an interval, or on both sides of zero."""
    low, high = _ends(interval)
    found = []
    for d in distances:
        if math.isfinite(low) and math.isfinite(high):
            width = high - low
            found += [low + width * d / (1 + d) if d < 1e9 else high - width / d]
            if d < 1:
                found += [low + width * d, high - width * d]
        elif math.isfinite(low):
            found += [low + d, d]
        elif math.isfinite(high):
            found += [high - d, d, -d]
        else:
            found += [d, -d]
    return found


def _inside(numbers: Sequence[float], interval: Interval) -> list[float]:
    low, high = interval or (-math.inf, math.inf)
    kept: dict[tuple[float, float], float] = {}
    for x in numbers:
        if low < x < high:
            kept.setdefault((x, math.copysign(1.0, x)), x)
    return list(kept.values())


def points(op: Op, seed: int) -> list[Point]:
    """List the fixed points at which an op is tried, simple ones first.

    One operand: all of them, and both sides of the numbers that its functions are written with,
    such as the 600 in `x > 600`. Several: every combination of a few simple ones, each operand in
    turn at every magnitude while the others are moderate, zero or large on either side (so that
    max(a, b) takes each branch), the diagonal, where such an op has its kinks, and chance pairings.
    """
    every = [spread(domain, kinks_of(op)) for domain in op.domain]
    written = _beside(written_in(op))
    if op.arity == 1:
        return [(x,) for x in dict.fromkeys([*every[0], *_inside(written, op.domain[0])])]
    random = Random(seed)
    few = {2: 6, 3: 3}.get(op.arity, 2)
    found: list[Point] = list(product(*[simple(domain)[:few] for domain in op.domain]))
    found += _star(op, written)
    found += _diagonal(op, every)
    for _ in range(40):
        found.append(tuple(random.choice(numbers) for numbers in every))
    return list(dict.fromkeys(found))


def written_in(op: Op) -> list[float]:
    """List the numbers that an op's functions are written with, but for those tried anyway."""
    found: dict[float, None] = {}
    pending = [getattr(function, "__code__", None) for function in (op.forward, *op.rules)]
    for code in pending:
        for constant in code.co_consts if code is not None else ():
            if isinstance(constant, CodeType):
                pending.append(constant)
            elif type(constant) in (int, float) and 0.0 < abs(constant) < 1e308:
                found[abs(float(constant))] = None
    few = [x for x in found if x not in SIMPLE]
    return few if len(few) <= MOST_WRITTEN else []


def _beside(numbers: Sequence[float]) -> list[float]:
    return [sign * x * (1 + part) for x in numbers for sign in (1.0, -1.0) for part in BESIDE]


def _star(op: Op, written: Sequence[float]) -> list[Point]:
    found: list[Point] = []
    for base in (1.0, 0.0, 3e7, -3e7):
        # One a little off the other, or x would have no room between two equal bounds.
        centre = [_nearest(base + abs(base) * i / 2, domain) for i, domain in enumerate(op.domain)]
        for index, domain in enumerate(op.domain):
            more = written if base == 1.0 and op.rules[index] is not None else ()
            for x in _inside([*_at(domain, REACH), 0.0, *more], domain):
                found.append((*centre[:index], x, *centre[index + 1 :]))
    return found


def _nearest(x: float, interval: Interval) -> float:
    """Move a number into an interval."""
    low, high = _ends(interval)
    if low < x < high:
        return x
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * 0.25
    return low + 0.25 if math.isfinite(low) else high - 0.25


def _diagonal(op: Op, every: list[list[float]]) -> list[Point]:
    shared = [x for x in every[0] if all(x in numbers for numbers in every[1:])]
    return [(x,) * op.arity for x in shared if 1e-2 < abs(x) < 1e3 or x == 0]


def kinks_of(op: Op) -> tuple[float, ...]:
    """Return the declared kinks that are points; empty where they are a function of operands."""
    return () if callable(op.kinks) else tuple(op.kinks)


def draw(op: Op, seed: int, examples: int, trial: Callable[[Point], None]) -> None:
    """Let hypothesis draw points for `trial`, and look for the simplest one that fails."""
    _draw(op.domain, kinks_of(op), seed, examples, trial)


def drawn_points(op: Op, seed: int, examples: int) -> list[Point]:
    """List the points that `draw` tries while nothing fails.

    They are the same for all ops with the same domain and the same kinks, and drawing them takes
    longer than trying them.
    """
    return _drawn_points(tuple(op.domain), kinks_of(op), seed, examples)


@lru_cache(maxsize=1 << 8)
def _drawn_points(
    domain: tuple[Interval, ...], kinks: tuple[float, ...], seed: int, examples: int
) -> list[Point]:
    found: list[Point] = []
    _draw(domain, kinks, seed, examples, found.append)
    return found


def _draw(
    domain: Sequence[Interval],
    kinks: Sequence[float],
    seed: int,
    examples: int,
    trial: Callable[[Point], None],
) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(drawn(domain, kinks))
    def run(at: Point) -> None:
        trial(at)

    run()


def drawn(domain: Sequence[Interval], kinks: Sequence[float]) -> st.SearchStrategy[Point]:
    """Draw operands inside the domain; shrinks towards few digits and moderate magnitudes."""
    return st.tuples(*[_drawn_from(interval, kinks) for interval in domain])


def _drawn_from(interval: Interval, near: Sequence[float]) -> st.SearchStrategy[float]:
    low, high = _ends(interval)
    magnitude = st.builds(
        lambda digits, exponent: float(f"{digits}e{exponent}"),
        st.integers(1, 9999),
        st.integers(0, 9).map(lambda n: (n // 2 if n % 2 else -n // 2) - 2) | st.integers(-12, 12),
    )
    sign = st.sampled_from([1.0, -1.0])
    if math.isfinite(low) and math.isfinite(high):
        width = high - low
        numbers = st.builds(
            lambda m, s: low + width * (m / (1 + m)) if s > 0 else high - width * (m / (1 + m)),
            magnitude,
            sign,
        )
    elif math.isfinite(low):
        numbers = magnitude.map(lambda m: low + m)
    elif math.isfinite(high):
        numbers = magnitude.map(lambda m: high - m)
    else:
        numbers = st.builds(lambda m, s: m * s, magnitude, sign)
    if near:
        numbers |= st.builds(
            lambda point, m, s: point + s * m, st.sampled_from(list(near)), magnitude, sign
        )
    low_end, high_end = interval or (-math.inf, math.inf)
    return numbers.filter(lambda x: low_end < x < high_end)
