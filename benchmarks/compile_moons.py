"""The moons step, forward and backward, on every engine that can do it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import Any

from measuring import Contender, Table, casadi_contender
from moons import Moons
from pluggrad import Value, compile


class Case:
    """The model's numbers, as the array engines want them.

    Attributes:
        weights, biases: for each layer a matrix (outputs, inputs) and a vector.
        x, y: the points (100, 2) and their labels.
    """

    def __init__(self) -> None:
        import numpy as np

        self.model = Moons(Value)
        layers = self.model.layers
        self.weights = [np.array([[w.data for w in n.w] for n in layer]) for layer in layers]
        self.biases = [np.array([n.b.data for n in layer]) for layer in layers]
        self.x = np.array(self.model.points)
        self.y = np.array(self.model.targets, float)

    @cached_property
    def truth(self) -> list[float]:
        """The loss and the gradients, as the eager engine computes them."""
        for p in self.model.parameters:
            p.grad = 0.0
        loss = self.model.loss()
        loss.backward()
        return [loss.data, *(p.grad for p in self.model.parameters)]

    def flat(self, loss: Any, weights: Any, biases: Any) -> list[float]:
        """Return a result in the order of the model's parameters."""
        import numpy as np

        rows = [
            np.column_stack([np.asarray(w), np.asarray(b)]).ravel()
            for w, b in zip(weights, biases, strict=True)
        ]
        return [float(loss), *np.concatenate(rows).tolist()]


def race(seconds: float, *, full: bool) -> Table:
    """Time all contenders; heyoka unfolded, which compiles for minutes, only when `full`."""
    case = Case()
    table = Table(
        "moons: forward and backward of 65,818 nodes, 337 parameters", case.truth, seconds
    )
    table.enter("pluggrad, on arrays", lambda: on_arrays(case))
    table.enter("pluggrad, on Values", lambda: on_values(case))
    table.enter("numpy, by hand", lambda: by_hand(case))
    table.enter("jax, jit on arrays", lambda: jax_arrays(case))
    table.enter("pytorch, eager on tensors", lambda: torch_tensors(case))
    table.enter("hips autograd, on arrays", lambda: autograd_arrays(case))
    table.enter("casadi, SX scalars", lambda: casadi_scalars(case))
    table.enter("heyoka, compact", lambda: heyoka_scalars(case, compact=True))
    if full:
        table.enter("heyoka, unfolded", lambda: heyoka_scalars(case, compact=False))
    else:
        print("  heyoka, unfolded                   only with --full: it compiles for minutes")
    table.enter("pluggrad eager", lambda: eager(Value), most=3)
    table.enter("micrograd 0.1.0", lambda: eager(micrograd_value()), most=2)
    return table


# ----- pluggrad -----


def on_arrays(case: Case) -> Contender:
    program = compile(case.model.loss(), wrt=case.model.parameters)
    return program.step, lambda: [program.results[0], *program.gradients]


def on_values(case: Case) -> Contender:
    model = Moons(Value)
    program = compile(model.loss(), wrt=model.parameters)

    def run() -> None:
        for p in model.parameters:
            p.grad = 0.0
        program()

    return run, lambda: [program.results[0], *(p.grad for p in model.parameters)]


def eager(value: Any) -> Contender:
    model = Moons(value)
    found: list[Any] = []

    def run() -> None:
        for p in model.parameters:
            p.grad = 0.0
        loss = model.loss()
        loss.backward()
        found[:] = [loss.data]

    return run, lambda: [*found, *(p.grad for p in model.parameters)]


def micrograd_value() -> Any:
    from micrograd.engine import Value as MicrogradValue

    return MicrogradValue


# ----- Arrays -----


def by_hand(case: Case) -> Contender:
    import numpy as np

    (w1, w2, w3), (b1, b2, b3) = case.weights, case.biases
    x, y = case.x, case.y[:, None]
    count = len(y)
    found: list[Any] = []

    def run() -> None:
        h1 = np.maximum(x @ w1.T + b1, 0.0)
        h2 = np.maximum(h1 @ w2.T + b2, 0.0)
        margin = 1.0 - y * (h2 @ w3.T + b3)
        loss = np.maximum(margin, 0.0).sum() / count + 1e-4 * sum(
            (p * p).sum() for p in (w1, w2, w3, b1, b2, b3)
        )
        g3 = np.where(margin > 0.0, -y / count, 0.0)
        g2 = np.where(h2 > 0.0, g3 @ w3, 0.0)
        g1 = np.where(h1 > 0.0, g2 @ w2, 0.0)
        found[:] = (
            loss,
            [g1.T @ x + 2e-4 * w1, g2.T @ h1 + 2e-4 * w2, g3.T @ h2 + 2e-4 * w3],
            [g1.sum(0) + 2e-4 * b1, g2.sum(0) + 2e-4 * b2, g3.sum(0) + 2e-4 * b3],
        )

    return run, lambda: case.flat(*found)


