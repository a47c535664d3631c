"""Runs of mypy, one after the other, so that what one has read is there for all others."""

import os
import subprocess
import sys
from pathlib import Path

from locking import alone

CACHE = Path(__file__).parents[1] / ".mypy_cache" / "tests"


def mypy(*arguments, cwd):
    """Run `mypy --strict` with arguments; text of standard output and error is captured."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with alone(CACHE / "lock"):
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", *arguments],
            cwd=cwd,
            env={**os.environ, "MYPY_CACHE_DIR": str(CACHE)},
            capture_output=True,
            text=True,
        )
