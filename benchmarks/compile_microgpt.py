"""The microgpt workload: one step on every engine that can do it, and a whole training run."""

from __future__ import annotations

import importlib
import random
import time
from typing import Any

import plain
from measuring import Contender, Disagreement, Table, casadi_contender
from microgpt import (
    BETA1,
    BETA2,
    CHANNELS,
    CONTEXT,
    EPS,
    HEADS,
    NAMES,
    RATE,
    STEPS,
    VOCABULARY,
    WIDTH,
    MicroGPT,
    spelled,
)
from pluggrad import Value, compile
from pluggrad.ops import exp, log

NAME = "isabel"  # 59,542 nodes
MATRICES = "tokens positions head query key value out up down".split()


def race(seconds: float) -> Table:
    """Time one step, forward and backward, of all contenders."""
    model = MicroGPT(Value, log, exp)
    loss = model.loss(NAME)
    loss.backward()
    table = Table(
        f"microgpt: forward and backward for the name {NAME!r}, 4,192 parameters",
        [loss.data, *(p.grad for p in model.parameters)],
        seconds,
    )
    table.enter("pluggrad, on arrays", on_arrays)
    table.enter("jax, jit on arrays", jax_arrays)
    table.enter("pytorch, eager on tensors", torch_tensors)
    table.enter("hips autograd, on arrays", autograd_arrays)
    table.enter("casadi, SX scalars", casadi_scalars)
    table.enter("pluggrad eager", lambda: eager(Value, log, exp), most=3)
    table.enter("micrograd 0.1.0, log and exp added", micrograd, most=1)
    table.enter("plain Python", lambda: eager(plain.Value, plain.log, plain.exp), most=3)
    return table


def on_arrays() -> Contender:
    model = MicroGPT(Value, log, exp)
    program = compile(model.loss(NAME))  # some letters do not occur, so not all have gradients
    where = {id(p): i for i, p in enumerate(model.parameters)}
    rows = [where[id(p)] for p in program.wrt]

    def numbers() -> list[float]:
        gradients = [0.0] * len(where)
        for row, g in zip(rows, program.gradients.tolist(), strict=True):
            gradients[row] = g
        return [program.results[0], *gradients]

    print(f"  ({len(program):,} nodes)")
    return program.step, numbers


def eager(value: Any, log: Any, exp: Any) -> Contender:
    model = MicroGPT(value, log, exp)
    found: list[float] = []

    def run() -> None:
        for p in model.parameters:
            p.grad = 0.0
        loss = model.loss(NAME)
        loss.backward()
        found[:] = [loss.data]

    return run, lambda: [*found, *(p.grad for p in model.parameters)]


def micrograd() -> Contender:
    engine = importlib.import_module("micrograd.engine")
    more = importlib.import_module("micrograd_functions")
    return eager(engine.Value, more.log, more.exp)


# ----- On arrays -----


def matrices() -> dict[str, list[list[float]]]:
    """Return the model's parameters as nested lists of numbers."""
    model = MicroGPT(Value, log, exp)
    return {name: [[p.data for p in row] for row in getattr(model, name)] for name in MATRICES}


def array_loss(xp: Any, p: dict[str, Any], tokens: Any, targets: Any, mask: Any) -> Any:
    """Compute the mean loss with any library that has NumPy's names."""

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1) + 1e-5)[:, None] ** -0.5

    def heads(x: Any) -> Any:
        return x.reshape(count, HEADS, WIDTH).swapaxes(0, 1)

    def softmax(x: Any) -> Any:
        e = xp.exp(x)
        return e / e.sum(-1)[..., None]

    count = len(tokens)
    x = norm(p["tokens"][tokens] + p["positions"][:count])
    y = norm(x)
    q, k, v = (heads(y @ p[name].T) for name in ("query", "key", "value"))
    weights = softmax(q @ k.swapaxes(1, 2) / WIDTH**0.5 + mask)
    x = (weights @ v).swapaxes(0, 1).reshape(count, CHANNELS) @ p["out"].T + x
    hidden = norm(x) @ p["up"].T
    x = xp.where(hidden > 0, hidden, 0.0) @ p["down"].T + x
    return -xp.log(softmax(x @ p["head"].T)[xp.arange(count), targets]).mean()


def inputs() -> tuple[list[int], list[int], list[list[float]]]:
    letters = spelled(NAME)
    count = len(letters) - 1
    mask = [[0.0 if j <= i else -float("inf") for j in range(count)] for i in range(count)]
    return letters[:-1], letters[1:], mask


def jax_arrays() -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    p = {name: jnp.array(rows) for name, rows in matrices().items()}
    given = [jnp.array(x) for x in inputs()]
    step = jax.jit(jax.value_and_grad(lambda p, *given: array_loss(jnp, p, *given)))
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(p, *given))

    return run, lambda: flat(found[0], [found[1][name] for name in MATRICES])


def torch_tensors() -> Contender:
    import torch

    torch.set_num_threads(1)  # tensors this small only lose by more
    p = {
        name: torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        for name, rows in matrices().items()
    }
    tokens, targets, mask = (torch.tensor(x) for x in inputs())
    found: list[Any] = []

    def run() -> None:
        loss = array_loss(torch, p, tokens, targets, mask.double())
        found[:] = [loss.detach(), torch.autograd.grad(loss, list(p.values()))]

    return run, lambda: flat(found[0], found[1])


def autograd_arrays() -> Contender:
    import autograd
    import autograd.numpy as anp

    p = {name: anp.array(rows) for name, rows in matrices().items()}
    tokens, targets, mask = (anp.array(x) for x in inputs())
    step = autograd.value_and_grad(lambda p: array_loss(anp, p, tokens, targets, mask))
    found: list[Any] = []

    def run() -> None:
        found[:] = step(p)

    return run, lambda: flat(found[0], [found[1][name] for name in MATRICES])


