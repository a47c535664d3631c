"""Measures every built-in op and its derivatives against mpmath, in units in the last place.

    python benchmarks/accuracy.py            # every op, first to third derivative
    python benchmarks/accuracy.py --short    # fewer points, for continuous integration
    python benchmarks/accuracy.py --ops sin,pow --verbose

The truth is a reference function per op, written here on mpmath's own functions, evaluated with 50
digits more than the arguments need; derivatives are differences of that reference with a step of
1e-45 of the operand, so no derivative formula is typed twice. Points cover the whole domain: every
magnitude from 1e-300 to 1e300, both sides of every edge and kink, and chance.

An error is measured in units in the last place of the exact result. Limits: 4 for the forward, 8
for each partial. Where an op cannot keep them, `EXCEPTIONS` says where, how much, and quotes the
comment beside the op that gives the reason; the quotation is looked up in the source. Exit code 1
if anything is beyond its limit, a quotation is not there, or an op has no reference.
"""

from __future__ import annotations

import argparse
import inspect
import math
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from pluggrad import Op, Value, grad, plugins
from pluggrad.testing.multiprecision import MP

Point = tuple[float, ...]
FORWARD_LIMIT = 4.0
PARTIAL_LIMIT = 8.0


# ----- References -----


def copysign(x: Any, y: Any) -> Any:
    return -abs(x) if y < 0 else abs(x)


def trunc(x: Any) -> Any:
    return copysign(MP.floor(abs(x)), x)


def clip(x: Any, low: Any, high: Any) -> Any:
    return min(max(x, low), high)


def sign(x: Any) -> Any:
    return MP.mpf((x > 0) - (x < 0))


