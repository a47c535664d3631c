"""`pluggrad check`: a line for each op and renderer, and an exit code that tells."""

import io
import os
import subprocess
import sys

import forks
import pytest
from pluggrad import Op, hookimpl, plugins
from pluggrad.cli import main
from pluggrad.progress import line, screens


@pytest.fixture
def run(capsys):
    def typed(*arguments):
        code = main(["check", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


@pytest.fixture
def wrong():
    plugins.register_op(Op("wrong", lambda x: x * x * x, lambda g, out, x: 6 * g * x * x))
    yield
    plugins.unregister("wrong")


def test_an_op_a_plugin_or_several_are_checked_with_a_line_each(run):
    assert run("sin") == (0, "sin  ok\n", "")
    code, out, _ = run("pluggrad.special", "neg", "--examples", "5")
    assert code == 0
    assert out.split("\n")[:-1] == [
        f"{name:8}  ok" for name in "erf erfc gaussian ndtr neg".split()
    ]


def test_a_wrong_op_fails_with_one_readable_line_and_exit_code_1(run, wrong):
    code, out, err = run("neg", "wrong")
    first, second, last = out.splitlines()
    assert (code, first, err) == (1, "neg    ok", "")
    assert second == (
        "wrong  FAILED  op 'wrong', operand 0 (x), at x = 1.0: the rule says 6, the truth is 3 "
        "(mpmath); guess: a factor 2 too much"
    )
    assert last == "1 of 2 failed"


def test_a_renderer_is_checked_by_its_name_and_with_its_plugin(run):
    assert run("json", "pluggrad.json", "--depth", "100") == (0, "json  ok\n", "")


@pytest.fixture
def wrong_renderer():
    class Wrong:
        name = "wrong-picture"

        def __call__(self, graph):
            return graph.nodes[0].label

    class Plugin:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Wrong]

    plugins.register(Plugin(), "wrong")
    yield
    plugins.unregister("wrong")


def test_a_wrong_renderer_fails_with_one_readable_line_and_exit_code_1(run, wrong_renderer):
    code, out, _ = run("wrong-picture")
    assert code == 1
    assert out.splitlines() == [
        "wrong-picture  FAILED  renderer 'wrong-picture': a graph without nodes: IndexError: tuple "
        "index out of range (test_check.py, line 62)",
        "1 of 1 failed",
    ]


def test_another_seed_can_be_given(run):
    assert run("exp", "--seed", "12345", "--examples", "3")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "check takes names of ops, renderers or plugins, or --all"),
        (["sin", "--all"], "check takes names of ops, renderers or plugins, or --all"),
        (["tahn"], "no op, renderer, plugin or package is named 'tahn'; did you mean 'tan"),
        (["pluggrad.default"], "no op, renderer, plugin or package is named 'pluggrad.default'"),
    ],
)
def test_wrong_use_is_told_in_one_line(run, arguments, says):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_missing_package_is_named_with_how_to_get_it(tmp_path):
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from pluggrad.cli import main; sys.exit(main(['check', 'sin']))"
    )
    done = forks.run([sys.executable, "-c", program], cwd=tmp_path)
    assert done.returncode == 2
    assert "hypothesis" in done.stderr
    assert "pip install 'pluggrad[testing]'" in done.stderr


def test_malformed_entry_points_of_another_package_do_not_end_it(tmp_path):
    folder = tmp_path / "bad-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    text = "[hypothesis]\nno equals sign\n[other]\n= empty\n[pluggrad.compilers]\nnone"
    (folder / "entry_points.txt").write_text(text)
    outside = {k: v for k, v in os.environ.items() if not k.startswith("HYPOTHESIS")}
    done = subprocess.run(
        [sys.executable, "-m", "pluggrad", "check", "sin", "--examples", "2"],
        env={**outside, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "sin  ok\n")


def test_it_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY")
    forks.run([sys.executable, "-m", "pluggrad.cli", "check", "neg"], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_tolerance_and_a_reference_can_be_given(run):
    code, text, _ = run("erf", "--reference", "mpmath:erf", "--rtol", "1e-8", "--examples", "5")
    assert (code, text) == (0, "erf  ok\n")
    code, text, _ = run("erf", "--reference", "erf=mpmath:sin", "--examples", "5")
    assert code == 1
    assert "FAILED" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["erf", "sin", "--reference", "mpmath:erf"], "whose reference is 'mpmath:erf'? Write OP="),
        (["erf", "--reference", "mpmath:errf"], "mpmath has no 'errf'; check its spelling"),
        (["erf", "--reference", "mpmath:inf"], "mpmath:inf is mpf, not a function"),
        (
            ["erf", "--reference", "tahn=mpmath:tanh"],
            "op, renderer, plugin or package is named 'tahn'",
        ),
    ],
)
def test_a_reference_that_belongs_to_nothing_is_told(run, arguments, says):
    code, _, told = run(*arguments)
    assert code == 2
    assert says in told


def test_whoever_waits_sees_how_many_checks_are_done(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.delenv("PLUGGRAD_PROGRESS", raising=False)
    monkeypatch.setattr(screens, "find_spec", lambda name: None)
    assert main(["check", "tanh", "sinh", "--examples", "5"]) in (0, None)
    assert "pluggrad: checking tanh [" in terminal.getvalue()
    assert f"pluggrad: checking sinh [{'#' * 15}{'-' * 15}] 50 %" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_plugin_of_a_package_whose_hook_returns_nothing_fails(run):
    class Forgets:
        @hookimpl
        def pluggrad_register_ops(self):
            Op("forgotten", lambda x: x, lambda g, out, x: g)

    class Gives:
        @hookimpl
        def pluggrad_register_ops(self):
            return [Op("given", lambda x: x, lambda g, out, x: g)]

    plugins.register(Forgets(), "shapes.ops", distribution="shapes 0.1.0")
    plugins.register(Gives(), "shapes.more", distribution="shapes 0.1.0")
    try:
        code, out, _ = run("shapes", "--examples", "5")
    finally:
        plugins.unregister("shapes.ops")
        plugins.unregister("shapes.more")
    assert code == 1
    assert "shapes.ops  FAILED  it registers nothing; do its hooks return it?" in out
