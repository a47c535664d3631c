"""Greeks: Black-Scholes prices of call options, with all five first-order sensitivities."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import pluggrad.ops
from measuring import Contender, Table
from pluggrad import Value, compile, func

CHECKED = 500  # options that are compared with the eager engine


def price(*option: Any) -> Any:
    """Price a European call (Black and Scholes 1973): spot, strike, years, rate, volatility."""
    return formula(pluggrad.ops, pluggrad.ops.ndtr, option)


def race(count: int, seconds: float, *, scalars: bool = False) -> Table:
    """Time all contenders on `count` options; one by one, in eager scalars, when `scalars`."""
    import numpy as np

    rng = np.random.default_rng(1)
    options = [
        rng.uniform(low, high, count)
        for low, high in ((80, 120), (80, 120), (0.1, 2.0), (0.0, 0.06), (0.1, 0.5))
    ]
    eager = func.value_and_grad(price, (0, 1, 2, 3, 4))
    rows = [eager(*[float(x[i]) for x in options]) for i in range(CHECKED)]
    truth = [x for value, gradient in rows for x in (value, *gradient)]
    table = Table(
        f"greeks: {count:,} options, a price and five sensitivities each", truth, seconds, "ms"
    )
    table.enter("pluggrad, two threads", lambda: ours(options, 2))
    table.enter("pluggrad, one thread", lambda: ours(options, 1))
    table.enter("numpy, by hand (and scipy's ndtr)", lambda: by_hand(options))
    table.enter("jax, jit and vmap", lambda: jax_lanes(options))
    table.enter("pytorch, eager, two threads", lambda: torch_lanes(options, 2))
    table.enter("pytorch, eager, one thread", lambda: torch_lanes(options, 1))
    table.enter("hips autograd, on arrays", lambda: autograd_lanes(options))
    table.enter("casadi, SX function mapped", lambda: casadi_lanes(options))
    if scalars:
        table.enter("pluggrad eager", lambda: one_by_one(options, Value, pluggrad.ops), most=1)
        table.enter("micrograd 0.1.0, functions added", lambda: micrograd(options), most=1)
    return table


def formula(library: Any, cumulative: Callable[[Any], Any], option: Any) -> Any:
    """Price a European call with any library that has the names `exp`, `log` and `sqrt`."""
    spot, strike, years, rate, volatility = option
    spread = volatility * library.sqrt(years)
    d1 = (library.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
    held = spot * cumulative(d1)
    return held - strike * library.exp(-rate * years) * cumulative(d1 - spread)


def first(value: Any, gradient: Any) -> list[float]:
    """Return the numbers of the options that are checked."""
    return [float(x[i]) for i in range(CHECKED) for x in (value, *gradient)]


def ours(options: list[Any], threads: int) -> Contender:
    function = compile(price, threads=threads)
    found: list[Any] = []

    def run() -> None:
        found[:] = function.value_and_grad(*options)

    return run, lambda: first(*found)


def by_hand(options: list[Any]) -> Contender:
    import numpy as np
    from scipy.special import ndtr as cumulative

    spot, strike, years, rate, volatility = options
    found: list[Any] = []

    def run() -> None:
        root = np.sqrt(years)
        spread = volatility * root
        d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
        n1, n2 = cumulative(d1), cumulative(d1 - spread)
        discounted = strike * np.exp(-rate * years)
        vega = spot * np.exp(-0.5 * d1 * d1) * (root / math.sqrt(2.0 * math.pi))
        found[:] = (
            spot * n1 - discounted * n2,
            (
                n1,
                -discounted / strike * n2,
                rate * discounted * n2 + vega * volatility / (2.0 * years),
                years * discounted * n2,
                vega,
            ),
        )

    return run, lambda: first(*found)


def jax_lanes(options: list[Any]) -> Contender:
    import jax
    import jax.numpy as jnp
    from jax.scipy.stats import norm

    jax.config.update("jax_enable_x64", True)

    def price(*option: Any) -> Any:
        return formula(jnp, norm.cdf, option)

    step = jax.jit(jax.vmap(jax.value_and_grad(price, (0, 1, 2, 3, 4))))
    given = [jnp.array(x) for x in options]
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(*given))

    return run, lambda: first(*found)


def torch_lanes(options: list[Any], threads: int) -> Contender:
    import torch

    torch.set_num_threads(threads)
    given = [torch.tensor(x, requires_grad=True) for x in options]
    found: list[Any] = []

    def run() -> None:
        value = formula(torch, torch.special.ndtr, given)
        found[:] = [value.detach(), torch.autograd.grad(value.sum(), given)]

    return run, lambda: first(*found)


def autograd_lanes(options: list[Any]) -> Contender:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import erf

    def prices(option: Any) -> Any:
        return formula(anp, lambda x: 0.5 * (1.0 + erf(x / math.sqrt(2.0))), option)

    found: list[Any] = []

    def run() -> None:
        pull, value = autograd.make_vjp(prices)(tuple(options))
        found[:] = value, pull(anp.ones_like(value))

    return run, lambda: first(*found)


def casadi_lanes(options: list[Any]) -> Contender:
    import casadi
    import numpy as np

    option = casadi.SX.sym("option", 5)
    value = formula(
        casadi, lambda x: 0.5 * (1.0 + casadi.erf(x / math.sqrt(2.0))), casadi.vertsplit(option)
    )
    one = casadi.Function("f", [option], [casadi.vertcat(value, casadi.gradient(value, option))])
    buffer, run = one.map(len(options[0])).buffer()
    given = np.column_stack(options)  # CasADi's matrices go column by column: one for each option
    found = np.zeros((len(given), 6))
    buffer.set_arg(0, memoryview(given.ravel()))
    buffer.set_res(0, memoryview(found.ravel()))

    def numbers(alive: Any = (one, buffer, given)) -> list[float]:  # they are only pointed to
        return first(found[:, 0], found[:, 1:].T)

    return run, numbers


def one_by_one(options: list[Any], value: Any, library: Any) -> Contender:
    found: list[list[float]] = []

    def run() -> None:
        found.clear()
        for numbers in zip(*(x.tolist() for x in options), strict=True):
            option = [value(number) for number in numbers]
            end = formula(library, library.ndtr, option)
            end.backward()
            found.append([end.data, *(x.grad for x in option)])

    return run, lambda: [x for row in found[:CHECKED] for x in row]


def micrograd(options: list[Any]) -> Contender:
    engine = importlib.import_module("micrograd.engine")
    return one_by_one(options, engine.Value, importlib.import_module("micrograd_functions"))
