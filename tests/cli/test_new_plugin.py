"""`pluggrad new-plugin`: what it writes installs, works, and passes its own tests at once."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import forks
import pytest
from building import build_wheels
from pluggrad.cli import main
from pluggrad.cli.new_plugin import NewPluginError, write
from type_checking import mypy


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder of a new plugin, and the folder it was installed into."""
    folder = tmp_path_factory.mktemp("new")
    assert main(["new-plugin", "fresh-ops", "--path", str(folder)]) in (0, None)
    target, wheels = folder / "site", folder / "wheels"
    build_wheels(wheels, folder / "fresh-ops")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    here_only = ["--no-deps", "--no-index", "--target", target]
    subprocess.run([*pip, *here_only, *wheels.iterdir()], check=True)
    return folder / "fresh-ops", target


def python(target, *arguments):
    command = [sys.executable, *arguments]
    return forks.run(command, cwd=target, env={**os.environ, "PYTHONPATH": str(target)})


@pytest.fixture(scope="module")
def tested(package):
    """A run of its tests, which names each."""
    folder, target = package
    environment = {**os.environ, "PYTHONPATH": str(target)}
    return forks.run_pytest("-v", "-p", "no:cacheprovider", folder, cwd=target, env=environment)


def test_its_tests_pass_at_once(tested):
    assert tested.returncode == 0, tested.stdout
    assert "skipped" not in tested.stdout.lower()


def test_each_check_of_the_kit_is_one_of_its_tests(tested):
    assert "pluggrad::fresh_ops_cube-partials_are_true" in tested.stdout
    assert "pluggrad::fresh-ops-small_graphs_are_drawn" in tested.stdout


def test_its_readme_shows_what_happens(package):
    folder, target = package
    text = (folder / "README.md").read_text()
    example = text.partition("```python\n")[2].partition("```")[0]
    done = python(target, "-W", "error", "-c", example)
    assert done.stdout.startswith("8.0 12.0\nx: 2\n"), done.stderr


def test_its_op_and_renderer_pass_the_check_by_the_name_of_the_package(package):
    _, target = package
    options = ["--examples", "5", "--depth", "1000"]
    done = python(target, "-m", "pluggrad.cli", "check", "fresh-ops", *options)
    assert (done.returncode, done.stdout) == (0, "fresh_ops_cube  ok\nfresh-ops       ok\n")


def test_its_op_and_renderer_are_listed(package):
    _, target = package
    done = python(target, "-m", "pluggrad.cli", "plugins")
    assert "fresh-ops 0.1.0" in done.stdout
    assert "fresh_ops_cube" in done.stdout


BACKENDS = {"setuptools": "setuptools", "hatchling": "hatchling", "uv": "uv_build"}


@pytest.mark.parametrize("build", BACKENDS)
def test_each_way_to_build_makes_a_wheel_with_the_package_and_its_entry_points(build, tmp_path):
    backend = pytest.importorskip(BACKENDS[build], reason="builds a package")
    programs = Path(backend.__file__).parents[4] / "bin"  # uv's backend calls one
    folder = write("fresh-ops", tmp_path, build)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "-w", tmp_path / "dist", folder],
        check=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
    )
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (listed,) = [name for name in names if name.endswith("entry_points.txt")]
        entries = archive.read(listed).decode()
    modules = {"__init__.py", "ops.py", "renderer.py", "py.typed"}
    assert {f"fresh_ops/{module}" for module in modules} <= set(names)
    assert not [name for name in names if "tests" in name]
    assert "[pluggrad]" in entries
    assert "[pluggrad.renderers]" in entries


def test_another_way_to_build_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        main(["new-plugin", "fresh-ops", "--build", "flit"])
    assert "choose from" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["My-Ops", "my_ops", "1ops", "ops-", "a--b", "", "a b", "../x"])
def test_a_name_that_is_none_for_a_package_says_how_they_look(name, tmp_path):
    with pytest.raises(NewPluginError, match=r"cannot be a package's name: lower-case letters"):
        write(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["class", "math", "tests"])
def test_a_word_of_python_is_refused(name, tmp_path):
    with pytest.raises(NewPluginError, match=r"is a word of Python or a module of its library"):
        write(name, tmp_path)


@pytest.mark.parametrize("name", ["pluggrad", "text"])
def test_a_name_that_is_taken_is_refused(name, tmp_path):
    with pytest.raises(NewPluginError, match=r"is installed already: a package, plugin or rend"):
        write(name, tmp_path)


def test_nothing_is_overwritten(tmp_path):
    folder = write("fresh-ops", tmp_path)
    (folder / "README.md").write_text("mine")
    with pytest.raises(NewPluginError, match=r"fresh-ops exists already; nothing was written"):
        write("fresh-ops", tmp_path)
    assert (folder / "README.md").read_text() == "mine"


def test_a_folder_that_cannot_be_made_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NewPluginError, match=r"cannot write .*fresh-ops: Not a directory"):
        write("fresh-ops", tmp_path / "file")


def test_type_checkers_follow_an_editable_installation_of_it(package, tmp_path):
    folder, _ = package
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python_of_it = environment / "bin" / "python"
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "outside.pth").write_text("\n".join(path for path in sys.path if path))
    pip = [python_of_it, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--no-index", "-e", folder], check=True)
    (tmp_path / "user.py").write_text(
        "from fresh_ops.ops import fresh_ops_cube\n"
        "from fresh_ops.renderer import Renderer\n"
        "volume = fresh_ops_cube.arity + 'x'\n"
        "Renderer(indent=3)\n"
    )
    there = ["--python-executable", python_of_it]
    done = mypy(*there, "user.py", cwd=tmp_path)
    told = [line.partition("[")[2] for line in done.stdout.splitlines() if "error:" in line]
    assert told == ["operator]", "arg-type]"], done.stdout
    done = mypy(*there, cwd=folder)
    assert "Success" in done.stdout, done.stdout
