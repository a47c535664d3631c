"""How recording, planning and running grow; what a small call costs; how soon the first run is."""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from measuring import Disagreement, difference, steady
from pluggrad import Value, compile
from pluggrad.ops import exp, tanh

STARTUP = """
import json, sys, time
start = time.perf_counter()
from pluggrad import Value, compile
imported = time.perf_counter()
from moons import Moons
model = Moons(Value)
begin = time.perf_counter()
loss = model.loss()
recorded = time.perf_counter()
program = compile(loss, wrt=model.parameters)
planned = time.perf_counter()
program.step()
end = time.perf_counter()
print(json.dumps({"import": imported - start, "record": recorded - begin,
                  "plan and link": planned - recorded, "run": end - planned,
                  "in all": end - begin}))
"""


# ----- Large graphs -----


def chain(depth: int) -> tuple[Value, list[Value]]:
    """Record x -> tanh(x * w + b), `depth` times.

    With w = 1 and b = 0 the gradient does not get subnormal, which processors are slow with.
    """
    x, w, b = Value(0.3), Value(1.0), Value(0.0)
    y: Any = x
    for _ in range(depth):
        y = tanh(y * w + b)
    return y, [x, w, b]


def mesh(nodes: int) -> tuple[Value, list[Value]]:
    """Record layers of 1,000 numbers, each from two neighbours and a weight."""
    rng = random.Random(1)
    width = 1000
    leaves = [Value(rng.uniform(-1, 1)) for _ in range(2 * width)]
    x, w = leaves[:width], leaves[width:]
    for layer in range(nodes // (3 * width)):
        x = [tanh(x[i] * w[(i + layer) % width] + x[i - 1]) for i in range(width)]
    return sum(x) / width, leaves


GRAPHS = {"chain": chain, "mesh": mesh}


def grow(name: str, sizes: list[int]) -> None:
    """Print what each phase costs for each node, for graphs of several sizes, one process each.

    Raises:
        Disagreement: when the program gives other numbers than the eager engine.
    """
    print(f"\n{name}: {(GRAPHS[name].__doc__ or '').splitlines()[0]}")
    head = "record us", "plan us", "run ns", "bytes:graph", "program", "peak", "off by"
    print(f"  {'nodes, and for each of them':<34}" + "".join(f"{x:>13}" for x in head))
    for size in sizes:
        command = [sys.executable, __file__, name, str(size)]
        quiet = {**os.environ, "PLUGGRAD_PROGRESS": "0"}
        told = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, env=quiet).stdout
        )
        print(
            f"  {told['nodes']:<34,}{told['record']:13.2f}{told['plan']:13.2f}{told['run']:13.2f}"
            f"{told['graph']:13,.0f}{told['program']:13,.0f}{told['peak']:13,.0f}"
            f"{told['error']:13.0e}",
            flush=True,
        )
        if not told["error"] <= 1e-12:
            raise Disagreement(f"{name}: {told['nodes']} nodes are off by {told['error']:.1e}")


def grown(name: str, size: int) -> dict[str, float]:
    """Measure one graph in this process."""
    compile(chain(3)[0])  # what a first program costs is told elsewhere
    gc.disable()  # it would walk the graph again and again
    before = peak()
    start = time.perf_counter()
    loss, leaves = GRAPHS[name](size)
    recorded = time.perf_counter()
    graph = peak() - before
    program = compile(loss, wrt=leaves)
    planned = time.perf_counter()
    highest = peak() - before
    n = len(program)
    program.step()
    least, _ = steady(program.step, 0.0)
    loss.backward()
    truth = [loss.data, *(x.grad for x in leaves)]
    return {
        "nodes": n,
        "record": (recorded - start) / n * 1e6,
        "plan": (planned - recorded) / n * 1e6,
        "run": least / n * 1e3,
        "graph": graph / n,
        "program": sum(program.report(seconds=0).bytes.values()) / n,
        "peak": highest / n,
        "error": difference([program.results[0], *program.gradients], truth),
    }


def peak() -> int:
    """Return the most memory that this process has used so far, in bytes."""
    if os.path.exists("/proc/self/status"):  # there ru_maxrss counts what the parent had
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line[:6] == "VmHWM:")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# ----- Small calls -----


def small_call(seconds: float) -> None:
    """Print what calls with nine numbers cost beyond the arithmetic."""

    def f(a: Any, b: Any, c: Any, d: Any, e: Any, g: Any, h: Any, i: Any, j: Any) -> Any:
        return (a * b + c * d + e * g) * tanh(h) + i * exp(j)

    numbers = tuple(0.1 * k for k in range(1, 10))
    compiled = compile(f)
    value, gradient = compiled.value_and_grad(*numbers)
    values = [Value(x) for x in numbers]
    loss = f(*values)
    loss.backward()
    error = difference([value, *gradient], [loss.data, *(x.grad for x in values)])
    if not error <= 1e-12:
        raise Disagreement(f"small call: off by {error:.1e}")
    listed: Any = compile(lambda v: f(*v))
    program: Any = compile(loss, wrt=values)
    whole, row = tuple(range(1, 10)), list(numbers)
    calls = {
        "f(9 floats)": lambda: compiled(*numbers),
        "f(9 ints)": lambda: compiled(*whole),
        "f([9 floats])": lambda: listed(row),
        "f.value_and_grad(9 floats)": lambda: compiled.value_and_grad(*numbers),
        "f.value_and_grad(9 ints)": lambda: compiled.value_and_grad(*whole),
        "f.value_and_grad([9 floats])": lambda: listed.value_and_grad(row),
        "program.step()": program.step,
    }
    machine: Any = compiled.recordings[0].executor
    both = machine.timed(machine.code, seconds / 4)
    forward = machine.timed(machine.parts["forward"].words, seconds / 4)
    print(f"\nsmall calls, us{'':21}{'min':>13}{'median':>13}{'arithmetic':>13}{'beyond it':>13}")
    for name, call in calls.items():
        least, middle = each(call, seconds)
        arithmetic = forward if name.startswith("f(") else both
        print(
            f"  {name:<34}{least:13.2f}{middle:13.2f}{arithmetic:13.2f}{least - arithmetic:13.2f}"
        )


def each(call: Callable[[], Any], seconds: float, many: int = 1000) -> tuple[float, float]:
    """Time a short call many times in a loop; return the least and the median time of one."""

    def calls() -> None:
        for _ in range(many):
            call()

    least, middle = steady(calls, seconds)
    return least / many, middle / many


# ----- The first run -----


def startup() -> None:
    """Print how long the first moons step takes in a new process, cold and warm, in seconds."""
    print("\nfirst moons step in a new process, seconds")
    names = "import", "record", "plan and link", "run", "in all"
    print(f"  {'':<34}" + "".join(f"{x:>15}" for x in names))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PLUGGRAD_CACHE_DIR": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as a person has it
        for name in ("nothing compiled yet", "compiled before", "compiled before, again"):
            found = subprocess.run(
                [sys.executable, "-c", STARTUP], check=True, env=environment,
                stdout=subprocess.PIPE, cwd=os.path.dirname(os.path.abspath(__file__)),
            )  # fmt: skip
            told = json.loads(found.stdout)
            print(f"  {name:<34}" + "".join(f"{told[x]:15.3f}" for x in names), flush=True)


if __name__ == "__main__":
    print(json.dumps(grown(sys.argv[1], int(sys.argv[2]))))
