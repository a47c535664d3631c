"""Examples from science, against closed forms, SciPy's own solvers and simulations."""

import math

import numpy as np
import pytest
from pluggrad import func

pytest.importorskip("scipy", reason="two of the examples use its optimizers")


@pytest.mark.parametrize(
    "name", ["implied_volatility", "optimal_control", "kalman_likelihood", "physics_informed"]
)
def test_the_program_prints_a_table(name, program):
    assert len(program(name, *(["--steps", "5"] if name == "physics_informed" else []))) > 90


@pytest.mark.parametrize("strike", [60.0, 90.0, 101.0, 130.0, 180.0])
@pytest.mark.parametrize("volatility", [0.12, 0.25, 0.8])
def test_newtons_method_finds_the_volatility_that_a_bracketing_solver_finds(
    strike, volatility, example
):
    from scipy.optimize import brentq

    option = example("implied_volatility")
    target = float(option.price(volatility, strike))
    if option.PRICE.value_and_grad(volatility, strike)[1][0] < 1e-6:
        pytest.skip("a price that does not move with volatility does not tell it")
    found, steps = option.implied_volatility(target, strike)
    bracketed = brentq(lambda v: float(option.price(v, strike)) - target, 0.01, 3.0, xtol=1e-14)
    assert found == pytest.approx(bracketed, rel=1e-7)
    assert steps < 20
    h = 1e-5
    move = option.implied_volatility(target + h, strike)[0]
    move -= option.implied_volatility(target - h, strike)[0]
    assert option.slope_by_target(found, strike) == pytest.approx(move / (2 * h), rel=1e-3)


def test_a_price_that_no_volatility_gives_is_refused(example):
    option = example("implied_volatility")
    with pytest.raises(ArithmeticError, match="no volatility gives a call at 50"):
        option.implied_volatility(101.0, 50.0)


def test_the_network_solves_the_equation(example):
    model, losses = (physics := example("physics_informed")).train()
    assert losses[-1] < losses[0] / 1000
    for t in (0.25, 0.7, 1.3, 1.9):
        assert physics.solution(model, t).data == pytest.approx(math.exp(-t), abs=0.01)


def test_the_residual_is_the_one_by_differences(example):
    physics = example("physics_informed")
    model, _ = physics.train(steps=3)
    h = 1e-5
    ahead, behind = (physics.solution(model, 0.8 + d).data for d in (h, -h))
    expected = (ahead - behind) / (2 * h) + physics.solution(model, 0.8).data
    assert physics.residual(model, 0.8).data == pytest.approx(expected, rel=1e-7)


def test_the_cart_is_steered_as_the_normal_equations_say(example):
    control = example("optimal_control")
    forces = control.steer()
    unit = np.eye(control.PIECES)
    conditions = np.array([control.end(list(row)) for row in unit], float).T
    least = np.linalg.pinv(conditions) @ [1.0, 0.0]  # the least effort that meets both
    assert forces == pytest.approx(least.tolist(), abs=1e-5)


def test_the_filters_likelihood_is_that_of_the_whole_covariance(example):
    kalman = example("kalman_likelihood")
    seen = kalman.measurements()[:12]
    walk, error = 0.5, 1.2
    n = len(seen)
    times = np.arange(1, n + 1)
    covariance = walk**2 * np.minimum.outer(times, times) + error**2 * np.eye(n)
    expected = 0.5 * (
        np.linalg.slogdet(2 * math.pi * covariance)[1]
        + np.array(seen) @ np.linalg.solve(covariance, seen)
    )
    logs = [math.log(walk), math.log(error)]
    assert float(kalman.surprise(logs, seen)) == pytest.approx(float(expected), rel=1e-12)


def test_what_the_fit_finds_is_a_minimum_and_near_the_truth(example):
    kalman = example("kalman_likelihood")
    seen = kalman.measurements()
    found, known = kalman.fit(seen)
    slopes = func.grad(lambda logs: kalman.surprise(logs, seen))([math.log(x) for x in found])
    assert slopes == pytest.approx([0.0, 0.0], abs=1e-2)
    for x, true, off in zip(found, (kalman.WALK, kalman.ERROR), known, strict=True):
        assert abs(math.log(x / true)) < 3 * off
