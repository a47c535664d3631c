"""The differential fuzzer: it finds nothing, and it would find something."""

import subprocess
import sys
from pathlib import Path

import pytest
from pluggrad import Value

pytest.importorskip("numpy", reason="lanes need NumPy")
pytest.importorskip("numba", reason="machine code needs numba")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_random_functions_give_the_same_in_every_way_of_running_them():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "differential.py", "--short", "--without-jax", "--jobs", "1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "150 programs" in done.stdout
    assert done.stdout.endswith("0 differences\n")


def test_a_run_ends_when_its_time_is_over_and_says_what_is_left():
    line = [BENCHMARKS / "differential.py", "--programs", "5", "--minutes", "0", "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, *line, "--without-jax"], capture_output=True, text=True, check=True
    )
    assert "stopped after 0 minutes, 4 are left\n1 programs" in done.stdout


def test_the_same_seed_draws_the_same_function(benchmark):
    functions = benchmark("random_functions")
    assert functions.drawn(7).source == functions.drawn(7).source != functions.drawn(8).source


def test_a_constant_frozen_at_recording_is_a_difference(benchmark, monkeypatch):
    differential = benchmark("differential")
    function = benchmark("random_functions").drawn(3)
    frozen = "def f(*p):\n    return grad(W0 * Value(2.0), W0) * seen(W0)"
    monkeypatch.setattr(function, "source", frozen)
    monkeypatch.setattr(function, "weights", [[0.5, 0.5], [2.0, 0.5]])
    function.ops["seen"] = lambda w: vars(Value)["_number"].__get__(w)  # what no guard sees
    outcome = differential.Examination(function, set()).run()
    assert outcome.differences
    assert "interpreter, at " in outcome.differences[0]
    assert "def f" in outcome.differences[0]
    assert differential.report(outcome, 1.0) == 1
