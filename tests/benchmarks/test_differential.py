"""The differential fuzzer: it finds nothing, and it would find something."""

import ast
import subprocess
import sys
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from pluggrad import LostGradientError, Value

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
    assert "100 programs" in done.stdout
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
    monkeypatch.setattr(function, "features", set())
    function.ops["seen"] = lambda w: vars(Value)["_number"].__get__(w)  # what no guard sees
    outcome = differential.Examination(function, set()).run()
    assert outcome.differences
    assert "interpreter, at " in outcome.differences[0]
    assert "def f" in outcome.differences[0]
    assert differential.report(outcome, 1.0) == 1


def test_every_kind_of_statement_is_written_and_all_that_is_written_is_python(benchmark):
    functions, statements = benchmark("random_functions"), benchmark("random_statements")
    drawn = [functions.drawn(seed) for seed in range(200)]
    for function in drawn:
        ast.parse(function.source)
    assert set(statements.KINDS) <= set().union(*[function.features for function in drawn])


@pytest.mark.filterwarnings("ignore::pluggrad.LostGradientWarning")
def test_every_template_runs_on_values(benchmark):
    functions, statements = benchmark("random_functions"), benchmark("random_statements")
    places = dict.fromkeys("abcx", "p0") | {"y": "x1", "u": "u1", "body": "v * v", "cmp": ">"}
    refused = []
    for template in chain(*statements.KINDS.values()):
        lines = ["def f(p0):", *template.format(**places, k="2", level="0.5").splitlines()]
        body = "\n    ".join([*lines, "return x1"])
        source = "\n".join([*functions.above(body), body])
        outside = [Value(0.5), Value(2.0)]
        f = functions.Function(0, source, [0], [], [], set()).made(functions.table(), outside)
        try:
            float(f(Value(1.5)))
        except LostGradientError:
            refused.append(template)
    assert refused == ["{y} = {a} + math.fsum([{b}, {c}])"]


def test_a_number_of_another_type_that_is_taken_for_another_number_is_a_difference(benchmark):
    differential, paths = benchmark("differential"), benchmark("differential_paths")
    function = benchmark("random_functions").drawn(5)
    function.source, function.shapes, function.inputs = (
        "def f(p0):\n    return p0 * 3",
        [0],
        [[2.0]],
    )
    truncating = lambda p0: p0 * 3 if isinstance(p0, float) else 7.0
    truncating.value_and_grad = lambda p0: (truncating(p0), 3.0)
    exam = differential.Examination(function, set())
    for seed in range(10):
        paths.kinds_of_numbers(exam, "interpreter", truncating, Random(seed))
    assert any("interpreter, kinds, at [2.0]" in told for told in exam.outcome.differences)
    assert any("interpreter, kinds, gradient" in told for told in exam.outcome.differences)


def test_what_is_kept_from_the_call_before_is_compared_call_by_call(benchmark, monkeypatch):
    differential, idioms = benchmark("differential"), benchmark("random_idioms")
    function = benchmark("random_functions").drawn(3)
    above = idioms.ABOVE["counted"]
    function.source = f"{above}\ndef f(*p):\n    return counted(2.0)"
    function.features = {"kept"}
    assert not differential.Examination(function, set()).run().differences
    recorded = differential.Examination.compiled
    frozen = lambda exam, f, executor: recorded(exam, lambda *p: 2.0, executor)
    monkeypatch.setattr(differential.Examination, "compiled", frozen)
    assert differential.Examination(function, set()).run().differences


def test_what_is_no_value_changes_outside_between_calls(benchmark):
    differential = benchmark("differential")
    function = benchmark("random_functions").drawn(3)
    function.source = (
        "def f(*p):\n    return W0 * LEVEL * SETTINGS.table['low'] * sum(SETTINGS.scales)"
    )
    frozen = function.made(differential.table(), [Value(1.0)])
    assert float(frozen()) == 0.5 * 2.0 * 2.5
    function.turn(1)
    assert float(frozen()) == -1.5 * -0.5 * 3.75
    assert not differential.Examination(function, set()).run().differences
