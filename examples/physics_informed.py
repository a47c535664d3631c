"""Solve a differential equation with a network whose loss holds the network's own derivative.

    python examples/physics_informed.py [--steps N]

y' = -y, y(0) = 1. The network n gives y(t) = 1 + t n(t), which meets the first condition by itself;
the loss is how far y' is from -y at points between 0 and 2. So the gradient of the loss goes
through a gradient. Raissi, Perdikaris, Karniadakis: Physics-informed neural networks, 2019.
"""

from __future__ import annotations

import argparse
import math
import random
from typing import Any

from pluggrad import Value, compile, grad
from pluggrad.nn import MLP, Adam, cosine, mean

POINTS = [2.0 * i / 15 for i in range(16)]


def solution(model: MLP, t: Any) -> Any:
    """Return y at time t."""
    return 1.0 + t * model([t])


def residual(model: MLP, time: float) -> Value:
    """Return y' + y at one time, with a history: it can be differentiated by the weights."""
    t = Value(time, label="t")
    y = solution(model, t)
    slope: Value = grad(y, t, create_graph=True)
    return slope + y


def train(steps: int = 1500, seed: int = 1) -> tuple[MLP, list[float]]:
    """Return the trained model, and the loss at each step."""
    model = MLP(1, [8, 1], activation="tanh", rng=random.Random(seed))
    loss = mean([residual(model, time) ** 2 for time in POINTS])
    program = compile(loss, wrt=model.parameters())
    optimizer = Adam(program, lr=cosine(0.03, 0.0005, steps))
    losses = []
    for _ in range(steps):
        program.step()
        losses.append(float(program.results[0]))
        optimizer.step()
    optimizer.write()
    return model, losses


def main() -> None:
    parser = argparse.ArgumentParser(description="A network that solves an equation.")
    parser.add_argument("--steps", type=int, default=1500, help="of training (1500)")
    model, losses = train(parser.parse_args().steps)
    print(f"loss: {losses[0]:.6f} at first, {losses[-1]:.9f} at last\n")
    print("   t      y(t)    exp(-t)")
    for t in (0.0, 0.5, 1.0, 1.5, 2.0):
        print(f"{t:4.1f} {solution(model, t).data if t else 1.0:9.5f} {math.exp(-t):10.5f}")


if __name__ == "__main__":
    main()
