"""Random Python functions, run in every way there is, against running them on plain Values.

    python benchmarks/differential.py                     # 2,000 programs, some minutes
    python benchmarks/differential.py --short             # 100 programs
    python benchmarks/differential.py --programs 20000 --seed 7 --jobs 1
    python benchmarks/differential.py --programs 20000 --minutes 24   # as many as fit

Each function has branches, loops, gradients taken inside, hooks, containers and the ops of odd
plugins, and is called at ordinary numbers, ties and edges (both zeros, infinities, nan, subnormal
numbers, 1e19, 2**53 + 2). What the engine computes is the truth for the compiled interpreter,
machine code, lanes, jvp, hvp and hessian; JAX, where it is installed, has a say about functions
that can be written for it. What the engine raises an error for, the others have to raise one for.

Each number has one of these fates, and is counted under it:

- equal, to 1e-9 of itself.
- equal, but for the sign of a zero, in a program that takes a derivative in a direction: of a float
  that is 0 nothing moves, of a recorded number what comes out may be -0.0.
- rounding: machine code may round the last bit of sin, exp, ... another way than Python's library,
  and sums may be added up in another order. This is why where a bound of what rounding each number
  on the way does allows it (running error analysis, see `pluggrad.testing.rounding`), or where such
  bits, changed at random, change the engine's own number by as much.
- both raise; or refused, with a CompileError: no number is better than a wrong one.
- as without a transform around: where a function takes gradients of floats, `func.grad(f)` lets it
  have Values, whose 1.0 / 0.0 is inf; what is recorded is the function alone, with floats.
- NumPy asks a float in an array of objects for its method `exp`, which a recorded one has.
- Forward mode has numbers that remember no operands, which `grad(y, x)` in a compiled function asks
  for; what is recorded does.
- a difference: printed with the program. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import re
import sys
import time
import warnings
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any

import numpy as np
from differential_paths import call_in_turn, further, third_derivative
from pluggrad import (
    CompileError,
    CompileWarning,
    LostGradientWarning,
    Op,
    Value,
    compile,
    func,
    grad,
    plugins,
)
from pluggrad.compiler import recordings
from pluggrad.compiler.run import machine
from pluggrad.func.arguments import scalar
from pluggrad.testing.rounding import rounding
from pluggrad.topology import topological_order
from random_functions import BINARY, SMOOTH, UNARY, Function, drawn, is_nest, parts_of, table

TOLERANCE = 1e-9
EXACT = {
    "abs", "relu", "floor", "ceil", "trunc", "sign", "step", "round", "maximum", "minimum",
    "compare", "sqrt", "mod", "floordiv", "leaky_relu",
}  # fmt: skip
HUGE = sys.float_info.max / 8
NO_METHOD = "which has no callable"
NO_OPERANDS = "has a tangent and remembers no operands"
SIGN = "equal, but for the sign of a zero in a program that takes derivatives in a direction"
FORWARD = re.compile("jvp|hvp|linearize")
ALONE = "as without a transform around: inside one, transforms of floats give Values"
INNER = {"compile", "HELPER", "READER", "VECTOR"}
DERIVED = ("gradient", "jvp", "hvp", "hessian", "jacobian")
EVERY = 5.0  # seconds between two lines of progress
EXECUTORS = ("interpreter", "numba")


# ----- What came of a call -----


@dataclass
class Result:
    """What a call gave: numbers, an error, or a refusal.

    Attributes:
        numbers: what it gave, flattened.
        built: how the numbers were nested.
        error: what it raised instead.
    """

    numbers: list[float] = field(default_factory=list)
    built: str = ""
    error: Exception | None = None

    @property
    def is_refused(self) -> bool:
        return isinstance(self.error, CompileError)

    def __str__(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"[:200]
        return f"{self.built} {self.numbers}"


def flattened(tree: Any, numbers: list[float]) -> str:
    """Append the numbers of a nest to a list; return how they were nested."""
    if isinstance(tree, dict):
        return "{" + ",".join(f"{k}:{flattened(x, numbers)}" for k, x in tree.items()) + "}"
    if is_nest(tree):
        parts = ",".join(flattened(x, numbers) for x in parts_of(tree))
        return f"{type(tree).__name__}({parts})"
    numbers.append(float(tree))
    return "bool" if isinstance(tree, bool | np.bool_) else "."


def leaves_of(tree: Any, found: list[Any]) -> None:
    """Append what a nest holds, as `flattened` does."""
    if isinstance(tree, dict) or is_nest(tree):
        for part in tree.values() if isinstance(tree, dict) else parts_of(tree):
            leaves_of(part, found)
    else:
        found.append(tree)


def attempt(call: Callable[..., Any], *args: Any) -> Result:
    """Call something, whatever it raises."""
    numbers: list[float] = []
    try:
        built = flattened(call(*args), numbers)
    except Exception as cause:
        return Result(error=cause)
    return Result(numbers, built)


def close(a: float, b: float) -> bool:
    if a != a or b != b:
        return a != a and b != b
    return a == b or abs(a - b) <= TOLERANCE * max(abs(a), abs(b)) + 1e-300


def same_sign(a: float, b: float) -> bool:
    """Return whether two equal numbers are the same zero, if they are zeros."""
    return a != 0.0 or math.copysign(1.0, a) == math.copysign(1.0, b)


# ----- Comparing -----


@dataclass
class Outcome:
    """What became of some programs."""

    programs: int = 0
    numbers: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            *[getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__]
        )


class Examination:
    """Runs one function in every way, and compares."""

    def __init__(self, function: Function, engines: set[str], thin: bool = False) -> None:
        self.function = function
        self.engines = engines
        self.thin = thin
        self.outcome = Outcome(programs=1, features=Counter(function.features))
        self.outside = [Value(w) for w in function.weights[0]]
        self.f = function.made(table(), self.outside)
        self.is_new = True
        self.untranslatable = False

    def run(self) -> Outcome:
        with planned_once():
            return self.in_turn() if "kept" in self.function.features else self.all_ways()

    def in_turn(self) -> Outcome:
        """Call two copies of a function that keeps something, one as it is and one compiled."""
        for executor in EXECUTORS:
            call_in_turn(self, executor)
        return self.outcome

    def all_ways(self) -> Outcome:
        few = self.thin and self.function.seed % 2
        executors = EXECUTORS[:1] if few else EXECUTORS
        made = {executor: self.compiled(self.f, executor) for executor in executors}
        for number, weights in enumerate(self.function.weights):
            for outside, w in zip(self.outside, weights, strict=True):
                outside.data = w
            self.function.turn(number)
            truths = [self.truths(numbers) for numbers in self.function.inputs]
            for executor, compiled in made.items():
                if executor == "numba" and self.untranslatable:
                    continue
                self.calls(executor, compiled, truths)
                if number == 0:
                    fresh = self.compiled(self.f, executor)
                    self.lanes(f"{executor}, new, lanes", fresh, truths)
                self.lanes(f"{executor}, lanes", compiled, truths)
            if number == 0 and not (self.thin and self.function.seed % 3):
                self.derivatives(made)
                further(self, made)
        if "jax" in self.engines:
            self.jax()
        return self.outcome

    def compiled(self, f: Callable[..., Any], executor: str) -> Any:
        return compile(f, executor=executor, bound=200)

    def truths(self, numbers: list[float]) -> tuple[Result, Result]:
        """Compute the value, and the value with its gradient, as the engine does."""
        args = self.function.arguments(numbers)
        value = attempt(self.f, *self.function.arguments([Value(x) for x in numbers]))
        argnums = tuple(range(len(args)))
        with_gradient = attempt(func.value_and_grad(self.f, argnums), *args)
        return value, with_gradient

    def calls(self, executor: str, compiled: Any, truths: list[tuple[Result, Result]]) -> None:
        order = list(enumerate(self.function.inputs)) * 2
        for i, numbers in order:
            if executor == "numba" and self.untranslatable:
                return  # asked once
            args = self.function.arguments(numbers)
            value, with_gradient = truths[i]
            self.compare(f"{executor}", numbers, value, attempt(compiled, *args))
            if value.built == ".":
                found = attempt(lambda *a: gradients_as_tuple(compiled, a), *args)
                self.compare(f"{executor}, gradient", numbers, with_gradient, found)

    def lanes(self, how: str, compiled: Any, truths: list[tuple[Result, Result]]) -> None:
        good = [i for i, (value, _) in enumerate(truths) if value.error is None]
        if len({truths[i][0].built for i in good}) != 1:
            return
        inputs = [self.function.inputs[i] for i in good]
        args = self.function.arguments([np.array(column) for column in zip(*inputs, strict=True)])
        found = by_lanes(lambda: compiled(*args), len(good))
        for lane, i in enumerate(good):
            self.compare(how, inputs[lane], truths[i][0], found[lane])
        smooth = [i for i in good if truths[i][1].error is None]
        if not smooth or truths[good[0]][0].built != ".":
            return
        inputs = [self.function.inputs[i] for i in smooth]
        args = self.function.arguments([np.array(column) for column in zip(*inputs, strict=True)])
        found = by_lanes(lambda: gradients_as_tuple(compiled, args), len(smooth))
        for lane, i in enumerate(smooth):
            self.compare(f"{how}, gradient", inputs[lane], truths[i][1], found[lane])

    def derivatives(self, made: dict[str, Any]) -> None:
        words = set(re.findall(r"\w+", self.function.source))
        is_alone = words.isdisjoint(INNER)  # functions compiled inside have one name and many cells
        with recorded_once() if is_alone else nullcontext():
            self.all_derivatives(made)

    def all_derivatives(self, made: dict[str, Any]) -> None:
        chance = Random(self.function.seed)
        argnums = tuple(range(len(self.function.shapes)))
        if self.untranslatable:
            made = {"interpreter": made["interpreter"]}
        for numbers in self.function.inputs:
            args = self.function.arguments(numbers)
            direction = self.function.arguments([chance.uniform(-1, 1) for _ in numbers])
            truth = attempt(func.jvp, self.f, args, direction)
            for executor, compiled in made.items():
                found = attempt(compiled.jvp, args, direction)
                self.compare(f"{executor}, jvp", numbers, truth, found)
            value = attempt(self.f, *self.function.arguments([Value(x) for x in numbers]))
            if value.built != ".":
                continue
            truth = attempt(func.hvp, self.f, args, direction)
            for executor, compiled in made.items():
                found = attempt(compiled.hvp, args, direction)
                self.compare(f"{executor}, hvp", numbers, truth, found)
        if value.built == ".":
            whole = func.hessian(self.f, argnums)
            hessians = {executor: self.compiled(whole, executor) for executor in made}
            for numbers in self.function.inputs:
                args = self.function.arguments(numbers)
                truth = attempt(whole, *args)
                for executor, hessian in hessians.items():
                    self.compare(f"{executor}, hessian", numbers, truth, attempt(hessian, *args))

    def jax(self) -> None:
        import differential_jax

        if self.function.features & {"own"}:
            self.outcome.fates["JAX: skipped, not expressible"] += 1
            return
        for numbers, fate, told in differential_jax.compared(self.function, self.f):
            self.outcome.numbers += 1
            self.outcome.fates[f"JAX: {fate}"] += 1
            if fate == "different":
                self.different("JAX", numbers, told)

    # ----- For further ways -----

    attempt = staticmethod(attempt)

    def by_lanes(self, call: Callable[[], Any], count: int) -> list[Result]:
        return by_lanes(call, count)

    def numbers(self, found: list[float], like: Result) -> Result:
        return Result(list(map(float, found)), like.built)

    def direction(self) -> Any:
        chance = Random(self.function.seed)
        return self.function.arguments([chance.uniform(-1, 1) for _ in self.function.inputs[0]])

    def refused(self, cause: Exception) -> None:
        self.outcome.fates["refused"] += 1
        self.outcome.refusals[shortly(cause)] += 1

    def compare_number(
        self, how: str, numbers: list[float], terms: list[float], sums: float
    ) -> None:
        """Compare a sum of rows with its terms, in whatever order they were added up."""
        self.outcome.numbers += 1
        size = sum(map(abs, terms))
        is_same = not math.isfinite(size) or abs(sum(terms) - sums) <= TOLERANCE * size
        self.outcome.fates["equal" if is_same else "different"] += 1
        if not is_same:
            self.different(how, numbers, f"the sum of {terms} is given as {sums}")

    # ----- Judging -----

    def compare(self, how: str, numbers: list[float], truth: Result, found: Result) -> None:
        self.outcome.numbers += max(1, len(truth.numbers))
        fate = self.fate(how, numbers, truth, found)
        if fate == "different" and "gradient" in how and "in turn" not in how:
            alone = attempt(self.alone, how, self.f, numbers)
            if self.fate(how, numbers, alone, found) != "different":
                fate = ALONE
        self.outcome.fates[fate] += 1
        if fate == "refused":
            self.untranslatable |= "numba" in how and "cannot translate" in str(found.error)
            self.outcome.refusals[shortly(found.error)] += 1
        if fate == "different":
            self.different(how, numbers, f"engine {truth}; found {found}")

    def fate(self, how: str, numbers: list[float], truth: Result, found: Result) -> str:
        if truth.error is not None:
            if found.error is not None:
                return "both raise"
            if truth.is_refused:
                return "the engine refused, as a compiled function inside does"
            known = (NO_METHOD, NO_OPERANDS)
            return next((x for x in known if x in str(truth.error)), "different")
        if found.is_refused:
            return "refused"
        if found.error is not None or found.built != truth.built:
            return "different"
        is_derived = any(word in how for word in DERIVED)
        if all(map(close, truth.numbers, found.numbers)):
            signed = is_derived or all(map(same_sign, truth.numbers, found.numbers))
            if signed:
                return "equal"
            return SIGN if FORWARD.search(self.function.source) else "different"
        if "interpreter" in how and not is_derived:
            return "different"
        return "rounding" if self.is_rounding(how, numbers, truth, found) else "different"

    def is_rounding(self, how: str, numbers: list[float], truth: Result, found: Result) -> bool:
        """Return whether last bits, rounded otherwise, change the engine's numbers as much."""
        if self.is_bounded(how, numbers, truth, found):
            return True
        low, high = list(truth.numbers), list(truth.numbers)
        for seed in range(6):
            f = self.function.made(shaken(Random(seed)), self.outside)
            again = self.again(how, f, numbers, Random(seed))
            if again.error is not None or again.built != truth.built:
                return True  # the last bit decides whether there is a result
            for i, x in enumerate(again.numbers):
                low[i] = x if x != x else min(low[i], x)
                high[i] = x if x != x else max(high[i], x)
        scale = max([abs(x) for x in truth.numbers if math.isfinite(x)], default=0.0)
        if all(
            close(a, b) or abs(a - b) <= 1e-12 * scale
            for a, b in zip(truth.numbers, found.numbers, strict=True)
        ):
            return True
        return all(
            close(a, b) or least != least or abs(a - b) <= 10 * (most - least) + TOLERANCE * abs(a)
            for a, b, least, most in zip(truth.numbers, found.numbers, low, high, strict=True)
        )

    def is_bounded(self, how: str, numbers: list[float], truth: Result, found: Result) -> bool:
        """Say whether rounding each number on the way explains it, see `pluggrad.testing.rounding`.

        Of terms that cancel, what is left may be 0 for one order of adding up and not for another.
        """
        recorded: list[Value] = []
        inputs = [Value(x) for x in numbers]
        try:
            leaves_of(self.way(how, self.f, inputs, numbers), recorded)
        except Exception:
            return False
        return len(recorded) == len(truth.numbers) and all(
            close(a, b)
            or abs(a - b) <= (rounding(x) if isinstance(x, Value) else 0.0)
            or (not (math.isfinite(a) and math.isfinite(b)) and is_sum_too_large(x))
            for x, a, b in zip(recorded, truth.numbers, found.numbers, strict=True)
        )

    def again(
        self, how: str, f: Callable[..., Any], numbers: list[float], chance: Random
    ) -> Result:
        inputs = numbers
        if "hvp" in how or "hessian" in how:  # whose sums are taken in another order
            inputs = [_beside(x, chance.choice([-math.inf, math.inf, None])) for x in numbers]
        return attempt(self.way, how, f, inputs, numbers)

    def alone(self, how: str, f: Callable[..., Any], numbers: list[float]) -> Any:
        """Compute value and gradient without a transform around the function."""
        leaves = [Value(x) for x in numbers]
        args = self.function.arguments(list(leaves))
        value = scalar(f(*args), "value_and_grad")
        slopes = (
            grad(value, leaves) if getattr(value, "requires_grad", False) else [0.0] * len(leaves)
        )
        gradients = self.function.arguments(list(slopes))
        return value, gradients[0] if "shared" in how else gradients

    def way(
        self, how: str, f: Callable[..., Any], inputs: Sequence[Any], numbers: list[float]
    ) -> Any:
        """Call a function as the engine did for what is compared."""
        args = self.function.arguments(list(inputs))
        argnums = tuple(range(len(args)))
        if "shared" in how:
            return func.value_and_grad(f)(*args)
        if "third" in how:
            return third_derivative(f, self.direction())(*args)
        if "array" in how:
            return func.jacrev(func.grad(f) if "hessian" in how else f)(*args)
        if "hessian" in how:
            return func.hessian(f, argnums)(*args)
        if "vp" in how:
            chance = Random(self.function.seed)
            for others in self.function.inputs:
                direction = self.function.arguments([chance.uniform(-1, 1) for _ in others])
                if others is numbers:
                    break
            return (func.jvp if "jvp" in how else func.hvp)(f, args, direction)
        if "gradient" in how:
            return func.value_and_grad(f, argnums)(*args)
        return f(
            *self.function.arguments([x if isinstance(x, Value) else Value(x) for x in inputs])
        )

    def different(self, how: str, numbers: list[float], told: str) -> None:
        program = f"\n{self.function.source}\n" if self.is_new else ""
        self.is_new = False
        weights = [w.data for w in self.outside]
        self.outcome.differences.append(
            f"program {self.function.seed}, {how}, at {numbers}, outside {weights}: {told}{program}"
        )


