"""What it costs to record a function for the compiler, beside running it on Values.

    python benchmarks/recording.py [--runs N]

Three functions, in turn: the loss of microgpt and of moons as a function of all parameters, and a
narrow loop of 3,000 steps. Times are microseconds of the processor for each node, the least of all
runs: `eager` runs the function on Values, which makes the graph, and drops it; `run` makes it while
it is recorded; `tape` is what else recording takes, to write the graph down and to drop it; `first`
is all that a first call takes, linking included.
"""

from __future__ import annotations

import argparse
import copy
import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

from microgpt import MicroGPT
from moons import Moons, Neuron
from pluggrad import Value, compile
from pluggrad.compiler.capture import capturing
from pluggrad.compiler.capture.calls import numbers_of
from pluggrad.ops import exp, log, tanh

MATRICES = ("tokens", "positions", "head", "query", "key", "value", "out", "up", "down")
PHASES = ("eager", "run", "record", "first")


def narrow(x: Any, w: Any, b: Any) -> Any:
    """Repeat x -> tanh(x * w + b)."""
    for _ in range(3000):
        x = tanh(x * w + b)
    return x


MOONS, GPT = Moons(float, samples=20), MicroGPT(float, log, exp)


def moons(parameters: list[Any]) -> Any:
    """Compute the loss of moons with these parameters."""
    left = iter(parameters)
    model = copy.copy(MOONS)  # one that is there: making one takes random numbers
    model.value = Value
    model.parameters = parameters
    model.layers = [[filled(neuron, left) for neuron in layer] for layer in MOONS.layers]
    return model.loss()


def filled(neuron: Neuron, left: Iterator[Any]) -> Neuron:
    """Make a neuron like another one with the next parameters."""
    made = copy.copy(neuron)
    made.w, made.b = [next(left) for _ in neuron.w], next(left)
    return made


def microgpt(parameters: list[Any]) -> Any:
    """Compute the loss of microgpt for one name with these parameters."""
    left = iter(parameters)
    model = copy.copy(GPT)
    model.log, model.exp = log, exp
    for name in MATRICES:
        setattr(model, name, [[next(left) for _ in row] for row in getattr(GPT, name)])
    return model.loss("emma")


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "narrow loop": (narrow, (0.3, 0.9, 0.1)),
    "moons": (moons, ([float(p) for p in MOONS.parameters],)),
    "microgpt": (microgpt, ([float(p) for p in GPT.parameters],)),
}


def on_values(tree: Any) -> Any:
    """Make Values of numbers and lists of them."""
    return [Value(x) for x in tree] if isinstance(tree, list) else Value(tree)


class Watch:
    """Takes the time of a piece of work, again and again, and keeps the least."""

    def __init__(self) -> None:
        self.least = dict.fromkeys(PHASES, float("inf"))

    def take(self, phase: str, work: Callable[[], Any]) -> Any:
        """Do the work once, from a clean heap."""
        gc.collect()
        start = time.thread_time()
        done = work()
        self.add(phase, time.thread_time() - start)
        return done

    def add(self, phase: str, taken: float) -> None:
        """Note how long a phase took."""
        self.least[phase] = min(self.least[phase], taken)


def measure(function: Callable[..., Any], args: tuple[Any, ...], runs: int) -> tuple[int, Watch]:
    """Time all phases; return how many nodes a recording has, and the times in seconds."""
    watch = Watch()
    watched = capturing.watched

    def timed(*given: Any, **named: Any) -> Any:
        start = time.thread_time()
        try:
            return watched(*given, **named)
        finally:
            watch.add("run", time.thread_time() - start)

    capturing.watched = timed  # type: ignore[assignment]
    try:
        for _ in range(runs):
            values = [on_values(x) for x in args]
            watch.take("eager", lambda values=values: run_and_drop(function, values))
            compiled = compile(function)
            recording = watch.take("record", lambda compiled=compiled: recorded(compiled, args))
            watch.take("first", lambda: compile(function).value_and_grad(*args))
    finally:
        capturing.watched = watched
    return len(recording.tape), watch


def run_and_drop(function: Callable[..., Any], values: list[Any]) -> None:
    """Run a function on Values, and free the graph that it made."""
    function(*values)


def recorded(compiled: Any, args: tuple[Any, ...]) -> Any:
    """Record a compiled function for these arguments, without running it."""
    shape, numbers, _ = numbers_of(args, {}, "lanes")
    return compiled._recorded(shape, numbers)[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(f"{'us a node':14}{'nodes':>9}{'eager':>8}{'run':>8}{'tape':>8}{'first':>8}", end="")
    print(f"{'run / eager':>14}{'recording / eager':>20}")
    for name, (function, args) in FUNCTIONS.items():
        nodes, watch = measure(function, args, runs)
        print(line(name, nodes, {k: x / nodes * 1e6 for k, x in watch.least.items()}), flush=True)


def line(name: str, nodes: int, us: dict[str, float]) -> str:
    """Write one line of the table from the microseconds of each phase."""
    tape = us["record"] - us["run"]
    times = "".join(f"{x:8.2f}" for x in (us["eager"], us["run"], tape, us["first"]))
    ratios = us["run"] / us["eager"], us["record"] / us["eager"]
    return f"{name:14}{nodes:9,}{times}{ratios[0]:13.2f}x{ratios[1]:19.2f}x"


if __name__ == "__main__":
    main()
