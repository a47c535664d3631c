"""Compiled functions on a Dask cluster of worker processes: scaling, memory, a lost worker.

    python benchmarks/dask_cluster.py [--options N] [--chunk N] [--short]

The program is examples/options_on_dask.py, and a pass is one step of its fit: options are made from
seeds, priced, and come back as ten sums of products of derivatives. --options 1e9 is 32 GB of
options. Exits with 1 when a pass that loses a worker has other sums, or when the process that
started it all, scheduler included, grows by 200 MB or more.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from compare_processes import forget_peak, peak

sys.path.append(str(Path(__file__).parents[1] / "examples"))

import options_on_dask as program

MOST = 200e6  # bytes
TINY = 10  # numbers in a chunk whose computation takes no time


def pass_over(client: Any, count: int, chunk: int, *, kill: bool = False) -> list[float]:
    """Compute the sums of one step of the fit."""
    sums = program.normal_equations(program.START, program.market(count, chunk))
    return program.computed(client, sums, kill=kill)


def seconds(run: Any) -> float:
    """Time a call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def overhead(client: Any, chunks: int) -> dict[str, float]:
    """Time chunks in which there is next to nothing to compute; return microseconds for each."""
    import dask.array as da
    import numpy as np

    x = da.ones(chunks * TINY, chunks=TINY)
    smile, greeks = program.volatility, program.greeks.value_and_grad
    functions = {
        "numpy.sqrt": lambda: np.sqrt(x).sum(),
        "compiled, one output": lambda: smile(program.TRUE, x, 1.1).sum(),
        "compiled, one of six outputs": lambda: greeks(x, 1.1, 1.0, 0.03, 0.2)[0].sum(),
    }
    found = {}
    for name, make in functions.items():
        client.compute(make()).result()
        least = min(seconds(lambda make=make: client.compute(make()).result()) for _ in range(3))
        found[name] = least / chunks * 1e6
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--options", type=float, default=8e6)
    parser.add_argument("--chunk", type=float, default=1e6)
    parser.add_argument("--short", action="store_true", help="a twentieth of it")
    options = parser.parse_args()
    share = 20 if options.short else 1
    count, chunk = int(options.options / share), int(options.chunk / share)
    import dask.array  # what libraries take when imported is theirs
    import dask.distributed  # noqa: F401

    gc.collect()
    before = forget_peak()
    sums, rates = {}, {}
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{count:,} options in chunks of {chunk:,}, {count * 32 / 1e9:.2f} GB ({load})")
    for workers in (1, 2):
        with program.cluster(workers) as client:
            pass_over(client, 2 * chunk * workers, chunk)  # each worker compiles
            start = time.perf_counter()
            sums[workers] = pass_over(client, count, chunk)
            rates[workers] = count / (time.perf_counter() - start)
            speed = f"{rates[workers] / 1e6:.2f} million options a second"
            print(f"{workers} worker process(es): {speed}", flush=True)
            if workers == 2:
                killed = pass_over(client, count, chunk, kill=True)
                same = killed == sums[1] == sums[2]
                print(f"  the same sums: {same}")
                for name, each in overhead(client, 400 // share).items():
                    print(f"a chunk of {TINY} numbers, {name}: {each:.0f} us")
    print(f"two workers: {rates[2] / rates[1]:.2f} times one")
    grown = peak() - before
    print(f"memory of this process, scheduler included: {grown / 1e6:.0f} MB above its start")
    return 0 if same and (before < 0 or grown < MOST) else 1


if __name__ == "__main__":
    sys.exit(main())
