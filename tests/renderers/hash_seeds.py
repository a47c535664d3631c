"""The same program under several hash seeds, for what must not depend on the order of sets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable

SEEDS = ("0", "77", "4000000000")


def outputs(program: str, seeds: Iterable[str] = SEEDS) -> set[str]:
    """Run a Python program in a process for each seed; return what was printed."""
    return {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
