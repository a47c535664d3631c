"""Measuring side by side: a table of contenders, each checked before it is timed."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from typing import Any

TOLERANCE = 1e-12
PACKAGES = {"pytorch": "torch", "hips autograd": "autograd"}

# What runs, and what gives the numbers of the last run.
Contender = tuple[Callable[[], Any], Callable[[], list[float]]]


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and those that it starts, on one core.

    Where there are more, heyoka and JAX spread what is said to be the work of one thread.
    """
    if not hasattr(os, "sched_setaffinity"):
        print("this system lets programs use all cores: some contenders will")
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class Disagreement(Exception):
    """A contender gave other numbers than the eager engine."""


@dataclass
class Row:
    """What was found about one contender; times in microseconds."""

    name: str
    setup: float
    least: float
    middle: float
    error: float


@dataclass
class Table:
    """Contenders in one race.

    Parameters:
        title: what is raced.
        truth: the numbers of the eager engine, flat: a value, then its gradient.
        seconds: how long each contender is timed.
        unit: `us` or `ms`.
    """

    title: str
    truth: Sequence[float]
    seconds: float
    unit: str = "us"
    rows: list[Row] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def enter(
        self,
        name: str,
        make: Callable[[], tuple[Callable[[], Any], Callable[[], Sequence[float]]]],
        *,
        most: int | None = None,
        tolerance: float = TOLERANCE,
    ) -> None:
        """Set up a contender, check it, time it, and print its line.

        One that is not installed, or whose recursion ends before the graph does, is named as such.

        Parameters:
            name: what to call it; its first words name the package.
            make: sets up and gives two functions: one computes, the other gives the numbers found.
            most: how often to run it at most.
            tolerance: how far its numbers may be off, relative to the largest of them.

        Raises:
            Disagreement: when its numbers are others than the engine's.
        """
        package = next(
            (p for n, p in PACKAGES.items() if name.startswith(n)),
            name.replace(",", " ").split()[0],
        )
        if package not in ("pluggrad", "plain", "numpy") and find_spec(package) is None:
            self.absent.append(name)
            print(f"  {name:<34} not installed")
            return
        if not self.rows:
            print(f"\n{self.title}")
            head = f"min {self.unit}", f"median {self.unit}", "set up s", "off by", "to pluggrad"
            print(f"  {'':<34}" + "".join(f"{x:>13}" for x in head))
        start = time.perf_counter()
        run, numbers = make()
        try:
            run()
        except RecursionError:
            self.failed[name] = "RecursionError"
            print(f"  {name:<34} RecursionError: the graph is too deep for it")
            return
        setup = time.perf_counter() - start
        error = difference(numbers(), self.truth)
        if not error <= tolerance:
            raise Disagreement(f"{self.title}: {name} is off by {error:.1e}")
        least, middle = steady(run, self.seconds, most)
        self.rows.append(Row(name, setup, least, middle, error))
        scale = 1e-3 if self.unit == "ms" else 1.0
        ratio = middle / self.rows[0].middle
        print(
            f"  {name:<34}{least * scale:13,.1f}{middle * scale:13,.1f}{setup:13.3f}"
            f"{error:13.0e}{ratio:12,.2f}x",
            flush=True,
        )


def difference(found: Sequence[float], truth: Sequence[float]) -> float:
    """Return the largest difference, relative to the largest true number of its kind.

    The first number is a value, all others are gradients.
    """
    pairs = list(zip(found, truth, strict=True))
    scale = max(abs(x) for x in truth[1:])
    value = abs(pairs[0][0] - pairs[0][1]) / abs(pairs[0][1])
    return max([value, *(abs(a - b) / scale for a, b in pairs[1:])])


def steady(run: Callable[[], Any], seconds: float, most: int | None = None) -> tuple[float, float]:
    """Time a call again and again; return the least and the median time in microseconds.

    What others left in memory is out of the garbage collector's sight meanwhile, and stays there
    if it was before.
    """
    taken = []
    was_frozen = gc.get_freeze_count() > 0
    gc.collect()
    gc.freeze()
    end = time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        taken.append(now - start)
        if (now > end and len(taken) > 2) or len(taken) == most:
            if not was_frozen:
                gc.unfreeze()
            return min(taken) * 1e6, median(taken) * 1e6


def casadi_contender(leaves: Any, end: Any, start: Sequence[float]) -> Contender:
    """Return how to run a function of CasADi's with its gradient, and how to read what it gave.

    Parameters:
        leaves: its symbols, a vector.
        end: the result, an expression of them.
        start: the numbers that it is called with.
    """
    import casadi
    import numpy as np

    function = casadi.Function("f", [leaves], [end, casadi.gradient(end, leaves)])
    buffer, run = function.buffer()
    given, value, gradient = np.array(start), np.zeros(1), np.zeros(len(start))
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def numbers(alive: Any = (function, buffer, given)) -> list[float]:  # they are only pointed to
        return [*value, *gradient]

    return run, numbers
