"""The example of implicit differentiation, against its iteration, differences and closed forms."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from pluggrad import Value, func

PROGRAM = Path(__file__).parents[2] / "examples" / "implicit_function.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("implicit_function", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_program_prints_each_derivative_in_every_way():
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, check=True)
    head, *rows, last = done.stdout.splitlines()
    assert head.split() == ["implicit", "unrolled", "differences", "closed", "form"]
    assert [row.split()[0] for row in rows] == [
        "dE/dM",
        "d2E/dM2",
        "d(network)/db0",
        "d(network)/db1",
    ]
    assert "implicit" in last


def test_implicit_unrolled_differences_and_closed_form_agree(example):
    for name, (implicit, *others) in example.compare().items():
        unrolled, differences, *closed = others
        assert implicit == pytest.approx(unrolled, rel=1e-12), name
        assert implicit == pytest.approx(differences, rel=1e-9), name
        if closed:
            assert implicit == pytest.approx(closed[0], rel=1e-13), name


def test_the_implicit_graph_does_not_grow_with_the_iteration(example):
    implicit, unrolled = example.nodes()
    assert implicit == 3  # the two parameters and the root
    assert unrolled > 50


@pytest.mark.parametrize("outer", ["grad", "jvp"])
@pytest.mark.parametrize("inner", ["grad", "jvp"])
def test_second_derivatives_come_from_the_one_rule_in_every_mix(example, outer, inner):
    modes = {"grad": func.grad, "jvp": lambda f: lambda x: func.jvp(f, (x,), (1.0,))[1]}

    def square_root(x):
        return example.root(lambda y, p: y * y - p, 1.0, x)

    assert modes[outer](modes[inner](square_root))(4.0) == pytest.approx(-1 / 32, rel=1e-14)


def test_all_parameters_of_the_fixed_point_get_their_gradients(example):
    found = func.grad(example.settled)(example.WEIGHTS)
    expected = func.grad(example.unrolled_network)(example.WEIGHTS)
    for row, true_row in zip(
        [*found["w"], found["b"]], [*expected["w"], expected["b"]], strict=True
    ):
        assert row == pytest.approx(true_row, rel=1e-12)


def test_backward_reaches_the_parameters(example):
    orbit = {"eccentricity": Value(0.6), "mean": Value(0.9)}
    anomaly = example.root(example.kepler, 1.0, orbit)
    anomaly.backward()
    _, (by_orbit,) = (
        None,
        func.vjp(example.unrolled_kepler, {k: v.data for k, v in orbit.items()})[1](1.0),
    )
    assert orbit["mean"].grad == pytest.approx(by_orbit["mean"], rel=1e-12)
    assert orbit["eccentricity"].grad == pytest.approx(by_orbit["eccentricity"], rel=1e-12)
