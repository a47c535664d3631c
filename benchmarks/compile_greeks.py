"""Greeks: Black-Scholes prices of call options, with all five first-order sensitivities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from measuring import Table
from pluggrad import compile, func
from pluggrad.ops import exp, log, ndtr, sqrt

Contender = tuple[Callable[[], Any], Callable[[], list[float]]]
CHECKED = 500  # options that are compared with the eager engine


def price(spot: Any, strike: Any, years: Any, rate: Any, volatility: Any) -> Any:
    """Price a European call (Black and Scholes 1973)."""
    spread = volatility * sqrt(years)
    d1 = (log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
    return spot * ndtr(d1) - strike * exp(-rate * years) * ndtr(d1 - spread)


def race(count: int, seconds: float) -> Table:
    """Time all contenders on `count` options."""
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
    table.enter("pytorch, eager on tensors", lambda: torch_lanes(options))
    return table


def first(value: Any, gradient: Any) -> list[float]:
    """Give the numbers of the options that are checked."""
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

    def formula(spot: Any, strike: Any, years: Any, rate: Any, volatility: Any) -> Any:
        spread = volatility * jnp.sqrt(years)
        d1 = (jnp.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
        return spot * norm.cdf(d1) - strike * jnp.exp(-rate * years) * norm.cdf(d1 - spread)

    step = jax.jit(jax.vmap(jax.value_and_grad(formula, (0, 1, 2, 3, 4))))
    given = [jnp.array(x) for x in options]
    found: list[Any] = []

    def run() -> None:
        found[:] = jax.block_until_ready(step(*given))

    return run, lambda: first(*found)


def torch_lanes(options: list[Any]) -> Contender:
    import torch

    given = [torch.tensor(x, requires_grad=True) for x in options]
    spot, strike, years, rate, volatility = given
    found: list[Any] = []

    def run() -> None:
        spread = volatility * torch.sqrt(years)
        d1 = (torch.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
        n1, n2 = torch.special.ndtr(d1), torch.special.ndtr(d1 - spread)
        value = spot * n1 - strike * torch.exp(-rate * years) * n2
        found[:] = [value.detach(), torch.autograd.grad(value.sum(), given)]

    return run, lambda: first(*found)
