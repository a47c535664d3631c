"""Gradients and Hessians of random programs over all ops, against JAX, which has its own rules.

    python benchmarks/random_programs.py                    # 3,000 programs, some minutes
    python benchmarks/random_programs.py --short            # 100 programs
    python benchmarks/random_programs.py --count 500 --seed 7
    python benchmarks/random_programs.py --against mpmath   # differences in many digits instead

Every number of the value, the gradient and the Hessian is compared, to 1e-10 of itself. Where the
two engines differ by more, a third one says what is true: differences of the program in many
digits. Then each difference has one of these reasons, and is counted under it:

- JAX is off: ours is the truth, to 1e-10.
- rounding: ours is off, but by no more than rounding each number on the way explains (the problem
  is ill-conditioned, and no arithmetic with doubles does better).
- a kink: an op stands exactly where it has no derivative, and each engine chooses a side.
- not finite: the truth is no finite number, and neither is ours.

Anything else is a failure: it is printed with the program. Exit code 1 if there is one, or an op
was used in none of a hundred programs or more.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from jobs import results
from pluggrad import Value, grad
from pluggrad.func import hessian, value_and_grad
from pluggrad.testing.counterparts import MP
from pluggrad.testing.rounding import rounding
from programs import INPUTS, OPS, Program, Step, at_a_kink, drawn
from references import REFERENCES

TOLERANCE = 1e-10
ENOUGH = 100  # programs, for every op to be used in one
FIRST = [(i,) for i in range(INPUTS)]
SECOND = list(product(range(INPUTS), repeat=2))
ORDERS: list[tuple[int, ...]] = [(), *FIRST, *SECOND]
Numbers = dict[tuple[int, ...], float]

# Ops that JAX does not have under any name; how they are made of others stands in `jax_table`.
COMPOSED = """
    compare elu erfc fma gaussian gelu leaky_relu ndtr power_rule relu remainder
    round sech sigmoid silu softplus softsign step
""".split()


# ----- Engines -----


def ours(program: Program) -> Numbers:
    """Compute with pluggrad: reverse mode, and forward over reverse."""

    def f(x: list[Any]) -> Any:
        return program.run(OPS, x)

    at = list(program.at)
    value, gradient = value_and_grad(f)(at)
    rows = hessian(f)(at)
    return gathered(value, gradient, rows)


def gathered(value: Any, gradient: Any, rows: Any) -> Numbers:
    found: Numbers = {(): float(value)}
    for i in range(INPUTS):
        found[(i,)] = float(gradient[i])
        for j in range(INPUTS):
            found[i, j] = float(rows[i][j])
    return found


def jax_table() -> dict[str, Any]:
    """Return JAX's functions for our ops: its own, or composed of its own."""
    import jax
    import jax.numpy as jnp

    same = """
        abs add cbrt ceil clip copysign cos cosh exp exp2 expm1 floor hypot log log10 log1p log2
        maximum minimum sin sinh sqrt tan tanh trunc
    """.split()
    return {
        **{name: getattr(jnp, name) for name in same},
        **{f"a{name}": getattr(jnp, f"arc{name}") for name in "sin cos tan sinh cosh tanh".split()},
        "atan2": jnp.arctan2,
        "beta": jax.scipy.special.beta,
        "betaln": jax.scipy.special.betaln,
        "compare": lambda a, b: jnp.sign(a - b),
        "erfinv": jax.scipy.special.erfinv,
        "digamma": jax.scipy.special.digamma,
        "div": jnp.divide,
        "elu": lambda x, alpha: jnp.where(x > 0, x, alpha * jnp.expm1(jnp.where(x > 0, 0.0, x))),
        "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "floordiv": jnp.floor_divide,
        "fma": lambda a, b, c: a * b + c,
        "fmod": jnp.fmod,
        "gamma": jax.scipy.special.gamma,
        "gaussian": lambda x: jnp.exp(-x * x),
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "leaky_relu": lambda x, slope: jnp.where(x > 0, x, slope * x),
        "log_ndtr": jax.scipy.special.log_ndtr,
        "logaddexp": jnp.logaddexp,
        "logit": jax.scipy.special.logit,
        "lgamma": jax.scipy.special.gammaln,
        "mod": jnp.mod,
        "mul": jnp.multiply,
        "ndtri": jax.scipy.special.ndtri,
        "ndtr": jax.scipy.special.ndtr,
        "neg": jnp.negative,
        "pow": jnp.power,
        "power_rule": lambda a, b, factor: factor * b * a ** (b - 1),
        "relu": jax.nn.relu,
        "remainder": lambda a, b: a - b * jnp.round(a / b),
        "round": lambda x, digits: jnp.round(x * 10.0**digits) / 10.0**digits,
        "sech": lambda x: 1 / jnp.cosh(x),
        "sigmoid": jax.nn.sigmoid,
        "sign": jnp.sign,
        "silu": jax.nn.silu,
        "softplus": jax.nn.softplus,
        "softsign": lambda x: x / (1 + jnp.abs(x)),
        "step": lambda x: jnp.heaviside(x, 0.0),
        "sub": jnp.subtract,
        "where": lambda condition, a, b: jnp.where(condition != 0, a, b),
    }


