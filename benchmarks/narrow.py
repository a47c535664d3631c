"""Long narrow programs beside their peers: `python benchmarks/narrow.py`.

Steppers, recurrences and filters, where each step needs the one before: a chain of tanh, the
Runge-Kutta method on nine equations, a recurrent net of eight units, a Kalman filter's likelihood.
Value and gradient of each, by pluggrad's compiled program, by CasADi's SX function of scalars, by
JAX's scan, and by plain eager pluggrad. Each contender is checked against the engine first.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from measuring import Contender, Table, casadi_contender
from pluggrad import Value, compile
from pluggrad.ops import exp, sin, tanh


@dataclass(frozen=True)
class Case:
    """One program.

    Attributes:
        title: what it is.
        function: of its parameters, written for scalars of any kind; `m` has tanh and log.
        start: the parameters.
        scanned: makes the same of JAX's scan.
    """

    title: str
    function: Callable[..., Any]
    start: Sequence[float]
    scanned: Callable[[Any, Any], Callable[..., Any]]


def chain(depth: int) -> Case:
    def function(m: Any, x: Any, w: Any, b: Any) -> Any:
        for _ in range(depth):
            x = m.tanh(x * w + b)
        return x

    def scanned(jax: Any, jnp: Any) -> Any:
        def f(p: Any) -> Any:
            return jax.lax.scan(lambda x, _: (jnp.tanh(x * p[1] + p[2]), None), p[0], None, depth)[
                0
            ]

        return f

    return Case(f"tanh(x * w + b), {depth:,} times", function, (0.3, 1.0, 0.0), scanned)


def slope(y: Sequence[Any]) -> list[Any]:
    """Nine equations, each with three of its neighbours (after Lorenz, 1996)."""
    n = len(y)
    return [(y[(i + 1) % n] - y[i - 2]) * y[i - 1] - y[i] + 8.0 for i in range(n)]


def runge_kutta(steps: int) -> Case:
    h = 0.01

    def function(m: Any, *start: Any) -> Any:
        y = list(start)
        for _ in range(steps):
            one = slope(y)
            two = slope([a + k * (h / 2) for a, k in zip(y, one, strict=True)])
            three = slope([a + k * (h / 2) for a, k in zip(y, two, strict=True)])
            four = slope([a + k * h for a, k in zip(y, three, strict=True)])
            y = [
                a + (p + (q + r) * 2.0 + s) * (h / 6)
                for a, p, q, r, s in zip(y, one, two, three, four, strict=True)
            ]
        total = y[0] * y[0]
        for x in y[1:]:
            total = total + x * x
        return total

    def scanned(jax: Any, jnp: Any) -> Any:
        def dot(y: Any) -> Any:
            return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + 8.0

        def step(y: Any, _: Any) -> Any:
            one = dot(y)
            two = dot(y + one * (h / 2))
            three = dot(y + two * (h / 2))
            four = dot(y + three * h)
            return y + (one + (two + three) * 2.0 + four) * (h / 6), None

        return lambda p: (jax.lax.scan(step, p, None, steps)[0] ** 2).sum()

    start = [1.0 + 0.1 * i for i in range(9)]
    return Case(f"Runge-Kutta on nine equations, {steps:,} steps", function, start, scanned)


def recurrent(steps: int, units: int = 8) -> Case:
    chance = random.Random(1)
    series = [chance.gauss(0.0, 1.0) for _ in range(steps)]
    start = [chance.gauss(0.0, 0.3) for _ in range(units * (units + 2))]

    def function(m: Any, *p: Any) -> Any:
        weights = [p[i * units : (i + 1) * units] for i in range(units)]
        taken, biases = p[units * units : units * (units + 1)], p[units * (units + 1) :]
        state: list[Any] = [0.0] * units
        for x in series:
            new = []
            for i in range(units):
                total = taken[i] * x + biases[i]
                for j in range(units):
                    total = total + weights[i][j] * state[j]
                new.append(m.tanh(total))
            state = new
        total = state[0] * state[0]
        for s in state[1:]:
            total = total + s * s
        return total

    def scanned(jax: Any, jnp: Any) -> Any:
        given = jnp.array(series)

        def f(p: Any) -> Any:
            weights = p[: units * units].reshape(units, units)
            taken, biases = p[units * units : units * (units + 1)], p[units * (units + 1) :]
            last = jax.lax.scan(
                lambda s, x: (jnp.tanh(taken * x + biases + weights @ s), None),
                jnp.zeros(units),
                given,
            )[0]
            return (last**2).sum()

        return f

    return Case(f"recurrent net of {units} units, {steps:,} steps", function, start, scanned)


def kalman(steps: int) -> Case:
    chance = random.Random(2)
    series = [chance.gauss(0.0, 1.0) for _ in range(steps)]

    def function(m: Any, q: Any, r: Any, a: Any, x: Any, p: Any) -> Any:
        total = 0.0
        for z in series:
            x, p = x * a, p * a * a + q
            s, y = p + r, z - x
            total = total + (y * y / s + m.log(s))
            k = p / s
            x, p = x + k * y, (1.0 - k) * p
        return total

    def scanned(jax: Any, jnp: Any) -> Any:
        given = jnp.array(series)

        def f(start: Any) -> Any:
            q, r, a, x, p = start

            def step(state: Any, z: Any) -> Any:
                x, p, total = state
                x, p = x * a, p * a * a + q
                s, y = p + r, z - x
                k = p / s
                return (x + k * y, (1.0 - k) * p, total + y * y / s + jnp.log(s)), None

            return jax.lax.scan(step, (x, p, 0.0), given)[0][2]

        return f

    start = (0.1, 0.2, 0.95, 0.3, 1.0)
    return Case(f"likelihood by a Kalman filter, {steps:,} steps", function, start, scanned)


class Methods:
    """The functions that a case asks for, as methods of its scalars."""

    @staticmethod
    def tanh(x: Any) -> Any:
        return x.tanh()

    @staticmethod
    def log(x: Any) -> Any:
        return x.log()


def race(case: Case, seconds: float) -> Table:
    """Time all contenders on one program."""
    leaves = [Value(x) for x in case.start]
    end = case.function(Methods, *leaves)
    end.backward()
    table = Table(case.title, [end.data, *(x.grad for x in leaves)], seconds)
    table.enter("pluggrad, compiled", lambda: ours(case))
    table.enter("casadi, SX scalars", lambda: casadi_scalars(case))
    table.enter("jax, jit of a scan", lambda: jax_scan(case))
    table.enter("pluggrad eager", lambda: eager(case), most=5)
    return table


def ours(case: Case) -> Contender:
    leaves = [Value(x) for x in case.start]
    program = compile(case.function(Methods, *leaves), wrt=leaves)
    return program.step, lambda: [program.results[0], *program.gradients]


def eager(case: Case) -> Contender:
    found: list[float] = []

    def run() -> None:
        leaves = [Value(x) for x in case.start]
        end = case.function(Methods, *leaves)
        end.backward()
        found[:] = [end.data, *(x.grad for x in leaves)]

    return run, lambda: found


def casadi_scalars(case: Case) -> Contender:
    import casadi

    count = len(case.start)
    leaves = casadi.SX.sym("p", count)
    end = case.function(casadi, *(leaves[i] for i in range(count)))
    return casadi_contender(leaves, end, case.start)


def jax_scan(case: Case) -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    step = jax.jit(jax.value_and_grad(case.scanned(jax, jnp)))
    given = jnp.array(case.start)
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(given))

    return run, lambda: [float(found[0]), *map(float, found[1])]


def tangle(nodes: int) -> tuple[Value, list[Value]]:
    """Record something in which nothing repeats."""
    rng = random.Random(1)
    leaves = [Value(rng.uniform(0.5, 1.5)) for _ in range(8)]
    made: list[Any] = list(leaves)
    for _ in range(nodes):
        a, b = rng.choice(made[-12:]), rng.choice(made[-12:])
        kinds = a * b, a + b, a - b * 0.3, sin(a), tanh(a + b), a / (b * b + 1.0), exp(-a * a)
        made.append(rng.choice(kinds))
    return sum(made[-12:]), leaves


def in_the_background(nodes: int, seconds: float) -> None:
    """Run what repeats nothing until its pieces are there; print what a node takes then and before.

    Raises:
        SystemExit: when the numbers are not the same bits.
    """
    end, leaves = tangle(nodes)
    program: Any = compile(end, wrt=leaves)
    count, machine = len(program), program.executor
    before = machine.timed(machine.code, seconds)
    program.step()
    expected, start, runs = [*program.gradients], time.perf_counter(), 1
    while machine.background.parts is None:
        program.step()
        runs += 1
    ready = time.perf_counter() - start
    program.step()
    after = machine.timed(machine.code, seconds)
    print(f"\nwhat repeats nothing, {count:,} nodes: {before / count * 1e3:.1f} ns a node by "
          f"instructions, {after / count * 1e3:.1f} in pieces, {before / after:.1f} times as fast; "
          f"they were there after {runs:,} runs, {ready:.1f} s")  # fmt: skip
    if [*program.gradients] != expected:
        raise SystemExit("the numbers are others in pieces")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    parser.add_argument("--short", action="store_true", help="smaller programs")
    options = parser.parse_args()
    size = 10 if options.short else 1
    cases = (
        chain(3000 // size),
        runge_kutta(100 // size),
        recurrent(200 // size),
        kalman(200 // size),
    )
    for case in cases:
        race(case, 0.2 if options.short else options.seconds)
    in_the_background(3000 // size, options.seconds / 2)


if __name__ == "__main__":
    main()