@contextmanager
def recorded_once() -> Iterator[None]:
    """Let machine code have what the interpreter recorded for the same numbers.

    Recording takes half of the time. That it gives the same twice is seen where functions are
    called; here derivatives of one function are recorded, while nothing outside changes.
    """
    plain = recordings.captured
    kept: dict[Any, Any] = {}

    def once(function: Any, shape: Any, numbers: Sequence[float]) -> Any:
        inner = getattr(function, "func", function)
        name = getattr(inner, "__name__", inner)
        key = name, repr(shape), array("d", numbers).tobytes()
        if key not in kept:
            kept[key] = plain(function, shape, numbers)
        return kept[key]

    recordings.captured = once
    try:
        yield
    finally:
        recordings.captured = plain


@contextmanager
def planned_once() -> Iterator[None]:
    """Plan equal tapes once: a function is recorded anew for several of the ways it is run in."""
    plain = machine.plan_of
    kept: dict[Any, tuple[Any, Any]] = {}

    def once(tape: Any, *, strong: bool = False) -> Any:
        key = plugins.changes, strong, said(tape)
        if key not in kept:
            kept[key] = tape, plain(tape, strong=strong)  # with its ops, whose ids are in the key
        return kept[key][1]

    machine.plan_of = once
    try:
        yield
    finally:
        machine.plan_of = plain


