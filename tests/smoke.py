"""The wheel on every Python that is here: `make smoke`, or `python tests/smoke.py [--quick]`.

Builds the wheel, and for each Python from 3.11 on makes a clean environment with the wheel and its
dependencies, and there runs the demo, a derivative and the op tests (`--quick`: without the tests).
Says which versions it did not find. Exits with 1 when one fails.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
PROGRAM = """
import sys, pluggrad
from pluggrad import Value, grad
x = Value(3.0)
assert grad(x * x * x, x) == 27.0
assert not [p for p in pluggrad.plugins if p.failure]
"""


def pythons() -> dict[str, str]:
    """Find a Python of each version: on the path, or where pyenv keeps them."""
    found = {}
    for version in VERSIONS:
        places = [shutil.which(f"python{version}")]
        if shutil.which("pyenv"):
            root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
            kept = Path(root.stdout.strip() or ".") / "versions"
            places += [str(x) for x in sorted(kept.glob(f"{version}.*/bin/python"))]
        for place in filter(None, places):  # a shim may name a version that is not there
            told = subprocess.run(
                [place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if told.stdout.strip() == version:
                found[version] = place
                break
    return found


def tried(python: str, wheel: Path, folder: Path, *, quick: bool) -> str:
    """Try the wheel on one Python; give what went wrong, or ""."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    inside = str(folder / "bin" / "python")
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    steps = [
        [*pip, *([] if quick else ["pytest", "hypothesis", "mpmath", "numpy"])],
        [inside, "-W", "error", "-c", PROGRAM],
        [inside, "-m", "pluggrad.cli", "demo"],
    ]
    if not quick:
        tests = ["tests/ops", "tests/core/test_value.py", "tests/core/test_gradient.py"]
        steps.append([inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests])
    for step in steps:
        place = ROOT if "pytest" in step else folder
        done = subprocess.run(step, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            return f"{' '.join(map(str, step[1:4]))}: {said[-1]}"
    return ""


def main() -> int:
    """Try all; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="without the tests")
    quick = parser.parse_args().quick
    failed = False
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        ignored = shutil.ignore_patterns(
            ".*", "build", "dist", "*.egg-info", "__pycache__", "_build"
        )
        shutil.copytree(ROOT, temporary / "source", ignore=ignored)
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w"]
        subprocess.run([*build, temporary / "wheels", temporary / "source"], check=True)
        (wheel,) = (temporary / "wheels").iterdir()
        found = pythons()
        for version in VERSIONS:
            if version not in found:
                print(f"Python {version}: not found here")
                continue
            wrong = tried(found[version], wheel, temporary / version, quick=quick)
            print(f"Python {version}: {wrong or 'works'}", flush=True)
            failed |= bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
