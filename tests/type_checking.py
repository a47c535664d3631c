"""Runs of mypy, one after the other, so that what one has read is there for all others."""

import os
import subprocess
import sys
from pathlib import Path

from locking import alone

CACHE = Path(__file__).parents[1] / ".mypy_cache" / "tests"
# What pluggrad imports to draw, with all that it imports in turn: half of what mypy would read.
# No test asks for its types, so these files stand in its place.
UNREAD = (
    "IPython/display matplotlib/figure rich/box rich/console rich/progress rich/table rich/text"
)
ANYTHING = "from typing import Any\n\ndef __getattr__(name: str) -> Any: ...\n"


def mypy(*arguments, cwd):
    """Run `mypy --strict` with arguments; text of standard output and error is captured."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with alone(CACHE / "lock"):
        _write_stubs(CACHE / "stubs")
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", *arguments],
            cwd=cwd,
            env={**os.environ, "MYPY_CACHE_DIR": str(CACHE), "MYPYPATH": str(CACHE / "stubs")},
            capture_output=True,
            text=True,
        )


def _write_stubs(folder):
    """Write a stub of each module that mypy need not read, unless that was done."""
    for name in UNREAD.split():
        path = folder / f"{name}.pyi"
        for stub in (path, path.with_name("__init__.pyi")):
            if not stub.exists():
                stub.parent.mkdir(parents=True, exist_ok=True)
                stub.write_text(ANYTHING)
