"""What derivatives cost: in time beside the function, and in memory beside its length.

    python benchmarks/calculus.py            # about a minute
    python benchmarks/calculus.py --short    # smaller functions, for continuous integration

CPU time, for three large functions of one list of numbers, everything in one process and in turn,
the garbage collector off, the least of several runs (and the median):

- gradient / recorded: `func.value_and_grad(f)(x)` over `f` on Values, which records its graph, as
  every forward pass of eager mode does. Limit 4.
- product / gradient: `func.hvp(f, ...)`, the Hessian times a direction, over `func.grad(f)(x)`.
  Limit 4.
- jvp / recorded, and the function on plain floats, for honesty: no Value is made there, so that is
  Python's own arithmetic, and the gradient over it is what writing `Value` for `float` costs.

Memory, the most at any time as tracemalloc sees it:

- `func.jvp` of a chain, ten times as long: the same, as nothing is kept. Limit 2 KB of growth.
- `backward` through a chain with and without `checkpoint` around each of its sqrt(n) parts. Limit a
  fifth.

Exit code 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import gc
import math
import operator
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any

from pluggrad import Value, checkpoint, func
from pluggrad.ops import exp, log, tanh

Function = Callable[[Sequence[Any]], Any]
LIMIT = 4.0
GROWTH = 2_000  # bytes
CHECKPOINTED = 0.2


# ----- Functions -----


def total(numbers: Sequence[Any]) -> Any:
    return reduce(operator.add, numbers)


def product(a: Sequence[Any], b: Sequence[Any]) -> Any:
    return total(list(map(operator.mul, a, b)))


def rosenbrock(x: Sequence[Any]) -> Any:
    """Rosenbrock's valley in many dimensions: sums of products."""
    return total(
        [100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a) for a, b in pairwise(x)]
    )


def network(x: Sequence[Any]) -> Any:
    """The logistic loss of a small network on some points: long sums of products, and tanh."""
    width = int(math.sqrt(len(x) + 1)) - 1
    rows = [x[i * width : (i + 1) * width] for i in range(width + 1)]
    chance = Random(0)
    loss = 0.0
    for _ in range(4):
        point = [chance.uniform(-1.0, 1.0) for _ in range(width)]
        hidden = [
            tanh(total([w * p for w, p in zip(row, point, strict=True)])) for row in rows[:-1]
        ]
        score = total([w * h for w, h in zip(rows[-1], hidden, strict=True)])
        loss = loss + log(1.0 + exp(-score))
    return loss


def logistic_map(x: Sequence[Any]) -> Any:
    """A recurrence: each number waits for the one before."""
    y = x[0]
    for r in x[1:]:
        y = tanh(y * r + 0.1)
    return y


# ----- Time -----


def timed(runs: dict[str, Callable[[], Any]], repeat: int) -> dict[str, list[float]]:
    """Run each in turn, several times; return seconds of this process, not of its neighbours."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            gc.collect()
            gc.disable()
            try:
                start = time.process_time()
                kept = run()
                taken[name].append(time.process_time() - start)
                del kept
            finally:
                gc.enable()
    return taken


def ratio(taken: dict[str, list[float]], above: str, below: str) -> tuple[float, str]:
    """Divide two times; return the ratio of the least ones, and text with that of the medians."""
    least = min(taken[above]) / min(taken[below])
    return least, f"{least:7.2f} ({median(taken[above]) / median(taken[below]):5.2f})"


def time_of(name: str, f: Function, x: list[float], repeat: int) -> bool:
    """Measure one function; print a line, and tell whether it keeps the limits."""
    direction = [math.cos(i) for i in range(len(x))]
    taken = timed(
        {
            "floats": lambda: f(x),
            "recorded": lambda: f([Value(number) for number in x]),
            "gradient": lambda: func.value_and_grad(f)(x),
            "grad": lambda: func.grad(f)(x),
            "product": lambda: func.hvp(f, (x,), (direction,)),
            "jvp": lambda: func.jvp(f, (x,), (direction,)),
        },
        repeat,
    )
    gradient, first = ratio(taken, "gradient", "recorded")
    product, second = ratio(taken, "product", "grad")
    _, third = ratio(taken, "jvp", "recorded")
    _, fourth = ratio(taken, "recorded", "floats")
    _, fifth = ratio(taken, "gradient", "floats")
    print(
        f"{name:14}{len(x):>8}{min(taken['recorded']) * 1e3:>10.1f} ms"
        f"{first:>18}{second:>18}{third:>18}{fourth:>18}{fifth:>18}"
    )
    return gradient <= LIMIT and product <= LIMIT


# ----- Memory -----


def peak(run: Callable[[], Any]) -> int:
    """Return the most bytes that are in use at any time of a run, beyond those before it."""
    run()  # what is made once for all, such as code, is not counted
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def chain(x: Any, steps: int) -> Any:
    for _ in range(steps):
        x = tanh(x * 1.5 + 0.1)
    return x


def pushed(steps: int) -> int:
    """Return the peak memory of forward mode through a chain."""
    return peak(lambda: func.jvp(lambda x: chain(x, steps), (0.5,), (1.0,)))


def pulled(parts: int, length: int, *, checkpointed: bool) -> tuple[int, float]:
    """Return the peak memory of a backward pass through a chain, and the gradient."""
    found = []

    def run() -> None:
        x = Value(0.5)
        y = x
        for _ in range(parts):
            y = checkpoint(chain, y, length) if checkpointed else chain(y, length)
        y.backward()
        found.append(x.grad)

    return peak(run), found[0]


def measure_memory(steps: int) -> bool:
    """Print peaks, and tell whether they keep the limits."""
    short, long = pushed(steps // 10), pushed(steps)
    print(
        f"\njvp of a chain: {short / 1e3:.1f} KB for {steps // 10} steps, {long / 1e3:.1f} KB for "
        f"{steps}"
    )
    parts = math.isqrt(steps)
    plain, g = pulled(parts, parts, checkpointed=False)
    less, h = pulled(parts, parts, checkpointed=True)
    print(
        f"backward through {parts * parts} steps: {plain / 1e6:.2f} MB; with a checkpoint around "
        f"each of {parts} parts {less / 1e6:.2f} MB, {less / plain:.3f} of it; gradients "
        f"{'equal' if g == h else 'DIFFERENT'}"
    )
    return long - short < GROWTH and less < CHECKPOINTED * plain and g == h


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--short", action="store_true", help="smaller functions, fewer runs")
    parser.add_argument("--memory", action="store_true", help="memory alone, which is exact")
    given = parser.parse_args()
    size, repeat, steps = (300, 5, 2_500) if given.short else (3_000, 11, 22_500)
    chance = Random(1)
    x = [chance.uniform(-1.0, 1.0) for _ in range(size)]
    kept = True
    if not given.memory:
        columns = (
            "gradient/recorded",
            "product/gradient",
            "jvp/recorded",
            "recorded/floats",
            "gradient/floats",
        )
        print(
            f"{'function':14}{'numbers':>8}{'recorded':>13}{''.join(f'{c:>18}' for c in columns)}"
        )
        for name, f in (
            ("rosenbrock", rosenbrock),
            ("network", network),
            ("logistic map", logistic_map),
        ):
            kept &= time_of(name, f, x, repeat)
        print("ratios of the least times (of the medians)")
    kept &= measure_memory(steps)
    print("all limits kept" if kept else "A LIMIT IS PASSED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
