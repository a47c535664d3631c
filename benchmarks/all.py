"""All benchmarks, one after the other, and one report.

    python benchmarks/all.py [--short] [--only NAMES] [--results DIR]

Prints what each prints, and at the end a table of what was run, how long it took, and whether its
results were right; writes all of it to DIR (benchmarks/results), with the table of compare.py and
its plot. Exits with 1 when one was wrong. --short runs those that are done in a minute together.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PEERS = ("micrograd", "autograd", "jax", "casadi", "torch", "heyoka", "numpy", "numba", "scipy")


class Benchmark(NamedTuple):
    """One program: what it measures, and its options for a full and a short run, if it has one."""

    name: str
    measures: str
    full: tuple[str, ...] = ()
    short: tuple[str, ...] | None = None
    minutes: float = 30.0


BENCHMARKS = (
    Benchmark("compare", "eager and compiled beside their peers", short=("--short",)),
    Benchmark("startup", "import time", short=("--runs", "5")),
    Benchmark("eager", "eager steps and memory"),
    Benchmark("calculus", "cost of derivatives"),
    Benchmark("accuracy", "errors in units in the last place"),
    Benchmark("random_programs", "random programs against another engine"),
    Benchmark("nested", "derivatives inside derivatives against differences"),
    Benchmark("mutation", "wrong rules that the kit finds", full=("--seeds", "20")),
    Benchmark("compile", "the compiler from record to run, and a training run", minutes=60),
    Benchmark("recording", "recording for the compiler beside running on Values"),
    Benchmark("lanes", "functions over many lanes beside their peers", short=("--short",)),
    Benchmark("rows", "fits to a million rows beside their peers", short=("--short",)),
    Benchmark("narrow", "long narrow programs beside their peers", short=("--short",)),
    Benchmark("layer", "a step of one large layer"),
    Benchmark("jacobians", "sparse Jacobians and Hessians beside their peers"),
    Benchmark("differential", "random functions in every way there is", short=("--short",)),
    Benchmark("threads", "two threads that call one function", short=("--short",)),
    Benchmark("dask_cluster", "a fit on a cluster of worker processes", short=("--short",)),
    Benchmark("layout", "time and crossings of the built-in layout"),
    Benchmark("render", "every renderer on graphs of every size", minutes=60),
    Benchmark("page", "the interactive page in a browser"),
)


class Outcome(NamedTuple):
    """How one benchmark went."""

    name: str
    verdict: str
    seconds: float
    output: str


def machine() -> list[str]:
    """Tell on what this runs, and which peers are there."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    there, missing = [], []
    for name in PEERS:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return [
        f"machine: {processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}",
        f"Python {platform.python_version()}, pluggrad {version('pluggrad')}",
        f"beside it: {', '.join(there) or 'nothing'}",
        f"not installed, so not measured: {', '.join(missing) or 'none'}",
    ]


def processor() -> str:
    """Name the processor, as the system does."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def run(benchmark: Benchmark, *, short: bool, results: Path) -> Outcome:
    """Run one benchmark, show its output as it comes, and judge it by its exit code."""
    command = [sys.executable, str(HERE / f"{benchmark.name}.py")]
    command += (benchmark.short or ()) if short else benchmark.full
    if benchmark.name == "compare":
        command += ["--results", str(results)]
    print(f"\n===== {benchmark.name}: {benchmark.measures} =====\n", flush=True)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
        if time.perf_counter() - start > benchmark.minutes * 60:
            process.kill()
            break
    code = process.wait()
    seconds = time.perf_counter() - start
    stopped = f"stopped after {benchmark.minutes:g} minutes"
    verdict = "right" if code == 0 else stopped if code < 0 else f"WRONG (exit code {code})"
    return Outcome(benchmark.name, verdict, seconds, "".join(lines))


def table(outcomes: list[Outcome], left_out: list[str]) -> list[str]:
    """Sum up in Markdown."""
    rows = ["| benchmark | results | time |", "|---|---|---:|"]
    rows += [f"| {x.name} | {x.verdict} | {x.seconds:.0f} s |" for x in outcomes]
    rows += [f"| {name} | not in a short run | |" for name in left_out]
    return rows


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="about a minute instead of hours")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    given = parser.parse_args()
    names = [benchmark.name for benchmark in BENCHMARKS]
    wanted = given.only.split(",") if given.only else names
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; available: {', '.join(names)}")
    chosen = [benchmark for benchmark in BENCHMARKS if benchmark.name in wanted]
    there = [b for b in chosen if b.short is not None or not given.short]
    about = machine()
    print("\n".join(about))
    results = given.results.resolve()
    outcomes = [run(benchmark, short=given.short, results=results) for benchmark in there]
    summary = table(outcomes, [b.name for b in chosen if b not in there])
    print("\n" + "\n".join(summary))
    given.results.mkdir(parents=True, exist_ok=True)
    report = given.results / ("short.md" if given.short else "full.md")
    parts = ["# Benchmarks", *[f"- {line}" for line in about], "", *summary]
    for outcome in outcomes:
        parts += ["", f"## {outcome.name}", "", "```", outcome.output.rstrip(), "```"]
    report.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"\nwritten to {report}")
    return int(any(outcome.verdict != "right" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