def array_loss(xp: Any, params: Any, x: Any, y: Any) -> Any:
    """Compute the loss with any library that has NumPy's names."""
    (w1, b1), (w2, b2), (w3, b3) = params
    h1 = xp.maximum(xp.dot(x, w1.T) + b1, 0.0)
    h2 = xp.maximum(xp.dot(h1, w2.T) + b2, 0.0)
    scores = (xp.dot(h2, w3.T) + b3)[:, 0]
    squares = sum(xp.sum(p * p) for pair in params for p in pair)
    return xp.mean(xp.maximum(1.0 - y * scores, 0.0)) + 1e-4 * squares


def jax_arrays(case: Case) -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    params = [(jnp.array(w), jnp.array(b)) for w, b in zip(case.weights, case.biases, strict=True)]
    x, y = jnp.array(case.x), jnp.array(case.y)
    step = jax.jit(jax.value_and_grad(lambda p, x, y: array_loss(jnp, p, x, y)))
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(params, x, y))

    return run, lambda: case.flat(found[0], [w for w, _ in found[1]], [b for _, b in found[1]])


def autograd_arrays(case: Case) -> Contender:
    import autograd
    import autograd.numpy as anp

    params = list(zip(case.weights, case.biases, strict=True))
    step = autograd.value_and_grad(lambda p: array_loss(anp, p, case.x, case.y))
    found: list[Any] = []

    def run() -> None:
        found[:] = step(params)

    return run, lambda: case.flat(found[0], [w for w, _ in found[1]], [b for _, b in found[1]])


def torch_tensors(case: Case) -> Contender:
    import torch

    torch.set_num_threads(1)  # tensors this small only lose by more
    weights = [torch.tensor(w, requires_grad=True) for w in case.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in case.biases]
    x, y = torch.tensor(case.x), torch.tensor(case.y)
    found: list[Any] = []

    def run() -> None:
        h1 = torch.relu(x @ weights[0].T + biases[0])
        h2 = torch.relu(h1 @ weights[1].T + biases[1])
        scores = (h2 @ weights[2].T + biases[2])[:, 0]
        squares = sum((p * p).sum() for p in [*weights, *biases])
        loss = torch.relu(1.0 - y * scores).mean() + 1e-4 * squares
        found[:] = [loss.detach(), torch.autograd.grad(loss, [*weights, *biases])]

    return run, lambda: case.flat(found[0], found[1][:3], found[1][3:])


# ----- Scalars, compiled by others -----


def casadi_scalars(case: Case) -> Contender:
    import casadi

    p = casadi.SX.sym("p", len(case.model.parameters))
    loss = scalar_loss(case, [p[i] for i in range(p.shape[0])], lambda x: casadi.fmax(x, 0.0))
    return casadi_contender(p, loss, [q.data for q in case.model.parameters])


def heyoka_scalars(case: Case, *, compact: bool) -> Contender:
    import heyoka
    import numpy as np

    count = len(case.model.parameters)
    p = heyoka.make_vars(*[f"p{i}" for i in range(count)])
    # Chains of + would take it minutes to differentiate.
    loss = scalar_loss(case, p, heyoka.relu, lambda terms: heyoka.sum(list(terms)))
    tensors = heyoka.diff_tensors([loss], diff_args=p, diff_order=1)
    function = heyoka.cfunc([loss, *tensors.gradient], p, compact_mode=compact)
    given = np.array([q.data for q in case.model.parameters])
    out = np.zeros(count + 1)
    return lambda: function(given, outputs=out), lambda: out.tolist()


def scalar_loss(
    case: Case, p: Any, relu: Callable[[Any], Any], total: Callable[[Any], Any] = sum
) -> Any:
    """Write the loss out in scalars `p`, in the order of the model's parameters."""
    given = iter(p)
    layers = [
        [([next(given) for _ in range(inputs)], next(given)) for _ in range(outputs)]
        for inputs, outputs in itertools.pairwise((2, 16, 16, 1))
    ]
    losses = []
    for point, target in zip(case.model.points, case.model.targets, strict=True):
        x: list[Any] = list(point)
        for depth, layer in enumerate(layers):
            x = [total([b, *(w * a for w, a in zip(row, x, strict=True))]) for row, b in layer]
            x = x if depth == 2 else [relu(a) for a in x]
        losses.append(relu(1.0 - target * x[0]))
    return total(losses) * (1.0 / len(losses)) + 1e-4 * total([q * q for q in p])
