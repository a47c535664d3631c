"""Checks of the forward function: the same every way it is reached, and on every number."""

from __future__ import annotations

import math
import operator
import pickle
from builtins import round as python_round
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise, product
from typing import Any

from pluggrad import Op, Value, plugins

from .many_digits import Point, value
from .subject import Subject
from .truth import same

OPERATORS: dict[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): operator.add,
    ("-", 2): operator.sub,
    ("*", 2): operator.mul,
    ("/", 2): operator.truediv,
    ("//", 2): operator.floordiv,
    ("%", 2): operator.mod,
    ("**", 2): operator.pow,
    ("-", 1): operator.neg,
    ("abs", 1): abs,
    ("floor", 1): math.floor,
    ("ceil", 1): math.ceil,
    ("trunc", 1): math.trunc,
    ("round", 2): python_round,
}

ODD_NUMBERS = (0.0, -0.0, 5e-324, 1e-300, 1e300, 1.7e308, math.inf, math.nan)


def _ways(op: Op, at: Point) -> Iterator[tuple[str, Callable[..., Any], Sequence[Any]]]:
    """Return the ways to evaluate an op at a point: name, function, operands."""
    values = [Value(x) for x in at]
    yield "calling the op again", op, at
    yield "the op on Values", op, values
    try:
        plain = op.forward(*at)
    except (ArithmeticError, ValueError):
        pass  # Python raises where IEEE 754 has an answer, which the op gives
    else:
        yield "the plain forward", lambda *_: plain, at
    if plugins.ops.get(op.name) is not op:
        return
    yield "the method", getattr(Value(at[0]), op.name), at[1:]
    symbol = OPERATORS.get((op.operator or "", op.arity))
    if symbol is not None:
        yield "the operator", symbol, (values[0], *at[1:])
        yield "the operator", symbol, values
        if op.arity == 2 and op.operator != "round":
            yield "the operator", symbol, (at[0], values[1])


def forward_is_the_same_every_way(subject: Subject) -> None:
    """Compare a plain call of the forward with the op, the method, the operator, and itself."""
    op = subject.op
    for at in subject.points[:60]:
        expected = subject.forward(at)
        for name, way, operands in _ways(op, at):
            try:
                got = way(*operands)
            except Exception as cause:
                raise subject.failure(
                    f"{name} raises {type(cause).__name__}: {cause}", at=at
                ) from cause
            got = got.data if isinstance(got, Value) else got
            if not same(got, expected):
                raise subject.failure(f"op(...) gives {expected!r}, {name} {got!r}", at=at)


def odd_points(subject: Subject) -> list[Point]:
    """List points with zeros, tiny and huge numbers, inf and nan, inside the domain and out."""
    op = subject.op
    numbers = [sign * x for x in ODD_NUMBERS for sign in (1.0, -1.0)]
    edges = [edge for domain in op.domain for edge in domain or () if math.isfinite(edge)]
    beyond = [edge + side for edge in edges for side in (-1.0, 1.0)]
    each = [*numbers, *edges, *beyond, *(() if callable(op.kinks) else op.kinks)]
    simple = subject.points[0]
    points: list[Point] = [
        (*simple[:index], x, *simple[index + 1 :]) for index in range(op.arity) for x in each
    ]
    if 1 < op.arity <= 3:
        points += product(
            (0.0, -0.0, 1e300, -1e-300, math.inf, -math.inf, math.nan), repeat=op.arity
        )
    return points


def odd_numbers_raise_nothing(subject: Subject) -> None:
    """Try zeros, tiny and huge numbers, inf and nan, inside the domain and out of it."""
    op = subject.op
    for at in odd_points(subject):
        out = subject.forward(at)
        for index in range(op.arity):
            for g in (1.0, math.inf, math.nan):
                subject.partial(index, at, out, g)


def a_nan_passes_through(subject: Subject) -> None:
    """Put nan for each operand where the result changes with it.

    An op of several operands may ignore nan on purpose, as C's fmax does; then it ignores each.
    """
    hidden, handed_on = [], subject.op.arity == 1
    for index, at in product(range(subject.op.arity), islice(subject.smooth_points(), 12)):
        if not _changes(subject, index, at):
            continue
        place = (*at[:index], math.nan, *at[index + 1 :])
        if math.isnan(subject.forward(place)):
            handed_on = True
        else:
            hidden.append(place)
    if hidden and handed_on:
        raise subject.failure(
            "a nan goes in and a number comes out, which hides what went wrong; write comparisons "
            "so that a nan passes through",
            at=hidden[0],
        )


