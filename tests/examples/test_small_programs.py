"""The examples do what they say: their numbers against closed forms and known results."""

import math
import re
from pathlib import Path

import pytest


def test_the_neuron_prints_its_gradients_and_draws_itself(program, tmp_path: Path) -> None:
    printed = program("neuron")
    rows = [line.split() for line in printed.splitlines()]
    gradients = {row[-3]: float(row[-1]) for row in rows if row and row[-3:][0][0] in "xwb"}
    assert gradients == {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0, "b": 0.5}
    assert "0.707107" in printed
    assert "</svg>" in (tmp_path / "graph.svg").read_text()


def test_the_network_learns_its_four_points(program, example, tmp_path: Path) -> None:
    module = example("mlp")
    network, losses = module.train(steps=40)
    assert losses[-1] < 0.05 < losses[0]
    for x, y in zip(module.POINTS, module.TARGETS, strict=True):
        assert math.copysign(1.0, network(x).data) == y
    assert "Layer 2" in program("mlp", "--steps", "3")
    assert "Neuron 3" in (tmp_path / "mlp.svg").read_text()


def test_greeks_by_differentiation_are_those_of_the_textbook(example) -> None:
    module = example("black_scholes")
    known = module.textbook(*module.OPTION)
    for name, value in module.differentiated().items():
        assert value == pytest.approx(known[name], rel=1e-11), name


def test_many_options_have_the_greeks_of_each(program, example) -> None:
    pytest.importorskip("numba", reason="prices many options with compiled code")
    _, worst = example("black_scholes").many(500)
    assert worst < 1e-12
    assert "500 options" in program("black_scholes", "--options", "500")


def test_the_parameters_of_hares_and_lynxes_are_found_again(example) -> None:
    module = example("ode_fit")
    exact, error = module.fit(module.measured(8, noise=0.0), steps=6)[-1]
    assert exact == pytest.approx(module.TRUE, rel=1e-7)
    assert error < 1e-12
    noisy, _ = module.fit(module.measured(10, noise=0.05), steps=5)[-1]
    assert noisy == pytest.approx(module.TRUE, rel=0.1)


def test_the_fit_prints_a_line_for_each_step(program) -> None:
    rows = program("ode_fit", "--steps", "2", "--samples", "5").splitlines()
    assert [row.split()[0] for row in rows] == ["step", "0", "1", "2", "true"]


def test_a_chain_of_twice_the_links_is_four_times_nearer_to_the_catenary(example) -> None:
    module = example("physics")
    coarse, fine = module.deviation(6), module.deviation(12)
    assert coarse / fine == pytest.approx(4.0, rel=0.1)
    _, sizes = module.hang(6)
    assert sizes[-1] < 1e-12  # no force is left
    assert sizes[-2] < sizes[-3] ** 1.5  # Newton's method, with exact derivatives, is quadratic


def test_the_chain_is_printed_between_its_nails(program) -> None:
    rows = [line for line in program("physics", "--links", "4").splitlines() if line.endswith("o")]
    assert len(rows) == 5
    assert [float(rows[i].split()[1]) for i in (0, -1)] == pytest.approx([0.0, 0.0], abs=1e-5)


def test_every_wrong_rule_is_found_and_the_right_one_passes(program, example) -> None:
    module = example("wrong_rule")
    guesses = {what: module.found(op) for what, op in module.mistakes().items()}
    assert all(guesses.values())
    assert re.search("factor 2", guesses["the square, its factor 2 forgotten"])
    assert re.search("sign", guesses["the cosine with the sign of the sine's rule"])
    assert module.found(module.right()) == ""
    assert "NOT FOUND" not in program("wrong_rule")
