"""Plugins that misbehave, folders that hold modules of Python's names, and texts for terminals."""

import os
import subprocess
import sys
from functools import partial

import forks
import pluggrad
import pytest

PLUGIN = """
import os
import sys
from pluggrad import Op, hookimpl

def noisy(x):
    print("as it likes")
    return 2 * x

def leaving(*_):
    sys.exit(0)

class Generator:
    name = "generator"
    def __call__(self, graph):
        yield "x"

class Coroutine:
    name = "coroutine"
    async def __call__(self, graph):
        return "x"

class Leaving:
    name = "leaving-renderer"
    __call__ = leaving

class Ending:
    name = "ending-renderer"
    def __call__(self, graph):
        os._exit(0)

class Idle:
    name = "idle"
    suffixes = (".idle",)
    def __call__(self, graph):
        return repr(graph.nodes) + repr(graph.edges)
    def write(self, graph, path):
        pass

class Plain:
    name = "plain"
    def __init__(self, gradients=False, digits: int = 6):
        self.gradients, self.digits = gradients, digits
        assert digits > 0
    def __call__(self, graph):
        return f"{self.gradients} {self.digits}"

@hookimpl
def pluggrad_register_ops():
    return [
        Op("noisy", noisy, lambda g, out, x: 2 * g),
        Op("leaving_rule", lambda x: 2 * x, leaving),
        Op("leaving_forward", leaving, lambda g, out, x: 2 * g),
    ]

@hookimpl
def pluggrad_register_renderers():
    return [Generator, Coroutine, Leaving, Ending, Idle, Plain]
"""

DEPTH = ("--depth", "20001")  # the least that is drawn in a process of its own


@pytest.fixture
def pluggrad_command(tmp_path):
    """Run the command where a plugin package is installed, in an empty folder."""
    site, folder = tmp_path / "site", tmp_path / "folder"
    metadata = site / "hostile-1.0.dist-info"
    metadata.mkdir(parents=True)
    folder.mkdir()
    (site / "hostile.py").write_text(PLUGIN)
    (site / "hostile_broken.py").write_text("raise RuntimeError('as it likes')\n")
    (metadata / "METADATA").write_text("Name: hostile\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[pluggrad]\nhostile.all = hostile\nhostile.broken = hostile_broken\n"
    )

    def run(*arguments, main=("-P", "-m", "pluggrad"), start=forks.run):
        return start(
            [sys.executable, "-W", "ignore", *main, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(site)},
            timeout=120,
        )

    run.folder = folder
    return run


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("leaving_rule", "SystemExit: 0"),
        ("leaving_forward", "SystemExit: 0"),
        ("leaving-renderer", "SystemExit: 0"),
        ("ending-renderer", "os._exit(0)"),
        ("generator", "it gives a generator, in which nothing has been drawn yet"),
        ("coroutine", "it gives a coroutine, in which nothing has been drawn yet"),
        ("idle", "saved as .idle: write(graph, path) makes no file at the path"),
        ("hostile.broken", "failed to load: RuntimeError: as it likes"),
    ],
)
def test_what_proves_nothing_fails_with_its_reason(name, told, pluggrad_command):
    done = pluggrad_command("check", name)
    assert done.returncode == 1, done
    assert f"{name}  FAILED  " in done.stdout
    assert told in done.stdout
    assert "Traceback" not in done.stderr


def test_a_package_fails_when_one_of_its_plugins_was_skipped(pluggrad_command):
    done = pluggrad_command("check", "hostile", *DEPTH)
    assert done.returncode == 1
    assert "hostile.broken" in done.stdout
    assert "noisy " in done.stdout


