"""Breaks every rule of every built-in op in every way, and counts what the conformance kit catches.

    python benchmarks/mutation.py                 # the fixed seed; a minute on two cores
    python benchmarks/mutation.py --seeds 20      # and 20 random ones; five minutes
    python benchmarks/mutation.py --short         # a few ops, for continuous integration
    python benchmarks/mutation.py --ops sin,pow   # these ops

Rules are broken from outside, by wrapping them (twice the rule, without g, swapped operands, wrong
only for large operands, ...), and from inside, by editing their source (sin for cos, a term or a
factor dropped, + for -, another constant, ...).

Not every edit breaks a rule: `0.0 * g` is as good as `-0.0 * g`. Whether a mutant is really another
rule is decided without the kit, by comparing the two on a dense grid of their own; one that is not
is counted apart, with the reason, never dropped. Exit code 0 only if the kit catches every real
mutant and passes every unbroken op with every seed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from equivalence import why_same
from jobs import results
from mutants import KINDS, Mutant, mutants
from pluggrad import plugins
from pluggrad.testing import CHECKS, ConformanceError, check_op


@dataclass
class Result:
    """What became of one op's mutants."""

    name: str
    caught: Counter[str] = field(default_factory=Counter)
    real: Counter[str] = field(default_factory=Counter)
    same: list[tuple[str, int, str, str]] = field(default_factory=list)
    escaped: list[tuple[str, int, str, int]] = field(default_factory=list)
    failed_unbroken: list[tuple[int, str]] = field(default_factory=list)
    found_by: Counter[str] = field(default_factory=Counter)
    guessed: int = 0
    runs: int = 0


def examine(task: tuple[str, tuple[int, ...]]) -> Result:
    """Run the kit on one op, unbroken and broken, with every seed."""
    name, seeds = task
    op = plugins.ops[name]
    result = Result(name)
    for seed in seeds:
        try:
            check_op(op, seed=seed)
        except ConformanceError as error:
            result.failed_unbroken.append((seed, str(error)))
    for mutant in mutants(op):
        reason = why_same(op, mutant)
        if reason:
            result.same.append((mutant.kind, mutant.operand, mutant.text, reason))
            continue
        result.real[mutant.kind] += 1
        by = ""
        missed = []
        for seed in seeds:
            by = caught_by(mutant, seed, by, result)
            if not by:
                missed.append(seed)
        if missed:
            result.escaped.append((mutant.kind, mutant.operand, mutant.text, len(missed)))
        else:
            result.caught[mutant.kind] += 1
    return result


def caught_by(mutant: Mutant, seed: int, before: str, result: Result) -> str:
    """Run the kit on a mutant; return the name of the check that catches it, "" if none does.

    The check that caught it with another seed goes first: if it fails, so does the kit.
    """
    result.runs += 1
    for checks in ([check for check in CHECKS if check.__name__ == before], CHECKS):
        try:
            check_op(mutant.op, seed=seed, checks=checks)
        except ConformanceError as error:
            result.found_by[error.check] += 1
            result.guessed += "guess:" in str(error)
            return error.check
    return ""


def show(results: list[Result]) -> None:
    """Print the table: ops down, kinds of mutation across."""
    kinds = list(KINDS)
    print(f"{'op':12}" + "".join(f"{kind:>9}" for kind in kinds) + f"{'same':>6}{'all':>10}")
    for r in results:
        cells = [f"{r.caught[kind]}/{r.real[kind]}" if r.real[kind] else "." for kind in kinds]
        total = f"{r.caught.total()}/{r.real.total()}"
        print(f"{r.name:12}" + "".join(f"{c:>9}" for c in cells) + f"{len(r.same):>6}{total:>10}")
    print("\ncaught/real mutants; same: edits that are no other rule (listed below)")
    print("; ".join(f"{key}: {text}" for key, text in KINDS.items()))


def show_same(results: list[Result], *, every: bool) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for r in results:
        for _, operand, text, reason in r.same:
            reasons[reason].append(f"{r.name}[{operand}]: {text}")
    print("\nEdits that do not change the rule, by a comparison that does not use the kit:")
    for reason, listed in reasons.items():
        print(f"  {len(listed):4}  {reason}")
        for text in listed if every else listed[:4]:
            print(f"          {text}")
        if len(listed) > 4 and not every:
            print(f"          ... (--list prints all {len(listed)})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seeds", type=int, default=0, help="how many random seeds to add")
    parser.add_argument("--short", action="store_true", help="ten ops, the fixed seed")
    parser.add_argument("--ops", default="", help="names, separated by commas")
    parser.add_argument("--list", action="store_true", help="list every edit that changes nothing")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    names = [op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
    if given.short:
        names = ["add", "div", "pow", "relu", "minimum", "sin", "tanh", "log", "hypot", "where"]
    if given.ops:
        names = given.ops.split(",")
    seeds = (0, *(random.SystemRandom().randrange(2**31) for _ in range(given.seeds)))
    print(f"seeds: {', '.join(map(str, seeds))}")
    start = time.perf_counter()
    done = []
    for result in results(examine, [(name, seeds) for name in names], given.jobs):
        done.append(result)
        print(f"\r{len(done)} of {len(names)} ops", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    show(done)
    show_same(done, every=given.list)
    real = sum(r.real.total() for r in done)
    caught = sum(r.caught.total() for r in done)
    runs = sum(r.runs for r in done)
    found_by = sum((r.found_by for r in done), Counter())
    print(f"\ncaught by: {', '.join(f'{k} {n}' for k, n in found_by.most_common())}")
    print(f"messages with a guess at the mistake: {sum(r.guessed for r in done)} of {runs}")
    for r in done:
        for kind, operand, text, missed in r.escaped:
            print(f"ESCAPED {r.name}, operand {operand}, {kind}: {text} ({missed} of {len(seeds)})")
        for seed, error in r.failed_unbroken:
            print(f"UNBROKEN BUT FAILED with seed {seed}: {error}")
    unbroken = len(done) * len(seeds)
    failed = sum(len(r.failed_unbroken) for r in done)
    print(
        f"{len(done)} ops, {len(seeds)} seeds, {runs} runs of the kit on mutants, "
        f"{time.perf_counter() - start:.0f} s\n"
        f"mutation score: {caught} of {real} real mutants caught with every seed "
        f"({100 * caught / real:.2f} %); unbroken ops passed: {unbroken - failed} of {unbroken}"
    )
    return 0 if caught == real and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
