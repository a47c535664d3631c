"""Fitting: sums over rows of data and their gradients: `python benchmarks/rows.py`.

Logistic regression with 20 weights, and a sum of two exponentials with five parameters, on a
million rows; value and gradient by pluggrad's function over rows, by NumPy by hand and by JAX.
pluggrad is checked against the engine on the first thousand rows, row by row, and the others
against pluggrad. A 784-50-10 net of MNIST's shape on batches of 32 images, beside NumPy's matrix
products, which take one thread, as pluggrad does where nothing else is said. Sums of numbers of
mixed size beside NumPy's long doubles. Then growth with rows, in time and memory, and a memory map.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy reads it

import numpy as np
from measuring import Contender, Table, steady
from pluggrad import compile
from pluggrad.ops import exp, log, log1p


def logistic(w: Any, x: Any, y: Any) -> Any:
    score = w[-1]
    for a, b in zip(w[:-1], x, strict=True):
        score = score + a * b
    return log1p(exp(-(score * y)))


def logistic_data(rows: int) -> tuple[Any, tuple[Any, ...]]:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(rows, 20))
    w = chance.normal(size=21) * 0.3
    return w, (x, np.where(x @ w[:-1] + w[-1] + chance.logistic(size=rows) > 0, 1.0, -1.0))


def logistic_by_hand(w: Any, x: Any, y: Any) -> tuple[Any, Any]:
    e = np.exp(-(x @ w[:-1] + w[-1]) * y)
    share = -y * e / (1.0 + e)
    return np.log1p(e).sum(), np.append(share @ x, share.sum())


def logistic_in_jax(jnp: Any) -> Callable[..., Any]:
    return lambda w, x, y: jnp.log1p(jnp.exp(-(x @ w[:-1] + w[-1]) * y)).sum()


def decay(p: Any, t: Any, y: Any) -> Any:
    r = p[0] * exp(-(p[1] * t)) + p[2] * exp(-(p[3] * t)) + p[4] - y
    return r * r


def decay_data(rows: int) -> tuple[Any, tuple[Any, ...]]:
    chance = np.random.default_rng(2)
    t = chance.uniform(0.0, 5.0, size=rows)
    y = 2.0 * np.exp(-0.7 * t) + np.exp(-3.0 * t) + 0.2 + chance.normal(size=rows) * 0.05
    return np.array([1.8, 0.6, 1.1, 2.5, 0.1]), (t, y)


def decay_by_hand(p: Any, t: Any, y: Any) -> tuple[Any, Any]:
    first, second = np.exp(-p[1] * t), np.exp(-p[3] * t)
    r = p[0] * first + p[2] * second + p[4] - y
    g, by_first, by_second = 2.0 * r, first * t, second * t
    return r @ r, np.array(
        [g @ first, -p[0] * (g @ by_first), g @ second, -p[2] * (g @ by_second), g.sum()]
    )


def decay_in_jax(jnp: Any) -> Callable[..., Any]:
    def f(p: Any, t: Any, y: Any) -> Any:
        r = p[0] * jnp.exp(-p[1] * t) + p[2] * jnp.exp(-p[3] * t) + p[4] - y
        return (r * r).sum()

    return f


CASES = {
    "logistic regression, 20 weights": (
        logistic,
        logistic_data,
        logistic_by_hand,
        logistic_in_jax,
    ),
    "two exponentials, 5 parameters": (decay, decay_data, decay_by_hand, decay_in_jax),
}


def flat(found: Any) -> list[float]:
    value, gradient = found
    return [float(value), *map(float, gradient)]


def race(name: str, rows: int, seconds: float) -> None:
    """Time all contenders on one fit."""
    function, data, by_hand, in_jax = CASES[name]
    shared, given = data(rows)
    over = compile(function, in_axes=(None, 0, 0), reduce="sum")
    truth = flat(over.value_and_grad(shared, *given))
    check_rows(function, shared, [x[:1000] for x in given])
    table = Table(f"{name}, {rows:,} rows", truth, seconds, "ms")

    def entered(call: Callable[[], Any]) -> Callable[[], Contender]:
        def make() -> Contender:
            found: list[Any] = []

            def run() -> None:
                found[:] = call()

            return run, lambda: flat(found)

        return make

    table.enter("pluggrad", entered(lambda: over.value_and_grad(shared, *given)))
    two = compile(function, in_axes=(None, 0, 0), reduce="sum", threads=2)
    table.enter("pluggrad, two threads", entered(lambda: two.value_and_grad(shared, *given)))
    table.enter("numpy, by hand", entered(lambda: by_hand(shared, *given)), tolerance=1e-10)
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        table.absent.append("jax")
        return
    jax.config.update("jax_enable_x64", True)
    step = jax.jit(jax.value_and_grad(in_jax(jnp)))
    there = [jnp.array(x) for x in (shared, *given)]
    call = entered(lambda: jax.block_until_ready(step(*there)))
    table.enter("jax, jit", call, tolerance=1e-10)


def net(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
    hidden = [
        sum((w * a for w, a in zip(row, x, strict=True)), bias).tanh()
        for row, bias in zip(w1, b1, strict=True)
    ]
    scores = [
        sum((w * a for w, a in zip(row, hidden, strict=True)), bias)
        for row, bias in zip(w2, b2, strict=True)
    ]
    parts = [exp(a) for a in scores]
    right = sum((t * a for t, a in zip(y[1:], scores[1:], strict=True)), y[0] * scores[0])
    return log(sum(parts[1:], parts[0])) - right


def net_by_hand(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> tuple[Any, Any]:
    hidden = np.tanh(x @ w1.T + b1)
    scores = hidden @ w2.T + b2
    parts = np.exp(scores)
    total = parts.sum(axis=1)
    g = parts / total[:, None] - y
    inner = (g @ w2) * (1.0 - hidden * hidden)
    loss = (np.log(total) - (y * scores).sum(axis=1)).sum()
    return loss, (inner.T @ x, inner.sum(axis=0), g.T @ hidden, g.sum(axis=0))


def layers(rows: int, seconds: float) -> None:
    """Time a net of MNIST's shape on a batch."""
    chance = np.random.default_rng(3)
    shared = [
        chance.normal(size=(50, 784)) / 28, chance.normal(size=50) / 10,
        chance.normal(size=(10, 50)) / 7, chance.normal(size=10) / 10,
    ]  # fmt: skip
    given = chance.random((rows, 784)), np.eye(10)[chance.integers(0, 10, rows)]
    over = compile(net, in_axes=(None,) * 4 + (0, 0), reduce="sum")

    def numbers(found: Any) -> list[float]:
        value, gradients = found
        return [float(value), *np.concatenate([x.ravel() for x in gradients]).tolist()]

    truth = numbers(net_by_hand(*shared, *given))
    table = Table(f"784-50-10, a batch of {rows} images", truth, seconds, "ms")

    def entered(call: Callable[..., Any]) -> Callable[[], Contender]:
        def make() -> Contender:
            found: list[Any] = []

            def run() -> None:
                found[:] = call(*shared, *given)

            return run, lambda: numbers(found)

        return make

    table.enter("pluggrad", entered(over.value_and_grad))
    table.enter("numpy, by hand", entered(net_by_hand))


