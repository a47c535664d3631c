"""Losses against mpmath, for ordinary and extreme logits; eager and compiled."""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from pluggrad import Value, compile, func, grad
from pluggrad.nn import (
    BCEWithLogitsLoss,
    binary_cross_entropy,
    cross_entropy,
    hinge,
    log_softmax,
    mean,
    mse,
    softmax,
)

MP = mpmath.MPContext()
MP.dps = 8800  # e**-20000 beside 1 has its place 8,686 digits behind the point

EXTREME = [
    [0.0, 0.0, 0.0],
    [1e4, -1e4, 0.0],
    [-1e4, 1e4, 1e4],
    [1e4, 1e4 - 1e-9, 3.0],
    [-1e4, -1e4, -1e4],
    [40.0, 0.0, 3.0],
    [800.0, -745.0, 0.1],
    [1e-9, -1e-9, 0.0],
    [0.7, -0.3, 0.9999999],
]


def true_surprise(logits: Sequence[float], target: int) -> float:
    powers = [MP.exp(MP.mpf(x) - MP.mpf(logits[target])) for x in logits]
    return float(MP.log1p(sum(powers) - 1))


def true_probabilities(logits: Sequence[float]) -> list[float]:
    powers = [MP.exp(MP.mpf(x)) for x in logits]
    return [float(p / sum(powers)) for p in powers]


@pytest.mark.parametrize("logits", EXTREME, ids=str)
@pytest.mark.parametrize("target", [0, 1, 2])
def test_cross_entropy_and_its_gradient_hold_their_digits(logits: list[float], target: int) -> None:
    xs = [Value(x) for x in logits]
    loss = cross_entropy([xs], [target])
    assert loss.data == pytest.approx(true_surprise(logits, target), rel=1e-14, abs=5e-324)
    loss.backward()
    others = [p for i, p in enumerate(true_probabilities(logits)) if i != target]
    found = [x.grad for i, x in enumerate(xs) if i != target]
    assert found == pytest.approx(others, rel=1e-13, abs=1e-307)
    assert xs[target].grad == pytest.approx(-sum(others), rel=1e-13, abs=1e-307)


