"""What `import pluggrad` costs over a bare Python, as whole processes, and what it loads; and what
the first result of a small compiled function costs after that, without and with what is kept on
disk (a cold one imports NumPy, whose import is timed beside it; a warm one does not).

    python benchmarks/startup.py [--runs N]

Exits with 1 when the import loads one of the libraries that must wait until they are used.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

HEAVY = ("networkx", "numpy", "numba", "graphviz")


# As a person has it: what is imported was compiled to bytecode before, by pip or by the first run.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


FIRST = """
import pluggrad, time
from pluggrad import ops
def function(x, y):
    return {expression}
start = time.perf_counter(), time.process_time()
pluggrad.compile(function).value_and_grad(0.5, 0.3)
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""
NUMPY = """
import time
start = time.perf_counter(), time.process_time()
import numpy
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""
EXPRESSIONS = ("x * y + x * x", "ops.exp(x * y) + ops.sin(x)", "ops.tanh(x * y) + x")


def first_results(runs: int) -> None:
    """Time first results in fresh processes: with an empty cache, and with a full one."""
    print(f"\n{'ms, from `compile` to the first result':44}{'time: min, median':>18}", end="")
    print(f"{'processor: median':>20}")
    with tempfile.TemporaryDirectory() as folder:
        rows = [("import numpy", NUMPY, folder, runs)]
        for number, expression in enumerate(EXPRESSIONS):
            code = FIRST.format(expression=expression)
            rows.append((f"{expression}, cold", code, "", min(runs, 5)))
            rows.append((f"{expression}, warm", code, f"{folder}/{number}", runs))
        for name, code, cache, count in rows:
            taken = [inner_ms(code, cache) for _ in range(count + 1)][1:]
            least, middle, busy = figures(taken)
            print(f"{name:44}{least:8.0f}{middle:10.0f}{busy:20.0f}")


def inner_ms(code: str, cache: str) -> tuple[float, float]:
    """Run `code`, which prints its time and its processor time, with a cache or an empty one."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {**ENVIRONMENT, "PLUGGRAD_CACHE_DIR": cache or empty}
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
    taken, busy = map(float, done.stdout.split())
    return taken * 1e3, busy * 1e3


def process_ms(code: str) -> tuple[float, float]:
    """Run `code` in a fresh Python; return its time and its processor time."""
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (time.perf_counter() - start) * 1e3, busy * 1e3


def main() -> int:
    """Time bare Python and the imports in turn; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    programs = {
        "bare python": "pass",
        "import importlib.metadata, pluggy": "import importlib.metadata, pluggy",
        "import pluggrad": "import pluggrad",
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for run in range(runs + 1):
        for name, code in programs.items():
            taken = process_ms(code)
            if run > 0:  # the first one may have to compile
                times[name].append(taken)
    print(f"{'ms, of a whole process':36}{'time: min, median':>20}{'over bare Python':>20}", end="")
    print(f"{'processor: median':>20}{'over bare Python':>20}")
    (bare, bare_median, busy_bare) = figures(times["bare python"])
    for name, taken in times.items():
        least, middle, busy = figures(taken)
        print(
            f"{name:36}{least:10.1f}{middle:10.1f}{least - bare:10.1f}{middle - bare_median:10.1f}"
            f"{busy:20.1f}{busy - busy_bare:20.1f}"
        )

    check = f"import sys, pluggrad; print(*[m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", check], check=True, capture_output=True, text=True
    ).stdout.split()
    print("heavy libraries loaded:", ", ".join(loaded) or "none")
    first_results(runs)
    return 1 if loaded else 0


def figures(taken: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the least and the median time, and the median processor time."""
    times, busy = zip(*taken, strict=True)
    return min(times), median(times), median(busy)


if __name__ == "__main__":
    sys.exit(main())