def said(tape: Any) -> tuple[Any, ...]:
    """Return all that a plan depends on: of the numbers, these are those that cannot change."""
    fixed = tape.data[tape.literal]
    columns = (tape.kinds, tape.left, tape.right, fixed, tape.literals)
    rows = (tape.inputs, tape.wrt, tape.outputs, sorted(tape.more.items()))
    return (*map(id, tape.ops), *map(bytes, columns), *map(repr, rows))


def gradients_as_tuple(compiled: Any, args: tuple[Any, ...]) -> Any:
    """Return value and gradients as `func.value_and_grad` does for a tuple of argnums."""
    value, gradients = compiled.value_and_grad(*args)
    return value, (gradients,) if len(args) == 1 else gradients


def by_lanes(call: Callable[[], Any], count: int) -> list[Result]:
    """Call something with arrays; return the result of each lane."""
    columns: list[Any] = []
    try:
        built = columns_of(call(), columns)
    except Exception as cause:
        return [Result(error=cause)] * count
    rows = [np.broadcast_to(np.asarray(x, float), (count,)) for x in columns]
    return [Result([float(row[lane]) for row in rows], built) for lane in range(count)]


def columns_of(tree: Any, columns: list[Any]) -> str:
    if isinstance(tree, dict):
        return "{" + ",".join(f"{k}:{columns_of(x, columns)}" for k, x in tree.items()) + "}"
    if is_nest(tree):
        return f"{type(tree).__name__}({','.join(columns_of(x, columns) for x in parts_of(tree))})"
    columns.append(tree)
    return "bool" if getattr(tree, "dtype", None) == np.bool_ or isinstance(tree, bool) else "."


