"""The benchmark of renderers measures what it says, and survives what it measures."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "render.py"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is read from Linux's /proc"
)


@pytest.fixture
def measured(benchmark):
    return benchmark("render").measured


def test_time_size_and_memory_are_those_of_the_work(measured):
    result = measured(lambda: (time.sleep(0.05), "x" * 100_000_000)[1], 20.0)
    assert result.failure == ""
    assert 0.05 <= result.seconds < 5.0
    assert result.size == 100_000_000
    assert 99e6 < result.memory < 130e6


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda: time.sleep(60), "more than 0.5 s"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: bytearray(8 << 30), "MemoryError"),
        (lambda: __import__("os").kill(__import__("os").getpid(), 9), "crashed (SIGKILL)"),
    ],
)
def test_what_fails_is_told_and_nothing_else_ends(measured, work, says):
    assert measured(work, 0.5 if "more" in says else 20.0).failure == says


def test_a_program_that_was_started_ends_with_what_started_it(measured, tmp_path):
    told = tmp_path / "pid"
    work = ["sh", "-c", f"echo $$ > '{told}'; exec sleep 60"]
    result = measured(lambda: subprocess.run(work).returncode, 5.0)
    assert result.failure == "more than 5 s"
    for _ in range(50):
        state = Path(f"/proc/{told.read_text().strip()}/stat")
        if not state.exists() or state.read_text().split()[2] in "ZX":
            return
        time.sleep(0.1)
    pytest.fail("it still runs")


def test_what_a_picture_says_of_what_it_leaves_out_is_found(benchmark):
    said = benchmark("render").said
    assert said("… 1,000 of 200,001 nodes left out, the farthest") == (
        "1,000 of 200,001 nodes left out"
    )
    assert said("n0 n1") == "SILENT about 199,999 nodes"
    assert said(" ".join(f"n{i}" for i in range(200_001))) == "complete"


def test_a_run_has_a_line_for_each_renderer_and_peer(tmp_path):
    options = ["--short", "--nodes", "25", "--only", "json", "mermaid"]
    done = subprocess.run([sys.executable, PROGRAM, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith("chain") for line in done.stdout.splitlines()) == 3
    assert "(networkx json)" in done.stdout
    assert "mermaid" in done.stdout
    assert "growth" in done.stdout
