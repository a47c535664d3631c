"""Two threads that call one compiled function, beside one thread: `python benchmarks/threads.py`.

Prints the rate of two threads over the rate of one. Long calls run outside the interpreter's
lock, so the ratio nears 2 where a second core is free.
"""

from __future__ import annotations

import argparse
from statistics import median
from threading import Barrier, Thread
from time import perf_counter

import numpy as np
from pluggrad import Value, compile


def smooth(x: Value, y: Value) -> Value:
    return (x * y).sin() * (x - y).exp() + (x * x + y * y + 1.0).log()


def seconds(threads: int, calls: int, lanes: int) -> float:
    """Measure the time of `calls` calls in each of the threads."""
    ready = Barrier(threads + 1)

    def work(seed: int) -> None:
        x, y = np.random.default_rng(seed).normal(size=(2, lanes))
        right = compiled.value_and_grad(x, y)[0]
        ready.wait()
        for _ in range(calls):
            found = compiled.value_and_grad(x, y)[0]
        ready.wait()
        assert np.array_equal(found, right), "a thread got the numbers of another"

    workers = [Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    start = perf_counter()
    ready.wait()
    passed = perf_counter() - start
    for worker in workers:
        worker.join()
    return passed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer calls")
    short = parser.parse_args().short
    compiled = compile(smooth)
    compiled.value_and_grad(1.0, 2.0)
    for lanes, calls in ((1_000, 1_000), (100_000, 20)):
        calls = calls // 4 if short else calls
        ratios = [
            2 * seconds(1, calls, lanes) / seconds(2, calls, lanes)
            for _ in range(3 if short else 7)
        ]
        print(f"{lanes:>9,} lanes: two threads reach {median(ratios):.2f} times the rate of one")