def is_sum_too_large(x: Any) -> bool:
    """Return whether a sum on the way to a Value is infinite or not, as its terms are ordered."""
    nodes = topological_order([x]) if isinstance(x, Value) else []
    sums = [node for node in nodes if node.op is not None and node.op.name in ("add", "sub")]
    return any(
        not math.isfinite(node.data) and any(HUGE < abs(term.data) < math.inf for term in node.prev)
        for node in sums
    )


def shaken(chance: Random) -> dict[str, Any]:
    """Return a table whose ops change the last bit of what no two libraries round alike."""
    changed: dict[str, Any] = table()
    for name in sorted({*SMOOTH, *UNARY, *BINARY} - EXACT):
        op = changed[name]
        changed[name] = Op(name, nudged(op, chance), *op.rules, ieee=op.ieee)
    return changed


def nudged(op: Op, chance: Random) -> Callable[..., float]:
    sides = [-math.inf, math.inf, None]
    if op.arity == 1:
        return lambda a: _beside(op.evaluate(a), chance.choice(sides))
    if op.arity == 2:
        return lambda a, b=(op.defaults or (0.0,))[0]: _beside(
            op.evaluate(a, b), chance.choice(sides)
        )
    return op.forward


def _beside(x: float, side: float | None) -> float:
    return x if side is None or not math.isfinite(x) or x in (0.0, 1.0) else math.nextafter(x, side)


