"""What pluggrad adds to pytest, in runs of pytest of their own."""

import subprocess
import sys

import forks
import pytest

PLUGIN = """
from pluggrad import Op, hookimpl, plugins

class Plugin:
    @hookimpl
    def pluggrad_register_ops(self):
        return [Op("triple", lambda x: 3 * x, lambda g, out, x: {rule})]

plugins.register(Plugin(), "my-ops")
"""


# The plugin of hypothesis imports all of hypothesis at the end of each run.
QUICK = ["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio"]


@pytest.fixture
def tests_of(tmp_path):
    """Run pytest in a folder with these files; return the exit code and what it printed.

    One that is not quick has imported nothing beforehand.
    """

    def run(*arguments, quick=True, **files):
        for name, text in files.items():
            (tmp_path / name.replace("_py", ".py").replace("_ini", ".ini")).write_text(text)
        if quick:
            done = forks.run_pytest(*QUICK, *arguments, cwd=tmp_path)
        else:
            command = [sys.executable, "-m", "pytest", "-q", *arguments]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


INI = "[pytest]\npluggrad_check = my-ops\n"


def test_each_check_of_a_right_plugin_is_a_test(tests_of):
    code, out = tests_of("-vv", conftest_py=PLUGIN.format(rule="3 * g"), pytest_ini=INI)
    assert code == 0, out
    assert "pluggrad::triple-partials_are_true PASSED" in out


def test_a_wrong_rule_fails_in_one_line_and_k_chooses(tests_of):
    code, out = tests_of(
        "-k", "partials or pickled", conftest_py=PLUGIN.format(rule="2 * g"), pytest_ini=INI
    )
    assert code == 1
    assert "op 'triple', operand 0 (x), at x = 1.0: the rule says 2, the truth is 3 (mpmath)" in out
    assert "FAILED pluggrad::triple-partials_are_true" in out
    assert "deselected" in out
    assert "Traceback" not in out


def test_single_tests_that_are_asked_for_come_alone(tests_of):
    code, out = tests_of(
        "test_it.py::test_it",
        conftest_py=PLUGIN.format(rule="2 * g"),
        pytest_ini=INI,
        test_it_py="def test_it(): pass\n",
    )
    assert (code, "1 passed" in out) == (0, True), out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my-opps", "no op, renderer, plugin or package is named 'my-opps'"),
        ("empty", "'empty' provides nothing to check"),
    ],
)
def test_a_name_that_gives_nothing_ends_the_run(tests_of, name, message):
    conftest = (
        "from pluggrad import hookimpl, plugins\n"
        "class Empty:\n    @hookimpl\n    def pluggrad_register_ops(self): return []\n"
        "plugins.register(Empty(), 'empty')\n"
    )
    code, out = tests_of(conftest_py=conftest, pytest_ini=f"[pytest]\npluggrad_check = {name}\n")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"pluggrad_check: {message}" in out


def test_ops_and_renderers_are_checked_by_their_names(tests_of):
    code, out = tests_of(
        "-k", "notebooks or pickled", pytest_ini="[pytest]\npluggrad_check = tanh json\n"
    )  # fmt: skip
    assert code == 0, out
    assert "passed" in out


def test_fixtures_register_for_one_test(tests_of):
    code, out = tests_of(
        test_it_py="""
from pluggrad import Op, Value, hookimpl, plugins

class Plugin:
    @hookimpl
    def pluggrad_register_ops(self):
        return [Op("triple", lambda x: 3 * x, lambda g, out, x: 3 * g)]

def test_an_op(register_op):
    register_op(Op("double", lambda x: 2 * x, lambda g, out, x: 2 * g))
    assert Value(2.0).double().data == 4.0

def test_a_plugin(register_plugin):
    assert isinstance(register_plugin(Plugin(), "mine"), Plugin)
    assert Value(2.0).triple().data == 6.0

def test_both_are_gone():
    assert not hasattr(Value, "double") and not hasattr(Value, "triple")
    assert "mine" not in {plugin.name for plugin in plugins}
"""
    )
    assert (code, "3 passed" in out) == (0, True), out


def test_a_run_that_uses_nothing_of_it_imports_nothing_of_pluggrad(tests_of):
    code, out = tests_of(
        quick=False,
        test_it_py="""
import sys

def test_it():
    assert "pytest_pluggrad" in sys.modules
    heavy = {"pluggrad", "pluggy._hooks", "networkx", "hypothesis.strategies"} - {"pluggy._hooks"}
    assert not heavy & set(sys.modules)
""",
    )
    assert code == 0, out
