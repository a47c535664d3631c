"""What the tests of the documentation share: its pages, and where a reader's commands run."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The folder of the generated pages, beside which the others are as they are in docs/."""
    import generate

    folder = tmp_path_factory.mktemp("docs") / "generated"
    folder.mkdir()
    generate.write_all(folder)
    return folder


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader's empty folder and own environment: what is installed there goes with it.

    Its Python is this one with a `site-packages` of its own in front, so that `pip install` works
    as for a reader, needs no network, and leaves nothing behind.
    """
    import venv

    home = tmp_path / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    paths = {name: Path(sysconfig.get_path(name)) for name in ("purelib", "scripts")}
    (site,) = home.glob("lib/python*/site-packages")
    (site / "outer.pth").write_text(f"import site; site.addsitedir({str(paths['purelib'])!r})\n")
    programs = {"pip": "pip", "pytest": "pytest", "pluggrad": "pluggrad.cli"}
    for name, module in programs.items():
        program = home / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{home}/bin/python" -m {module} "$@"\n')
        program.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PLUGGRAD", "PYTEST", "PIP"))}
    environment = {
        **kept,
        "PATH": os.pathsep.join([str(home / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(home),
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as build_isolation=0
        "PIP_NO_INDEX": "1",
        "PIP_QUIET": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTEST_ADDOPTS": "-p no:anyio",  # from outside: its plugin imports trio before each run
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "80",
    }
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(folder)
    return environment
