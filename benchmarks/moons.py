"""The moons workload, written once for every engine with micrograd's interface.

100 points of two moons with noise 0.1, labels -1 and +1; an MLP 2-16-16-1 with relu hidden units;
loss = mean(relu(1 - y * score)) + 1e-4 * sum(p * p); full batch; 65,818 nodes a step.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import Any


class Neuron:
    """A weighted sum with a bias, and relu unless it is linear."""

    def __init__(self, value: Any, rng: random.Random, inputs: int, nonlinear: bool) -> None:
        self.w = [value(rng.uniform(-1, 1)) for _ in range(inputs)]
        self.b = value(0.0)
        self.nonlinear = nonlinear

    def __call__(self, x: list[Any]) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.nonlinear else act


class Moons:
    """The model, its data, and one training step."""

    def __init__(self, value: Any, samples: int = 100, seed: int = 1337) -> None:
        rng = random.Random(seed)
        self.value = value
        self.points, self.targets = two_moons(samples, rng)
        sizes = (2, 16, 16, 1)
        self.layers = [
            [Neuron(value, rng, inputs, outputs > 1) for _ in range(outputs)]
            for inputs, outputs in itertools.pairwise(sizes)
        ]
        self.parameters = [p for layer in self.layers for n in layer for p in [*n.w, n.b]]

    def score(self, point: list[float]) -> Any:
        """Run the network on one point."""
        x = [self.value(coordinate) for coordinate in point]
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def loss(self) -> Any:
        """Return the max-margin loss of all points, with L2 regularisation."""
        scores = [self.score(point) for point in self.points]
        losses = [(1 + -y * s).relu() for y, s in zip(self.targets, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in self.parameters)

    def step(self, k: int) -> float:
        """Take training step number `k` of 100; return the loss before it."""
        total = self.loss()
        for p in self.parameters:
            p.grad = 0.0
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in self.parameters:
            p.data -= rate * p.grad
        return float(total.data)

    def matches(self, other: Moons) -> bool:
        """Return whether two models have the same parameters, to 1e-9."""
        return all(
            math.isclose(p.data, q.data, rel_tol=1e-9, abs_tol=1e-12)
            for p, q in zip(self.parameters, other.parameters, strict=True)
        )


def two_moons(samples: int, rng: random.Random) -> tuple[list[list[float]], list[int]]:
    """Draw two interleaved half circles; return the points and their labels, -1 and +1."""
    points, targets = [], []
    for i in range(samples):
        angle = math.pi * rng.random()
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1 - x, 0.5 - y
        points.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
        targets.append(1 if i % 2 else -1)
    return points, targets
