"""The costs of derivatives: memory is exact and held to its limits here, times by the command."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def calculus(benchmark):
    return benchmark("calculus")


def test_forward_mode_and_checkpoints_keep_the_memory_they_promise():
    program = [sys.executable, BENCHMARKS / "calculus.py", "--short", "--memory"]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "gradients equal" in done.stdout
    assert "all limits kept" in done.stdout


@pytest.mark.parametrize("name", ["rosenbrock", "network", "logistic_map"])
def test_what_is_timed_computes_the_same_in_every_way(calculus, name):
    from pluggrad import Value, func

    f = getattr(calculus, name)
    x = [0.1 * i - 0.6 for i in range(15)]
    direction = [1.0 / (1 + i) for i in range(15)]
    value, gradient = func.value_and_grad(f)(x)
    assert value == f(x) == f([Value(number) for number in x]).data
    slope = sum(g * t for g, t in zip(gradient, direction, strict=True))
    assert func.jvp(f, (x,), (direction,))[1] == pytest.approx(slope, rel=1e-12)
    h = 1e-6
    ahead = func.grad(f)([a + h * t for a, t in zip(x, direction, strict=True)])
    behind = func.grad(f)([a - h * t for a, t in zip(x, direction, strict=True)])
    differences = [(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)]
    assert func.hvp(f, (x,), (direction,)) == pytest.approx(differences, rel=1e-5, abs=1e-6)


def test_the_table_names_what_is_divided_by_what(calculus, capsys):
    assert calculus.time_of("rosenbrock", calculus.rosenbrock, [0.5] * 20, 1) in (True, False)
    assert capsys.readouterr().out.startswith("rosenbrock          20")
