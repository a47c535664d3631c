"""Long programs over rows, a tile at a time: sums, and what is left to lanes."""

import math
from itertools import pairwise

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile
from pluggrad.compiler.lanes import fusion
from pluggrad.compiler.run import tile
from pluggrad.ops import exp, log, where

pytest.importorskip("numba", reason="tiles are machine code")


@pytest.fixture
def tiles_for_all(monkeypatch):
    """Let short programs be run in tiles, too."""
    monkeypatch.setattr(fusion, "MOST_NODES", 0)
    monkeypatch.setattr(tile, "LOOPS", 0)


def used_tiles(fit):
    return any(x is not None for x in fit._tiles.values())


def eagerly(function, shared, *rows):
    """Add up row after row on the engine."""
    values, gradients = [], []
    for row in zip(*rows, strict=True):
        leaves = [Value(float(x)) for x in shared]
        result = function(leaves, *[x.tolist() for x in row])
        result.backward()
        values.append(result.data)
        gradients.append([x.grad for x in leaves])
    return math.fsum(values), [math.fsum(x) for x in zip(*gradients, strict=True)]


def network(*arguments):
    *layers, x, y = arguments
    for number, (weights, biases) in enumerate(zip(layers[::2], layers[1::2], strict=True)):
        x = [
            sum((w * a for w, a in zip(row, x, strict=True)), bias)
            for row, bias in zip(weights, biases, strict=True)
        ]
        if number < len(layers) // 2 - 1:
            x = [a.tanh() for a in x]
    parts = [exp(a) for a in x]
    return log(sum(parts[1:], parts[0])) - sum(
        (t * a for t, a in zip(y[1:], x[1:], strict=True)), y[0] * x[0]
    )


def network_by_hand(w1, b1, w2, b2, x, y):
    hidden = np.tanh(x @ w1.T + b1)
    scores = hidden @ w2.T + b2
    parts = np.exp(scores)
    total = parts.sum(axis=1, keepdims=True)
    loss = (np.log(total) - (y * scores).sum(axis=1, keepdims=True)).sum()
    g = parts / total - y
    inner = (g @ w2) * (1.0 - hidden * hidden)
    return loss, (inner.T @ x, inner.sum(axis=0), g.T @ hidden, g.sum(axis=0))


def network_data(sizes, rows, seed=1):
    chance = np.random.default_rng(seed)
    shared = []
    for taken, given in pairwise(sizes):
        shared += [chance.normal(size=(given, taken)) / taken**0.5, chance.normal(size=given)]
    labels = np.eye(sizes[-1])[chance.integers(0, sizes[-1], rows)]
    return shared, chance.normal(size=(rows, sizes[0])), labels


@pytest.mark.parametrize("rows", [1, 3, 4, 33, 600])
def test_a_network_over_rows_is_what_matrix_products_give(rows):
    shared, x, y = network_data((60, 20, 10), rows)
    fit = compile(network, in_axes=(None,) * 4 + (0, 0))
    value, gradients = fit.value_and_grad(*shared, x, y)
    assert used_tiles(fit)
    right, by_hand = network_by_hand(*shared, x, y)
    assert value == pytest.approx(right, rel=1e-13)
    for found, expected in zip(gradients, by_hand, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert fit(*shared, x, y) == pytest.approx(right, rel=1e-13)


@pytest.mark.usefixtures("tiles_for_all")
@pytest.mark.parametrize("rows", [40, 600, 1111])
def test_threads_share_tiles_and_add_up_in_one_order(rows):
    shared, x, y = network_data((6, 5, 3), rows)
    fits = [compile(network, in_axes=(None,) * 4 + (0, 0), threads=n) for n in (1, 2, 3)]
    right, by_hand = network_by_hand(*shared, x, y)
    for fit in fits:
        value, gradients = fit.value_and_grad(*shared, x, y)
        assert value == pytest.approx(right, rel=1e-13)
        for found, expected in zip(gradients, by_hand, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        again, others = fit.value_and_grad(*shared, x, y)
        assert again == value
        assert all(map(np.array_equal, gradients, others))


@pytest.mark.usefixtures("tiles_for_all")
def test_a_row_of_nan_is_named_whichever_thread_has_it():
    shared, x, y = network_data((3, 2, 2), 700)
    x[601, 1] = math.nan
    options = {"in_axes": (None,) * 4 + (0, 0), "threads": 3}
    assert all(np.isnan(g).any() for g in compile(network, **options).grad(*shared, x, y))
    with pytest.raises(CompileError, match="row 601"):
        compile(network, **options, check_finite=True).value_and_grad(*shared, x, y)


def test_batches_and_means_go_through_tiles(monkeypatch):
    shared, x, y = network_data((60, 20, 10), 50)
    fit = compile(network, in_axes=(None,) * 4 + (0, 0), reduce="mean")
    value, gradients = fit.value_and_grad(*shared, x, y)
    right, by_hand = network_by_hand(*shared, x, y)
    assert value == pytest.approx(right / 50)
    np.testing.assert_allclose(gradients[0], by_hand[0] / 50, rtol=1e-9, atol=1e-12)
    batches = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 50, 20)]
    again, found = fit.over(batches).value_and_grad(*shared)
    assert again == pytest.approx(value)
    np.testing.assert_allclose(found[2], gradients[2], rtol=1e-9, atol=1e-12)


