"""A test that waits for ever fails, says where it stands, and does not keep the run from ending."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HANGING = """
import os, threading
import clock, pytest

clock.SECONDS = 1

@pytest.fixture(scope="session")
def server():
    yield
    child = os.fork()
    if child == 0:
        threading.Event().wait()
    os.waitpid(child, 0)

def test_that_uses_the_server(server):
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere forks live on")
def test_a_test_that_waits_for_a_fork_is_named_and_the_run_ends(tmp_path):
    pytest.importorskip("xdist", reason="a worker of pytest-xdist is to be ended")
    (tmp_path / "test_waiting.py").write_text(HANGING)
    options = "-p conftest -n 1 --max-worker-restart 0 -p no:cacheprovider".split()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", ROOT / "pyproject.toml", tmp_path],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "crashed while running 'test_waiting.py::test_that_uses_the_server'" in done.stdout
    assert "in server\n" in done.stderr
