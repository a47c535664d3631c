"""A small network for the tests of programs."""

import random
from collections.abc import Callable

import pytest
from pluggrad import Value
from pluggrad.ops import tanh


def small_network(rng: random.Random) -> tuple[list[Value], list[Value], Value]:
    """Build a small network as micrograd's demo does: sums of products, tanh, a mean of losses."""
    weights = [[Value(rng.uniform(-1, 1)) for _ in range(3)] for _ in range(5)]
    biases = [Value(rng.uniform(-1, 1)) for _ in range(5)]
    points = [[Value(rng.uniform(-1, 1), requires_grad=False) for _ in range(3)] for _ in range(7)]
    losses = []
    for x in points:
        hidden = [
            tanh(sum((w * a for w, a in zip(row, x, strict=True)), b))
            for row, b in zip(weights, biases, strict=True)
        ]
        losses.append((sum(hidden) - 1.0) ** 2)
    loss = sum(losses) / len(losses)
    return [w for row in weights for w in row] + biases, [a for x in points for a in x], loss


@pytest.fixture
def network() -> Callable[[random.Random], tuple[list[Value], list[Value], Value]]:
    """Return the function that builds it: weights, inputs and loss."""
    return small_network
