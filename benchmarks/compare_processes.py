"""What an engine costs from the start: import, the first gradient of moons, memory.

Each is measured in a process of its own: python benchmarks/compare_processes.py ENGINE
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from measuring import TOLERANCE, Disagreement, difference

# The package, and the function of compile_moons.py that sets it up.
ENGINES = {
    "pluggrad, compiled": ("pluggrad", "on_arrays"),
    "pluggrad, eager": ("pluggrad", "eager"),
    "jax": ("jax", "jax_arrays"),
    "casadi": ("casadi", "casadi_scalars"),
    "torch": ("torch", "torch_tensors"),
    "autograd": ("autograd", "autograd_arrays"),
    "micrograd": ("micrograd.engine", "eager"),
}


def table(short: bool) -> list[str]:
    """Measure all engines, each once or, unless `short`, the best of three; return Markdown.

    Raises:
        Disagreement: when one gives other gradients than pluggrad's eager engine.
    """
    lines = [
        "| moons, each in a process of its own | import ms | first gradient s | memory MB |",
        "|---|---:|---:|---:|",
    ]
    for name, (package, _) in ENGINES.items():
        if find_spec(package.partition(".")[0]) is None:
            lines.append(f"| {name} | not installed | | |")
            continue
        runs = [measured(name) for _ in range(1 if short else 3)]
        if not max(run["error"] for run in runs) <= TOLERANCE:
            raise Disagreement(f"{name} is off by {runs[0]['error']:.1e} in its first gradient")
        least = {key: min(run[key] for run in runs) for key in runs[0]}
        memory = f"{least['memory'] / 1e6:.0f}" if least["memory"] >= 0 else "not measured here"
        lines.append(f"| {name} | {least['import'] * 1e3:.0f} | {least['first']:.2f} | {memory} |")
    return lines


def measured(name: str) -> dict[str, float]:
    """Measure one engine in a new process."""
    command = [sys.executable, __file__, name]
    quiet = {**os.environ, "PLUGGRAD_PROGRESS": "0"}
    quiet.pop("PYTHONDONTWRITEBYTECODE", None)  # as a person has it
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=quiet)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(name: str) -> dict[str, float]:
    """Measure one engine in this process, which has imported none of them.

    Memory is the most that the process held while it set up and ran, beyond what it held before.
    """
    package, function = ENGINES[name]
    start = time.perf_counter()
    module = importlib.import_module(package)
    imported = time.perf_counter()
    moons = importlib.import_module("compile_moons")
    case = moons.Case()
    gc.collect()
    before = forget_peak()
    begin = time.perf_counter()
    run, numbers = getattr(moons, function)(module.Value if function == "eager" else case)
    run()
    first = time.perf_counter()
    memory = peak() - before
    return {
        "import": imported - start,
        "first": first - begin,
        "memory": memory if before >= 0 else -1,
        "error": difference(numbers(), case.truth),
    }


def forget_peak() -> int:
    """Let the kernel count the most memory anew; return what is held now, in bytes, or -1."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return peak()
    except OSError:
        return -1


def peak() -> int:
    """Return the most memory that was held since, in bytes; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if "VmHWM" in line)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
