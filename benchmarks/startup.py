"""What `import pluggrad` costs over a bare Python, as whole processes, and what it loads.

    python benchmarks/startup.py [--runs N]

Exits with 1 when the import loads one of the libraries that must wait until they are used.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median

HEAVY = ("networkx", "numpy", "numba", "graphviz")


def process_ms(code: str) -> float:
    """Time one fresh Python process that runs `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1e3


def main() -> int:
    """Time bare Python and the imports in turn; give the exit code."""
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
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, code in programs.items():
            times[name].append(process_ms(code))
    bare = times["bare python"]
    print(f"{'ms, a whole process':36}{'min':>8}{'median':>8}{'over bare python':>20}")
    for name, taken in times.items():
        over = f"{min(taken) - min(bare):8.1f}{median(taken) - median(bare):8.1f}"
        print(f"{name:36}{min(taken):8.1f}{median(taken):8.1f}{over:>20}")

    check = f"import sys, pluggrad; print(*[m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", check], check=True, capture_output=True, text=True
    ).stdout.split()
    print("heavy libraries loaded:", ", ".join(loaded) or "none")
    return 1 if loaded else 0


if __name__ == "__main__":
    sys.exit(main())
