"""The text renderer: each node once, in a form that a terminal can hold."""

import subprocess
import sys

import pytest
from pluggrad import RenderError, Value, render

from .labels import ATTACKS, labelled, neuron


def test_the_neuron_is_drawn_with_values_and_gradients() -> None:
    drawn = render(neuron(), "text")
    rows = {line.split()[0]: line.split()[-2:] for line in drawn.splitlines()[1:]}
    assert rows["n9"] == ["0.707107", "1"]
    assert [rows[id][1] for id in ("n0", "n1", "n3", "n4", "n7")] == [
        "-1.5",
        "1",
        "0.5",
        "0",
        "0.5",
    ]
    assert len(rows) == 10


def test_a_shared_node_is_drawn_once_and_referred_to_after_that() -> None:
    x = Value(2.0, label="x")
    y = x * x
    drawn = render(y + y, "text").splitlines()
    assert sum(line.startswith("n0") for line in drawn) == 1
    assert sum("↑" in line and "n0" in line for line in drawn) == 1
    assert sum("↑" in line and "n1" in line for line in drawn) == 1


def test_a_tower_of_doublings_grows_with_its_nodes_not_with_its_paths() -> None:
    x = Value(1.0)
    for _ in range(100):
        x = x + x
    assert len(render(x, "text").splitlines()) < 400


def test_a_gradient_that_was_not_computed_is_a_dash_and_a_computed_zero_a_zero() -> None:
    a, b = Value(1.0, label="a"), Value(0.0, label="b")
    y = a * b
    assert "—" in render(y, "text")
    y.backward()
    line = next(x for x in render(y, "text").splitlines() if " a " in x)
    assert line.split()[-1] == "0"


@pytest.mark.parametrize("attack", ATTACKS)
def test_any_label_stays_in_its_line_and_sends_the_terminal_nothing(attack: str) -> None:
    drawn = render(labelled(ATTACKS[attack]), "text")
    assert len(drawn.splitlines()) == 4
    assert drawn.replace("\n", "").isprintable()
    assert max(map(len, drawn.splitlines())) < 120
    drawn.encode("utf-8")


def test_what_is_left_out_is_counted() -> None:
    x = Value(1.0)
    for _ in range(1000):
        x = x.tanh()
    drawn = render(x, "text", max_nodes=10)
    assert "991 of 1,001 nodes left out" in drawn
    assert len(render(x, "text", max_nodes=None).splitlines()) > 1000


@pytest.mark.parametrize(
    ("option", "wrong", "told"),
    [("digits", 0, "digits"), ("max_depth", "deep", "max_depth"), ("max_nodes", -1, "max_nodes")],
)
def test_a_wrong_option_is_named(option: str, wrong: object, told: str) -> None:
    with pytest.raises(RenderError, match=told):
        render(Value(1.0), "text", **{option: wrong})


def test_the_drawing_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from pluggrad import Value, render\n"
        "xs = [Value(float(i), label=f'x{i}') for i in range(9)]\n"
        "print(render([xs[i] * xs[-i] + 2.0 * xs[3] for i in range(1, 9)], 'text'))"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(drawn) == 1
