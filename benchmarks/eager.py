"""Eager speed and memory: the moons step on pluggrad and on micrograd, the same code, in one run.

    python benchmarks/eager.py [--steps N]

Prints the time of one training step (forward, backward, update) for both engines with the garbage
collector off and on, and their ratio; then whether dropping a graph frees it without the
collector; then memory over a thousand steps; then what `float(x)` costs, which asks its caller's
place whether a plain number may leave, beside a class that does not ask; then what an op costs as a
method and as a function. Exits with 1 when the two engines disagree, or when memory is kept.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import time
import tracemalloc
from statistics import median

from moons import Moons
from pluggrad import Value
from pluggrad.ops import add, exp, maximum, tanh, where


def timed(model: Moons) -> float:
    """Run one step; return its time in milliseconds, including dropping its graph."""
    start = time.perf_counter()
    model.step(0)
    return (time.perf_counter() - start) * 1e3


def compare(steps: int) -> bool:
    """Print the table of step times, both engines in turn; tell whether they agree."""
    try:
        from micrograd.engine import Value as MicrogradValue
    except ImportError:
        print("micrograd is not installed: pip install micrograd==0.1.0")
        return True
    agree = True
    print(f"{'one step, ms':14}{'pluggrad':>20}{'micrograd':>20}{'ratio of':>12}{'ratio of':>12}")
    print(
        f"{'collector':14}{'min    median':>20}{'min    median':>20}{'minima':>12}{'medians':>12}"
    )
    for collector in ("off", "on"):
        ours, theirs = Moons(Value), Moons(MicrogradValue)
        times: dict[Moons, list[float]] = {ours: [], theirs: []}
        for model in (ours, theirs):
            for _ in range(steps):
                # Each engine starts from a clean heap, and pays for its own garbage alone.
                if collector == "off" or model is ours:
                    gc.collect()
                if collector == "off":
                    gc.disable()
                try:
                    times[model].append(timed(model))
                finally:
                    gc.enable()
            gc.collect()
        low, high = times[ours], times[theirs]
        print(
            f"{collector:14}{min(low):10.1f}{median(low):10.1f}{min(high):10.1f}{median(high):10.1f}"
            f"{min(high) / min(low):11.1f}x{median(high) / median(low):11.1f}x"
        )
        agree &= ours.matches(theirs)
    print("parameters after these steps:", "equal to 1e-9" if agree else "DIFFERENT")
    return agree


def frees_without_collector() -> bool:
    """Return whether dropping the last reference to a graph frees all of it."""
    model = Moons(Value)
    model.step(0)
    gc.collect()
    gc.disable()
    try:
        before = count_values()
        loss = model.loss()
        loss.backward()
        during = count_values()
        del loss
        after = count_values()
    finally:
        gc.enable()
    print(f"\nvalues alive before, with and after a graph: {before}, {during}, {after}")
    return before == after < during


def count_values() -> int:
    """Count the Values that are alive."""
    return sum(type(thing) is Value for thing in gc.get_objects())


def memory_is_flat(steps: int) -> bool:
    """Train with the collector disabled, and tell whether the memory in use stays the same."""
    model = Moons(Value, samples=4)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        sizes = []
        for k in range(steps):
            model.step(k % 100)
            if k in (steps // 10, steps - 1):
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        gc.enable()
    early, late = sizes
    print(
        f"memory after {steps // 10} and {steps} steps: {early / 1e3:.1f} kB, {late / 1e3:.1f} kB"
    )
    return late - early < 10_000


class Unasked(Value):
    """A Value that gives its number to whoever takes it."""

    __slots__ = ()

    def __float__(self) -> float:
        return float(self.data)


def float_cost(rounds: int = 200, calls: int = 2000) -> None:
    """Print the time of `float(x)`, and of the same without asking, taken in turn."""
    best = {Value: float("inf"), Unasked: float("inf")}
    for _ in range(rounds):
        for kind in best:
            x = kind(1.5)
            start = time.perf_counter()
            for _ in range(calls):
                float(x)
            best[kind] = min(best[kind], (time.perf_counter() - start) / calls * 1e6)
    asked, unasked = best.values()
    print(
        f"float(x): {asked:.3f} us; without asking {unasked:.3f} us: {asked - unasked:.3f} us more"
    )


def forms(rounds: int = 200, calls: int = 500) -> None:
    """Print what an op costs as a method and as a function of pluggrad.ops, taken in turn."""
    x, y = Value(1.5), Value(2.5)
    pairs = {
        "x.exp()": (Value.exp, exp, (x,)),
        "x.tanh()": (Value.tanh, tanh, (x,)),
        "x + y": (Value.__add__, add, (x, y)),
        "x.maximum(y)": (Value.maximum, maximum, (x, y)),
        "x.where(y, x)": (Value.where, where, (x, y, x)),
    }
    print(f"\n{'one op, us':16}{'method':>10}{'function':>10}{'ratio':>8}")
    for name, (method, function, operands) in pairs.items():
        best = {method: float("inf"), function: float("inf")}
        for _ in range(rounds):
            for called in best:
                start = time.perf_counter()
                for _ in range(calls):
                    called(*operands)
                best[called] = min(best[called], (time.perf_counter() - start) / calls * 1e6)
        print(
            f"{name:16}{best[method]:10.2f}{best[function]:10.2f}"
            f"{best[function] / best[method]:7.2f}x"
        )


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=9, help="timed steps for each engine")
    parser.add_argument("--memory-steps", type=int, default=1000)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}\n")
    passed = compare(options.steps)
    passed &= frees_without_collector()
    passed &= memory_is_flat(options.memory_steps)
    float_cost()
    forms()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
