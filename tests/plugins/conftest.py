"""Installs the packages under `packages/`, and runs programs that see them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import forks
import pytest
from building import build_wheels
from locking import alone

PACKAGES = Path(__file__).parent / "packages"
EXAMPLE = Path(__file__).parents[2] / "plugins_example"

# What a program prints at its end: everything that `plugins` knows, and the warnings so far.
REPORT = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {before}
    import pluggrad
    {after}
    listed = list(pluggrad.plugins)
print(json.dumps({{
    "ops": {{p.name: [op.name for op in p.ops] for p in listed if not p.failure}},
    "renderers": {{p.name: [r.name for r in p.renderers] for p in listed if not p.failure}},
    "skipped": [[p.name, p.distribution, p.failure] for p in listed if p.failure],
    "warned": [str(w.message) for w in caught if w.category is pluggrad.PluginWarning],
    "methods": sorted(n for n in vars(pluggrad.Value) if not n.startswith("_")),
}}))
"""


def digest_of(*folders: Path) -> str:
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    kept = [path for path in files if path.suffix in {".py", ".toml"}]
    return hashlib.sha256(b"".join(path.read_bytes() for path in kept)).hexdigest()[:16]


def install(target, tmp_path_factory):
    """Have pip install the packages into a folder, all of them or none."""
    copies = tmp_path_factory.mktemp("sources")  # a build leaves files beside its source
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    for package in [*PACKAGES.iterdir(), EXAMPLE]:
        shutil.copytree(package, copies / package.name, ignore=ignored)
    wheels = tmp_path_factory.mktemp("wheels")
    build_wheels(wheels, *copies.iterdir())
    unfinished = target.with_name(f"unfinished-{os.getpid()}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    here_only = ["--no-deps", "--no-index", "--target", unfinished]
    subprocess.run([*pip, *here_only, *wheels.iterdir()], check=True)
    unfinished.rename(target)


@pytest.fixture(scope="session")
def installed(request, tmp_path_factory):
    """A folder into which pip has installed the packages; kept until one of them changes."""
    kept = request.config.cache.mkdir(f"plugin_packages_{digest_of(PACKAGES, EXAMPLE)}")
    target = Path(kept) / "site"
    with alone(Path(kept) / "lock"):
        if not target.exists():
            install(target, tmp_path_factory)
    return target


@pytest.fixture
def python(installed, tmp_path):
    """Run a program in a fresh Python that sees the installed packages."""

    def run(program, *more_path, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PLUGGRAD", "PYTHON"))}
        path = os.pathsep.join(map(str, [*more_path, installed]))
        return forks.run(
            [sys.executable, "-c", program],
            env={**clean, "PYTHONPATH": path, **environment},
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def report(python):
    """Import pluggrad in a fresh Python and tell what is loaded, skipped and warned about."""

    def told(before="", after="", *more_path, **environment):
        done = python(REPORT.format(before=before, after=after), *more_path, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return told


@pytest.fixture(scope="session")
def names(installed):
    """The entry-point names of the installed packages."""
    found = (
        line.split("=")[0].strip()
        for file in installed.glob("*.dist-info/entry_points.txt")
        for line in file.read_text().splitlines()
        if "=" in line
    )
    return sorted(set(found))
