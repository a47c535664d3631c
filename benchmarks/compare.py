"""pluggrad, eager and compiled, beside its peers on four workloads, in one run.

    python benchmarks/compare.py [--short] [--results DIR]

moons (a network), microgpt (one step), a chain (each operation needs the last one), and greeks
(many small programs): the same gradients from every engine, each compared with pluggrad's eager
ones before it is timed. Then what each costs to import, until its first gradient, and in memory;
and what drawing a graph takes. Writes compare.md and the plot compare.svg to DIR
(benchmarks/results). An engine that is not installed is named as such. Exits with 1 when one gives
other numbers. --short takes less than a minute on an idle machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import compare_chain
import compare_pictures
import compare_processes
import compile_greeks
import compile_microgpt
import compile_moons
from compare_plot import plot
from measuring import Disagreement, Table

# What an engine is called in the table, and how its line in a race begins.
ENGINES = {
    "pluggrad, compiled": (
        "pluggrad, on arrays",
        "pluggrad, compiled",
        "pluggrad, two threads",
        "pluggrad, one thread",
    ),
    "pluggrad, eager": ("pluggrad eager",),
    "NumPy, by hand": ("numpy",),
    "JAX": ("jax",),
    "CasADi": ("casadi",),
    "PyTorch": ("pytorch",),
    "HIPS autograd": ("hips",),
    "micrograd": ("micrograd",),
}


def races(short: bool) -> Iterator[tuple[str, Callable[[], Table]]]:
    """Return each race by its name."""
    seconds = 0.2 if short else 2.0
    depth = 3_000 if short else 30_000
    options = 5_000 if short else 20_000
    yield "moons", lambda: compile_moons.race(seconds, full=False)
    yield "microgpt", lambda: compile_microgpt.race(seconds)
    yield "chain", lambda: compare_chain.race(depth, seconds)
    yield "greeks", lambda: compile_greeks.race(options, seconds, scalars=True)


def ratios(table: Table) -> dict[str, float | str]:
    """Return for each engine its median time over that of the compiled program, or why not.

    Of an engine that ran in several ways the fastest counts.
    """
    found: dict[str, float | str] = {}
    for engine, beginnings in ENGINES.items():
        times = [row.middle for row in table.rows if row.name.startswith(beginnings)]
        reasons = [why for name, why in table.failed.items() if name.startswith(beginnings)]
        if any(name.startswith(beginnings) for name in table.absent):
            reasons.append("not installed")
        if times:
            found[engine] = min(times) / fastest(table)
        elif reasons:
            found[engine] = reasons[0]
    return found


def fastest(table: Table) -> float:
    """Return the median time of the compiled program, in microseconds."""
    ours = ENGINES["pluggrad, compiled"]
    return min(row.middle for row in table.rows if row.name.startswith(ours))


def summary(tables: dict[str, Table]) -> list[str]:
    """Put the ratios of all races into one table, in Markdown."""
    columns = {name: ratios(table) for name, table in tables.items()}
    lines = ["| times as long as compiled | " + " | ".join(tables) + " |"]
    lines.append("|---|" + "---:|" * len(tables))
    for engine in ENGINES:
        cells = (told(column.get(engine, "")) for column in columns.values())
        lines.append(f"| {engine} | {' | '.join(cells)} |")
    medians = (f"{fastest(table):,.0f} us" for table in tables.values())
    lines.append(f"| compiled: median | {' | '.join(medians)} |")
    return lines


def told(ratio: float | str) -> str:
    """Write a ratio with two digits."""
    if isinstance(ratio, str):
        return ratio
    return f"{ratio:.2g}" if ratio < 100 else f"{float(f'{ratio:.2g}'):,.0f}"


def main() -> int:
    """Race, measure, write; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="smaller graphs, less than a minute")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    tables: dict[str, Table] = {}
    wrong = False
    for name, race in races(options.short):
        try:
            tables[name] = race()
        except Disagreement as found:
            print(f"\nWRONG: {found}", file=sys.stderr)
            wrong = True
    parts = [summary(tables)]
    for measure in (compare_processes.table, compare_pictures.table):
        try:
            parts.append(measure(options.short))
        except Disagreement as found:
            print(f"\nWRONG: {found}", file=sys.stderr)
            wrong = True
    text = "\n\n".join("\n".join(part) for part in parts)
    print(f"\n{text}\n")
    options.results.mkdir(parents=True, exist_ok=True)
    report = options.results / "compare.md"
    report.write_text(f"# pluggrad beside its peers\n\n{text}\n", encoding="utf-8")
    print(f"written: {report}")
    print(plot({name: ratios(table) for name, table in tables.items()},
               options.results / "compare.svg"))  # fmt: skip
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