@pytest.mark.parametrize("logits", EXTREME, ids=str)
def test_softmax_holds_its_digits(logits: list[float]) -> None:
    assert softmax(logits) == pytest.approx(true_probabilities(logits), rel=1e-13, abs=1e-307)
    expected = [-true_surprise(logits, i) for i in range(3)]
    assert log_softmax(logits) == pytest.approx(expected, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("logit", [0.0, 1e-9, 0.3, -2.0, 40.0, -40.0, 745.0, 1e4, -1e4])
@pytest.mark.parametrize("target", [0, 1])
def test_binary_cross_entropy_and_its_gradient_hold_their_digits(logit: float, target: int) -> None:
    x = Value(logit)
    loss = binary_cross_entropy([x], [target])
    signed = MP.mpf(logit) * (1 - 2 * target)
    assert loss.data == pytest.approx(float(MP.log1p(MP.exp(signed))), rel=1e-14, abs=5e-324)
    loss.backward()
    slope = (1 - 2 * target) / (1 + MP.exp(-signed))
    assert x.grad == pytest.approx(float(slope), rel=1e-13, abs=1e-307)


def test_losses_are_means_over_examples() -> None:
    assert mse([1.0, 2.0, 4.0], [1.0, 1.0, 2.0]) == pytest.approx(5 / 3)
    assert hinge([0.5, -0.5, 3.0], [1, 1, 1]) == pytest.approx(2 / 3)
    rows = [[0.2, 0.5], [-1.0, 2.0]]
    each = [true_surprise(row, t) for row, t in zip(rows, (1, 0), strict=True)]
    assert cross_entropy(rows, [1, 0]) == pytest.approx(sum(each) / 2)


def test_weights_of_classes_are_as_good_as_the_number_of_one() -> None:
    rows = [[0.2, 0.5, -1.0], [1e4, 2.0, -1e4]]
    chosen = cross_entropy(rows, [[0, 1, 0], [1.0, 0, 0]])
    assert chosen == pytest.approx(cross_entropy(rows, [1, 0]), rel=1e-14)
    half = cross_entropy(rows[:1], [[0.5, 0.5, 0.0]])
    each = [true_surprise(rows[0], t) for t in (0, 1)]
    assert half == pytest.approx(sum(each) / 2, rel=1e-14)


LOSSES: list[Callable[..., Any]] = [
    lambda *x: mse(x, [0.5, -1.0, 2.0]),
    lambda *x: hinge(x, [1, -1, 1]),
    lambda *x: binary_cross_entropy(x, [1, 0, 0.25]),
    lambda *x: cross_entropy([x, x[::-1]], [2, 0]),
    lambda *x: cross_entropy([x], [[0.2, 0.3, 0.5]]),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_the_differences_of_the_loss(loss: Callable[..., Any]) -> None:
    at = [0.31, -0.52, 1.73]
    found = func.grad(loss, argnums=(0, 1, 2))(*at)
    for i, h in itertools.product(range(3), [1e-5]):
        above, below = ([x + s * h * (j == i) for j, x in enumerate(at)] for s in (1, -1))
        assert found[i] == pytest.approx((loss(*above) - loss(*below)) / (2 * h), abs=1e-8)


def test_the_second_derivatives_of_cross_entropy_are_those_of_its_formula() -> None:
    xs = [Value(x) for x in (0.3, -1.2, 2.0)]
    slopes = grad(cross_entropy([xs], [1]), xs, create_graph=True)
    p = true_probabilities([x.data for x in xs])
    for i in range(3):
        expected = [p[i] * (i == j) - p[i] * p[j] for j in range(3)]
        assert grad(slopes[i], xs) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_compiled_losses_are_the_eager_ones_for_other_numbers_too(
    loss: Callable[..., Any],
) -> None:
    compiled = compile(loss)
    rng = random.Random(1)
    for scale in (1.0, 1.0, 1e4):
        at = [scale * rng.uniform(-1, 1) for _ in range(3)]
        value, slopes = func.value_and_grad(loss, argnums=(0, 1, 2))(*at)
        found, gradient = compiled.value_and_grad(*at)
        assert found == pytest.approx(value, rel=1e-14, abs=1e-300)
        assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-300)
    assert len(compiled.recordings) == 1


def test_targets_that_are_values_may_be_set_later() -> None:
    score, target = Value(0.5), Value(0.0, requires_grad=False)
    program = compile(hinge([score], [target]), wrt=[score])
    target.data = -1.0
    assert program() == hinge([0.5], [-1]) == 1.5
    assert binary_cross_entropy([0.5], [Value(2.0)]).data == pytest.approx(-0.0259230, abs=1e-6)


def test_a_nan_among_the_logits_is_not_hidden() -> None:
    assert math.isnan(cross_entropy([[0.0, math.nan]], [0]))
    assert math.isnan(binary_cross_entropy([math.nan], [1]))


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: mse([1.0], [1.0, 2.0]), TypeError, "1 examples do not go with 2 targets"),
        (lambda: mean([]), TypeError, "needs one example or more"),
        (lambda: softmax([]), TypeError, "one number or more"),
        (lambda: cross_entropy([[1.0, 2.0]], [2]), IndexError, "classes 0 to 1, not 2"),
        (lambda: cross_entropy([[1.0, 2.0]], [-1]), IndexError, "classes 0 to 1, not -1"),
        (lambda: cross_entropy([[1.0, 2.0]], [[1.0]]), TypeError, "1 examples"),
        (lambda: hinge([0.5], [0]), ValueError, r"targets\[0\] of hinge\(\) is -1 or 1, not 0"),
        (lambda: hinge([0.5] * 3, np.array([1, -1, 0.5])), ValueError, r"targets\[2\] .*not .*0.5"),
        (lambda: hinge([0.5], [math.nan]), ValueError, "-1 or 1, not nan"),
        (lambda: binary_cross_entropy([0.5], [-1]), ValueError, "0 or 1, or a probability.*not -1"),
        (lambda: binary_cross_entropy([0.5] * 2, [1, 2]), ValueError, r"targets\[1\] .*not 2"),
        (lambda: BCEWithLogitsLoss()([[0.5]], [[math.nan]]), ValueError, "not nan"),
        (lambda: BCEWithLogitsLoss()([0.5, 0.1], [1, 7]), ValueError, r"targets\[1\] .*not 7"),
    ],
)
def test_what_does_not_fit_is_told(
    call: Callable[[], Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        call()


def test_logits_and_classes_may_be_arrays() -> None:
    logits, targets = [[0.5, -1.0, 2.0], [1.0, 0.0, 0.0]], [2, 0]
    expected = cross_entropy(logits, targets)
    for kind in (np.int64, np.uint8):
        assert cross_entropy(np.array(logits), np.array(targets, dtype=kind)) == expected
    assert softmax(np.array(logits[0])) == softmax(logits[0])
    assert mean(np.array([1.0, 4.0])) == 2.5
