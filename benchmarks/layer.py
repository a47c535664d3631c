"""One large layer: `python benchmarks/layer.py`: a step of MNIST's 784-50-10 net on one image.

The loss of one image and all 39,760 gradients: the compiled program on arrays and through Values,
NumPy by hand, and the eager engine. The image is of MNIST's shape, random. The orders in which
weights may be listed are compared too: by neuron, with all biases last, and in no order at all.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from compare_chain import Contender
from measuring import Table
from pluggrad import Value, compile
from pluggrad.ops import exp, log

SIZES = 784, 50, 10
LABEL = 3
Layer = list[tuple[list[Value], Value]]


class Net:
    """A net and its loss on one image.

    Attributes:
        layers: for each neuron its weights and its bias.
        image: the inputs.
        loss: minus the logarithm of the softmax at the label.
    """

    def __init__(self) -> None:
        chance = random.Random(1)
        self.image = [Value(chance.random(), requires_grad=False) for _ in range(SIZES[0])]
        self.layers: list[Layer] = []
        signals = self.image
        for taken, given in pairwise(SIZES):
            layer = [
                ([Value(chance.gauss(0.0, taken**-0.5)) for _ in range(taken)], Value(0.0))
                for _ in range(given)
            ]
            signals = [
                sum((w * x for w, x in zip(weights, signals, strict=True)), bias)
                for weights, bias in layer
            ]
            if not self.layers:
                signals = [x.tanh() for x in signals]
            self.layers.append(layer)
        total = exp(signals[0])
        for x in signals[1:]:
            total = total + exp(x)
        self.loss = log(total) - signals[LABEL]

    def parameters(self, order: str = "by neuron") -> list[Value]:
        """List the parameters."""
        neurons = [neuron for layer in self.layers for neuron in layer]
        found = [x for weights, bias in neurons for x in (*weights, bias)]
        if order == "biases last":
            found = [w for weights, _ in neurons for w in weights] + [bias for _, bias in neurons]
        if order == "shuffled":
            random.Random(2).shuffle(found)
        return found


def truth() -> list[float]:
    net = Net()
    net.loss.backward()
    return [net.loss.data, *(x.grad for x in net.parameters())]


def on_arrays(order: str) -> Callable[[], Contender]:
    def make() -> Contender:
        net = Net()
        wrt = net.parameters(order)
        program = compile(net.loss, wrt=wrt, inputs=net.image)
        where = {x: i for i, x in enumerate(wrt)}
        back = [where[x] for x in net.parameters()]
        return program.step, lambda: [program.results[0], *program.gradients[back]]

    return make


def through_values() -> Contender:
    net = Net()
    wrt = net.parameters()
    program = compile(net.loss, wrt=wrt, inputs=net.image)

    def numbers() -> Sequence[float]:
        for x in wrt:
            x.grad = 0.0
        program()
        return [net.loss.data, *(x.grad for x in wrt)]

    return program, numbers


def numpy_by_hand() -> Contender:
    net = Net()
    weights = [np.array([[w.data for w in ws] for ws, _ in layer]) for layer in net.layers]
    biases = [np.array([b.data for _, b in layer]) for layer in net.layers]
    image = np.array([x.data for x in net.image])
    found: list[Any] = []

    def run() -> None:
        hidden = np.tanh(weights[0] @ image + biases[0])
        scores = np.exp(weights[1] @ hidden + biases[1])
        share = scores / scores.sum()
        loss = -np.log(share[LABEL])
        share[LABEL] -= 1.0
        inner = (weights[1].T @ share) * (1.0 - hidden * hidden)
        found[:] = loss, np.outer(inner, image), inner, np.outer(share, hidden), share

    def numbers() -> Sequence[float]:
        loss, first, inner, second, share = found
        rows = (*np.column_stack([first, inner]).ravel(), *np.column_stack([second, share]).ravel())
        return [loss, *rows]

    return run, numbers


def eager() -> Contender:
    found: list[float] = []

    def run() -> None:
        fresh = Net()
        fresh.loss.backward()
        found[:] = [fresh.loss.data, *(x.grad for x in fresh.parameters())]

    return run, lambda: found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    seconds = parser.parse_args().seconds
    table = Table("784-50-10 on one image, 120,000 nodes", truth(), seconds)
    for order in ("by neuron", "biases last", "shuffled"):
        table.enter(f"pluggrad, step(), weights {order}", on_arrays(order))
    table.enter("pluggrad, through Values", through_values)
    table.enter("numpy, by hand", numpy_by_hand)
    table.enter("pluggrad eager", eager, most=3)


if __name__ == "__main__":
    main()
