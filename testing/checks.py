"""The checks, each a function of one op under examination that raises ConformanceError.

`CHECKS` at the end lists them in the order in which they run: what a rule is made of before what
it computes, so that the first failure is the one that explains the others.
"""

from __future__ import annotations

import math
import operator
import pickle
from builtins import round as python_round
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from pluggrad import Op, Value, grad, no_grad, plugins

from .rounding import rounding
from .scan import discontinuities
from .subject import Subject
from .tracing import NotTraceableError, Traced, depends_on
from .truth import Point, exact_higher, extrapolated

Check = Callable[[Subject], None]

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


# ----- What a rule is made of -----


def rules_use_only_operators_and_ops(subject: Subject) -> None:
    """Run each rule on numbers whose values nobody may look at."""
    op = subject.op
    for index, rule in enumerate(op.rules):
        if rule is None:
            continue
        arguments = [Traced(frozenset([name])) for name in ("g", "out", *subject.operand_names)]
        try:
            result = rule(*arguments)
        except NotTraceableError as cause:
            raise subject.failure(
                f"the rule does not work on Values and in compiled code: {cause}", index
            ) from cause
        except Exception as cause:
            raise subject.failure(
                f"the rule fails on anything but floats: {type(cause).__name__}: {cause}", index
            ) from cause
        if not isinstance(result, Traced | int | float):
            raise subject.failure(f"the rule gives {result!r:.40}, which is no number", index)
        if "g" not in depends_on(result) and (isinstance(result, Traced) or result != 0):
            raise subject.failure(
                "the rule does not use g, the gradient of the result; multiply by it", index
            )


# ----- Forward -----


def _ways(op: Op, at: Point) -> Iterator[tuple[str, Callable[..., Any], Sequence[Any]]]:
    """Give the ways to evaluate an op at a point: name, function, operands."""
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
            if not _same(got, expected):
                raise subject.failure(f"op(...) gives {expected!r}, {name} {got!r}", at=at)


def operands_are_left_alone(subject: Subject) -> None:
    """Compute and differentiate on Values and see that the operands are as they were."""
    op = subject.op
    for at in subject.points[:20]:
        values = [Value(x, f"operand {i}") for i, x in enumerate(at)]
        before = [(v.data, v.grad, v.label, v.requires_grad, v.prev) for v in values]
        out = op(*values)
        result = out.data
        for rule in op.rules:
            if rule is not None:
                rule(Value(1.0), out, *values)
        after = [(v.data, v.grad, v.label, v.requires_grad, v.prev) for v in values]
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if any(not _same(a, b) for a, b in zip(old, new, strict=True)):
                raise subject.failure("the operand is changed by the op or its rules", index, at)
        if not _same(out.data, result):
            raise subject.failure("the rules change the result", at=at)


def odd_numbers_raise_nothing(subject: Subject) -> None:
    """Try zeros, tiny and huge numbers, inf and nan, inside the domain and out of it."""
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
    for at in points:
        out = subject.forward(at)
        for index in range(op.arity):
            for g in (1.0, math.inf, math.nan):
                subject.partial(index, at, out, g)
    if op.arity == 1 and not math.isnan(subject.forward((math.nan,))):
        raise subject.failure(
            "a nan goes in and a number comes out, which hides what went wrong; write comparisons "
            "so that a nan passes through",
            at=(math.nan,),
        )


# ----- The rules against the truth -----


def partials_are_true(subject: Subject) -> None:
    """Compare each rule with the derivative of the forward, wherever the domain reaches."""
    op = subject.op
    for index in range(op.arity):
        compared = sum([subject.compare(index, at) for at in subject.points])
        if not compared:
            raise subject.failure(
                "not a single point at which it could be tried: the forward gives nothing finite "
                "there. Declare where it does with domain=",
                index,
            )

    def trial(at: Point) -> None:
        for index in range(op.arity):
            subject.compare(index, at)

    subject.try_drawn(trial)


def rules_jump_only_at_declared_kinks(subject: Subject) -> None:
    """Close in on places where a rule changes abruptly, and compare with the truth right there."""
    op = subject.op
    for index, below, above in discontinuities(subject):
        for at in (below, above):
            subject.compare(index, at)
        if subject.is_kink(below) or subject.is_kink(above) or _kink_between(subject, below, above):
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


def _kink_between(subject: Subject, below: Point, above: Point) -> bool:
    kinks = subject.op.kinks
    if not callable(kinks):
        return any(below[0] <= kink <= above[0] for kink in kinks)
    try:
        return not kinks(*below) * kinks(*above) > 0
    except (ArithmeticError, ValueError):
        return True


def _explained_by_curvature(
    subject: Subject, index: int, below: Point, above: Point, gap: float
) -> bool:
    """Tell a steep derivative between two neighbouring floats from a jump."""
    if subject.exact_forward is None:
        return True  # differences of floats cannot tell
    width = above[index] - below[index]
    bends = [exact_higher(subject.exact_forward, at, (index, index)) for at in (below, above)]
    return any(bend is None or abs(bend[0]) * width > gap / 10 for bend in bends)


