"""A small network in plain Python learns four points.

    python examples/mlp.py [--steps N]

Three inputs, two hidden layers of four neurons, one output; squared error; gradient descent.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from itertools import pairwise

from pluggrad import Graph, Value, render, scope

POINTS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
TARGETS = [1.0, -1.0, -1.0, 1.0]


class Network:
    """Layers of neurons, each a tanh of a weighted sum.

    Parameters:
        sizes: how many inputs, then how many neurons in each layer.
        rng: where the weights come from, uniformly between -1 and 1.
    """

    def __init__(self, sizes: Sequence[int], rng: random.Random) -> None:
        self.layers = [
            [[Value(rng.uniform(-1, 1)) for _ in range(below + 1)] for _ in range(width)]
            for below, width in pairwise(sizes)
        ]
        self.parameters = [w for layer in self.layers for neuron in layer for w in neuron]

    def __call__(self, inputs: Sequence[float]) -> Value:
        values: list[Value] = [Value(x, requires_grad=False) for x in inputs]
        for number, layer in enumerate(self.layers):
            with scope(f"layer{number}"):
                values = [
                    sum((w * x for w, x in zip(weights, values, strict=True)), bias).tanh()
                    for *weights, bias in layer
                ]
        return values[0]


def train(steps: int = 40, rate: float = 0.1, seed: int = 1337) -> tuple[Network, list[float]]:
    """Train a network; give it and the loss before each step, and after the last one."""
    network = Network([3, 4, 4, 1], random.Random(seed))
    losses = []
    for step in range(steps + 1):
        loss = total_loss(network)
        losses.append(loss.data)
        if step < steps:
            for p in network.parameters:
                p.grad = 0.0
            loss.backward()
            for p in network.parameters:
                p.data -= rate * p.grad
    return network, losses


def total_loss(network: Network) -> Value:
    """Sum the squared errors of all points."""
    return sum(((network(x) - y) ** 2 for x, y in zip(POINTS, TARGETS, strict=True)), Value(0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description="A small network learns four points.")
    parser.add_argument("--steps", type=int, default=40)
    network, losses = train(parser.parse_args().steps)
    print("step      loss")
    for step in range(0, len(losses), max(1, len(losses) // 8)):
        print(f"{step:4}  {losses[step]:8.5f}  {'#' * round(8 * losses[step])}")
    print("\npoint                 wanted  learnt")
    for x, y in zip(POINTS, TARGETS, strict=True):
        print(f"{x!s:20}  {y:6.1f}  {network(x).data:6.3f}")
    print("\nThe network on one point, a group for each layer:\n")
    print(render(Graph(network(POINTS[0])).collapse("scope"), "text"))


if __name__ == "__main__":
    main()