def test_a_forward_that_prints_stays_out_of_the_report(pluggrad_command):
    done = pluggrad_command("check", "noisy")
    assert done.stdout == ("noisy  ok; it prints to standard output, each time that it is called\n")


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("gradients=no", "False 6"),
        ("gradients=YES", "True 6"),
        ("digits=3", "False 3"),
        ("digits=abc", "option digits is a whole number, not 'abc'"),
        ("digits=2.5", "option digits is a whole number, not 2.5"),
        ("gradients=maybe", "option gradients is True or False, not 'maybe'"),
        ("digits=-1", "renderer 'plain' failed: AssertionError (hostile.py, line "),
    ],
)
def test_an_option_is_what_it_says_or_an_error_in_one_line(option, found, pluggrad_command):
    (pluggrad_command.folder / "one.py").write_text("from pluggrad import Value\ny = Value(1.0)\n")
    done = pluggrad_command("render", "one.py:y", "-r", "plain", "--option", option)
    assert found in done.stdout + done.stderr
    assert done.returncode == (0 if done.stdout else 2)
    assert len(done.stderr.splitlines()) <= 1


@pytest.mark.parametrize("main", [("-P", "-m", "pluggrad"), ("-P", "-m", "pluggrad.cli")])
def test_the_package_is_the_command(main, pluggrad_command):
    assert pluggrad_command("--version", main=main).stdout == f"pluggrad {pluggrad.__version__}\n"


NAMES = "json subprocess tempfile hashlib inspect signal site runpy wasmtime importlib graphviz"


@pytest.mark.parametrize("engine", ["dot", "wasi", None])
def test_drawing_runs_nothing_that_lies_in_the_folder(engine, tmp_path):
    for name in NAMES.split():
        (tmp_path / f"{name}.py").write_text("open('it ran', 'w').close(); raise SystemExit(3)\n")
    program = (
        "from pluggrad import RenderError, Value, save\n"
        "try:\n"
        f"    save(Value(2.0) * 3.0, 'a.svg', engine={engine!r})\n"
        "except RenderError as cause:\n"
        "    print(cause)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "it ran").exists()
    assert (tmp_path / "a.svg").exists() or "not on PATH" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [("demo",), ("check", "text", *DEPTH), ("check", "svg", *DEPTH)]
)
def test_demo_and_check_run_nothing_that_lies_in_the_folder(arguments, pluggrad_command):
    for name in NAMES.split():
        path = pluggrad_command.folder / f"{name}.py"
        path.write_text("open('it ran', 'w').close(); raise SystemExit(3)\n")
    anew = partial(subprocess.run, capture_output=True, text=True)  # nothing is imported yet
    done = pluggrad_command(*arguments, start=anew)
    assert done.returncode == 0, done
    assert not (pluggrad_command.folder / "it ran").exists()


HOSTILE = "\x1b[2J\x9b1m\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", HOSTILE),
        ("render", f"{HOSTILE}.py:y"),
        ("render", "one.py:y", "-r", HOSTILE),
        ("render", "one.py:y", "-o", f"{HOSTILE}.txt"),
        ("render", "one.py:y", "-o", f"{HOSTILE}/a.txt"),
        ("render", "one.py:y", "-o", f"a.{HOSTILE}"),
        ("render", "one.py:y", "--option", HOSTILE),
        ("demo", "-o", f"{HOSTILE}.svg"),
        ("new-plugin", HOSTILE),
        ("new-plugin", "fresh-name", "--path", HOSTILE),
        (HOSTILE,),
        ("ops", HOSTILE),
    ],
)
def test_nothing_that_a_terminal_obeys_comes_out_of_the_command(arguments, pluggrad_command):
    (pluggrad_command.folder / "one.py").write_text("from pluggrad import Value\ny = Value(1.0)\n")
    done = pluggrad_command(*arguments)
    for mark in HOSTILE:
        if not mark.isprintable():
            assert mark not in done.stdout + done.stderr


def test_a_name_that_is_too_long_for_a_folder_is_told_in_one_line(pluggrad_command):
    done = pluggrad_command("new-plugin", "x" * 300)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "File name too long" in done.stderr


@pytest.mark.parametrize("name", ["numpy", "networkx", "pluggy", "llvmlite"])
def test_a_new_plugin_does_not_take_the_name_of_an_installed_package(name, pluggrad_command):
    pytest.importorskip(name)
    done = pluggrad_command("new-plugin", name)
    assert done.returncode == 2
    assert f"{name!r} is " in done.stderr
    assert "installed" in done.stderr
    assert os.listdir(pluggrad_command.folder) == []
