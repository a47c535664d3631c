"""Fit a volatility smile to option prices on a cluster, then value the whole book with its greeks.

    python examples/options_on_dask.py [--options N] [--chunk N] [--workers N] [--kill]

Dask's arrays are chunks of NumPy arrays that are computed on workers, here processes of this
machine; `Client("tcp://...")` would be the only other line for a cluster of many machines. A
compiled function takes a Dask array like any other: the result is an array that is not computed
yet. So the options are never together in one place (10^9 of them need 32 GB), and what comes back
are sums: of squared errors, of derivatives, of greeks.

The fit is Gauss and Newton's: each step solves the normal equations, which are sums over all
options of products of derivatives. With --kill a worker is killed in the middle of a pass; Dask
computes anew what it had, and the sums are the same to the last bit.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from black_scholes import price
from pluggrad import compile
from pluggrad.ops import log

TRUE = (0.22, -0.08, 0.15)  # level, skew and curvature, by which the market's prices are made
START = (0.35, 0.0, 0.0)
RATE = 0.03
STEPS = 5
GREEKS = ("delta", "dual delta", "theta", "rho", "vega")


def smile(parameters: Any, spot: Any, strike: Any) -> Any:
    """Return the volatility of an option: a parabola in the logarithm of its moneyness."""
    level, skew, curvature = parameters
    moneyness = log(strike / spot)
    return level + (skew + curvature * moneyness) * moneyness


@compile
def volatility(parameters: Any, spot: Any, strike: Any) -> Any:
    """Compute the volatility alone."""
    return smile(parameters, spot, strike)


@compile
def error(parameters: Any, *, market: Any, spot: Any, strike: Any, years: Any) -> Any:
    """Compute by how much the model misses the market; the gradient is that of the parameters."""
    return price(spot, strike, years, RATE, smile(parameters, spot, strike)) - market


greeks = compile(price)


def market(count: int, chunk: int) -> dict[str, Any]:
    """Describe options and their prices in cents; no number exists before it is needed."""
    import dask.array as da

    rng = da.random.default_rng(0)
    option = {
        "spot": rng.uniform(90.0, 110.0, count, chunks=chunk),
        "strike": rng.uniform(80.0, 120.0, count, chunks=chunk),
        "years": rng.uniform(0.1, 2.0, count, chunks=chunk),
    }
    exact = greeks(
        **option, rate=RATE, volatility=volatility(TRUE, option["spot"], option["strike"])
    )
    return {**option, "market": exact.round(2)}


def normal_equations(parameters: Sequence[float], data: dict[str, Any]) -> list[Any]:
    """Return the sum of squared errors, and what a step of Gauss and Newton needs, all as sums."""
    missed, slopes = error.value_and_grad(list(parameters), **data)
    sums = [(missed * missed).sum()]
    sums += [(slope * missed).sum() for slope in slopes]
    return sums + [(a * b).sum() for i, a in enumerate(slopes) for b in slopes[: i + 1]]


def stepped(parameters: Sequence[float], sums: Sequence[float]) -> list[float]:
    """Make a step from the sums of `normal_equations`."""
    import numpy as np

    count = len(parameters)
    matrix = np.zeros((count, count))
    matrix[np.tril_indices(count)] = sums[1 + count :]
    matrix += np.tril(matrix, -1).T
    return (np.asarray(parameters) - np.linalg.solve(matrix, sums[1 : 1 + count])).tolist()


def book(parameters: Sequence[float], data: dict[str, Any]) -> list[Any]:
    """Return the value of all options together, and their greeks, as sums."""
    spot, strike = data["spot"], data["strike"]
    levels = volatility(parameters, spot, strike)
    value, slopes = greeks.value_and_grad(spot, strike, data["years"], RATE, levels)
    return [value.sum(), *(slope.sum() for slope in slopes)]


# ----- The cluster -----


@contextmanager
def cluster(workers: int) -> Iterator[Any]:
    """Start worker processes; return the client that sends them work."""
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,  # a killed worker is no news here
        ) as started,
        Client(started) as client,
    ):
        yield client


def computed(client: Any, sums: list[Any], title: str = "", *, kill: bool = False) -> list[float]:
    """Compute sums on the workers, with a progress bar; kill one in the middle on request."""
    from dask.distributed import progress

    start = time.perf_counter()
    futures = client.compute(sums)
    if kill:
        threading.Thread(target=kill_one_worker, args=(client,)).start()
    if title and sys.stdout.isatty():
        progress(futures)
    found = client.gather(futures)
    if title:
        print(f"{title}: {time.perf_counter() - start:.2f} s")
    return [float(x) for x in found]


def kill_one_worker(client: Any) -> None:
    """Wait until workers hold results, and kill one of them."""
    while not any(client.has_what().values()):
        time.sleep(0.01)
    process = next(iter(client.run(os.getpid).values()))
    os.kill(process, signal.SIGKILL)
    print(f"  killed worker process {process}")


def fit(client: Any, data: dict[str, Any], *, kill: bool = False) -> tuple[list[float], float]:
    """Fit the smile; return its parameters, and the root of the mean squared error before."""
    parameters = list(START)
    for step in range(STEPS):
        title = f"step {step + 1} of {STEPS}"
        sums = computed(client, normal_equations(parameters, data), title, kill=kill and step == 1)
        parameters = stepped(parameters, sums)
    return parameters, (sums[0] / data["spot"].size) ** 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description="Options on a cluster.")
    parser.add_argument("--options", type=float, default=2e6)
    parser.add_argument("--chunk", type=float, default=250_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    count = int(options.options)
    data = market(count, int(options.chunk))
    print(
        f"{count:,} options, {sum(x.nbytes for x in data.values()) / 1e9:.2f} GB in "
        f"{data['spot'].npartitions} chunks, {options.workers} worker processes"
    )
    with cluster(options.workers) as client:
        parameters, error = fit(client, data, kill=options.kill)
        value, *slopes = computed(client, book(parameters, data), "value and greeks")
    print(f"\n{'':12}{'fitted':>12}{'true':>12}")
    for name, x, true in zip(("level", "skew", "curvature"), parameters, TRUE, strict=True):
        print(f"{name:12}{x:12.6f}{true:12.6f}")
    print(f"error of a price {error:.4f} (prices are in cents)\n")
    print(f"mean of a book of {count:,}: value {value / count:.6f}")
    print(", ".join(f"{name} {x / count:.6f}" for name, x in zip(GREEKS, slopes, strict=True)))


if __name__ == "__main__":
    main()
