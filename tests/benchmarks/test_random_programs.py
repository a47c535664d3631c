"""Random programs over all ops: gradients and Hessians against two engines that know no rules."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pluggrad import Value

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROGRAM = [sys.executable, BENCHMARKS / "random_programs.py"]


def test_gradients_and_hessians_agree_with_differences_in_many_digits(benchmark):
    done = subprocess.run(
        [*PROGRAM, "--short", "--against", "mpmath", "--jobs", "1"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("100 programs")
    used = int(re.search(r"(\d+) different ones", done.stdout)[1])
    assert used >= len(benchmark("programs").OPS) - 2
    assert done.stdout.endswith("0 failures\n")


def test_gradients_and_hessians_agree_with_jax():
    pytest.importorskip("jax", reason="JAX comes with the bench extra; mpmath is compared above")
    done = subprocess.run(
        [*PROGRAM, "--count", "10", "--jobs", "1"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "against JAX" in done.stdout
    assert "0 failures" in done.stdout


def test_the_same_seed_draws_the_same_program(benchmark):
    programs = benchmark("programs")
    assert programs.drawn(7) == programs.drawn(7) != programs.drawn(8)
    assert str(programs.drawn(7)).startswith("program 7: x0 = ")


def test_a_wrong_rule_is_a_failure_that_shows_the_program(benchmark, monkeypatch):
    programs, random_programs = benchmark("programs"), benchmark("random_programs")
    wrong = {**programs.OPS, "mul": lambda a, b: a * b + 0.0 * a + 1e-8 * a * a}
    seed = next(n for n in range(99) if "mul" in str(programs.drawn(n)))
    monkeypatch.setattr(random_programs, "OPS", wrong)
    outcome = random_programs.examine((seed, "mpmath"))
    assert outcome.failures
    assert f"program {seed}: " in outcome.failures[0]
    assert "value ()" in outcome.failures[0]
    assert random_programs.report(outcome, "mpmath", 1.0) == 1


def test_a_program_at_a_kink_says_at_which_op(benchmark):
    programs = benchmark("programs")
    step = programs.Step("floor", (0,))
    relu = programs.Step("relu", (4,))
    program = programs.Program(0, (0.5, 0.0, 0.0, 0.0), (step, relu))
    assert programs.at_a_kink(program) == "relu"
    assert programs.at_a_kink(program._replace(at=(1.5, 0.0, 0.0, 0.0))) == ""
    assert program.run(programs.OPS, [Value(0.5)] * 4).data == 0.0