def check_rows(function: Any, shared: Any, given: Sequence[Any]) -> None:
    """Compare with the same function row by row, in the engine."""
    import math

    from pluggrad import Value

    over = compile(function, in_axes=(None, 0, 0), reduce="sum")
    found = flat(over.value_and_grad(shared, *given))
    sums: list[list[float]] = []
    for row in zip(*given, strict=True):
        leaves = [Value(float(x)) for x in shared]
        result = function(leaves, *[x.tolist() for x in row])
        result.backward()
        sums.append([result.data, *(x.grad for x in leaves)])
    right = [math.fsum(x) for x in zip(*sums, strict=True)]
    scale = max(map(abs, right))
    worst = max(abs(a - b) / scale for a, b in zip(found, right, strict=True))
    print(f"\nrow by row on the engine: off by {worst:.0e}")
    if worst > 1e-12:
        raise SystemExit("the sum is not that of its rows")


def growth(most: int, seconds: float) -> None:
    """Print time for a row, and the memory that calls add, for more and more rows."""
    print("\nlogistic regression, by rows: ns for a row, and memory added by calls")
    over = compile(logistic, in_axes=(None, 0, 0), reduce="sum")
    rows = 1000
    while rows <= most:
        w, (x, y) = logistic_data(rows)
        over.value_and_grad(w, x, y)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        least, _ = steady(lambda w=w, x=x, y=y: over.value_and_grad(w, x, y), seconds)
        added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"  {rows:>12,}  {least * 1e3 / rows:8.1f} ns  {added / 1024:8.1f} MB", flush=True)
        rows *= 10


