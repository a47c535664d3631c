"""Promises of the whole package: what imports what, what is typed, what the documentation shows."""

import ast
import copy
import doctest
import importlib
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pluggrad
import pytest
from pluggrad import index
from pluggrad.cli import stubs
from pluggrad.value import SOCKETS

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import house  # noqa: E402 - beside this file
from type_checking import mypy  # noqa: E402

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
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in doctest.DocTestFinder().find(module):
        if test.examples:  # of thousands of docstrings without any, each would have a debugger made
            runner.run(test)
    assert runner.failures == 0


PUBLIC = ["pluggrad", *(f"pluggrad.{p}" for p in ("func", "nn", "nn.lr_scheduler", "testing"))]
# hookimpl is pluggy's, an array is made by values(), a Region is a tuple; "args, kwargs: ...".
WITHOUT_PARAMETERS = {"hookimpl", "ValueArray", "Region", "checkpoint"}
# Their examples would need a notebook, or a run of pytest.
WITHOUT_EXAMPLE = {"hookimpl", "widget", "op_suite", "renderer_suite"}


def public() -> Iterator[tuple[str, Any]]:
    """Give the functions and classes that pluggrad's packages list, errors and modules aside."""
    for package in PUBLIC:
        module = importlib.import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing) and not (
                isinstance(thing, type) and issubclass(thing, BaseException | Warning)
            ):
                yield f"{package}.{name}", thing


@pytest.mark.parametrize(
    ("name", "thing"), [*public()], ids=lambda x: x if isinstance(x, str) else ""
)
def test_everything_public_says_what_it_takes_and_shows_it(name: str, thing: Any) -> None:
    told = inspect.getdoc(thing) or ""
    assert told, name
    last = name.rpartition(".")[2]
    if last not in WITHOUT_PARAMETERS:
        parameters = [p for p in inspect.signature(thing).parameters if p != "more"]
        missing = [p for p in parameters if not re.search(rf"^\s+{p}:", told, re.MULTILINE)]
        assert not missing or hasattr(thing, "_fields"), (name, missing)
    assert last in WITHOUT_EXAMPLE or ">>> " in told, f"{name} has no example"