def theirs(program: Program) -> Numbers:
    """Compute with JAX in float64."""
    import jax
    import jax.numpy as jnp

    table = jax_table()

    def f(x: Any) -> Any:
        # Constants as arrays too: JAX then never computes with Python's numbers, which raise.
        steps = [
            Step(op, tuple([x if isinstance(x, int) else jnp.float64(x) for x in operands]))
            for op, operands in program.steps
        ]
        constant = program._replace(steps=tuple(steps))
        return constant.run(table, [x[i] for i in range(INPUTS)])

    @jax.jit  # compiled at once: op by op, each op of each derivative is a program of its own
    def numbers(x: Any) -> Any:
        return jax.jacfwd(gradient_and_all, has_aux=True)(x)

    def gradient_and_all(x: Any) -> Any:
        value, gradient = jax.value_and_grad(f)(x)
        return gradient, (value, gradient)

    rows, (value, gradient) = numbers(jnp.array(program.at, dtype=jnp.float64))
    return gathered(value, gradient.tolist(), rows.tolist())


class Precision(NamedTuple):
    """How many digits to compute with, and how far apart the points of a difference are."""

    digits: int
    step: Any


FINE = Precision(130, MP.mpf("1e-30"))
# What agrees with a number that was found in another way needs no more than this.
QUICK = Precision(65, MP.mpf("1e-15"))


def truth(program: Program, order: tuple[int, ...], precision: Precision = FINE) -> float:
    """Compute one number by central differences in many digits; nan where there is none."""
    with MP.workdps(precision.digits):
        total, largest = MP.zero, MP.zero
        for sides in product((1, -1), repeat=len(order)):
            steps = [0] * INPUTS
            for index, side in zip(order, sides, strict=True):
                steps[index] += side
            result = result_at(program, tuple(steps), precision)
            if result is None:
                return math.nan
            total += math.prod(sides) * result
            largest = max(largest, abs(result))
        if abs(total) <= largest * MP.mpf(10) ** (5 - precision.digits):
            return 0.0  # all digits cancel
        return float(total / (2 * precision.step) ** len(order))


@lru_cache(maxsize=256)  # the differences of one program share most of their points
def result_at(program: Program, steps: tuple[int, ...], precision: Precision) -> Any:
    """Compute a program in many digits, so many steps from its inputs; None where it cannot be."""
    operands = [MP.mpf(x) + n * precision.step for x, n in zip(program.at, steps, strict=True)]
    try:
        result = MP.mpf(program.run(references(program, precision), operands))
    except (ArithmeticError, ValueError, TypeError):  # a complex number is none
        return None
    return result if MP.isfinite(result) else None


@lru_cache(maxsize=4)
def references(program: Program, precision: Precision) -> dict[str, Any]:
    """Return the references, each remembering what it gave in one program, in so many digits.

    Where one input moves, what depends on the others alone stays as it was.
    """
    remember = lru_cache(maxsize=None, typed=True)
    return {step.op: remember(REFERENCES[step.op]) for step in program.steps} | {
        "add": REFERENCES["add"]
    }


def true_for(program: Program, order: tuple[int, ...], found: float) -> float:
    """Compute what a number that was found should be: quickly, and where that differs, finely."""
    quick = truth(program, order, QUICK)
    return quick if close(found, quick) else truth(program, order)


def by_rounding(program: Program, order: tuple[int, ...]) -> float:
    """Bound by how much rounding may put one of our numbers off."""
    values = [Value(x) for x in program.at]
    result = program.run(OPS, values)
    for index in order:
        result = grad(result, values, create_graph=True)[index]
    return rounding(result)


