"""One large layer: `python benchmarks/layer.py`: a step of MNIST's 784-50-10 net on one image.

The loss of one image and all 39,760 gradients: the compiled program on arrays and through Values,
NumPy by hand, PyTorch on tensors, a line of C for each node compiled by gcc, micrograd, and the
eager engine. The image is of MNIST's shape, random. The orders in which weights may be listed are
compared too: by neuron, with all biases last, and in no order at all.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Contender, Table
from pluggrad import Value, compile
from pluggrad.ops import exp, log, tanh

SIZES = 784, 50, 10
LABEL = 3
Layer = list[tuple[list[Value], Value]]


class Net:
    """A net and its loss on one image.

    Parameters:
        leaf: makes a leaf of a number.
        exp, log, tanh: functions of what that gives.

    Attributes:
        layers: for each neuron its weights and its bias.
        image: the inputs.
        loss: minus the logarithm of the softmax at the label.
    """

    def __init__(self, leaf: Any = Value, exp: Any = exp, log: Any = log, tanh: Any = tanh) -> None:
        chance = random.Random(1)
        self.image = [pixel(leaf, chance.random()) for _ in range(SIZES[0])]
        self.layers: list[Layer] = []
        signals = self.image
        for taken, given in pairwise(SIZES):
            layer = [
                ([leaf(chance.gauss(0.0, taken**-0.5)) for _ in range(taken)], leaf(0.0))
                for _ in range(given)
            ]
            signals = [
                sum((w * x for w, x in zip(weights, signals, strict=True)), bias)
                for weights, bias in layer
            ]
            if not self.layers:
                signals = [tanh(x) for x in signals]
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


def pixel(leaf: Any, number: float) -> Any:
    """Make a leaf that no gradient is wanted of, where there is such a thing."""
    return leaf(number, requires_grad=False) if leaf is Value else leaf(number)


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


def on_tensors() -> Contender:
    import torch

    torch.set_num_threads(1)
    net = Net()
    layers = [
        (
            torch.tensor([[w.data for w in ws] for ws, _ in layer], dtype=torch.float64),
            torch.tensor([b.data for _, b in layer], dtype=torch.float64),
        )
        for layer in net.layers
    ]
    leaves = [x.requires_grad_() for layer in layers for x in layer]
    image = torch.tensor([x.data for x in net.image], dtype=torch.float64)
    found: list[Any] = []

    def run() -> None:
        for x in leaves:
            x.grad = None
        (w1, b1), (w2, b2) = layers
        scores = w2 @ torch.tanh(w1 @ image + b1) + b2
        loss = torch.logsumexp(scores, 0) - scores[LABEL]
        loss.backward()
        found[:] = [loss]

    def numbers() -> Sequence[float]:
        w1, b1, w2, b2 = (x.grad.numpy() for x in leaves)
        rows = (*np.column_stack([w1, b1]).ravel(), *np.column_stack([w2, b2]).ravel())
        return [found[0].item(), *rows]

    return run, numbers


FORWARD = {
    "add": "v[{0}] + v[{1}]", "sub": "v[{0}] - v[{1}]", "mul": "v[{0}] * v[{1}]",
    "tanh": "tanh(v[{0}])", "exp": "exp(v[{0}])", "log": "log(v[{0}])",
}  # fmt: skip
PART = 1000  # lines of a function of C: gcc takes minutes for one of all
BACKWARD = {
    "add": ("g[{i}]", "g[{i}]"),
    "sub": ("g[{i}]", "-g[{i}]"),
    "mul": ("g[{i}] * v[{1}]", "g[{i}] * v[{0}]"),
    "tanh": ("g[{i}] * (1.0 - v[{i}] * v[{i}])",),
    "exp": ("g[{i}] * v[{i}]",),
    "log": ("g[{i}] / v[{0}]",),
}


def lines_of_c(tape: Any) -> str:
    """Write a line for each node forward, and one for each of its operands backward."""
    forward, backward = [], []
    for i, kind in enumerate(tape.kinds):
        if kind < 0:
            continue
        operands, name = tape.operands_of(i), tape.ops[kind].name
        forward.append(f"v[{i}] = {FORWARD[name].format(*operands)};")
        for x, share in zip(operands, BACKWARD[name], strict=True):
            backward.append(f"g[{x}] += {share.format(*operands, i=i)};")
    end, size = tape.outputs[0], len(tape)
    start = ["memset(g, 0, sizeof g);", f"g[{end}] = 1.0;"]
    lines = [*forward, *start, *reversed(backward)]
    parts = ["\n".join(lines[k : k + PART]) for k in range(0, len(lines), PART)]
    texts = [f"static void part{k}(void) {{\n{x}\n}}" for k, x in enumerate(parts)]
    calls = " ".join(f"part{k}();" for k in range(len(parts)))
    head = f"#include <math.h>\n#include <string.h>\ndouble v[{size}], g[{size}];"
    return "\n".join([head, *texts, f"void step(void) {{ {calls} }}"])


def in_c(level: str) -> Contender:
    net = Net()
    tape = compile(net.loss, wrt=net.parameters(), inputs=net.image, executor="interpreter").tape
    folder = Path(tempfile.mkdtemp())
    (folder / "net.c").write_text(lines_of_c(tape))
    command = ["gcc", level, "-shared", "-fPIC", "-o", "net.so", "net.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    code = ctypes.CDLL(str(folder / "net.so"))
    values, slopes = (
        np.ctypeslib.as_array((ctypes.c_double * len(tape)).in_dll(code, name)) for name in "vg"
    )
    values[:] = tape.numbers
    return code.step, lambda: [values[tape.outputs[0]], *slopes[tape.wrt]]


def eagerly(*functions: Any) -> Contender:
    found: list[float] = []

    def run() -> None:
        fresh = Net(*functions)
        fresh.loss.backward()
        found[:] = [fresh.loss.data, *(x.grad for x in fresh.parameters())]

    return run, lambda: found


def in_micrograd() -> Contender:
    engine = importlib.import_module("micrograd.engine")
    functions = importlib.import_module("micrograd_functions")
    return eagerly(engine.Value, *(getattr(functions, name) for name in ("exp", "log", "tanh")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    parser.add_argument("--full", action="store_true", help="gcc -O1 too, which takes longer")
    options = parser.parse_args()
    seconds = options.seconds
    sys.setrecursionlimit(20_000)  # micrograd walks down sums of 784 terms
    table = Table("784-50-10 on one image, 120,000 nodes", truth(), seconds)
    for order in ("by neuron", "biases last", "shuffled"):
        table.enter(f"pluggrad, step(), weights {order}", on_arrays(order))
    table.enter("pluggrad, through Values", through_values)
    table.enter("numpy, by hand", numpy_by_hand)
    table.enter("pytorch, on tensors", on_tensors)
    for level in ("-O0", "-O1") if options.full else ("-O0",):
        if shutil.which("gcc"):
            table.enter(f"plain C, a line a node, gcc {level}", partial(in_c, level))
    table.enter("pluggrad eager", eagerly, most=3)
    table.enter("micrograd 0.1.0, functions added", in_micrograd, most=3)


if __name__ == "__main__":
    main()
