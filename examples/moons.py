"""Two moons told apart by a network of 337 parameters, trained in compiled code.

    python examples/moons.py [--short] [--compare]

The model, the loss and the learning rates are those of micrograd's demo: 100 points, a network of
16 + 16 + 1 neurons, the hinge loss of all points plus 1e-4 times the sum of squared parameters,
100 steps. With `--compare` micrograd trains the same network too, and the losses are compared.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import sys
import time
from typing import Any

from charts import field
from pluggrad import compile
from pluggrad.nn import MLP, SGD, hinge, linear

from progress import progress

DECAY = 1e-4


def two_moons(count: int) -> tuple[list[tuple[float, float]], list[int]]:
    """Draw two interleaved half circles with noise; labels are -1 and +1."""
    points, labels = [], []
    for i in range(count):
        angle = math.pi * random.random()
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1.0 - x, 0.5 - y
        points.append((x + random.gauss(0.0, 0.1), y + random.gauss(0.0, 0.1)))
        labels.append(1 if i % 2 else -1)
    return points, labels


def train(model: MLP, points: Any, labels: Any, steps: int) -> list[float]:
    """Record the loss once, and go down for some steps; return the loss before each."""
    scores = [model(point) for point in points]
    squares = sum((p * p for p in model.parameters()), 0.0)
    program = compile(hinge(scores, labels) + DECAY * squares)
    optimizer = SGD(program, lr=linear(1.0, 0.1, steps))
    losses = []
    for _ in progress(steps, "training"):
        program.step()
        optimizer.step()
        losses.append(float(program.results[0]))
    optimizer.write()
    return losses


def train_in_micrograd(points: Any, labels: Any, steps: int) -> list[float]:
    """Do the same with micrograd, as its demo does."""
    from micrograd.engine import Value
    from micrograd.nn import MLP as TheirMLP

    model = TheirMLP(2, [16, 16, 1])
    losses = []
    gc.disable()  # it would take nine tenths of the time if it came when it likes
    for k in progress(steps, "micrograd"):
        scores = [model(list(map(Value, point))) for point in points]
        each = [(1 + -label * score).relu() for label, score in zip(labels, scores)]  # noqa: B905
        loss = sum(each) * (1.0 / len(each)) + DECAY * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / steps) * p.grad
        losses.append(loss.data)
        del scores, each, loss
        gc.collect()
    gc.enable()
    return losses


def text_plot(score: Any, points: Any, labels: Any) -> str:
    """Draw the plane: # for +1, . for -1, and the points as + and o."""
    width, height = 60, 20
    left, right = min(x for x, _ in points) - 0.2, max(x for x, _ in points) + 0.2
    low, high = min(y for _, y in points) - 0.2, max(y for _, y in points) + 0.2
    rows = [
        [
            "░" if score(left + (i + 0.5) / width * (right - left),
                         high - (j + 0.5) / height * (high - low)) > 0 else " "
            for i in range(width)
        ]
        for j in range(height)
    ]  # fmt: skip
    for (x, y), label in zip(points, labels, strict=True):
        i = int((x - left) / (right - left) * width)
        rows[int((high - y) / (high - low) * height)][i] = "+" if label > 0 else "o"
    return "\n".join(map("".join, rows))


def main() -> int:
    """Train, compare, draw; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="20 points and 20 steps")
    parser.add_argument("--compare", action="store_true", help="with micrograd, which takes longer")
    parser.add_argument("--seed", type=int, default=1337)
    options = parser.parse_args()
    count, steps = (20, 20) if options.short else (100, 100)

    start = time.perf_counter()
    random.seed(options.seed)
    points, labels = two_moons(count)
    state = random.getstate()
    model = MLP(2, [16, 16, 1])
    losses = train(model, points, labels, steps)
    score = compile(lambda x, y: model([x, y]))
    right = sum(score(*p) * label > 0 for p, label in zip(points, labels, strict=True))
    field(score, points, labels, "moons.svg", f"{right / count:.0%} right, loss {losses[-1]:.4f}")
    taken = time.perf_counter() - start

    print(text_plot(score, points, labels))
    print(f"\nloss {losses[0]:.4f} at first, {losses[-1]:.4f} at the end")
    print(f"accuracy {right / count:.0%}, {taken:.2f} s with recording and drawing: moons.svg")
    if options.compare:
        random.setstate(state)  # so that micrograd draws the same weights
        theirs = train_in_micrograd(points, labels, steps)
        apart = max(abs(a - b) for a, b in zip(losses, theirs, strict=True))
        print(f"losses of {steps} steps differ from micrograd's by {apart:.1e} at most")
        return 0 if apart < 1e-9 else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
