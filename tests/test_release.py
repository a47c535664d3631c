"""What is published: a wheel and an sdist that install and work without the source folder."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pluggrad
import pytest
from building import build_wheels

ROOT = Path(__file__).parents[1]
FOLDERS = {"core": "", "ops": "ops", "renderers": "renderers", "cli": "cli", "testing": "testing",
           "compiler": "compiler", "nn": "nn", "printers": "printers"}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the source, because building leaves files beside it."""
    copy = tmp_path_factory.mktemp("source") / "pluggrad"
    ignored = shutil.ignore_patterns(
        ".*", "build", "dist", "*.egg-info", "__pycache__", "_build", "results"
    )
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build_wheels(target, source)
    (found,) = target.iterdir()
    return found


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    program = f"import setuptools.build_meta as b; b.build_sdist({str(target)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=source, check=True, capture_output=True)
    (found,) = target.iterdir()
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clean environment with the wheel; its dependencies are those of this Python."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    program = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = Path(
        subprocess.run(
            [program, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()
    )  # fmt: skip
    for name in ("pluggy", "graphviz", "networkx"):
        (site / name).symlink_to(Path(__import__(name).__file__).parent)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", site, wheel], check=True)
    return program


def test_the_wheel_has_every_module_and_its_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in FOLDERS.items():
        for module in (ROOT / folder).rglob("*.py"):
            inside = Path("pluggrad") / package / module.relative_to(ROOT / folder)
            assert inside.as_posix() in names
    assert "pluggrad/py.typed" in names
    assert "pytest_pluggrad/__init__.py" in names
    for data in (ROOT / "renderers").rglob("*"):
        if data.suffix in (".js", ".css", ".html"):
            assert f"pluggrad/renderers/{data.relative_to(ROOT / 'renderers').as_posix()}" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "examples/"))]


def test_the_wheel_says_who_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode())
    assert metadata["Name"] == "pluggrad"
    assert metadata["Version"] == pluggrad.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "# pluggrad" in metadata.get_payload()
    base = [x for x in metadata.get_all("Requires-Dist") if "extra ==" not in x]
    assert {x.split(">")[0].split("=")[0].strip() for x in base} == {
        "pluggy", "graphviz", "networkx",
    }  # fmt: skip
    classifiers = metadata.get_all("Classifier")
    assert "Typing :: Typed" in classifiers
    assert "Programming Language :: Python :: 3.11" in classifiers


def test_the_wheel_works_where_nothing_else_is_installed(python: Path, tmp_path: Path) -> None:
    program = """
import pluggrad
from pluggrad import Value, render, plugins
x = Value(2.0, label="x")
y = (x * x + 1.0).tanh()
y.backward()
assert y.data == 0.9999092042625951, y.data
assert "tanh" in render(y, "text")
assert render(y, "networkx").number_of_nodes() == 5
assert not [p.failure for p in plugins if p.failure]
program = pluggrad.compile(y, executor="interpreter")
assert program() == y.data
print(pluggrad.__file__)
"""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PLUGGRAD"))}
    done = subprocess.run(
        [python, "-W", "error", "-c", program],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(python.parents[1]) in done.stdout
    demo = subprocess.run(
        [python, "-m", "pluggrad.cli", "demo"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "0.7071067811865477" in demo.stdout, demo.stderr


def test_the_sdist_has_what_its_tests_and_its_build_need(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert folder.name == f"pluggrad-{pluggrad.__version__}"
    for path in ("LICENSE", "README.md", "CHANGELOG.md", "core/value.py", "tests/core/test_op.py",
                 "plugins_example/pyproject.toml", "examples/neuron.py", "Makefile"):  # fmt: skip
        assert (folder / path).exists(), path
