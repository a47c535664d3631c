"""Live pages that the documentation shows in frames: a neuron, and a film of its training."""

from __future__ import annotations

import math
import random

from pluggrad import Film, Value, nn, render, scope
from pluggrad.cli.demo import neuron

FRAMES = 100


def files() -> dict[str, str]:
    """Return the pages: names, and texts."""
    return {"pages/neuron.html": neuron_page(), "pages/film.html": film_page()}


def neuron_page() -> str:
    """Draw the neuron of the README, to be moved."""
    o, _ = neuron()
    o.backward()
    about = "One neuron, o = tanh(x1*w1 + x2*w2 + b). Click one of the leaves, and move it."
    return str(render(o, "html", title="One neuron", about=about, live=True))


def film_page() -> str:
    """Draw the training of a small network on two moons."""
    about = (
        "A hundred steps of training: press the ▶ beside the loss, or drag along the strip.\n"
        "Click a weight to see it over time; click a neuron's group to unfold it."
    )
    return str(render(film(), "html", title="Training on two moons", about=about))


def film() -> Film:
    """Train an MLP 2-6-6-1 on 24 points, and film it."""
    rng = random.Random(7)
    model = nn.MLP(2, [6, 6, 1], rng=rng)
    points, targets = moons(24, rng)

    def loss() -> Value:
        scores = [model(point) for point in points]
        with scope("loss"):
            made = nn.hinge(scores, targets)
        made.label = "loss"
        return made

    made, optimizer = Film(loss()), nn.SGD(model.parameters(), lr=0.2)
    for _ in range(FRAMES):
        optimizer.zero_grad()
        loss().backward()
        made.shoot()
        optimizer.step()
    return made


def moons(count: int, rng: random.Random) -> tuple[list[list[float]], list[float]]:
    """Return points of two half circles that reach into each other, and on which each is."""
    points, targets = [], []
    for i in range(count):
        angle, upper = math.pi * (i // 2) / (count // 2 - 1), i % 2 == 0
        x, y = math.cos(angle), math.sin(angle)
        place = (x, y) if upper else (1.0 - x, 0.5 - y)
        points.append([part + rng.gauss(0.0, 0.1) for part in place])
        targets.append(1.0 if upper else -1.0)
    return points, targets
