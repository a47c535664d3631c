"""The compiler against its peers, all in one run on one machine.

    python benchmarks/compile.py [--short | --full]

Each contender is checked against the eager engine to 1e-12 before it is timed. The races of moons
and microgpt are run on one core. A contender that is not installed is said to be.
`pip install 'pluggrad[bench]'` brings JAX, CasADi, HIPS autograd, micrograd and SciPy; PyTorch
(`pip install torch`) and heyoka (`pip install heyoka`) are large and left to you. Exits with 1 when
anybody gives other numbers than the engine.
"""

from __future__ import annotations

import argparse
import platform
import sys

import compile_greeks
import compile_microgpt
import compile_moons
import compile_scale
from measuring import Disagreement, one_core


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="smaller graphs, shorter races")
    parser.add_argument(
        "--full", action="store_true",
        help="heyoka unfolded too, and every step of plain Python; half an hour",
    )  # fmt: skip
    options = parser.parse_args()
    seconds = 0.3 if options.short else 2.0
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    try:
        with one_core():
            compile_moons.race(seconds, full=options.full)
            compile_microgpt.race(seconds)
        compile_microgpt.train(3 if options.short else 1000 if options.full else 20)
        compile_greeks.race(100_000 if options.short else 1_000_000, seconds)
        large = 100_000 if options.short else 1_000_000
        compile_scale.grow("chain", [large // 10, large])
        compile_scale.grow("mesh", [large // 10, large] if options.short else
                           [large // 10, large, large * 10])  # fmt: skip
        compile_scale.small_call(seconds)
        compile_scale.startup()
    except Disagreement as found:
        print(f"\n{found}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
