"""Functions over many lanes, beside heyoka, ddx, JAX and NumPy by hand; on one thread.

    python benchmarks/lanes.py               # value and gradient, 100,000 lanes; some minutes
    python benchmarks/lanes.py --short       # fewer lanes, for continuous integration
    python benchmarks/lanes.py --only options,tanh
    python benchmarks/lanes.py --only growth # options, 10**3 to 10**7 lanes: time and memory
    python benchmarks/lanes.py --only calls  # what short calls of many kinds take
    python benchmarks/lanes.py --only threads # two threads, and how many cores are free meanwhile

Every contender is checked against the eager engine first, and each function is timed in rounds in
which all contenders take turns, so that a noisy machine is noisy for all. They share one core: some
would take all there are. Options are priced with given buffers where a contender takes them. Below
each table stands what NumPy needs for the value alone, beside pluggrad's value, and value with
gradient: at most once and twice that is aimed at.
Exit code 1 where a contender disagrees, or memory beside arguments and results reaches 64 MB.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from threading import Thread
from typing import Any

import numpy as np
import pluggrad.ops
from compile_greeks import formula
from measuring import one_core
from pluggrad import compile, func

TOLERANCE = 1e-10
CHECKED = 100  # lanes
BESIDE = 64.0  # MB


@dataclass
class Task:
    """A function of numbers, for several libraries.

    Attributes:
        name: what to call it.
        function: takes a library, that has `exp`, `log`, ..., and the numbers.
        ranges: the numbers lie between these.
        numpy: how NumPy computes it, value and gradient, by hand; None where nobody wrote it down.
    """

    name: str
    function: Callable[..., Any]
    ranges: tuple[tuple[float, float], ...]
    numpy: Callable[..., Any] | None = None
    peers: tuple[str, ...] = ("heyoka", "ddx", "jax")
    found: dict[str, Any] = field(default_factory=dict)


# ----- Functions -----


def options(lib: Any, *x: Any) -> Any:
    return formula(lib, lib.ndtr, x)


def polynomial(lib: Any, x: Any) -> Any:
    total = 1.0
    for c in (0.5, -0.25, 2.0, 0.125, -1.5, 0.75, 0.3):
        total = total * x + c
    return total


def exponential(lib: Any, x: Any) -> Any:
    return lib.exp(x)


def five_tanh(lib: Any, x: Any, w: Any, b: Any) -> Any:
    for _ in range(5):
        x = lib.tanh(x * w + b)
    return x


def waves(lib: Any, x: Any, y: Any) -> Any:
    return lib.sin(x) * lib.cos(y) + lib.sin(x * y)


def branch(lib: Any, x: Any, y: Any) -> Any:
    return lib.maximum(x * y, x + y) * y


def newton(lib: Any, a: Any) -> Any:
    """Solve x e**x = a by eight steps of Newton's from log(1 + a)."""
    x = lib.log(1.0 + a)
    for _ in range(8):
        e = lib.exp(x)
        x = x - (x * e - a) / (e * (1.0 + x))
    return x


def heston(lib: Any, spot: Any, variance: Any, kappa: Any, theta: Any, noise: Any) -> Any:
    """Return the mean along one Heston path of 50 Euler steps, whose shocks are a chirp's."""
    dt = 1.0 / 50.0
    logarithm, total = lib.log(spot), 0.0
    for k in range(50):
        shock, other = math.sin(1.7 * k * k + 0.3), math.cos(0.9 * k * k)
        root = lib.sqrt(lib.maximum(variance, 1e-8) * dt)
        logarithm = logarithm - 0.5 * dt * variance + root * shock
        variance = variance + kappa * (theta - variance) * dt + noise * root * other
        total = total + lib.exp(logarithm)
    return total / 50.0


# ----- By hand -----


def polynomial_by_hand(x: Any) -> list[Any]:
    total, slope = np.ones_like(x), np.zeros_like(x)
    for c in (0.5, -0.25, 2.0, 0.125, -1.5, 0.75, 0.3):
        slope = slope * x + total
        total = total * x + c
    return [total, slope]