# ----- Comparing -----


@dataclass
class Outcome:
    """What became of some programs."""

    programs: int = 0
    numbers: int = 0
    equal: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    blamed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            *[getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__]
        )


def close(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def examine(task: tuple[int, str]) -> Outcome:
    """Draw one program and compare all its numbers."""
    seed, against = task
    program = drawn(seed)
    outcome = Outcome(programs=1, used=Counter(step.op for step in program.steps))
    found = ours(program)
    if against == "jax" and {step.op for step in program.steps} <= jax_table().keys():
        other = theirs(program)
    else:  # JAX has no function for one of its ops, or is not asked
        other = {n: true_for(program, tuple(sorted(n)), found[n]) for n in ORDERS}
    for order in ORDERS:
        outcome.numbers += 1
        if close(found[order], other[order]):
            outcome.equal += 1
            continue
        why = reason(program, order, found[order], other[order])
        if why:
            outcome.reasons[why] += 1
            if why == "JAX is off":
                outcome.blamed.update({step.op for step in program.steps})
        else:
            what = {0: "value", 1: "gradient", 2: "Hessian"}[len(order)]
            outcome.failures.append(
                f"{what} {order}: ours {found[order]!r}, {against} {other[order]!r}, truth "
                f"{truth(program, order)!r}; {program}"
            )
    return outcome


def reason(program: Program, order: tuple[int, ...], found: float, other: float) -> str:
    """Say why two numbers differ; "" if there is no excuse."""
    true = truth(program, order)
    if close(found, true):
        return "JAX is off"
    if not math.isfinite(true) and not math.isfinite(found):
        return "not finite"
    kink = at_a_kink(program)
    if kink:
        return f"a kink of {kink}"
    if abs(found - true) <= by_rounding(program, order):
        return "rounding"
    return ""


def start_jax() -> None:
    import os

    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)  # each program runs once


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--count", type=int, default=3_000, help="how many programs (3,000)")
    parser.add_argument("--short", action="store_true", help="100 programs")
    parser.add_argument("--seed", type=int, default=0, help="where chance starts (0)")
    parser.add_argument("--against", choices=["jax", "mpmath"], default="jax")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    if given.against == "jax":
        try:
            import jax
        except ImportError:
            print("jax is not installed: pip install 'pluggrad[bench]', or --against mpmath")
            return 2
        print(f"against JAX {jax.__version__}; composed of its functions: {', '.join(COMPOSED)}")
    count = 100 if given.short else given.count
    begin = time.perf_counter()
    total = Outcome()
    tasks = [(given.seed * 1_000_000 + i, given.against) for i in range(count)]
    prepare = start_jax if given.against == "jax" else None
    for outcome in results(examine, tasks, given.jobs, prepare, chunksize=5):
        total += outcome
        if total.programs % 50 == 0:
            told = f"\r{total.programs} of {count} programs"
            print(told, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report(total, given.against, time.perf_counter() - begin)


def report(total: Outcome, against: str, seconds: float) -> int:
    """Print what became of all programs; return the exit code."""
    least, times = min(((op, total.used[op]) for op in OPS), key=lambda pair: pair[1])
    unused = [op for op in OPS if not total.used[op]] if total.programs >= ENOUGH else []
    kinds = sum(op in total.used for op in OPS)
    print(
        f"{total.programs} programs of {sum(total.used.values())} ops ({kinds} "
        f"different ones, the rarest {least}, {times} times), {total.numbers} numbers: values, "
        f"gradients, Hessians; {seconds:.0f} s\n"
        f"{total.equal} agree with {against} to {TOLERANCE:g} of themselves"
    )
    for why, times in sorted(total.reasons.items()):
        print(f"{times:6}  {why}")
    if total.blamed:
        often = [(n / total.used[op], op) for op, n in total.blamed.items()]
        told = [f"{op} ({part:.0%})" for part, op in sorted(often, reverse=True)[:5]]
        print(f"        ops whose programs JAX is off in most often: {', '.join(told)}")
    for text in total.failures[:20]:
        print(f"FAILED {text}")
    if unused:
        print(f"NEVER USED: {', '.join(unused)}")
    print(f"{len(total.failures)} failures")
    return 1 if total.failures or unused else 0


if __name__ == "__main__":
    sys.exit(main())