def exact(rows: int) -> None:
    """Compare sums of numbers of mixed size with those of NumPy's long doubles.

    Products with powers of two are exact, so that only sums round.

    Raises:
        SystemExit: where a sum is off by more than the documentation says.
    """
    chance = np.random.default_rng(4)
    x = chance.normal(size=rows) * 10.0 ** chance.integers(-8, 9, size=rows)
    right = float(x.astype(np.longdouble).sum())
    bound = 300 * 2.0**-53 * float(np.abs(x).sum())
    print(f"\nsums of {rows:,} numbers of mixed size, beside long doubles: off by, of the bound")
    for threads in (1, 2):
        fit = compile(lambda w, x: w[0] * x + w[1] * x, in_axes=(None, 0), threads=threads)
        value, slopes = fit.value_and_grad(np.array([0.5, 0.25]), x)
        errors = [value - 0.75 * right, *(slopes - right)]
        worst = max(map(abs, errors)) / bound
        print(f"  {threads} threads {worst:9.1e}", flush=True)
        if worst > 1.0:
            raise SystemExit("a sum is off by more than the documentation says")


def mapped(rows: int) -> None:
    """Fit to rows in a file that is larger than what may be in memory at once."""
    import time

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows")
        table = np.memmap(path, np.float64, "w+", shape=(rows, 2))
        for start in range(0, rows, 1 << 20):
            _, (t, y) = decay_data(min(1 << 20, rows - start))
            table[start : start + len(t), 0], table[start : start + len(t), 1] = t, y
        table.flush()
        del table
        table = np.memmap(path, np.float64, "r", shape=(rows, 2))
        over = compile(decay, in_axes=(None, 0, 0), reduce="sum")
        p = np.array([1.8, 0.6, 1.1, 2.5, 0.1])
        over.value_and_grad(p, table[:1000, 0], table[:1000, 1])
        before = own_memory()
        start_time = time.perf_counter()
        over.value_and_grad(p, table[:, 0], table[:, 1])
        taken = time.perf_counter() - start_time
        print(
            f"\n{rows:,} rows from a memory map, {rows * 16 / 1e9:.1f} GB: {taken:.1f} s, "
            f"{(own_memory() - before) / 1e6:.0f} MB of its own"
        )


def on_workers(rows: int) -> None:
    """Fit to rows that lie in one Dask worker, and in two."""
    import time

    import dask.array as da
    from distributed import Client, LocalCluster, wait

    blocks, each = 8, rows // 8
    over = compile(decay, in_axes=(None, 0, 0), reduce="sum")
    p, found = np.array([1.8, 0.6, 1.1, 2.5, 0.1]), {}
    over.value_and_grad(p, *decay_data(1000)[1])
    print(f"\n{blocks * each:,} rows in Dask workers, load {os.getloadavg()[0]:.1f}")
    for workers in (1, 2):
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as near,
            Client(near),
        ):
            t = da.linspace(0.0, 5.0, blocks * each, chunks=each).persist()
            y = (2.0 * np.exp(-0.7 * t) + np.exp(-3.0 * t) + 0.2).persist()
            wait([t, y])
            over.value_and_grad(p, t, y)
            times = []
            for _ in range(5):
                start = time.perf_counter()
                over.value_and_grad(p, t, y)
                times.append(time.perf_counter() - start)
            found[workers] = min(times)
            print(f"  {workers} worker(s): {found[workers]:.2f} s", flush=True)
    print(f"  two workers: {found[1] / found[2]:.2f} times one")


def own_memory() -> int:
    """Count the bytes of memory of this process that are not pages of files."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each is timed")
    parser.add_argument("--mapped", type=int, default=0, help="rows to fit from a file, too")
    parser.add_argument("--workers", type=int, default=0, help="rows to fit in Dask workers, too")
    parser.add_argument("--short", action="store_true", help="fewer rows")
    options = parser.parse_args()
    rows, seconds = (20_000, 0.3) if options.short else (options.rows, options.seconds)
    for name in CASES:
        race(name, rows, seconds)
    layers(32, seconds)
    exact(200_000 if options.short else 10_000_000)
    growth(100_000 if options.short else 10_000_000, seconds / 3)
    if options.workers:
        on_workers(options.workers)
    if options.mapped:
        mapped(options.mapped)


if __name__ == "__main__":
    main()