def exponential_by_hand(x: Any) -> list[Any]:
    y = np.exp(x)
    return [y, y]


def five_tanh_by_hand(x: Any, w: Any, b: Any) -> list[Any]:
    xs = [x]
    for _ in range(5):
        xs.append(np.tanh(xs[-1] * w + b))
    g, by_w, by_b = 1.0, 0.0, 0.0
    for before, after in zip(xs[-2::-1], xs[:0:-1], strict=True):
        g = g * (1.0 - after * after)
        by_w, by_b = by_w + g * before, by_b + g
        g = g * w
    return [xs[-1], g, by_w, by_b]


def waves_by_hand(x: Any, y: Any) -> list[Any]:
    s, c, sy, cy, product = np.sin(x), np.cos(x), np.sin(y), np.cos(y), x * y
    slope = np.cos(product)
    return [s * cy + np.sin(product), c * cy + slope * y, slope * x - s * sy]


def branch_by_hand(x: Any, y: Any) -> list[Any]:
    product, total = x * y, x + y
    larger = product > total
    high = np.where(larger, product, total)
    return [high * y, y * np.where(larger, y, 1.0), high + y * np.where(larger, x, 1.0)]


def newton_by_hand(a: Any) -> list[Any]:
    x, slope = np.log1p(a), 1.0 / (1.0 + a)
    for _ in range(8):
        e = np.exp(x)
        residual, below = x * e - a, e * (1.0 + x)
        by_x = residual * (e * (2.0 + x)) / (below * below)
        slope = slope * by_x + 1.0 / below
        x = x - residual / below
    return [x, slope]


def options_by_hand(spot: Any, strike: Any, years: Any, rate: Any, volatility: Any) -> list[Any]:
    from scipy.special import ndtr

    root = np.sqrt(years)
    spread = volatility * root
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    n1, n2 = ndtr(d1), ndtr(d1 - spread)
    discounted = strike * np.exp(-rate * years)
    vega = spot * np.exp(-0.5 * d1 * d1) * (root / math.sqrt(2.0 * math.pi))
    return [
        spot * n1 - discounted * n2,
        n1,
        -discounted / strike * n2,
        rate * discounted * n2 + vega * volatility / (2.0 * years),
        years * discounted * n2,
        vega,
    ]


TASKS = [
    Task("options", options, ((80, 120), (80, 120), (0.1, 2), (0, 0.06), (0.1, 0.5)),
         options_by_hand),
    Task("polynomial", polynomial, ((-1, 1),), polynomial_by_hand),
    Task("exp", exponential, ((-3, 3),), exponential_by_hand),
    Task("five tanh", five_tanh, ((-1, 1), (0.5, 1.5), (-0.5, 0.5)), five_tanh_by_hand),
    Task("sin and cos", waves, ((-3, 3), (-3, 3)), waves_by_hand),
    Task("branch", branch, ((-2, 2), (-2, 2)), branch_by_hand, ("ddx", "jax")),
    Task("newton", newton, ((0.1, 5.0),), newton_by_hand),
    Task("heston", heston, ((80, 120), (0.02, 0.06), (1, 3), (0.03, 0.05), (0.1, 0.3)), None,
         ("ddx", "jax")),
]  # fmt: skip


# ----- Contenders: each makes, from a task and its numbers, what gives value and gradient -----


