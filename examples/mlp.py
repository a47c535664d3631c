"""A small network learns four points, and is drawn with a card for each neuron.

    python examples/mlp.py [--steps N]

Three inputs, two layers of four neurons and one at the end, all of them with tanh; squared error;
gradient descent.
"""

from __future__ import annotations

import argparse
import random

from pluggrad import Graph, render, save
from pluggrad.nn import MLP, SGD, mse

from progress import progress

POINTS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
TARGETS = [1.0, -1.0, -1.0, 1.0]


def train(steps: int = 40, rate: float = 0.3, seed: int = 7) -> tuple[MLP, list[float]]:
    """Train a network; return it and the loss before each step."""
    network = MLP(3, [4, 4, 1], activation="tanh", linear_output=False, rng=random.Random(seed))
    optimizer = SGD(network.parameters(), rate)
    losses = []
    for _ in progress(steps, "training"):
        loss = mse([network(x) for x in POINTS], TARGETS)
        losses.append(loss.data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network, losses


def main() -> None:
    """Train, print, draw."""
    parser = argparse.ArgumentParser(description="A small network learns four points.")
    parser.add_argument("--steps", type=int, default=40)
    network, losses = train(parser.parse_args().steps)
    print("step      loss")
    for step in range(0, len(losses), max(1, len(losses) // 8)):
        print(f"{step:4}  {losses[step]:8.5f}  {'#' * round(30 * losses[step])}")
    print("\npoint                 wanted  learnt")
    for x, y in zip(POINTS, TARGETS, strict=True):
        print(f"{x!s:20}  {y:6.1f}  {network(x).data:6.3f}")
    print("\nThe network on one point, a group for each layer:\n")
    one = mse([network(POINTS[0])], TARGETS[:1])
    one.backward()
    print(render(Graph(one).collapse("scope", depth=2), "text"))
    save(Graph(one).collapse("scope", depth=3), "mlp.svg")
    print("\ndrawn: mlp.svg, with a card for each neuron")


if __name__ == "__main__":
    main()