def flat(loss: Any, gradients: Any) -> list[float]:
    import numpy as np

    return [float(loss), *np.concatenate([np.asarray(g).ravel() for g in gradients]).tolist()]


# ----- On scalars that CasADi compiles -----


class Symbolic(MicroGPT):
    """The model on symbols, which have no numbers yet: no logit can be called the largest."""

    def softmax(self, logits: list[Any]) -> list[Any]:
        """Return probabilities; the logits of this model are small."""
        exps = [self.exp(x) for x in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def relu(self, x: Any) -> Any:
        """Return x where it is positive, else 0."""
        return importlib.import_module("casadi").fmax(x, 0.0)


def casadi_scalars() -> Contender:
    import casadi

    numbers = [p.data for p in MicroGPT(Value, log, exp).parameters]
    p = casadi.SX.sym("p", len(numbers))
    given = iter([p[i] for i in range(len(numbers))])
    loss = Symbolic(lambda _: next(given), casadi.log, casadi.exp).loss(NAME)
    return casadi_contender(p, loss, numbers)


# ----- Training -----


class Training:
    """A run of training on one program for all names.

    It is recorded once, for the longest name, with what differs from name to name as inputs: the
    rows of the tokens, which of the next letters is right, and the weight of each position, which
    is 0 behind a name's end.
    """

    def __init__(self, names: list[str]) -> None:
        import numpy as np

        model = MicroGPT(Value, log, exp)
        self.names = names
        self.positions = min(CONTEXT, max(map(len, names)) + 1)
        rows = [[Value(0.1) for _ in range(CHANNELS)] for _ in range(self.positions)]
        right = [[Value(0.0, requires_grad=False) for _ in range(VOCABULARY)] for _ in rows]
        weights = [Value(0.0, requires_grad=False) for _ in rows]
        loss = sum(
            w * -log(sum(a * b for a, b in zip(chosen, probabilities, strict=True)))
            for w, chosen, probabilities in zip(
                weights, right, model.probabilities(rows), strict=True
            )
        )
        where = {id(p): i for i, p in enumerate(model.parameters)}
        fixed = [p for p in model.parameters if p not in {q for r in model.tokens for q in r}]
        fixed = fixed[: self.positions * CHANNELS] + fixed[CONTEXT * CHANNELS :]
        leaves = [x for row in rows for x in row] + fixed
        self.program = compile(
            loss, wrt=leaves, inputs=[*(x for row in right for x in row), *weights]
        )
        self.slots = len(rows) * CHANNELS
        self.index = np.array([0] * self.slots + [where[id(p)] for p in fixed])
        self.parameters = np.array([p.data for p in model.parameters])
        self.means = np.zeros_like(self.parameters)
        self.squares = np.zeros_like(self.parameters)

    def step(self, k: int) -> float:
        """Take step number `k`; return the loss before it."""
        import numpy as np

        letters = spelled(self.names[k % len(self.names)])
        count = len(letters) - 1
        program, index = self.program, self.index
        tokens = np.zeros(self.positions, np.int64)
        tokens[:count] = letters[:-1]
        index[: self.slots] = (tokens[:, None] * CHANNELS + np.arange(CHANNELS)).ravel()
        program.parameters[:] = self.parameters[index]
        chosen = program.inputs[len(index) : -self.positions].reshape(self.positions, VOCABULARY)
        chosen[:] = 0.0
        chosen[np.arange(count), letters[1:]] = 1.0
        chosen[count:, 0] = 1.0
        weights = program.inputs[-self.positions :]
        weights[:] = 0.0
        weights[:count] = 1.0 / count
        program.step()
        g = np.bincount(index, program.gradients, len(self.parameters))
        self.means += (1 - BETA1) * (g - self.means)
        self.squares += (1 - BETA2) * (g * g - self.squares)
        mean = self.means / (1 - BETA1 ** (k + 1))
        square = self.squares / (1 - BETA2 ** (k + 1))
        self.parameters -= RATE * (1 - k / STEPS) * mean / (np.sqrt(square) + EPS)
        return float(program.results[0])


def train(plain_steps: int) -> None:
    """Train for 1,000 steps; check against a script of plain Python, and print both times.

    Raises:
        Disagreement: when the losses differ by more than 1e-9.
    """
    names = random.Random(1).sample(NAMES, len(NAMES))
    print(
        f"\nmicrogpt, a whole training run of {STEPS:,} steps, from nothing to trained parameters"
    )
    start = time.perf_counter()
    training = Training(names)
    ready = time.perf_counter()
    losses = [training.step(k) for k in range(STEPS)]
    done = time.perf_counter()
    print(f"  pluggrad                    {done - start:10.3f} s, of which to record and plan "
          f"{len(training.program):,} nodes {ready - start:.3f} s; last loss {losses[-1]:.4f}",
          flush=True)  # fmt: skip
    model = MicroGPT(plain.Value, plain.log, plain.exp)
    slowest = 0.0
    begin = time.perf_counter()
    for k in range(plain_steps):
        loss = model.loss(names[k % len(names)])
        loss.backward()
        model.update(k)
        slowest = max(slowest, abs(loss.data - losses[k]))
    taken = (time.perf_counter() - begin) * STEPS / plain_steps
    how = "" if plain_steps == STEPS else f", from {plain_steps} steps"
    print(f"  plain Python                {taken:10.1f} s{how}; losses differ by {slowest:.0e}")
    print(f"  ratio, end to end           {taken / (done - start):10,.0f}x")
    if slowest > 1e-9:
        raise Disagreement(f"the losses differ by {slowest:.1e}")
