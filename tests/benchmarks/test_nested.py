"""Random functions with derivatives inside, against differences that cannot be confused."""

import itertools
import subprocess
import sys
from pathlib import Path

from pluggrad.func import transforms

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "nested.py"


def test_derivatives_inside_derivatives_agree_with_differences():
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--short", "--jobs", "1"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("100 functions with ")
    assert "100 agree with differences" in done.stdout
    assert done.stdout.endswith("0 wrong\n")


def test_confused_passes_are_noticed(benchmark, monkeypatch, capsys):
    nested = benchmark("nested")
    monkeypatch.setattr(transforms, "levels", itertools.repeat(1))
    outcomes = [nested.examine(seed) for seed in range(20)]
    assert nested.report(outcomes, 1.0) == 1
    assert "the truth is " in capsys.readouterr().out


def test_a_checkpoint_that_gave_minus_zero_may_give_zero_again(benchmark):
    assert benchmark("nested").examine(3_010_635).verdict == "equal"


def test_a_transform_that_is_never_used_is_told(benchmark, capsys):
    nested = benchmark("nested")
    assert nested.report([nested.Outcome("equal", ("grad", "jvp"))], 1.0) == 1
    assert "NEVER USED: vjp, linearize, hessian" in capsys.readouterr().out


def test_the_definition_of_a_derivative_is_the_truth(benchmark):
    nested = benchmark("nested")
    truth = nested.Differences()
    with nested.MP.workdps(nested.DIGITS):
        two, three = nested.MP.mpf(2), nested.MP.mpf(3)
        assert abs(truth.once("grad", lambda x: x**3, two) - 12) < 1e-60
        assert abs(truth.twice("hessian", lambda x, y: x * y**3, two, three) - 27) < 1e-60
        assert abs(truth.twice("hvp", lambda x, y: x**3 * y, two, three) - (36 + 24)) < 1e-60
        assert abs(truth.linear("pull of vjp", lambda x: x**3, two, "grad") - 48) < 1e-60
