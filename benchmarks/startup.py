"""What `import pluggrad` costs over a bare Python, as whole processes, and what it loads.

    python benchmarks/startup.py [--runs N]

Exits with 1 when the import loads one of the libraries that must wait until they are used.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from statistics import median

HEAVY = ("networkx", "numpy", "numba", "graphviz")


# As a person has it: what is imported was compiled to bytecode before, by pip or by the first run.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


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
    return 1 if loaded else 0


def figures(taken: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the least and the median time, and the median processor time."""
    times, busy = zip(*taken, strict=True)
    return min(times), median(times), median(busy)


if __name__ == "__main__":
    sys.exit(main())
