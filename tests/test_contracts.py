"""Promises of the whole package: what imports what, what is typed, what the documentation shows."""

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pluggrad
import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"networkx", "numpy", "numba", "graphviz"}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(pluggrad.__path__, "pluggrad.")
    if not module.name.endswith("__main__")  # importing it is running it
)


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda p: p.name)
def test_core_imports_none_of_its_siblings_and_nothing_heavy(path: Path) -> None:
    for name in imports_of(path):
        assert name.split(".")[0] not in HEAVY | {"pluggrad"}, f"{path.name} imports {name}"


def test_importing_pluggrad_loads_nothing_heavy() -> None:
    code = f"import sys, pluggrad; print(*[m for m in {sorted(HEAVY)} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", ["pluggrad", *MODULES])
def test_the_examples_in_docstrings_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_everything_public_has_a_docstring() -> None:
    for name in pluggrad.__all__:
        thing = getattr(pluggrad, name)
        if callable(thing):
            assert thing.__doc__, name


def test_mypy_knows_operators_and_methods_and_rejects_text(tmp_path: Path) -> None:
    program = tmp_path / "user.py"
    program.write_text(
        textwrap.dedent("""
            from pluggrad import Value, grad
            a, b = Value(1.0), Value(2.0)
            c: Value = a + b
            d: Value = a.tanh() * 2 - 1 / b
            e: float = grad(d, a)
            wrong = a + "x"
        """)
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert 'Unsupported operand types for + ("Value" and "str")' in lines[0]
    assert "Found 1 error" in done.stdout, done.stdout


def test_the_version_stands_in_one_place() -> None:
    from importlib.metadata import version

    assert pluggrad.__version__ == version("pluggrad")
