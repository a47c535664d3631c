"""Random functions with derivatives inside, in any mix of transforms, against differences.

    python benchmarks/nested.py              # 2,000 functions, half a minute
    python benchmarks/nested.py --short      # 100 functions
    python benchmarks/nested.py --count 500 --seed 7

Each function differentiates other functions on its way, up to three deep, which close over the
variables of all that is around them; by `grad`, `jvp`, `vjp`, `linearize`, `hvp`, `hessian`, and
with checkpoints. The whole is differentiated once more. The truth are differences with hundreds of
digits of the same functions: they move one number at a time, and have no perturbation to take for
another. A result is right that agrees to 1e-10 of itself, or to as much as rounding each number on
the way explains; the second kind is counted. Exit code 1 if one is wrong or raises, or a transform
was used in none.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from random import Random
from typing import Any, NamedTuple

from jobs import results
from pluggrad import Value, checkpoint, grad
from pluggrad.func import grad as func_grad
from pluggrad.func import hessian, hvp, jacfwd, jacrev, jvp, linearize, vjp
from pluggrad.testing.counterparts import MP
from pluggrad.testing.rounding import rounding
from programs import OPS
from references import REFERENCES

TOLERANCE = 1e-10
DIGITS = 400
STEP = MP.mpf("1e-45")
Function = Callable[..., Any]

ONCE: dict[str, Callable[[Function], Function]] = {
    "grad": func_grad,
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "linearize": lambda f: lambda x: linearize(f, x)[1](1.0),
}
# Of a function of two: the derivative by both, or the first row of the Hessian times (1, x).
TWICE: dict[str, Callable[[Function], Function]] = {
    "hessian": lambda f: lambda x, y: hessian(f, (0, 1))(x, y)[0][1],
    "jacfwd of jacrev": lambda f: lambda x, y: jacfwd(jacrev(f, 1), 0)(x, y),
    "jacrev of jacfwd": lambda f: lambda x, y: jacrev(jacfwd(f, 0), 1)(x, y),
    "hvp": lambda f: lambda x, y: hvp(f, (x, y), (1.0, x))[0],
}
# The linear function that a pass gives, used by another pass: d/dz (z * f'(x) z) at z = x.
LINEAR: dict[str, Callable[[Function, Any], Function]] = {
    "pull of vjp": lambda f, x: lambda z: vjp(f, x)[1](z)[0],
    "push of linearize": lambda f, x: linearize(f, x)[1],
}
WAYS = (*ONCE, *TWICE, *LINEAR, "checkpoint")


class Ours:
    """How pluggrad computes."""

    table: Mapping[str, Function] = OPS

    def once(self, how: str, f: Function, x: Any) -> Any:
        return ONCE[how](f)(x)

    def twice(self, how: str, f: Function, x: Any, y: Any) -> Any:
        return TWICE[how](f)(x, y)

    def linear(self, how: str, f: Function, x: Any, outer: str) -> Any:
        along = LINEAR[how](f, x)
        return ONCE[outer](lambda z: z * along(z))(x)

    def call(self, f: Function, *args: Any) -> Any:
        return checkpoint(f, *args)


class Differences:
    """How the definition of a derivative computes."""

    table: Mapping[str, Function] = REFERENCES

    def once(self, how: str, f: Function, x: Any) -> Any:
        return (f(x + STEP) - f(x - STEP)) / (2 * STEP)

    def twice(self, how: str, f: Function, x: Any, y: Any) -> Any:
        mixed = self.once("", lambda a: self.once("", lambda b: f(a, b), y), x)
        if how != "hvp":
            return mixed
        return self.once("", lambda a: self.once("", lambda b: f(b, y), a), x) + x * mixed

    def linear(self, how: str, f: Function, x: Any, outer: str) -> Any:
        return 2 * x * self.once("", f, x)

    def call(self, f: Function, *args: Any) -> Any:
        return f(*args)


# ----- Drawing functions -----


class Node(NamedTuple):
    """An expression: how it reads, how to compute it, and which transforms are in it."""

    text: str
    run: Callable[[Any, Mapping[str, Any]], Any]
    ways: tuple[str, ...] = ()


class Drawing:
    """Draws expressions from chance."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.names = 0
        # Passes of one kind are the ones that could be confused, so each function has few kinds.
        self.once = self.chance.sample(list(ONCE), self.chance.choice([1, 2, 4]))

    def expression(self, known: Sequence[str], depth: int, inside: int) -> Node:
        """Draw one of the variables `known`, so many ops deep, and so many derivatives."""
        chance = self.chance.random()
        if depth <= 0 or chance < 0.08:
            return self._leaf(known)
        if chance < 0.3:
            op, x = (
                self.chance.choice(["sin", "cos", "tanh"]),
                self.expression(known, depth - 1, inside),
            )
            return Node(f"{op}({x.text})", lambda e, v: e.table[op](x.run(e, v)), x.ways)
        if chance < 0.6 or not inside:
            op = self.chance.choice(["add", "sub", "mul", "mul"])
            a, b = (self.expression(known, depth - 1, inside) for _ in range(2))
            return Node(
                f"{op}({a.text}, {b.text})",
                lambda e, v: e.table[op](a.run(e, v), b.run(e, v)),
                a.ways + b.ways,
            )
        kind = self.chance.choice([self._once, self._once, self._twice, self._linear, self._call])
        return kind(known, depth, inside)

    def _leaf(self, known: Sequence[str]) -> Node:
        if self.chance.random() < 0.15:
            number = round(self.chance.uniform(-1.5, 1.5), 2)
            return Node(str(number), lambda e, v: number)
        name = self.chance.choice(known)
        return Node(name, lambda e, v: v[name])

    def _new(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def _body(self, known: Sequence[str], own: Sequence[str], depth: int, inside: int) -> Node:
        """Draw what is differentiated: mostly a product with its own variables, and of others."""
        rest = self.expression([*known, *own], depth - 1, inside - 1)
        if self.chance.random() < 0.2:
            return rest
        names = [*own, self.chance.choice(known)]
        return Node(
            f"mul({', '.join([*names, rest.text])})",
            lambda e, v: reduce(e.table["mul"], [*[v[name] for name in names], rest.run(e, v)]),
            rest.ways,
        )

    def _once(self, known: Sequence[str], depth: int, inside: int) -> Node:
        how, name = self.chance.choice(self.once), self._new()
        body = self._body(known, [name], depth, inside)
        at = self.expression(known, depth - 2, inside - 1)
        return Node(
            f"{how}({name}: {body.text})({at.text})",
            lambda e, v: e.once(how, lambda x: body.run(e, {**v, name: x}), at.run(e, v)),
            (how, *body.ways, *at.ways),
        )

    def _twice(self, known: Sequence[str], depth: int, inside: int) -> Node:
        how, a, b = self.chance.choice(list(TWICE)), self._new(), self._new()
        body = self._body(known, [a, b], depth, inside)
        x, y = (self.expression(known, 1, 0) for _ in range(2))
        return Node(
            f"{how}({a}, {b}: {body.text})({x.text}, {y.text})",
            lambda e, v: e.twice(
                how, lambda p, q: body.run(e, {**v, a: p, b: q}), x.run(e, v), y.run(e, v)
            ),
            (how, *body.ways),
        )

    def _linear(self, known: Sequence[str], depth: int, inside: int) -> Node:
        how, outer = self.chance.choice(list(LINEAR)), self.chance.choice(self.once)
        name = self._new()
        body = self._body(known, [name], depth, inside)
        at = self.expression(known, 1, 0)
        return Node(
            f"{outer}(z: z * {how}({name}: {body.text})(z))({at.text})",
            lambda e, v: e.linear(how, lambda x: body.run(e, {**v, name: x}), at.run(e, v), outer),
            (how, outer, *body.ways),
        )

    def _call(self, known: Sequence[str], depth: int, inside: int) -> Node:
        name, at = self._new(), self.expression(known, 1, 0)
        body = self.expression([*known, name], depth - 1, inside - 1)
        return Node(
            f"checkpoint({name}: {body.text})({at.text})",
            lambda e, v: e.call(lambda x: body.run(e, {**v, name: x}), at.run(e, v)),
            ("checkpoint", *body.ways),
        )


# ----- Comparing -----


class Outcome(NamedTuple):
    """What became of one function: "equal", "rounding", or what is wrong; and what was in it."""

    verdict: str
    ways: tuple[str, ...]


def examine(seed: int) -> Outcome:
    """Draw a function of two numbers, and differentiate it by the first."""
    drawing = Drawing(seed)
    node = drawing.expression(["x", "y"], 6, 3)
    while not node.ways:
        node = drawing.expression(["x", "y"], 6, 3)
    x, y = (drawing.chance.uniform(-1.0, 1.0) for _ in range(2))
    how = drawing.chance.choice([*drawing.once, *drawing.once, "backward"])

    def f(at: Any) -> Any:
        return node.run(Ours(), {"x": at, "y": y})

    with MP.workdps(DIGITS):
        truth = float(
            Differences().once(
                how, lambda at: node.run(Differences(), {"x": at, "y": MP.mpf(y)}), MP.mpf(x)
            )
        )
    about = f"{how}(x: {node.text})({x!r}), y = {y!r}"
    try:
        found = float(recorded(f, x) if how == "backward" else ONCE[how](f)(x))
        if math.isclose(found, truth, rel_tol=TOLERANCE, abs_tol=1e-30):
            return Outcome("equal", node.ways)
        slope = recorded(f, x)
    except Exception as cause:
        return Outcome(f"{seed} raises {type(cause).__name__}: {cause}; {about}", node.ways)
    if abs(found - truth) <= rounding(slope):
        return Outcome("rounding", node.ways)
    return Outcome(f"{seed} gives {found!r}, the truth is {truth!r}; {about}", node.ways)


def recorded(f: Function, x: float) -> Value:
    """Differentiate through Values that the caller made, outside of any transform."""
    at = Value(x)
    result = f(at)
    depends = isinstance(result, Value) and result.requires_grad
    return grad(result, at, create_graph=True) if depends else Value(0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--count", type=int, default=2_000, help="how many functions (2,000)")
    parser.add_argument("--short", action="store_true", help="100 functions")
    parser.add_argument("--seed", type=int, default=0, help="where chance starts (0)")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    count = 100 if given.short else given.count
    begin = time.perf_counter()
    outcomes = []
    seeds = [given.seed * 1_000_000 + i for i in range(count)]
    for outcome in results(examine, seeds, given.jobs, chunksize=5):
        outcomes.append(outcome)
        print(f"\r{len(outcomes)} of {count} functions", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report(outcomes, time.perf_counter() - begin)


def report(outcomes: Sequence[Outcome], seconds: float) -> int:
    """Print what became of all functions; return the exit code."""
    used = Counter(way for outcome in outcomes for way in outcome.ways)
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    wrong = [x.verdict for x in outcomes if x.verdict not in ("equal", "rounding")]
    print(
        f"{len(outcomes)} functions with {sum(used.values())} derivatives and checkpoints inside "
        f"({', '.join(f'{way} {used[way]}' for way in WAYS)}); {seconds:.0f} s\n"
        f"{verdicts['equal']} agree with differences to {TOLERANCE:g} of themselves, "
        f"{verdicts['rounding']} as far as rounding lets them"
    )
    for text in wrong[:20]:
        print(f"WRONG {text}")
    unused = [way for way in WAYS if not used[way]]
    if unused:
        print(f"NEVER USED: {', '.join(unused)}")
    print(f"{len(wrong)} wrong")
    return 1 if wrong or unused else 0


if __name__ == "__main__":
    sys.exit(main())
