"""Measures every built-in op and its derivatives against mpmath, in units in the last place.

    python benchmarks/accuracy.py            # first to third derivative; two minutes
    python benchmarks/accuracy.py --short    # fewer points, for continuous integration
    python benchmarks/accuracy.py --ops sin,pow --verbose
    python benchmarks/accuracy.py --page     # writes docs/accuracy.md, too
    python benchmarks/accuracy.py --compiled # what compiled functions give for arrays

The truth is a reference function per op, in references.py, on mpmath's own functions, evaluated
with 50 digits more than the arguments need; derivatives are differences of that reference with a
step of 1e-45 of the operand, so no derivative formula is typed twice. Points cover the whole
domain: every magnitude from 1e-300 to 1e300, both sides of every edge and kink, and chance.

An error is measured in units in the last place of the exact result. Limits: 4 for the forward, 8
for each partial. Where an op cannot keep them, a comment beside it says so, which is read here:

    # Accuracy of silu, operand 0: 2 / abs(exact) units where -1.6 < x < -1. The two terms cancel.

Higher derivatives, which nobody wrote down, may be off by 8 units too, or by as much as rounding
each intermediate number by a few units explains (first-order running error analysis), or by what a
comment says of "higher" in place of "operand 0". Exit code 1
if anything is beyond its limit and not excused, an excuse is never needed, or an op has no
reference.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import math
import multiprocessing
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import accuracy_page
from jobs import results
from pluggrad import Op, Value, compile, grad, plugins
from pluggrad.testing.counterparts import MP
from pluggrad.testing.rounding import rounding
from references import REFERENCES, SENSIBLE, Point, derivative, ulps

FORWARD_LIMIT = 4.0
PARTIAL_LIMIT = 8.0
LANES = 256  # arrays of fewer elements are computed by the functions of the C library


# ----- Exceptions, as they are written beside the ops -----

EXCEPTION = re.compile(
    r"Accuracy of (?P<op>\w+), (?P<what>forward|operand \d|higher): (?P<limit>.+?) units where "
    r"(?P<where>.+?)\. (?P<reason>[A-Z].+?)(?= Accuracy of|$)"
)
NAMES = {"abs": abs, "gamma": math.gamma, "inf": math.inf, "log": math.log}


class Excuse(NamedTuple):
    """Where an op may be further off, and why.

    Attributes:
        limit: units in the last place: an expression of the operands and `exact`, the result.
        where: another, true at such places.
        reason: in words.
    """

    limit: str
    where: str
    reason: str

    def covers(self, error: float, op: Op, at: Point, exact: Any) -> bool:
        rule = next(rule for rule in op.rules if rule is not None)
        operands = rule.__code__.co_varnames[2 : 2 + op.arity]
        known = {**NAMES, **dict(zip(operands, at, strict=True)), "exact": float(exact)}
        try:
            return bool(eval(self.where, known)) and error <= eval(self.limit, known)
        except ZeroDivisionError:
            return True  # every digit cancels


def excuses_of(op: Op) -> dict[str | int, list[Excuse]]:
    """Read the comments in the module where an op is declared."""
    rule = next(rule for rule in op.rules if rule is not None)
    source = inspect.getsource(inspect.getmodule(rule))  # type: ignore[arg-type]
    return excuses_in(source).get(op.name, {})


def excuses_in(source: str) -> dict[str, dict[str | int, list[Excuse]]]:
    """Read the exceptions written in comments: op -> "forward" or the operand -> excuses."""
    found: dict[str, dict[str | int, list[Excuse]]] = {}
    block: list[str] = []
    for line in [*source.splitlines(), ""]:
        if line.startswith("# "):
            block.append(line[2:].strip())
            continue
        for match in EXCEPTION.finditer(" ".join(block)):
            what = match["what"]
            key = int(what.removeprefix("operand ")) if what.startswith("operand") else what
            excuse = Excuse(match["limit"], match["where"], match["reason"])
            found.setdefault(match["op"], {}).setdefault(key, []).append(excuse)
        block = []
    return found


# ----- Points -----

# Where some run found more than the limit: every run goes there.
FOUND_ONCE = {
    "gaussian": [(-27.151795234489395,)],
    "beta": [(3.208735076016892, 3.0)],
    "power_log": [(1e150, -2.05867478797024)],
}
NOISE = 1e-60  # differences with a step of 1e-45 cannot tell anything smaller from 0
EXTREMES = [sign * x for x in (5e-324, 1e-300, 1e300, 1.7e308) for sign in (1.0, -1.0)]


def points(op: Op, count: int) -> list[Point]:
    """List points over the whole domain, the same in every run."""
    chance = random.Random(op.name)
    each = [
        # An operand without a rule chooses, or is an order: a whole number.
        list(numbers(domain, kinks(op), chance, count)) if rule else [float(n) for n in range(9)]
        for domain, rule in zip(op.domain, op.rules, strict=True)
    ]
    sensible = SENSIBLE.get(op.name, lambda *operands: True)
    if op.arity == 1:
        found = [*((x,) for x in each[0]), *FOUND_ONCE.get(op.name, [])]
        return [at for at in found if sensible(*at)]
    found = [tuple(chance.choice(xs) for xs in each) for _ in range(4 * count)]
    moderate = [[x for x in xs if 1e-3 < abs(x) < 1e3] or xs for xs in each]
    found += [tuple(chance.choice(xs) for xs in moderate) for _ in range(4 * count)]
    found += with_extremes(op) + FOUND_ONCE.get(op.name, [])
    return [at for at in found if sensible(*at)]


def with_extremes(op: Op) -> list[Point]:
    """Pair each extreme number with moderate ones; the same whatever the number of points."""
    chance = random.Random(f"extremes of {op.name}")
    found: list[Point] = []
    for i, extreme in itertools.product(range(op.arity), EXTREMES):
        for _ in range(12):
            at = [chance.choice((1.0, -1.0)) * 10 ** chance.uniform(-2.0, 1.5) for _ in op.rules]
            at[i] = extreme
            if all(d is None or d[0] < x < d[1] for x, d in zip(at, op.domain, strict=True)):
                found.append(tuple(at))
    return found


def kinks(op: Op) -> list[float]:
    return [0.0] if callable(op.kinks) else [0.0, *op.kinks]


def numbers(
    domain: tuple[float, float] | None, near: list[float], chance: random.Random, count: int
) -> Iterator[float]:
    low, high = domain or (-math.inf, math.inf)
    found = [s * 10.0**e for e in range(-300, 301, 25) for s in (1.0, -1.0)]
    found += [s * 10 ** chance.uniform(-12, 12) for _ in range(count) for s in (1.0, -1.0)]
    found += [s * 10 ** chance.uniform(-2, 1.5) for _ in range(count) for s in (1.0, -1.0)]
    found += [float(n) for n in range(-12, 13)] + [n + 0.5 for n in range(-6, 6)]
    found += [n * math.pi / 4 for n in range(-12, 13)] + [5e-324, -5e-324, 1.7e308, -1.7e308]
    for edge in (*near, low, high):
        if math.isfinite(edge):
            found += [math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf)]
            found += [edge + s * 10.0**-k for k in range(1, 17) for s in (1.0, -1.0)]
    if math.isfinite(low) and math.isfinite(high):
        found += [low + (high - low) * chance.random() for _ in range(3 * count)]
    return (x for x in dict.fromkeys(found) if low < x < high)


# ----- Measuring -----


@dataclass
class Worst:
    """The errors of one thing that was measured."""

    errors: list[float] = field(default_factory=list)
    most: float = 0.0
    at: Point = ()
    got: float = 0.0
    exact: str = ""
    excused: int = 0
    excuses: set[Excuse] = field(default_factory=set)
    no_truth: int = 0

    def add(self, error: float, at: Point, got: float, exact: Any) -> None:
        self.errors.append(error)
        if error > self.most:
            self.most, self.at, self.got = error, at, got
            self.exact = MP.nstr(exact, 20)

    @property
    def typical(self) -> float:
        """The error that 99 % stay below."""
        return sorted(self.errors)[int(0.99 * (len(self.errors) - 1))] if self.errors else 0.0


@dataclass
class Report:
    """All measurements of one op."""

    name: str
    forward: Worst = field(default_factory=Worst)
    partials: dict[tuple[int, ...], Worst] = field(default_factory=dict)


def eager(op: Op, ats: list[Point]) -> Iterator[tuple[float, list[float]]]:
    """Return an op's result and its partials at each point, as the engine computes them."""
    for at in ats:
        out = op.evaluate(*at)
        rules = enumerate(op.rules) if math.isfinite(out) else ()
        yield out, [0.0 if rule is None else op.partial(i, 1.0, out, *at) for i, rule in rules]


