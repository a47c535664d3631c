"""Newcomers' paths, walked from an empty folder: `make paths`, or `python tests/paths/walk.py`.

    python tests/paths/walk.py [NAME ...] [--show]

A path is a page beside this file. It says what somebody types who has nothing but Python, and every
line that they then see. Each path gets an empty folder and an empty environment, in which pip finds
a wheel of this tree and, repacked from this Python, the packages that pluggrad can use. So it needs
no network. What stands in a page is compared to the letter, but for `...`; a command that shows
nothing prints nothing. The exit code is 1 when a path stumbles.
"""

from __future__ import annotations

import argparse
import doctest
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "docs")]

from blocks import blocks, commands  # noqa: E402  # pages are written as the documentation is
from building import build_wheels  # noqa: E402

PAGES = sorted(HERE.glob("*.md"))
NEEDED = ("pluggrad[compile,svg,testing]", "scipy", "micrograd", "setuptools>=77", "mypy")
NOT_COPIED = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "_build")


class Step(NamedTuple):
    """One thing that somebody did.

    Attributes:
        what: the command, or the file that was written.
        seconds: how long it took.
        printed: all that was seen.
        wanted: what the page says.
    """

    what: str
    seconds: float = 0.0
    printed: str = ""
    wanted: str = ""

    @property
    def stumbles(self) -> bool:
        """Whether something else is seen than the page says."""
        checker = doctest.OutputChecker()
        wanted, printed = f"{self.wanted}\n", f"{self.printed}\n"
        return not checker.check_output(wanted, printed, doctest.ELLIPSIS)


# ----- What pip finds -----


def make_wheelhouse(folder: Path, wanted: tuple[str, ...] = NEEDED) -> None:
    """Write a wheel of this tree, and one of each package that a path may want."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "pluggrad"
        shutil.copytree(ROOT, source, ignore=NOT_COPIED)
        build_wheels(folder, source)
    for package in needed(wanted):
        repack(package, folder)


def needed(wanted: tuple[str, ...]) -> Iterator[Distribution]:
    """Return the installed packages that these want, and those that they want in turn."""
    seen, queue = {("pluggrad", "")}, [Requirement(text) for text in wanted]
    while queue:
        requirement = queue.pop()
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        if (requirement.name, "") not in seen:
            yield found
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) in seen and extra:
                continue
            new = (requirement.name, extra) not in seen or requirement.name == "pluggrad"
            seen.add((requirement.name, extra))
            for line in found.requires or () if new else ():
                inner = Requirement(line)
                if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                    queue.append(inner)


def repack(package: Distribution, folder: Path) -> None:
    """Make a wheel again of what pip has installed from one."""
    files = [file for file in package.files or () if is_of_wheel(file.as_posix())]
    described = (package.read_text("WHEEL") or "Tag: py3-none-any").splitlines()
    tags = [line[4:].strip().split("-") for line in described if line.startswith("Tag:")]
    tag = "-".join(".".join(sorted(set(parts))) for parts in zip(*tags, strict=True))
    inside = next(file.parts[0] for file in files if file.parts[0].endswith(".dist-info"))
    stem = inside.removesuffix(".dist-info")
    with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as wheel:
        for file in files:
            wheel.write(str(file.locate()), file.as_posix())
        wheel.writestr(f"{inside}/RECORD", "".join(f"{file.as_posix()},,\n" for file in files))


def is_of_wheel(path: str) -> bool:
    """Return whether a file came in the wheel, not from installing it; without a package's tests.

    pip compiles what it installs, for a second or two where there are tests.
    """
    written_by_pip = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", ".pyc")
    return not path.startswith("..") and not path.endswith(written_by_pip) and "/tests/" not in path


# ----- Walking -----


def walk(page: Path, environment: dict[str, str], folder: Path) -> Iterator[Step]:
    """Do what a page says, from an empty folder; stop where it stumbles.

    Parameters:
        page: the path.
        environment: the variables of whoever walks, from `surroundings`.
        folder: where to make the folder in which they work.
    """
    work = folder / "work"
    work.mkdir()
    for block in blocks(page):
        if block.file:
            path = work / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            yield Step(f"write {block.file}")
        for command in commands(block) if block.language == "console" else ():
            step = run(command.command, command.output, work, environment)
            yield step
            if step.stumbles:
                return


def give_pip(home: Path) -> None:
    """Install this Python's pip, compiled as it is; what comes with Python compiles for seconds."""
    (site,) = home.glob("lib/python*/site-packages")
    for file in distribution("pip").files or ():
        if not file.as_posix().startswith(".."):
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(file.locate()), target)
    program = home / "bin" / "pip"
    lines = f"#!{home}/bin/python", "import sys", "from pip._internal.cli.main import main"
    program.write_text("\n".join([*lines, "sys.exit(main())\n"]))
    program.chmod(0o755)


def surroundings(wheelhouse: Path, folder: Path) -> dict[str, str]:
    """Make an environment with nothing but pip; return the variables of whoever works in it.

    Parameters:
        wheelhouse: the folder in which pip finds packages.
        folder: where to make the environment and a home.
    """
    home = folder / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    give_pip(home)
    (folder / "home").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join([str(home / "bin"), kept["PATH"]]),
        "VIRTUAL_ENV": str(home),
        "HOME": str(folder / "home"),
        "COLUMNS": "80",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheelhouse),
        "PIP_QUIET": "1",
        "PLUGGRAD_PROGRESS": "0",  # whether something takes a second is the machine's affair
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # it misses two edits in one second
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def run(command: str, wanted: str, folder: Path, environment: dict[str, str]) -> Step:
    """Run one command; an exit code other than 0 is seen as a line of its own."""
    start = time.perf_counter()
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    lines = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
    lines += [f"(exit code {done.returncode})"] if done.returncode else []
    return Step(command, time.perf_counter() - start, "\n".join(lines), wanted)


def told(step: Step) -> str:
    """Return what is to be said of a step that stumbles."""
    return f"$ {step.what}\n--- the page says\n{step.wanted}\n--- it prints\n{step.printed}"


def main() -> int:
    """Walk the paths; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of paths; all if none is given")
    parser.add_argument("--show", action="store_true", help="print all that is seen on the way")
    options = parser.parse_args()
    pages = [page for page in PAGES if page.stem in options.names or not options.names]
    stumbled = False
    with tempfile.TemporaryDirectory() as name:
        wheelhouse = Path(name) / "wheels"
        wheelhouse.mkdir()
        make_wheelhouse(wheelhouse)
        print(f"{'path':20} {'steps':>5} {'seconds':>7}")
        for page in pages:
            folder = Path(name) / page.stem
            folder.mkdir()
            steps = []
            for step in walk(page, surroundings(wheelhouse, folder), folder):
                steps.append(step)
                if options.show:
                    print(f"$ {step.what}  [{step.seconds:.1f} s]\n{step.printed}".rstrip())
            wrong = steps[-1].stumbles
            seconds = sum(step.seconds for step in steps)
            print(f"{page.stem:20} {len(steps):5} {seconds:7.1f}{'  STUMBLES' * wrong}", flush=True)
            if wrong:
                print(told(steps[-1]))
            stumbled |= wrong
    return int(stumbled)


if __name__ == "__main__":
    sys.exit(main())
