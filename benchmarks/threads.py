"""Two threads that call one compiled function, beside one thread: `python benchmarks/threads.py`.

Prints the rate of two threads over the rate of one, for programs of several sizes: called with
single numbers, where short programs keep the interpreter's lock while they run, and over lanes. A
ratio nears 2 where most of a call runs outside that lock and a second core is free; so the load of
the machine stands beside each. Exits with 1 when a thread gets the numbers of another.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from statistics import median
from threading import Barrier, Thread
from time import perf_counter
from typing import Any

import numpy as np
from pluggrad import Value, compile
from pluggrad.compiler.run import machine

wrong: list[str] = []


def smooth(x: Value, y: Value) -> Value:
    return (x * y).sin() * (x - y).exp() + (x * x + y * y + 1.0).log()


def chain(length: int) -> Callable[[Value, Value], Value]:
    """Make a function of so many times three ops."""

    def chained(x: Value, y: Value) -> Value:
        for _ in range(length):
            x = (x * y).sin() + y
        return x

    return chained


def seconds(threads: int, calls: int, compiled: Any, inputs: list[tuple[Any, Any]]) -> float:
    """Measure the time of `calls` calls in each of the threads."""
    ready = Barrier(threads + 1)

    def work(x: Any, y: Any) -> None:
        right = compiled.value_and_grad(x, y)[0]
        ready.wait()
        for _ in range(calls):
            found = compiled.value_and_grad(x, y)[0]
        ready.wait()
        if not np.array_equal(found, right):
            wrong.append(f"{compiled!r}: a thread got the numbers of another")

    workers = [Thread(target=work, args=inputs[i]) for i in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    start = perf_counter()
    ready.wait()
    passed = perf_counter() - start
    for worker in workers:
        worker.join()
    return passed


def measured(name: str, compiled: Any, inputs: list[tuple[Any, Any]], short: bool) -> None:
    """Print the ratio for one function."""
    calls = 5
    while (once := seconds(1, calls, compiled, inputs)) < (0.02 if short else 0.1):
        calls *= 2
    ratios = [
        2 * seconds(1, calls, compiled, inputs) / seconds(2, calls, compiled, inputs)
        for _ in range(3 if short else 9)
    ]
    print(
        f"{name:>28}: {once / calls * 1e6:9.1f} µs a call, two threads reach "
        f"{median(ratios):.2f} times the rate of one, {max(ratios):.2f} at best "
        f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
    )


def numbers(lanes: int) -> list[tuple[Any, Any]]:
    """Draw inputs for two threads."""
    chance = np.random.default_rng(lanes)
    if lanes == 1:
        return [(float(a), float(b)) for a, b in chance.normal(size=(2, 2))]
    return [(a, b) for a, b in chance.normal(size=(2, 2, lanes))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer calls")
    short = parser.parse_args().short
    for length in (1, 30, 300) if short else (1, 10, 30, 100, 300, 1_000, 3_000):
        found = {}
        chosen = machine.LONG
        for lock, least in (("kept", sys.maxsize), ("released", -1), ("as chosen", chosen)):
            machine.LONG = least
            found[lock] = compile(chain(length))
            found[lock].value_and_grad(1.0, 2.0)
            measured(f"{3 * length:,} nodes, lock {lock}", found[lock], numbers(1), short)
    compiled = compile(smooth)
    for lanes in (1_000, 100_000) if short else (100, 1_000, 10_000, 100_000, 1_000_000):
        measured(f"{lanes:,} lanes", compiled, numbers(lanes), short)
    print("\n".join(wrong) if wrong else "each thread got its own numbers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
