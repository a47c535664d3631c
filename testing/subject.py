"""One op under examination: what the checks ask about it again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pluggrad import ForwardError, Op, RuleError, Value
from pluggrad.recording import computed_once

from .differences import extrapolated
from .errors import ConformanceError, text_of
from .guess import Sample, guess
from .many_digits import Point, computes_with_many_digits, value
from .multiprecision import multiprecision
from .rounding import rounding
from .sampling import draw, drawn_points, kinks_of, points
from .truth import Truth, exact

# Below the smallest normal float, 2.2e-308, digits are few and none of them is worth a failure.
SUBNORMAL = 2.3e-308
# A forward may go over to 0 from here, as one does that has no exp(-x) beyond x = 700.
LEFT_OUT = 1e-200


@dataclass(frozen=True)
class Subject:
    """An op, and how thoroughly to try it.

    Attributes:
        op: the op.
        seed: of the random generator.
        examples: how many points hypothesis draws, beside the fixed ones.
        rtol: the relative error that a partial may have, beyond what rounding explains.
        reference: the op's function on mpmath numbers, if its forward cannot serve as such.
        note: takes what is worth knowing, though no failure.
        unjudged: the points at which no truth was found for a partial.
        seen: what results and partials are along lines, see scan.py.
    """

    op: Op
    seed: int = 0
    examples: int = 50
    rtol: float = 1e-9
    reference: Callable[..., Any] | None = None
    note: Callable[[str], None] = lambda text: None
    unjudged: dict[Point, None] = field(default_factory=dict)
    seen: dict[tuple[int, Point], dict[float, tuple[float, float]]] = field(default_factory=dict)

    @computed_once
    def exact_forward(self) -> Callable[..., Any] | None:
        """The function in many digits, where there is one that uses them."""
        given = self.reference or self.op.forward
        found = multiprecision(given) or self.reference
        if found is None or computes_with_many_digits(found, [*islice(self.smooth_points(), 8)]):
            return found
        if self.reference is not None:
            self.note("the reference does not use the digits it is given, so it tells nothing")
        return None

    @computed_once
    def points(self) -> list[Point]:
        """The fixed points."""
        return points(self.op, self.seed)

    @computed_once
    def operand_names(self) -> tuple[str, ...]:
        """What the author calls the operands."""
        names = tuple(self.op.__signature__.parameters)
        return ("x",) if names == ("a",) else names

    def smooth_points(self) -> Iterator[Point]:
        """Go through the fixed points that are of moderate size and no declared kinks."""
        for at in self.points:
            if all(x == 0 or 1e-4 < abs(x) < 1e4 for x in at) and not self.is_kink(at):
                yield at

    def try_drawn(self, trial: Callable[[Point], None]) -> None:
        """Run `trial` on points that hypothesis draws; a failure is that of the simplest point."""
        try:
            for at in drawn_points(self.op, self.seed, self.examples):
                trial(at)
        except ConformanceError as first:
            try:
                draw(self.op, self.seed, self.examples, trial)
            except ConformanceError as error:
                error.__notes__ = []  # the message already says where
                raise error from None
            raise first from None  # it does not fail twice

    # ----- The op at a point -----

    def forward(self, at: Point) -> float:
        """Compute the result; ConformanceError where the forward raises."""
        try:
            return self.op(*at)
        except ConformanceError:  # it did not come back, see patience.py
            raise
        except ForwardError as error:
            if error.__cause__ is None:
                raise self.failure(f"it gave {str(error).partition(' gave ')[2]}", at=at) from error
            where = "" if self.is_inside(at) else "outside of its domain "
            names = ", ".join(self.operand_names)
            raise self.failure(
                f"{where}the forward raises {text_of(error.__cause__)}. Say what the result is "
                f"where it raises, inf or nan: Op(..., ieee=lambda {names}: math.nan)",
                at=at,
            ) from error
        except Exception as cause:
            raise self.failure(
                f"the forward raises {text_of(cause)}; it is called with floats", at=at
            ) from cause

    def partial(self, index: int, at: Point, out: float, g: float = 1.0) -> float:
        """Apply a rule to floats; ConformanceError where it raises."""
        try:
            return self.op.partial(index, g, out, *at)
        except RuleError as cause:
            raise self.failure(f"the rule raises {text_of(cause.__cause__)}", index, at) from cause

    def rounding(self, index: int, at: Point, out: float) -> float:
        """Bound what rounding may do to a partial."""
        rule = self.op.rules[index]
        if rule is None:
            return 0.0
        try:
            recorded_out = Value(out)
            result = rule(Value(1.0), recorded_out, *map(Value, at))
            return rounding(result, (recorded_out,)) if isinstance(result, Value) else 0.0
        except Exception:  # a rule that fails on Values is the business of other checks
            return 0.0

    def truth(self, index: int, at: Point, *, vertical: bool = False) -> Truth | None:
        """Find a partial derivative without the rules; None where that is not possible.

        Parameters:
            index: which operand.
            at: the operands.
            vertical: whether the tangent may be vertical there, as it may at each kink.
        """
        found = None
        if self.exact_forward is not None:
            singular = vertical or self.is_kink(at)
            found = exact(self.exact_forward, at, index, singular=singular)
        return found or self.differences(index, at)

    def differences(self, index: int, at: Point) -> Truth | None:
        """Find a partial derivative by differences of floats, as far as they tell."""
        reach = self.room(index, at)
        if reach <= 0:
            return None
        found = extrapolated(lambda x: self._moved(index, at, x), at[index], reach)
        size = max(abs(found.left), abs(found.right))
        unit = min(1.0, abs(self._moved(index, at, at[index])) / (abs(at[index]) or 1.0))
        if not math.isfinite(found.error) or found.error > 1e-4 * size + 1e-12 * unit:
            return None
        if self.is_kink(at) and not found.kink:
            return None  # from afar the steps of a stair are a slope
        if found.kink and not self.is_kink(at) and max(map(abs, at)) > 1e6:
            return None  # from afar a bend is a kink
        return found

    def room(self, index: int, at: Point) -> float:
        """Tell how far an operand can be moved inside its domain and away from kinks."""
        low, high = self.op.domain[index] or (-math.inf, math.inf)
        x = at[index]
        near = [abs(x - kink) for kink in kinks_of(self.op) if kink != x]
        return min([x - low, high - x, *near, self._room_between_kinks(index, at)])

    def _room_between_kinks(self, index: int, at: Point) -> float:
        """Tell how far a function that is zero at kinks keeps its sign, to a factor of two.

        That is all that differences ask, which go no farther than a part of the operand.
        """
        if not callable(self.op.kinks) or self.is_kink(at):
            return math.inf
        sign, step = self._side(at) > 0, math.ulp(at[index])
        while step < 4 * (abs(at[index]) or 1.0):
            for x in (at[index] - step, at[index] + step):
                if (self._side((*at[:index], x, *at[index + 1 :])) > 0) != sign:
                    return step / 2
            step *= 2
        return math.inf

    def _side(self, at: Point) -> float:
        assert callable(self.op.kinks)
        try:
            return float(self.op.kinks(*at))
        except (ArithmeticError, ValueError):
            return math.nan

    def is_inside(self, at: Point) -> bool:
        """Return whether a point is in the op's domain."""
        return all(d is None or d[0] < x < d[1] for d, x in zip(self.op.domain, at, strict=True))

    def is_kink(self, at: Point) -> bool:
        """Return whether the op says that it has no derivative here."""
        if not callable(self.op.kinks):
            return self.op.arity == 1 and at[0] in self.op.kinks
        try:
            return not abs(self.op.kinks(*at)) > 0
        except (ArithmeticError, ValueError):
            return True

    def has_kink_between(self, below: Point, above: Point) -> bool:
        """Return whether the op says that there is a kink at one of two points or between them."""
        kinks = self.op.kinks
        if not callable(kinks):
            return self.op.arity == 1 and any(below[0] <= kink <= above[0] for kink in kinks)
        try:
            return not kinks(*below) * kinks(*above) > 0
        except (ArithmeticError, ValueError):
            return True

    def has_kink_about(self, index: int, below: Point, above: Point) -> bool:
        """Return the same for somewhat more: `sin(pi * x)` is not quite 0 where it should be."""
        room = 1e-9 * max(abs(below[index]), abs(above[index]))
        low = (*below[:index], below[index] - room, *below[index + 1 :])
        high = (*above[:index], above[index] + room, *above[index + 1 :])
        return any(self.has_kink_between(a, b) for a, b in ((below, above), (low, high)))

    def has_no_sides(self, index: int, at: Point) -> bool:
        """Return whether kinks lie so close that none has a side, as of floor from 2**52 on."""
        if not (callable(self.op.kinks) and self.is_kink(at)):
            return False
        x = at[index]
        beside = [math.nextafter(x, end) for end in (-math.inf, math.inf)]
        return all(self.is_kink((*at[:index], y, *at[index + 1 :])) for y in beside)

    def _moved(self, index: int, at: Point, x: float) -> float:
        return self.op.evaluate(*at[:index], x, *at[index + 1 :])

    # ----- Comparing a partial with the truth -----

    def compare(self, index: int, at: Point) -> bool:
        """Compare one partial at one point; False where no truth could be found.

        Raises:
            ConformanceError: when the rule is wrong there.
        """
        out = self.forward(at)
        got = self.partial(index, at, out)
        if not math.isfinite(out):
            return False
        if self.has_no_sides(index, at):
            return False
        truth = self.truth(index, at, vertical=math.isinf(got))
        if truth is None:
            if self.op.rules[index] is not None:
                self.unjudged.setdefault(at)
            return False
        if self.agrees(got, truth, index, at, out):
            self._require_declared(truth, index, at, out)
            return True
        if truth.source == "mpmath" and self._differences_agree(got, truth, index, at):
            return True
        if truth.source == "mpmath" and (
            self._forward_is_as_far_off(got, truth, index, at, out)
            or self._changes_with_digits(got, truth, index, at)
        ):
            self.unjudged.setdefault(at)
            return False
        raise self.failure(
            f"the rule says {got:.10g}, the truth is {truth}",
            index,
            at,
            hint=self._hint(got, index, at),
        )

    def agrees(self, got: float, truth: Truth, index: int, at: Point, out: float) -> bool:
        """Return whether a partial is the true one but for rounding."""
        size = max(abs(truth.left), abs(truth.right))
        if truth.jump and self.is_kink(at) and math.isnan(got):
            return True  # there is no derivative, and it says so
        if math.isinf(got) and 1e300 < size < math.inf:
            return True  # what it is multiplied by on the way may be too large
        rtol = self.rtol if truth.source == "mpmath" else max(self.rtol, 1e-6)
        slack = rtol * size + SUBNORMAL
        if truth.source != "mpmath":
            slack += self._change_nearby(index, at)
        return truth.allows(got, slack) or truth.allows(got, slack + self.rounding(index, at, out))

    def _change_nearby(self, index: int, at: Point) -> float:
        """Tell how much a partial changes over a few floats, which libraries shift arguments by."""
        here = self.partial(index, at, self.forward(at))
        changes = []
        for moved in self._nearby(index, at, (-8, -5, -3, -2, -1, 1, 2, 3, 5, 8)):
            changes.append(abs(self.partial(index, moved, self.forward(moved)) - here))
        return max((change for change in changes if math.isfinite(change)), default=0.0)

    def _nearby(self, index: int, at: Point, floats: Sequence[int]) -> list[Point]:
        """Move an operand by so many floats."""
        unit = math.ulp(at[index])
        return [(*at[:index], at[index] + n * unit, *at[index + 1 :]) for n in floats]

    def _differences_agree(self, got: float, truth: Truth, index: int, at: Point) -> bool:
        """Ask the floats, where the many digits contradict a rule: they may not fit the forward.

        What is as near to the one as to the other tells nothing.
        """
        found, slack = self.differences(index, at), 1e-6 * abs(got)
        if found is None or found.kink or not found.error < 1e-5 * abs(got):
            return False
        return found.allows(got, slack) and not any(
            found.allows(side, slack) for side in (truth.left, truth.right)
        )

    def _forward_is_as_far_off(
        self, got: float, truth: Truth, index: int, at: Point, out: float
    ) -> bool:
        """Return whether the forward has no more right digits here than the rule.

        A Bessel function far out, say: what is computed is not that function any more.
        """
        assert self.exact_forward is not None
        result = value(self.exact_forward, at)
        if result is None or not math.isfinite(got):
            return False
        off = abs(out - result) / (abs(result) or 1.0)
        nearest = min((truth.left, truth.right), key=lambda side: abs(side - got))
        if off <= 1e-12:
            return False
        return abs(got - nearest) <= 10 * off * abs(nearest) or self._is_true_nearby(got, index, at)

    def _is_true_nearby(self, got: float, index: int, at: Point) -> bool:
        """Return whether a partial is that of an operand that differs by a float or two."""
        assert self.exact_forward is not None
        truths = [
            exact(self.exact_forward, moved, index, singular=self.is_kink(moved))
            for moved in self._nearby(index, at, (-2, -1, 0, 1, 2))
        ]
        slopes = [side for t in truths if t is not None for side in (t.left, t.right)]
        return bool(slopes) and min(slopes) <= got <= max(slopes)

    def _changes_with_digits(self, got: float, truth: Truth, index: int, at: Point) -> bool:
        """Return whether the truth is none: more digits give another one, as of some integrals."""
        assert self.exact_forward is not None
        again = exact(self.exact_forward, at, index, singular=self.is_kink(at), finer=True)
        if again is None:
            return True
        off = min(abs(got - truth.left), abs(got - truth.right))
        return max(abs(again.left - truth.left), abs(again.right - truth.right)) > off / 10

    def _require_declared(self, truth: Truth, index: int, at: Point, out: float) -> None:
        gap = abs(truth.left - truth.right)
        if not gap and not truth.jump:
            return
        if gap * abs(at[index]) < 8 * 2.0**-52 * abs(out) and not truth.jump:
            return  # two branches of a forward that meet but for rounding
        beside = [at, *self._nearby(index, at, (-1, 1))]
        if truth.jump and all(abs(self.forward(place)) < LEFT_OUT for place in beside):
            return
        if self.has_kink_about(index, at, at) or not (
            truth.jump or gap > 1e-6 * max(abs(truth.left), abs(truth.right))
        ):
            return
        what = "jump" if truth.jump else "kink"
        if self.op.arity == 1:
            remedy = f"Op(..., kinks=({at[0]!r},))"
        else:
            remedy = f"Op(..., kinks=lambda {', '.join(self.operand_names)}: ...), zero there"
        sides = "" if truth.jump else f": its derivative is {truth}"
        raise self.failure(
            f"it has a {what} that is not declared{sides}. Declare it: {remedy}", index, at
        )

    # ----- Saying it -----

    def place(self, at: Point) -> str:
        """Write operands with their names."""
        return ", ".join(f"{n} = {x!r}" for n, x in zip(self.operand_names, at, strict=True))

    def failure(
        self,
        what: str,
        operand: int | None = None,
        at: Point | None = None,
        *,
        hint: str = "",
    ) -> ConformanceError:
        """Make the one readable line."""
        where = f"op {self.op.name!r}"
        if operand is not None:
            where += f", operand {operand} ({self.operand_names[operand]})"
        if at is not None:
            where += f", at {self.place(at)}"
        hint = f"; guess: {hint}" if hint else ""
        return ConformanceError(f"{where}: {what}{hint}", op=self.op.name, operand=operand, at=at)

    def _hint(self, got: float, index: int, at: Point) -> str:
        if self.op.rules[index] is None:
            return "its rule is None, but the result changes with it"
        if math.isnan(got):
            return "0/0 or inf - inf on the way; rearrange the formula for such operands"
        if (got == 0.0 or math.isinf(got)) and any(x and not 1e-100 < abs(x) < 1e100 for x in at):
            return "something on the way overflows or underflows; compute in another order"
        try:
            return guess([*self._samples(index, at)], self.operand_names, index)
        except ConformanceError:
            return ""

    def _samples(self, index: int, failed: Point) -> Iterator[Sample]:
        """Compare rule and truth where they differ and at two dozen other places, for the guess."""
        smooth = [*self.smooth_points()]
        yield from self._sample(index, failed)
        for at in smooth[:12] + smooth[12 :: max(1, len(smooth) // 12)]:
            yield from self._sample(index, at)

    def _sample(self, index: int, at: Point) -> Iterator[Sample]:
        out = self.forward(at)
        truths = [self.truth(i, at) for i in range(self.op.arity)]
        truth = truths[index]
        if truth is None or truth.kink or not math.isfinite(out):
            return
        others = tuple(
            math.nan if t is None else t.value for i, t in enumerate(truths) if i != index
        )
        yield Sample(self.partial(index, at, out), truth.value, others, out, at)
