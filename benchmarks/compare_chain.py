"""The chain: x -> tanh(x * w + b), again and again, on every engine; each node needs the last."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from measuring import Contender, Table, casadi_contender
from pluggrad import Value, compile
from pluggrad.ops import tanh

START = (0.3, 0.9, 0.1)  # x, w, b


def chained(tanh: Callable[[Any], Any], x: Any, w: Any, b: Any, depth: int) -> Any:
    """Write the chain out."""
    for _ in range(depth):
        x = tanh(x * w + b)
    return x


def race(depth: int, seconds: float) -> Table:
    """Time all contenders on a chain of `depth` links."""
    x, w, b = (Value(number) for number in START)
    end = chained(tanh, x, w, b, depth)
    end.backward()
    table = Table(
        f"chain: tanh(x * w + b), {depth:,} deep, {3 * depth:,} operations forward",
        [end.data, x.grad, w.grad, b.grad],
        seconds,
    )
    table.enter("pluggrad, compiled", lambda: ours(depth))
    table.enter("jax, jit of a fori_loop", lambda: jax_loop(depth))
    table.enter("pytorch, eager on tensors", lambda: torch_scalars(depth), most=3)
    table.enter("hips autograd, on floats", lambda: autograd_floats(depth), most=3)
    table.enter("casadi, SX scalars", lambda: casadi_scalars(depth))
    table.enter("pluggrad eager", lambda: eager(Value, tanh, depth), most=5)
    table.enter("micrograd 0.1.0, tanh added", lambda: micrograd(depth), most=3)
    return table


def ours(depth: int) -> Contender:
    leaves = [Value(number) for number in START]
    program = compile(chained(tanh, *leaves, depth), wrt=leaves)
    return program.step, lambda: [program.results[0], *program.gradients]


def eager(value: Any, tanh: Callable[[Any], Any], depth: int) -> Contender:
    found: list[float] = []

    def run() -> None:
        leaves = [value(number) for number in START]
        end = chained(tanh, *leaves, depth)
        end.backward()
        found[:] = [end.data, *(leaf.grad for leaf in leaves)]

    return run, lambda: found


def micrograd(depth: int) -> Contender:
    engine = importlib.import_module("micrograd.engine")
    return eager(engine.Value, importlib.import_module("micrograd_functions").tanh, depth)


def jax_loop(depth: int) -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loop(x: Any, w: Any, b: Any) -> Any:
        return jax.lax.fori_loop(0, depth, lambda _, x: jnp.tanh(x * w + b), x)

    step = jax.jit(jax.value_and_grad(loop, (0, 1, 2)))
    given = [jnp.array(number) for number in START]
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(*given))

    return run, lambda: [float(found[0]), *map(float, found[1])]


def torch_scalars(depth: int) -> Contender:
    import torch

    torch.set_num_threads(1)  # tensors this small only lose by more
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    found: list[Any] = []

    def run() -> None:
        end = chained(torch.tanh, *leaves, depth)
        found[:] = [end.detach(), *torch.autograd.grad(end, leaves)]

    return run, lambda: [float(x) for x in found]


def autograd_floats(depth: int) -> Contender:
    import autograd
    import autograd.numpy as anp

    step = autograd.value_and_grad(lambda leaves: chained(anp.tanh, *leaves, depth))
    found: list[Any] = []

    def run() -> None:
        found[:] = step(START)

    return run, lambda: [float(found[0]), *map(float, found[1])]


def casadi_scalars(depth: int) -> Contender:
    import casadi

    leaves = casadi.SX.sym("p", 3)
    end = chained(casadi.tanh, *(leaves[i] for i in range(3)), depth)
    return casadi_contender(leaves, end, START)