def compiled(op: Op, ats: list[Point]) -> Iterator[tuple[float, list[float]]]:
    """Return the same as compiled functions compute it for arrays."""
    import numpy as np

    rows = np.array(ats * -(-LANES // len(ats))).T
    value, gradient = compile(lambda *x: op(*x)).value_and_grad(*rows)
    gradient = gradient if op.arity > 1 else (gradient,)
    for k in range(len(ats)):
        yield float(value[k]), [float(g[k]) for g in gradient]


def measure(task: tuple[str, int, int, bool]) -> Report:
    """Measure one op."""
    name, count, highest, is_compiled = task
    op, reference = plugins.ops[name], REFERENCES[name]
    report = Report(name)
    ats = points(op, count)
    found = (compiled if is_compiled else eager)(op, ats)
    for number, (at, (out, partials)) in enumerate(zip(ats, found, strict=True)):
        record(report.forward, op, "forward", out, reference, at, ())
        if not math.isfinite(out) or is_near_kink(op, at):
            continue
        for i in range(op.arity):
            if op.rules[i] is None:
                continue
            worst = report.partials.setdefault((i,), Worst())
            record(worst, op, i, partials[i], reference, at, (i,))
        if highest > 1 and number % 2 == 0 and all(x == 0 or 1e-30 < abs(x) < 1e30 for x in at):
            higher(op, report, reference, at, highest)
    return report


def higher(op: Op, report: Report, reference: Callable[..., Any], at: Point, highest: int) -> None:
    """Measure second and third derivatives, by differentiating recorded gradients again."""
    values = [Value(x) for x in at]
    known: dict[tuple[int, ...], Value] = {(): op(*values)}
    for length in range(1, highest + 1):
        for order in itertools.combinations_with_replacement(range(op.arity), length):
            if order[:-1] not in known:
                continue
            if any(op.rules[i] is None for i in order):
                continue
            found = grad(known[order[:-1]], values, create_graph=True)[order[-1]]
            known[order] = found
            if length > 1:
                worst = report.partials.setdefault(order, Worst())
                record_higher(worst, op, found, reference, at, order)


def record(
    worst: Worst,
    op: Op,
    what: str | int,
    got: float,
    reference: Callable[..., Any],
    at: Point,
    order: tuple[int, ...],
) -> None:
    """Measure the forward, or a partial, unless a comment excuses it."""
    exact = derivative(reference, at, order)
    if exact is None:
        worst.no_truth += 1
        return
    error = ulps(got, exact)
    limit = FORWARD_LIMIT if what == "forward" else PARTIAL_LIMIT
    if error > limit:
        for excuse in excuses_of(op).get(what, ()):
            if excuse.covers(error, op, at, exact):
                worst.excused += 1
                worst.excuses.add(excuse)
                return
    worst.add(error, at, got, exact)


def record_higher(
    worst: Worst,
    op: Op,
    found: Value,
    reference: Callable[..., Any],
    at: Point,
    order: tuple[int, ...],
) -> None:
    """Measure a higher derivative, unless rounding on the way or a comment explains an error."""
    exact = derivative(reference, at, order)
    if exact is None:
        worst.no_truth += 1
        return
    if found.data == 0.0 and abs(exact) < NOISE:
        exact = MP.zero
    error = ulps(found.data, exact)
    if error > PARTIAL_LIMIT and math.isfinite(found.data):
        with MP.workdps(50):
            off = float(abs(MP.mpf(found.data) - exact))
        if off <= rounding(found):
            worst.excused += 1
            return
        for excuse in excuses_of(op).get("higher", ()):
            if excuse.covers(error, op, at, exact):
                worst.excused += 1
                worst.excuses.add(excuse)
                return
    worst.add(error, at, found.data, exact)


def is_near_kink(op: Op, at: Point) -> bool:
    if not callable(op.kinks):
        return op.arity == 1 and at[0] in op.kinks
    try:
        return not abs(op.kinks(*at)) > 0
    except ArithmeticError:
        return True


# ----- Reporting -----


def show(reports: list[Report], *, verbose: bool) -> int:
    """Print the table and all that is beyond its limit; return the number of those."""
    print(f"{'op':12}{'points':>8}{'forward':>9}{'partials':>10}{'second':>10}{'third':>10}  worst")
    beyond = []
    for r in reports:
        by_order = {n: [w for o, w in r.partials.items() if len(o) == n] for n in (1, 2, 3)}
        cells = [f"{max([w.most for w in ws], default=0):.3g}" for ws in by_order.values()]
        first = max(by_order[1], key=lambda w: w.most, default=Worst())
        excused = r.forward.excused + sum(w.excused for w in by_order[1])
        cancelled = sum(w.excused for n in (2, 3) for w in by_order[n])
        note = f"{excused} excused; " if excused else ""
        note += f"{cancelled} higher by rounding; " if cancelled else ""
        print(
            f"{r.name:12}{len(r.forward.errors):>8}{r.forward.most:>9.3g}"
            + "".join(f"{cell:>10}" for cell in cells)
            + f"  {note}partial at {', '.join(map(repr, first.at))}"
        )
        if verbose:
            for order, w in sorted(r.partials.items(), key=lambda item: (len(item[0]), item[0])):
                print(
                    f"    {order}: worst {w.most:.3g}, 99 % below {w.typical:.3g}, of "
                    f"{len(w.errors)}; at {w.at}: {w.got!r}, exact {w.exact}"
                )
        if r.forward.most > FORWARD_LIMIT:
            beyond.append((r.name, "forward", r.forward))
        beyond += [
            (r.name, f"derivative {o}", w) for o, w in r.partials.items() if w.most > PARTIAL_LIMIT
        ]
    for name, what, w in beyond:
        count = sum(e > PARTIAL_LIMIT for e in w.errors)
        print(
            f"BEYOND THE LIMIT {name}, {what}: {w.most:.4g} units at {w.at}: {w.got!r}, exact "
            f"{w.exact} ({count} of {len(w.errors)} points)"
        )
    return len(beyond)


def needless_excuses(reports: list[Report]) -> list[str]:
    """Find comments that excuse nothing."""
    needless = []
    for r in reports:
        for what, excuses in excuses_of(plugins.ops[r.name]).items():
            measured = {"forward": [r.forward], "higher": r.partials.values()}
            looked_at = measured.get(str(what)) or [r.partials.get((int(what),), Worst())]
            used = {excuse for worst in looked_at for excuse in worst.excuses}
            needless += [
                f"{r.name}, {what}: nothing is beyond the limit where {excuse.where}"
                for excuse in excuses
                if excuse not in used
            ]
    return needless


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--ops", default="", help="names, separated by commas")
    parser.add_argument("--short", action="store_true", help="fewer points, first derivatives only")
    parser.add_argument("--points", type=int, default=60, help="how many of each kind (60)")
    parser.add_argument("--compiled", action="store_true", help="as compiled for arrays")
    parser.add_argument("--page", action="store_true", help="write docs/accuracy.md")
    parser.add_argument("--verbose", action="store_true", help="every order of every op")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    names = [op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
    names = given.ops.split(",") if given.ops else names
    unknown = [name for name in names if name not in REFERENCES]
    start = time.perf_counter()
    count, highest = (15, 1) if given.short else (given.points, 1 if given.compiled else 3)
    tasks = [(name, count, highest, given.compiled) for name in names if name not in unknown]
    reports = []
    for report in results(measure, tasks, given.jobs):
        reports.append(report)
        print(f"\r{len(reports)} of {len(tasks)} ops", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if given.page:
        accuracy_page.PAGE.write_text(accuracy_page.page(reports, excuses_of), encoding="utf-8")
    beyond = show(reports, verbose=given.verbose)
    for name in unknown:
        print(f"NO REFERENCE for {name}: write one in references.py")
    needless = [] if given.short or given.compiled else needless_excuses(reports)
    for text in needless:
        print(f"NEEDLESS EXCUSE {text}")
    measured = sum(
        len(r.forward.errors) + sum(len(w.errors) for w in r.partials.values()) for r in reports
    )
    without = sum(
        r.forward.no_truth + sum(w.no_truth for w in r.partials.values()) for r in reports
    )
    parts = [(len(o), w.excused) for r in reports for o, w in r.partials.items()]
    excused = sum(r.forward.excused for r in reports) + sum(n for o, n in parts if o == 1)
    print(
        f"{len(reports)} ops, {measured} results within {FORWARD_LIMIT:g} units in the last place "
        f"(forward) and {PARTIAL_LIMIT:g} (derivatives) unless listed above; further "
        f"{excused} excused by a comment beside the op, {sum(n for o, n in parts if o > 1)} higher "
        f"derivatives by rounding on the way, {without} without a finite truth; "
        f"{time.perf_counter() - start:.0f} s"
    )
    return 1 if beyond or needless or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
