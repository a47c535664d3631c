"""The mutation score of the conformance kit, on a few ops; and that a miss is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest
from pluggrad import Op, plugins
from pluggrad.ops import abs as absolute
from pluggrad.ops import cos, sin, step

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_kit_catches_every_mutant_of_some_ops_and_passes_the_ops_themselves():
    program = [sys.executable, BENCHMARKS / "mutation.py", "--ops", "add,relu,sin,minimum"]
    done = subprocess.run([*program, "--seeds", "1", "--jobs", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "real mutants caught with every seed (100.00 %)" in done.stdout
    assert "unbroken ops passed: 8 of 8" in done.stdout


def test_every_kind_of_mutation_is_made_of_some_op(benchmark):
    mutants = benchmark("mutants")
    made = {m.kind for name in ("clip", "relu", "hypot") for m in mutants.mutants(plugins.op(name))}
    assert made == set(mutants.KINDS)
    assert len(made) >= 10


def test_each_mutant_differs_from_its_op_in_one_rule(benchmark):
    for mutant in benchmark("mutants").mutants(plugins.op("atan2")):
        op = plugins.op("atan2")
        exchanged = [i for i in range(2) if mutant.op.rules[i] is not op.rules[i]]
        assert exchanged == [mutant.operand]
        assert mutant.op.forward is op.forward


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (lambda g, out, x: 1.0 * g * cos(x), "the same numbers everywhere"),
        (lambda g, out, x: g * sin(x), ""),
        (lambda g, out, x: g * g * cos(x), ""),
        (lambda g, out, x: g * cos(x) * 1.0001, ""),
    ],
)
def test_what_is_another_rule_is_decided_without_the_kit(benchmark, rule, reason):
    broken = Op("sin", sin.forward, rule, ieee=sin.ieee)
    mutant = benchmark("mutants").Mutant(broken, 0, "factor", "")
    assert benchmark("equivalence").why_same(sin, mutant) == reason


def test_another_choice_at_a_kink_and_outside_of_the_domain_are_no_other_rule(benchmark):
    same = benchmark("equivalence").why_same
    mutant = benchmark("mutants").Mutant
    relu, log = plugins.op("relu"), plugins.op("log")
    half = Op("relu", relu.forward, lambda g, out, x: g * (1 - step(-x)), kinks=(0.0,))
    assert same(relu, mutant(half, 0, "side", "")).startswith("another choice between the two")
    rule = lambda g, out, x: g / absolute(x)
    folded = Op("log", log.forward, rule, ieee=log.ieee, domain=log.domain)
    assert same(log, mutant(folded, 0, "sign", "")) == "differs only outside the declared domain"


def test_an_escape_is_noticed(benchmark, monkeypatch):
    mutation = benchmark("mutation")
    monkeypatch.setattr(mutation, "check_op", lambda op, seed, checks=(): None)
    result = mutation.examine(("add", (0,)))
    assert result.caught.total() == 0
    assert len(result.escaped) == result.real.total() > 10