def shortly(cause: Exception | None) -> str:
    """Return the beginning of a refusal, without the place."""
    text = str(cause)
    for end in (" in a compiled function", ": ", ";"):
        text = text.split(end)[0]
    return text[:60]


# ----- All programs -----


def examine(task: tuple[int, set[str], bool]) -> Outcome:
    """Draw one program and run it in every way."""
    seed, engines, thin = task
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", LostGradientWarning)
        return Examination(drawn(seed), engines, thin).run()


def outcomes(tasks: list[tuple[int, set[str], bool]], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(examine, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, collect_rarely) as pool:
        yield from pool.imap_unordered(examine, tasks, chunksize=5)


def collect_rarely() -> None:
    """Let what was imported alone: programs leave few cycles, and JAX's are many objects."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--programs", type=int, default=2_000, help="how many (2,000)")
    parser.add_argument("--short", action="store_true", help="100 programs, thin")
    parser.add_argument(
        "--thin", action="store_true", help="machine code for each second, derivatives each third"
    )
    parser.add_argument("--seed", type=int, default=0, help="where chance starts (0)")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many")
    parser.add_argument("--only", type=int, help="run this one program")
    parser.add_argument("--without-jax", action="store_true")
    given = parser.parse_args()
    if missing := {*SMOOTH, *UNARY, *BINARY} - table().keys():
        parser.error(f"no installed op is named {sorted(missing)}: pip install ./plugins_example")
    engines: set[str] = set()
    if not given.without_jax:
        try:
            import jax

            engines.add("jax")
            print(f"JAX {jax.__version__} has a say")
        except ImportError:
            print("JAX is not installed: pip install 'pluggrad[bench]' to hear it too")
    count = 100 if given.short else given.programs
    first = given.seed * 1_000_000
    seeds = [given.only] if given.only is not None else range(first, first + count)
    begin = told_at = time.perf_counter()
    total = Outcome()
    thin = given.short or given.thin
    for outcome in outcomes([(seed, engines, thin) for seed in seeds], given.jobs):
        total += outcome
        for told in outcome.differences[:3]:
            print(f"DIFFERENT {told}", flush=True)
        if time.perf_counter() > told_at + EVERY:
            told_at = time.perf_counter()
            print(progress(total, count, told_at - begin), flush=True)
        if time.perf_counter() - begin > 60 * given.minutes and total.programs < count:
            print(f"stopped after {given.minutes:g} minutes, {count - total.programs} are left")
            break
    return report(total, time.perf_counter() - begin)


def progress(total: Outcome, count: int, seconds: float) -> str:
    """Say how far it is, and how long the rest will take."""
    rate = total.programs / seconds
    left = (count - total.programs) / rate / 60
    return (
        f"{total.programs} of {count} programs, {len(total.differences)} differences; "
        f"{rate:.1f} a second, {left:.0f} minutes left"
    )


def report(total: Outcome, seconds: float) -> int:
    """Print what became of all programs; return the exit code."""
    print(f"{total.programs} programs, {total.numbers} numbers, {seconds:.0f} s; with:")
    print("  " + ", ".join(f"{name} {n}" for name, n in total.features.most_common()))
    for name, n in chain(total.fates.most_common()):
        print(f"{n:9,}  {name}")
    for name, n in total.refusals.most_common(12):
        print(f"{n:9,}  refused: {name}")
    print(f"{len(total.differences)} differences")
    return 1 if total.differences else 0


if __name__ == "__main__":
    sys.exit(main())