def branches(w, x, y):
    score = w[0] * x[0] + w[1] * x[1] + w[2]
    return score * score * y if x[0] > 0 else -3.0 * score * w[1]


@pytest.mark.usefixtures("tiles_for_all")
@pytest.mark.parametrize("rows", [1, 2, 5, 300, 1000])
def test_rows_that_take_another_way_are_left_to_lanes(rows):
    chance = np.random.default_rng(2)
    w, x, y = chance.normal(size=3), chance.normal(size=(rows, 2)), chance.normal(size=rows)
    fit = compile(branches, in_axes=(None, 0, 0))
    value, gradient = fit.value_and_grad(w, x, y)
    assert used_tiles(fit)
    right, slopes = eagerly(branches, w, x, y)
    assert value == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-12)


@pytest.mark.usefixtures("tiles_for_all")
def test_a_branch_not_taken_sends_no_nan_into_a_tile():
    x = np.concatenate([np.zeros(7), np.full(6, 4.0)])
    fit = compile(lambda w, x: where(x > 0, (x * w).sqrt(), 0.0 * w), in_axes=(None, 0))
    assert fit.value_and_grad(1.0, x) == (12.0, 6.0)
    assert used_tiles(fit)


@pytest.mark.usefixtures("tiles_for_all")
def test_a_row_of_nan_is_named_from_a_tile():
    shared, x, y = network_data((3, 2, 2), 700)
    x[601, 1] = math.nan
    fit = compile(network, in_axes=(None,) * 4 + (0, 0))
    assert math.isnan(fit(*shared, x, y))
    assert all(np.isnan(g).any() for g in fit.grad(*shared, x, y))
    checked = compile(network, in_axes=(None,) * 4 + (0, 0), check_finite=True)
    with pytest.raises(CompileError, match="row 601 gives nan"):
        checked.value_and_grad(*shared, x, y)


@pytest.mark.usefixtures("tiles_for_all")
def test_numbers_that_play_no_part_and_values_from_outside_are_right_in_tiles():
    scale = Value(2.0)

    def f(w, x, pair):
        return where(x[1] > 0, w[2] * x[1], w[0] * scale) * pair[1] * 3.0

    chance = np.random.default_rng(3)
    x, left, right = chance.normal(size=(9, 3)), chance.normal(size=9), chance.normal(size=9)
    fit = compile(f, in_axes=(None, 0, 0))
    w = np.array([1.0, 7.0, -2.0])
    for factor in (2.0, 5.0):
        scale.data = factor
        value, slopes = fit.value_and_grad(w, x, (left, right))
        chosen = x[:, 1] > 0
        by_last, by_first = np.where(chosen, x[:, 1], 0.0), np.where(chosen, 0.0, factor)
        expected = 3.0 * np.array([by_first @ right, 0.0, by_last @ right])
        np.testing.assert_allclose(slopes, expected, rtol=1e-12, atol=1e-13)
        assert value == pytest.approx(expected @ w)
    assert used_tiles(fit)


@pytest.mark.usefixtures("tiles_for_all")
def test_a_parameter_that_is_only_handed_on_gets_all_of_its_gradient():
    fit = compile(lambda a, b, x: a + b * x + a, in_axes=(None, None, 0))
    x = np.arange(11.0)
    assert fit.value_and_grad(1.0, 2.0, x) == (22.0 + 110.0, (22.0, 55.0))
    alone = compile(lambda a, x: a + x, in_axes=(None, 0))
    assert alone.value_and_grad(1.0, x) == (66.0, 11.0)
    assert used_tiles(alone)