def rules_are_linear_in_g(subject: Subject) -> None:
    """Compare rule(c * g) with c * rule(g), which forward mode relies on."""
    op = subject.op
    for at in subject.points[:60]:
        out = subject.forward(at)
        for index, rule in enumerate(op.rules):
            if rule is None:
                continue
            once = subject.partial(index, at, out)
            if not _same(once, subject.partial(index, at, out)):
                raise subject.failure("the rule gives two results for the same operands", index, at)
            if not math.isfinite(once) or not math.isfinite(out):
                continue
            slack = 1e-12 * abs(once) + 4 * subject.rounding(index, at, out) + 1e-307
            for g in (2.0, -1.0, 0.0, 1.375):
                got = subject.partial(index, at, out, g)
                if math.isfinite(1.375 * once * 2) and not abs(got - g * once) <= 2 * slack:
                    raise subject.failure(
                        f"the rule is not linear in g: {once:.10g} for g = 1, but {got:.10g} for "
                        f"g = {g:g} instead of {g * once:.10g}; each term has the factor g once",
                        index,
                        at,
                    )


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
        bounds = [subject.rounding(i, at, out) for i in range(op.arity)]
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
            for index, (a, b, bound) in enumerate(zip(found, expected, bounds, strict=True)):
                if not abs(a - b) <= 1e-13 * abs(b) + bound:
                    raise subject.failure(f"{mode} says {a:.10g}, the rule {b:.10g}", index, at)
        _check_forward_mode(subject, at, expected, bounds)


def _check_forward_mode(
    subject: Subject, at: Point, expected: Sequence[float], bounds: Sequence[float]
) -> None:
    try:
        from pluggrad.func import jvp
    except ImportError:  # the kit also serves an engine without function transforms
        return
    tangents = [0.5 + 0.25 * i for i in range(len(at))]
    _, got = jvp(subject.op, at, tuple(tangents))
    terms = [t * d for t, d in zip(tangents, expected, strict=True)]
    slack = 1e-13 * sum(map(abs, terms)) + sum(bounds)
    if not abs(float(got) - sum(terms)) <= slack:
        raise subject.failure(
            f"forward mode says {float(got):.10g}, the rules {sum(terms):.10g} (tangents "
            f"{', '.join(f'{t:g}' for t in tangents)})",
            at=at,
        )


# ----- Higher orders -----


def second_derivatives_are_true(subject: Subject) -> None:
    """Differentiate the recorded rules once more, and compare for every pair of operands."""
    op = subject.op
    for at in _few_smooth(subject, 12):
        values = [Value(x) for x in at]
        firsts = grad(op(*values), values, create_graph=True)
        for i, j in product(range(op.arity), repeat=2):
            got, bound = _derivative(subject, firsts[i], values, j, at)
            _compare_higher(subject, got, bound, at, (i, j))


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
            got, bound = _derivative(subject, second, values, i, at)
            _compare_higher(subject, got, bound, at, (i, i, i))


def _few_smooth(subject: Subject, count: int) -> list[Point]:
    found: list[Point] = []
    for at in subject.smooth_points():
        out = subject.forward(at)
        if math.isfinite(out) and all(x == 0 or abs(x) > 1e-2 for x in at):
            found.append(at)
        if len(found) == 4 * count:
            break
    return found[:: max(1, len(found) // count)][:count]


def _derivative(
    subject: Subject, of: Value, values: Sequence[Value], index: int, at: Point
) -> tuple[float, float]:
    try:
        slope = grad(of, list(values), create_graph=True)[index]
    except Exception as cause:
        raise subject.failure(
            f"the gradient cannot be differentiated again: {cause}", index, at
        ) from cause
    return slope.data, rounding(slope)


def _compare_higher(
    subject: Subject, got: float, bound: float, at: Point, order: tuple[int, ...]
) -> None:
    truth, error, source = _higher_truth(subject, at, order)
    if not abs(got - truth) > 1e-7 * abs(truth) + error + 4 * bound + 1e-300 and got == got:
        return
    if source != "mpmath" or _on_a_side(subject, got, at, order):
        floats = _differences_of_rule(subject, at, order)
        if floats is None or abs(got - floats[0]) <= 1e-4 * abs(floats[0]) + floats[1] + 4 * bound:
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


def _on_a_side(subject: Subject, got: float, at: Point, order: tuple[int, ...]) -> bool:
    """Tell whether it is the derivative right beside a point where a derivative jumps."""
    assert subject.exact_forward is not None
    last = order[-1]
    sides = []
    for side in (-1.0, 1.0):
        x = at[last] + side * 1e-13 * (abs(at[last]) or 1.0)
        beside = (*at[:last], x, *at[last + 1 :])
        found = exact_higher(subject.exact_forward, beside, order)
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


# ----- Kinks -----


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


# ----- Elsewhere in the engine -----


def it_pickles(subject: Subject) -> None:
    """Write and read a registered op, alone and inside a recorded result."""
    op = subject.op
    if plugins.ops.get(op.name) is not op:
        return  # a pickle finds ops by name, which only a registered one has
    if pickle.loads(pickle.dumps(op)) is not op:
        raise subject.failure("reading a pickle of it gives another op")
    out = op(*map(Value, subject.points[0]))
    if not _same(pickle.loads(pickle.dumps(out)).data, out.data):
        raise subject.failure("a pickled result comes back with another number")


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (a != a and b != b)


CHECKS: tuple[Check, ...] = (
    rules_use_only_operators_and_ops,
    forward_is_the_same_every_way,
    operands_are_left_alone,
    odd_numbers_raise_nothing,
    partials_are_true,
    declared_kinks_have_a_gradient_between_both_sides,
    rules_jump_only_at_declared_kinks,
    rules_are_linear_in_g,
    every_mode_gives_the_same_gradient,
    second_derivatives_are_true,
    third_derivatives_are_true,
    it_pickles,
)