def real(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Take an odd function on positive numbers to negative ones."""
    return lambda x: copysign(function(abs(x)), x)


REFERENCES: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "acos": MP.acos,
    "acosh": MP.acosh,
    "add": lambda a, b: a + b,
    "asin": MP.asin,
    "asinh": real(MP.asinh),
    "atan": MP.atan,
    "atan2": MP.atan2,
    "atanh": MP.atanh,
    "cbrt": real(MP.cbrt),
    "ceil": MP.ceil,
    "clip": clip,
    "compare": lambda a, b: sign(a - b),
    "cos": MP.cos,
    "cosh": MP.cosh,
    "div": lambda a, b: a / b,
    "elu": lambda x, alpha: x if x > 0 else alpha * MP.expm1(x),
    "erf": MP.erf,
    "erfc": MP.erfc,
    "exp": MP.exp,
    "exp2": lambda x: MP.power(2, x),
    "expm1": MP.expm1,
    "floor": MP.floor,
    "floordiv": lambda a, b: MP.floor(a / b),
    "gaussian": lambda x: MP.exp(-x * x),
    "gelu": lambda x: x * MP.erfc(-x / MP.sqrt(2)) / 2,
    "hypot": lambda a, b: MP.sqrt(a * a + b * b),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "log": MP.log,
    "log10": MP.log10,
    "log1p": MP.log1p,
    "log2": lambda x: MP.log(x) / MP.ln2,
    "maximum": max,
    "minimum": min,
    "mod": lambda a, b: a - b * MP.floor(a / b),
    "mul": lambda a, b: a * b,
    "ndtr": lambda x: MP.erfc(-x / MP.sqrt(2)) / 2,
    "neg": lambda x: -x,
    "pow": MP.power,
    "power_rule": lambda a, b, factor: factor * b * MP.power(a, b - 1),
    "relu": lambda x: max(x, MP.zero),
    "round": lambda x, digits: MP.nint(x * MP.power(10, digits)) / MP.power(10, digits),
    "sech": MP.sech,
    "sigmoid": lambda x: 1 / (1 + MP.exp(-x)),
    "sign": sign,
    "silu": lambda x: x / (1 + MP.exp(-x)),
    "sin": MP.sin,
    "sinh": MP.sinh,
    "softplus": lambda x: MP.log1p(MP.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "sqrt": MP.sqrt,
    "step": lambda x: MP.mpf(x > 0),
    "sub": lambda a, b: a - b,
    "tan": MP.tan,
    "tanh": MP.tanh,
    "trunc": trunc,
    "where": lambda condition, a, b: a if condition else b,
}


class Exception_(NamedTuple):
    """Where an op may be further off.

    Attributes:
        limit: units in the last place.
        quotation: of the comment beside the op that says why.
        where: tells for operands and exact result whether it is such a place.
    """

    limit: float
    quotation: str
    where: Callable[[Point, float], bool]


# Where a reference says nothing: between jumps that lie closer than floats do, and for digits that
# are no whole number.
SENSIBLE: dict[str, Callable[..., bool]] = {
    "round": lambda x, digits: digits % 1.0 == 0.0 and abs(digits) < 20 and abs(x) < 1e9,
    "mod": lambda a, b: b and abs(a / b) < 1e15,
    "floordiv": lambda a, b: b and abs(a / b) < 1e15,
}

# (op, "forward" or the number of the operand) -> the exception.
EXCEPTIONS: dict[tuple[str, str | int], Exception_] = {}


# ----- Points -----


def points(op: Op, count: int) -> list[Point]:
    """List points over the whole domain, the same in every run."""
    chance = random.Random(op.name)
    each = [list(numbers(domain, kinks(op), chance, count)) for domain in op.domain]
    if op.arity == 1:
        return [(x,) for x in each[0]]
    found = [tuple(chance.choice(xs) for xs in each) for _ in range(4 * count)]
    moderate = [[x for x in xs if 1e-3 < abs(x) < 1e3] for xs in each]
    found += [tuple(chance.choice(xs) for xs in moderate) for _ in range(4 * count)]
    sensible = SENSIBLE.get(op.name, lambda *operands: True)
    return [at for at in found if sensible(*at)]


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


# ----- Truth -----


def derivative(function: Callable[..., Any], at: Point, order: tuple[int, ...]) -> Any:
    """Differentiate by central differences in many digits; the value itself for order ().

    Returns:
        a number of MP with more than 20 right digits, or None where there is none.
    """
    small = min([1.0, *(abs(x) for x in at if x)])
    large = max(map(abs, at))
    step = MP.mpf(small) * MP.mpf("1e-45" if all(at) else "1e-65")
    spread = int(abs(math.log10(small)) + max(0.0, math.log10(large or 1.0)))
    digits = 50 + spread + (60 if all(at) else 80) * len(order)
    terms: dict[tuple[int, ...], int] = {(0,) * len(at): 1}
    for index in order:
        moved: dict[tuple[int, ...], int] = {}
        for offsets, weight in terms.items():
            for side in (1, -1):
                to = tuple(o + side * (i == index) for i, o in enumerate(offsets))
                moved[to] = moved.get(to, 0) + side * weight
        terms = {offsets: weight for offsets, weight in moved.items() if weight}
    for attempt in range(4):
        with MP.workdps(digits):
            results = []
            for offsets, weight in terms.items():
                operands = [MP.mpf(x) + o * step for x, o in zip(at, offsets, strict=True)]
                try:
                    result = function(*operands)
                except (ArithmeticError, ValueError):
                    return None
                if isinstance(result, MP.mpc) or not MP.isfinite(result):
                    return None
                results.append(weight * MP.mpf(result))
            total, largest = sum(results, MP.zero), max(map(abs, results))
            if abs(total) > largest * MP.mpf(10) ** (25 - digits) or attempt == 3 or not largest:
                if abs(total) <= largest * MP.mpf(10) ** (25 - digits):
                    total = MP.zero  # all digits cancelled, 1,500 of them: it is zero
                return total / (2 * step) ** len(order)
            digits = digits + 60 if attempt == 0 else 3 * digits
    return None


def ulps(got: float, exact: Any) -> float:
    """Tell how many units in the last place a float is off."""
    nearest = float(exact)
    if got == nearest:
        return 0.0
    if math.isinf(nearest) or not math.isfinite(got):
        return 0.0 if abs(nearest) > 1.79e308 and abs(got) > 1.79e308 else math.inf
    with MP.workdps(50):
        return float(abs(MP.mpf(got) - exact) / math.ulp(nearest))


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


def measure(task: tuple[str, int, int]) -> Report:
    """Measure one op."""
    name, count, highest = task
    op, reference = plugins.ops[name], REFERENCES[name]
    report = Report(name)
    for number, at in enumerate(points(op, count)):
        out = op.evaluate(*at)
        record(report.forward, name, "forward", out, reference, at, ())
        if not math.isfinite(out) or is_near_kink(op, at):
            continue
        for i in range(op.arity):
            if op.rules[i] is None:
                continue
            worst = report.partials.setdefault((i,), Worst())
            record(worst, name, i, op.partial(i, 1.0, out, *at), reference, at, (i,))
        if highest > 1 and number % 2 == 0 and all(x == 0 or 1e-30 < abs(x) < 1e30 for x in at):
            higher(op, report, reference, at, highest)
    return report


def higher(op: Op, report: Report, reference: Callable[..., Any], at: Point, highest: int) -> None:
    """Measure second and third derivatives, by differentiating recorded gradients again."""
    values = [Value(x) for x in at]
    known: dict[tuple[int, ...], Value] = {(): op(*values)}
    for length in range(1, highest + 1):
        for order in combinations_with_replacement(range(op.arity), length):
            if order[:-1] not in known:
                continue
            if any(op.rules[i] is None for i in order):
                continue
            found = grad(known[order[:-1]], values, create_graph=True)[order[-1]]
            known[order] = found
            if length > 1:
                worst = report.partials.setdefault(order, Worst())
                record(worst, op.name, order[0], found.data, reference, at, order)


def record(
    worst: Worst,
    name: str,
    what: str | int,
    got: float,
    reference: Callable[..., Any],
    at: Point,
    order: tuple[int, ...],
) -> None:
    exact = derivative(reference, at, order)
    if exact is None:
        worst.no_truth += 1
        return
    error = ulps(got, exact)
    exception = EXCEPTIONS.get((name, what))
    limit = FORWARD_LIMIT if what == "forward" else PARTIAL_LIMIT
    if (
        len(order) < 2
        and error > limit
        and exception is not None
        and error <= exception.limit
        and exception.where(at, float(exact))
    ):
        worst.excused += 1
        return
    worst.add(error, at, got, exact)


def is_near_kink(op: Op, at: Point) -> bool:
    if not callable(op.kinks):
        return op.arity == 1 and at[0] in op.kinks
    try:
        return not abs(op.kinks(*at)) > 0
    except ArithmeticError:
        return True


# ----- Reporting -----


def show(reports: list[Report], *, verbose: bool) -> int:
    """Print the table and all that is beyond its limit; give the number of those."""
    print(f"{'op':12}{'points':>8}{'forward':>9}{'partials':>10}{'second':>10}{'third':>10}  worst")
    beyond = []
    for r in reports:
        by_order = {n: [w for o, w in r.partials.items() if len(o) == n] for n in (1, 2, 3)}
        cells = [f"{max([w.most for w in ws], default=0):.3g}" for ws in by_order.values()]
        first = max(by_order[1], key=lambda w: w.most, default=Worst())
        excused = r.forward.excused + sum(w.excused for w in by_order[1])
        note = f"{excused} excused; " if excused else ""
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
            (r.name, f"partial {o[0]}", w)
            for o, w in r.partials.items()
            if len(o) == 1 and w.most > PARTIAL_LIMIT
        ]
    for name, what, w in beyond:
        count = sum(e > PARTIAL_LIMIT for e in w.errors)
        print(
            f"BEYOND THE LIMIT {name}, {what}: {w.most:.4g} units at {w.at}: {w.got!r}, exact "
            f"{w.exact} ({count} of {len(w.errors)} points)"
        )
    return len(beyond)


def missing_quotations() -> list[str]:
    """Find exceptions whose reason does not stand beside the op."""
    missing = []
    for (name, what), exception in EXCEPTIONS.items():
        rules = [rule for rule in plugins.ops[name].rules if rule is not None]
        source = inspect.getsource(inspect.getmodule(rules[0]))  # type: ignore[arg-type]
        comments = " ".join(line.strip(" #") for line in source.splitlines())
        if exception.quotation not in comments:
            missing.append(f"{name}, {what}: no comment says {exception.quotation!r}")
    return missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--ops", default="", help="names, separated by commas")
    parser.add_argument("--short", action="store_true", help="fewer points, first derivatives only")
    parser.add_argument("--points", type=int, default=60, help="how many of each kind (60)")
    parser.add_argument("--verbose", action="store_true", help="every order of every op")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    names = [op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
    names = given.ops.split(",") if given.ops else names
    unknown = [name for name in names if name not in REFERENCES]
    start = time.perf_counter()
    count, highest = (15, 1) if given.short else (given.points, 3)
    tasks = [(name, count, highest) for name in names if name not in unknown]
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        reports = pool.map(measure, tasks, chunksize=1)
    beyond = show(reports, verbose=given.verbose)
    for name in unknown:
        print(f"NO REFERENCE for {name}: write one above")
    missing = missing_quotations()
    for text in missing:
        print(f"NO REASON {text}")
    measured = sum(
        len(r.forward.errors) + sum(len(w.errors) for w in r.partials.values()) for r in reports
    )
    without = sum(
        r.forward.no_truth + sum(w.no_truth for w in r.partials.values()) for r in reports
    )
    excused = sum(r.forward.excused + sum(w.excused for w in r.partials.values()) for r in reports)
    print(
        f"{len(reports)} ops, {measured} results compared, {excused} excused by a comment beside "
        f"the op, {without} without a finite truth; {time.perf_counter() - start:.0f} s; units in "
        f"the last place, limits {FORWARD_LIMIT:g} forward and {PARTIAL_LIMIT:g} for each partial"
    )
    return 1 if beyond or missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