def ours(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    compiled = compile(lambda *x: task.function(pluggrad.ops, *x))

    def run() -> list[Any]:
        value, gradient = compiled.value_and_grad(*rows)
        return [value, *(gradient if len(rows) > 1 else [gradient])]

    return run


def into_given_arrays(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    compiled = compile(lambda *x: task.function(pluggrad.ops, *x))
    outs = tuple([np.empty(len(rows[0])) for _ in range(1 + len(rows))])

    def run() -> list[Any]:
        compiled.value_and_grad(*rows, out=outs)
        return list(outs)

    return run


def numpy_by_hand(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    assert task.numpy is not None
    return lambda: task.numpy(*rows)  # type: ignore[misc]


class Heyoka:
    """heyoka's functions under the names used here."""

    def __init__(self) -> None:
        self.hy: Any = importlib.import_module("heyoka")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hy, name)

    def ndtr(self, x: Any) -> Any:
        return 0.5 * (1.0 + self.hy.erf(x / math.sqrt(2.0)))


def heyoka(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    lib = Heyoka()
    names = [f"x{i}" for i in range(len(rows))]
    symbols = list(lib.hy.make_vars(*names)) if len(rows) > 1 else [lib.hy.make_vars(*names)]
    value = task.function(lib, *symbols)
    tensors = lib.hy.diff_tensors([value], diff_args=symbols, diff_order=1)
    function = lib.hy.cfunc(
        [value, *tensors.gradient], vars=symbols, fast_math=True, force_avx512=True
    )
    given, out = np.array(rows), np.empty((1 + len(rows), len(rows[0])))

    def run() -> list[Any]:
        return list(function(given, outputs=out))

    return run


class Ddx:
    """ddx's functions under the names used here."""

    def __init__(self) -> None:
        self.ddx: Any = importlib.import_module("ddx")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ddx, name)

    def ndtr(self, x: Any) -> Any:
        return 0.5 * (1.0 + self.ddx.erf(x / math.sqrt(2.0)))

    def maximum(self, a: Any, b: Any) -> Any:
        return self.ddx.max(a, b)


def ddx(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    lib = Ddx()

    def model() -> Any:
        return task.function(lib, *[lib.ddx.var(f"x{i}") for i in range(len(rows))])

    equation = lib.ddx.equation(model)
    given = np.array(rows)

    def run() -> list[Any]:
        value, jacobian = equation.jacobian(given)
        return [np.ravel(value), *np.reshape(jacobian, (len(rows), -1))]

    return run


def jax(task: Task, rows: list[Any]) -> Callable[[], list[Any]]:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = importlib.import_module("jax.numpy")
    norm = importlib.import_module("jax.scipy.stats").norm

    class Lib:
        ndtr = staticmethod(norm.cdf)

        def __getattr__(self, name: str) -> Any:
            return getattr(jnp, name)

    def function(*x: Any) -> Any:
        return task.function(Lib(), *x)

    step = jax.jit(jax.vmap(jax.value_and_grad(function, tuple(range(len(rows))))))
    given = [jnp.array(x) for x in rows]

    def run() -> list[Any]:
        value, gradient = jax.block_until_ready(step(*given))
        return [value, *gradient]

    return run


CONTENDERS: dict[str, Callable[[Task, list[Any]], Callable[[], list[Any]]]] = {
    "pluggrad": ours,
    "pluggrad, out=": into_given_arrays,  # as heyoka is called
    "numpy": numpy_by_hand,
    "heyoka": heyoka,
    "ddx": ddx,
    "jax": jax,
}


# ----- The race -----


def contenders(task: Task, rows: list[Any]) -> Iterator[tuple[str, float, Callable[[], list[Any]]]]:
    """Set up those that are there and can do it."""
    for name, make in CONTENDERS.items():
        if name == "numpy" and task.numpy is None:
            continue
        if name in ("heyoka", "ddx", "jax") and (name not in task.peers or not find_spec(name)):
            continue
        start = time.perf_counter()
        run = make(task, rows)
        run()
        yield name, time.perf_counter() - start, run


def truth(task: Task, rows: list[Any]) -> list[list[float]]:
    """Compute some lanes with the eager engine."""
    eager = func.value_and_grad(lambda *x: task.function(pluggrad.ops, *x), tuple(range(len(rows))))
    found = [eager(*[float(x[i]) for x in rows]) for i in range(CHECKED)]
    return [[value, *gradient] for value, gradient in found]


def error(found: list[Any], exact: list[list[float]]) -> float:
    """Return the largest difference, relative to the largest number of its kind."""
    columns = list(zip(*exact, strict=True))
    worst = 0.0
    for x, column in zip(found, columns, strict=True):
        scale = max(map(abs, column)) or 1.0
        worst = max(worst, *(abs(float(x[i]) - column[i]) / scale for i in range(CHECKED)))
    return worst


def race(task: Task, count: int, seconds: float) -> bool:
    """Print the table of one task; say whether all agree."""
    rng = np.random.default_rng(1)
    rows = [rng.uniform(low, high, count) for low, high in task.ranges]
    exact = truth(task, rows)
    running, agree = [], True
    print(f"\n{task.name}: value and gradient, {count:,} lanes, ns for one")
    for name, setup, run in contenders(task, rows):
        off = error(run(), exact)
        if off <= TOLERANCE:
            running.append((name, setup, off, run, []))
        else:
            agree = False
            print(f"  {name} DISAGREES by {off:.1e}")
    end = time.perf_counter() + seconds * len(running)
    while time.perf_counter() < end:
        for *_, run, times in running:
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) / count * 1e9)
    print(f"  {'':<16}{'min':>9}{'median':>9}{'set up s':>10}{'off by':>9}{'to pluggrad':>13}")
    mine = median(running[0][-1])
    for name, setup, off, _, times in running:
        ratio = median(times) / mine
        print(
            f"  {name:<16}{min(times):9.2f}{median(times):9.2f}{setup:10.3f}{off:9.0e}"
            f"{ratio:12.2f}x"
        )
    return agree


class NumPy:
    """NumPy's functions under the names used here."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np if hasattr(np, name) else importlib.import_module("scipy.special"), name)


def beside_numpy(task: Task, count: int, seconds: float) -> None:
    """Print the time of a value, and of value and gradient, over NumPy's for the value."""
    rng = np.random.default_rng(1)
    rows = [rng.uniform(low, high, count) for low, high in task.ranges]
    compiled = compile(lambda *x: task.function(pluggrad.ops, *x))
    running: dict[str, tuple[Callable[[], Any], list[float]]] = {
        "numpy": (lambda: task.function(NumPy(), *rows), []),
        "value": (lambda: compiled(*rows), []),
        "both": (lambda: compiled.value_and_grad(*rows), []),
    }
    end = time.perf_counter() + 3 * seconds
    while time.perf_counter() < end or not running["both"][1]:
        for run, times in running.values():
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    for name, what, aim in (("value", "value", 1.0), ("both", "value and gradient", 2.0)):
        ratio, least = [f(running[name][1]) / f(running["numpy"][1]) for f in (median, min)]
        print(
            f"  {what}: {ratio:.2f} times NumPy's value ({least:.2f} of the shortest times)"
            + (f", above {aim:.0f}" if min(ratio, least) > aim else "")
        )


# ----- Calls -----


def shortest(runs: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Let them take turns; give the shortest time of each in seconds."""
    found = dict.fromkeys(runs, math.inf)
    for run in runs.values():
        run()
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            found[name] = min(found[name], time.perf_counter() - start)
    return found


def calls(seconds: float) -> None:
    """Print what calls with a thousand lanes take that are written in several ways, in us."""
    rng = np.random.default_rng(1)
    rows = [rng.uniform(low, high, 1000) for low, high in TASKS[0].ranges]
    outs = tuple([np.empty(1000) for _ in range(6)])
    singles = [x.astype(np.float32) for x in rows]
    gaps = [np.repeat(x, 2)[::2] for x in rows]
    price = compile(lambda *x: options(pluggrad.ops, *x))
    runs = {
        "arrays": lambda: price.value_and_grad(*rows),
        "out=": lambda: price.value_and_grad(*rows, out=outs),
        "a number among them": lambda: price.value_and_grad(*rows[:4], 0.2),
        "singles": lambda: price.value_and_grad(*singles),
        "with gaps": lambda: price.value_and_grad(*gaps),
        "(40, 1) and (25,)": lambda: price.value_and_grad(
            rows[0][:40, None], rows[1][:25], *[float(x[0]) for x in rows[2:]]
        ),
        "20 lanes": lambda: price.value_and_grad(*[x[:20] for x in rows]),
        "jvp": lambda: price.jvp(tuple(rows), tuple(rows)),
        "hvp": lambda: price.hvp(tuple(rows), tuple(rows)),
    }
    print("\noptions, value and gradient, 1,000 lanes: shortest call, us")
    for name, found in shortest(runs, seconds).items():
        print(f"  {name:<22}{found * 1e6:9.1f}")


# ----- Threads -----


def threads(count: int, seconds: float) -> None:
    """Print the rate of two threads over that of one, beside that of NumPy without any sharing."""
    rng = np.random.default_rng(1)
    rows = [rng.uniform(low, high, count) for low, high in TASKS[0].ranges]
    one, two = (compile(lambda *x: options(pluggrad.ops, *x), threads=k) for k in (1, 2))
    numbers = np.linspace(0.0, 1.0, 2 * count)

    def both() -> None:
        other = Thread(target=np.sin, args=(numbers,))
        other.start()
        np.sin(numbers)
        other.join()

    found = shortest(
        {
            "one": lambda: one.value_and_grad(*rows),
            "two": lambda: two.value_and_grad(*rows),
            "alone": lambda: np.sin(numbers),
            "both": both,
        },
        4 * seconds,
    )
    print(f"\noptions, value and gradient, {count:,} lanes, two threads")
    print(f"  {found['one'] / found['two']:.2f} times the rate of one", end="; ")
    print(f"two sines of NumPy's side by side: {2 * found['alone'] / found['both']:.2f} times")


# ----- Growth -----


def growth(counts: list[int]) -> bool:
    """Print time for a lane and memory beside arrays, each count in a process of its own.

    Returns:
        Whether memory stays below the bound.
    """
    print("\noptions, value and gradient, out=: by lanes, ns for one")
    print(f"  {'':12}{'min':>9}{'median':>9}{'to the least':>14}{'MB beside':>11}")
    found = []
    for count in counts:
        command = [sys.executable, __file__, "--once", str(count)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append([float(x) for x in printed.split()])
    least = min(shortest for shortest, *_ in found)
    for count, (shortest, middle, beside) in zip(counts, found, strict=True):
        over = "" if beside < BESIDE else f" {BESIDE:.0f} OR MORE"
        ratio = shortest / least
        print(f"  {count:<12,}{shortest:9.2f}{middle:9.2f}{ratio:13.2f}x{beside:11.1f}{over}")
    print(f"  load {os.getloadavg()[0]:.1f}")
    return all(beside < BESIDE for *_, beside in found)


def once(count: int) -> None:
    """Price so many options into given arrays; print ns for one, twice, and MB that it took beside.

    The first is the shortest time, the second the median.
    """
    import resource

    rng = np.random.default_rng(1)
    price = compile(lambda *x: options(pluggrad.ops, *x))
    few = [rng.uniform(low, high, 1000) for low, high in TASKS[0].ranges]
    price.value_and_grad(*few, out=tuple([np.empty(1000) for _ in range(6)]))
    rows = [np.empty(count) for _ in few]  # filled in place: copies would hide what a call takes
    for row, x in zip(rows, few, strict=True):
        row.reshape(-1, 1000)[:] = x
    outs = tuple([np.ones(count) for _ in range(6)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    end = time.perf_counter() + 0.5
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        price.value_and_grad(*rows, out=outs)
        times.append(time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        min(times) / count * 1e9,
        median(times) / count * 1e9,
        (after - before) / (1 << 10 if sys.platform != "darwin" else 1 << 20),
    )


def main() -> int:
    """Run the races."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--short", action="store_true", help="fewer lanes, less time")
    parser.add_argument("--lanes", type=int, help="how many lanes")
    parser.add_argument("--only", default="", help="names of tasks, with commas between them")
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.once:
        once(chosen.once)
        return 0
    count = chosen.lanes or (20_000 if chosen.short else 100_000)
    names = [x for x in chosen.only.split(",") if x]
    tasks = [x for x in TASKS if not names or x.name in names]
    seconds = 0.3 if chosen.short else 2.0
    fine = True
    with one_core():
        for task in tasks:
            fine = race(task, count, seconds) and fine
            beside_numpy(task, count, seconds)
    if not names or "calls" in names:
        calls(seconds)
    if not names or "threads" in names:
        threads(count, seconds)
    if not names or "growth" in names:
        fine = growth([10**k for k in range(3, 7 if chosen.short else 8)]) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
