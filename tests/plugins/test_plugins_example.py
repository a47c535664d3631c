"""The example package, installed by pip, passes its own tests."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "plugins_example"


def test_the_example_passes_its_own_tests_through_its_entry_points(installed, names):
    others = ",".join(name for name in names if not name.startswith("example."))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE / "tests"],
        env={**os.environ, "PYTHONPATH": str(installed), "PLUGGRAD_DISABLE_PLUGINS": others},
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