def test_mypy_knows_operators_and_methods_and_rejects_text(tmp_path: Path) -> None:
    program = tmp_path / "user.py"
    program.write_text(
        textwrap.dedent("""
            from pluggrad import Value, grad
            a, b = Value(1.0), Value(2.0)
            c: Value = a + b
            d: Value = a.tanh() * 2 - 1 / b
            e: float = grad(d, a)
            f: Value = a.leaky_relu(slope=0.1) + a.where(b, 3.0).atan2(b)
            wrong = a + "x"
            a.no_such_op()
            a.leaky_relu(slop=0.1)
            a.tanh().data.no_such_number
        """)
    )
    done = mypy(str(program), cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert 'Unsupported operand types for + ("Value" and "str")' in lines[0]
    assert '"Value" has no attribute "no_such_op"' in lines[1]
    assert 'Unexpected keyword argument "slop" for "leaky_relu"' in lines[2]
    assert '"float" has no attribute "no_such_number"' in done.stdout
    assert "Found 4 errors" in done.stdout, done.stdout


def test_type_checkers_are_told_of_the_methods_that_built_in_ops_give() -> None:
    lines = (ROOT / "ops/methods.pyi").read_text().splitlines()
    declared = {line.strip() for line in lines if "def " in line and "def __" not in line}
    registered = {
        stubs.declaration(op)
        for plugin in pluggrad.plugins
        if plugin.distribution.startswith("pluggrad ")
        for op in plugin.ops
    }
    assert declared == registered, f"change ops/methods.pyi: {sorted(declared ^ registered)}"


def test_type_checkers_are_told_of_the_operators_that_ops_serve() -> None:
    text = (ROOT / "ops/methods.pyi").read_text()
    names = [name for names in SOCKETS.values() for name in names]
    assert sorted(re.findall(r"def (__\w+__)\(self", text)) == sorted(names)


def test_the_files_of_a_package_are_no_names_of_it() -> None:
    """In a process of its own, which imports every file of every package."""
    program = textwrap.dedent("""
        import importlib, sys, types
        import pluggrad
        for name in sys.argv[1:-1]:
            importlib.import_module(name)
        for package in [pluggrad, *(getattr(pluggrad, name) for name in sys.argv.pop().split())]:
            listed = getattr(package, "__all__", ())
            for name, thing in vars(package).items():
                file = isinstance(thing, types.ModuleType) and not hasattr(thing, "__path__")
                if file and name not in listed and not name.startswith("_"):
                    print(f"{package.__name__}.{name}")
    """)
    done = subprocess.run(
        [sys.executable, "-c", program, *MODULES, " ".join(house.PACKAGES[1:])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_files_are_imported_as_ever() -> None:
    import pluggrad.func.fused as fused
    from pluggrad import topology
    from pluggrad.func import dual

    assert (topology.__name__, dual.__name__) == ("pluggrad.topology", "pluggrad.func.dual")
    assert fused is sys.modules["pluggrad.func.fused"]
    assert pluggrad.func.grad is importlib.import_module("pluggrad.func").grad
    for package, name in [
        (pluggrad, "topology"),
        (pluggrad.func, "fused"),
        (pluggrad, "importlib"),
    ]:
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(package, name)


def test_the_version_stands_in_one_place() -> None:
    from importlib.metadata import version

    assert pluggrad.__version__ == version("pluggrad")


# ----- The house -----


def test_no_two_files_import_each_other_not_even_inside_functions() -> None:
    assert house.circles() == []


def test_a_circle_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    monkeypatch.setattr(house, "arrows", lambda: arrows)
    assert house.circles() == [{"b", "c"}]


def reading_order() -> list[str]:
    text = (ROOT / "docs" / "design.md").read_text()
    return re.findall(r"^\d+\. `([\w/]+\.py)`: .+\.$", text, re.MULTILINE)


def test_the_reading_order_names_every_file_of_the_core() -> None:
    files = {str(path.relative_to(ROOT / "core")) for path in (ROOT / "core").rglob("*.py")}
    named = reading_order()
    assert len(named) == len(set(named))
    assert set(named) == {x for x in files if not x.endswith(("__init__.py", "__main__.py"))}


def test_in_reading_order_no_file_needs_one_that_comes_later() -> None:
    place = {name: i for i, name in enumerate(reading_order())}
    known = house.modules()
    for name, imported in house.arrows().items():
        here = place.get(_in_core(known[name]))
        for other in imported:
            there = place.get(_in_core(known[other]))
            if here is not None and there is not None:
                assert there < here, f"{name} imports {other}"


def _in_core(path: Path) -> str:
    core = ROOT / "core"
    return str(path.relative_to(core)) if path.is_relative_to(core) else ""


def test_the_core_is_small() -> None:
    """At most 2,000 lines of code in 20 files, 1,600 in 15 of them without the door."""
    counts = {path: house.code_lines(path) for path in house.files_of("core")}
    engine = [count for path, count in counts.items() if "registry" not in path.parts]
    assert (sum(counts.values()) <= 2000, len(counts) <= 20) == (True, True), counts
    assert (sum(engine) <= 1600, len(engine) <= 15) == (True, True), counts
    assert max(counts.values()) <= 300, counts


def test_no_function_of_the_compiler_takes_a_crowd_of_arguments() -> None:
    assert house.crowds(house.files_of("compiler")) == []


def test_a_crowd_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "ROOT", tmp_path)
    file = tmp_path / "crowd.py"
    file.write_text("class A:\n    def f(self, a, b, c, d, e, /, f, g, *, h, i): ...\n")
    assert house.crowds([file]) == ["crowd.py: f, 9 parameters"]


def test_every_package_is_listed_for_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    packages = {name for name, path in house.modules().items() if path.name == "__init__.py"}
    beside = {"pytest_pluggrad"}  # no part of pluggrad, so that loading it does not load pluggrad
    assert sorted(listed) == sorted(packages | beside)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda wing: pickle.loads(pickle.dumps(wing))]
)
def test_what_the_engine_calls_in_wings_is_copied_as_anything(again: Any) -> None:
    wing = again(index.name_hints)
    assert str(wing.no_op("sinn", ["sin"])).startswith("no plugin provides op 'sinn'")
    with pytest.raises(AttributeError, match="no attribute 'no_such_hint'"):
        wing.no_such_hint  # noqa: B018