def _changes(subject: Subject, index: int, at: Point) -> bool:
    """Return whether the result changes with an operand, around a point or for one alone at all."""
    if subject.op.arity == 1:
        return len({subject.forward(other) for other in odd_points(subject)}) > 1
    return bool(subject.partial(index, at, subject.forward(at)))


def results_at_infinity_are_what_others_tend_to(subject: Subject) -> None:
    """Compare the result at each infinity with those of huge numbers; nan is always allowed."""
    simple = subject.points[0]
    for index, sign in product(range(subject.op.arity), (1.0, -1.0)):
        *places, at = [
            (*simple[:index], sign * x, *simple[index + 1 :])
            for x in (1e75, 1e150, 1e225, 1e300, math.inf)
        ]
        said, tends = subject.forward(at), _settled([*map(subject.forward, places)])
        if (
            not math.isnan(said)
            and not math.isnan(tends)
            and not math.isclose(said, tends, abs_tol=1e-70)
        ):
            raise subject.failure(f"it gives {said!r}, where the result tends to {tends!r}", at=at)


def _settled(results: Sequence[float]) -> float:
    """Return where results for ever larger numbers go; nan where that is not seen."""
    if _grow(results):
        return math.copysign(math.inf, results[-1])
    still = math.isinf(results[-1]) or all(abs(x - results[-1]) < 1e-70 for x in results)
    return results[-1] if still else math.nan


def ieee_says_what_the_forward_tends_to(subject: Subject) -> None:
    """Compare what `ieee` says, where the forward raises, with the result in many digits.

    What is too large for a float is inf, with its sign, and where the results beside a pole grow
    without bound, inf has the sign of one of its sides. A finite number at a pole is a choice.
    """
    op = subject.op
    if op.ieee is None:
        return
    for at in {*odd_points(subject), *subject.points[:60]}:
        if any(map(math.isnan, at)) or not _raises(op.forward, at):
            continue
        said = subject.forward(at)
        wanted = _too_large(subject, at) or (math.isinf(said) and _beside(op.forward, at))
        if wanted and not math.isnan(said) and not any(_agree(said, x) for x in wanted):
            ways = " or ".join(map(str, sorted(wanted)))
            raise subject.failure(f"ieee= says {said!r}, where the result tends to {ways}", at=at)


def _raises(forward: Callable[..., Any], at: Point) -> bool:
    try:
        forward(*at)
    except (ArithmeticError, ValueError):
        return True
    return False


def _too_large(subject: Subject, at: Point) -> set[float]:
    """Return the infinity that stands for a result which no float can hold; else nothing."""
    if subject.exact_forward is None or not all(map(math.isfinite, at)):
        return set()
    found = value(subject.exact_forward, at)
    return {found} if found is not None and math.isinf(found) else set()


def _beside(forward: Callable[..., Any], at: Point) -> set[float]:
    """Return the infinities to which the results grow as one operand comes nearer to a point."""
    found = set()
    for index, x in enumerate(at):
        if not math.isfinite(x) or abs(x) > 1e9:
            continue
        steps = (1e-3, 1e-30, 1e-100, 1e-300) if x == 0 else (1e-3, 1e-6, 1e-9, 1e-12)
        for side in (-1.0, 1.0):
            places = [(*at[:index], x + side * step, *at[index + 1 :]) for step in steps]
            results = [forward(*place) for place in places if not _raises(forward, place)]
            if len(results) == len(places) and _grow(results):
                found.add(math.copysign(math.inf, results[-1]))
    return found


def _grow(results: Sequence[Any]) -> bool:
    """Return whether numbers grow in size by more each time, as a logarithm does towards 0."""
    if not all(isinstance(x, float) for x in results):
        return False
    gains = [abs(b) - abs(a) for a, b in pairwise(results)]
    return bool(0 < 0.9 * gains[0] <= gains[1] and 0.9 * gains[1] <= gains[2])


def _agree(said: float, tends: float) -> bool:
    return said == tends or (abs(said) > 1e300 and (said > 0) == (tends > 0))


def it_pickles(subject: Subject) -> None:
    """Write and read a registered op, alone and inside a recorded result."""
    op = subject.op
    if plugins.ops.get(op.name) is not op:
        return  # a pickle finds ops by name, which only a registered one has
    if pickle.loads(pickle.dumps(op)) is not op:
        raise subject.failure("reading a pickle of it gives another op")
    out = op(*map(Value, subject.points[0]))
    if not same(pickle.loads(pickle.dumps(out)).data, out.data):
        raise subject.failure("a pickled result comes back with another number")
