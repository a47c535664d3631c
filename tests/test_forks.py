"""Forks are as new as the processes that they stand for."""

import os
import subprocess
import sys

import forks
import pytest

SHOWN = """
import os, sys, warnings
print([name for name in sys.modules if name.startswith("pluggrad")])
print(sys.argv, os.getcwd(), os.environ["WORD"], sys.path, sys.warnoptions)
warnings.warn("heard", UserWarning)
print("to the other", file=sys.stderr)
print(__name__, sys.stdin.read())
sys.exit(3)
"""


@pytest.mark.parametrize("options", [(), ("-P",), ("-P", "-W", "ignore")], ids=str)
def test_a_fork_finds_all_as_a_new_process_does(options, tmp_path):
    command = [sys.executable, *options, "-c", SHOWN, "one", "two"]
    env = {**os.environ, "WORD": "as set", "PYTHONPATH": str(tmp_path)}
    wanted = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    found = forks.run(command, cwd=tmp_path, env=env)
    assert (found.returncode, found.stdout) == (3, wanted.stdout)
    assert found.stderr == wanted.stderr
    assert found.stdout.startswith("[]\n")


def test_a_module_runs_as_the_program():
    command = [sys.executable, "-P", "-m", "pluggrad", "--version"]
    wanted = subprocess.run(command, capture_output=True, text=True)
    assert forks.run(command).stdout == wanted.stdout != ""


def test_a_process_that_takes_too_long_is_ended():
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert forks.run([sys.executable, "-c", "print(1)"]).stdout == "1\n"


def test_one_that_fails_is_an_error_where_that_is_asked():
    with pytest.raises(subprocess.CalledProcessError):
        forks.run([sys.executable, "-c", "1 / 0"], check=True)


def test_what_only_a_new_process_can_do_is_done_by_one():
    program = "import sys; print(sys.flags.optimize)"
    env = {**os.environ, "PYTHONOPTIMIZE": "2"}
    assert forks.run([sys.executable, "-c", program], env=env).stdout == "2\n"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_fork_has_the_hashes_of_its_seed(seed):
    command = [sys.executable, "-c", "print(hash('text'))"]
    env = {**os.environ, "PYTHONHASHSEED": seed}
    wanted = subprocess.run(command, env=env, capture_output=True, text=True)
    assert forks.run(command, env=env, imported=("json",)).stdout == wanted.stdout != ""


def test_several_run_at_once():
    command = [sys.executable, "-c", "import sys; print(sys.argv[1])"]
    processes = [forks.start([*command, word], imported=("json",)) for word in "abc"]
    assert [process.communicate()[0] for process in processes] == ["a\n", "b\n", "c\n"]


def test_what_surrounds_the_first_test_that_asks_has_no_part_in_it(tmp_path, monkeypatch):
    (tmp_path / "pluggrad.toml").write_text("renderer = [[[\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUGGRAD_DISABLE_PLUGINS", "*")
    program = "import os, pluggrad; print(os.environ['PLUGGRAD_DISABLE_PLUGINS'])"
    monkeypatch.setattr(forks, "_connection", forks._connection.__wrapped__)  # a new server
    assert forks.run([sys.executable, "-W", "ignore", "-c", program]).stdout == "*\n"


def test_what_is_named_is_imported_beforehand():
    command = [sys.executable, "-c", "import sys; print('wave' in sys.modules)"]
    assert forks.run(command, imported=("wave",)).stdout == "True\n"
    assert forks.run(command).stdout == "False\n"
