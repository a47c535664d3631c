"""The price of an option, and its sensitivities to everything, from the formula of the price alone.

    python examples/black_scholes.py [--options N]

The greeks are derivatives of the Black-Scholes price (F. Black and M. Scholes, "The Pricing of
Options and Corporate Liabilities", Journal of Political Economy 81, 1973). Here they come from
differentiating the price, and are compared with the formulas that textbooks give for each. Then the
same Python function is compiled and prices many options at once.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

from pluggrad import compile, func
from pluggrad.ops import exp, log, ndtr, sqrt

NAMES = ("spot", "strike", "years", "rate", "volatility")
OPTION = (100.0, 105.0, 0.75, 0.03, 0.25)


def price(spot: Any, strike: Any, years: Any, rate: Any, volatility: Any) -> Any:
    """Price a European call."""
    spread = volatility * sqrt(years)
    d1 = (log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    return spot * ndtr(d1) - strike * exp(-rate * years) * ndtr(d1 - spread)


def textbook(
    spot: float, strike: float, years: float, rate: float, volatility: float
) -> dict[str, float]:
    """Compute the greeks by their closed forms."""
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    density = math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
    discount = math.exp(-rate * years)
    below = 0.5 * math.erfc(-d2 / math.sqrt(2.0))
    return {
        "delta": 0.5 * math.erfc(-d1 / math.sqrt(2.0)),
        "dual delta": -discount * below,
        "theta": spot * density * volatility / (2 * math.sqrt(years))
        + rate * strike * discount * below,
        "rho": strike * years * discount * below,
        "vega": spot * density * math.sqrt(years),
        "gamma": density / (spot * spread),
        "vanna": -density * d2 / volatility,
        "volga": spot * density * math.sqrt(years) * d1 * d2 / volatility,
    }


def differentiated(option: tuple[float, ...] = OPTION) -> dict[str, float]:
    """Compute the greeks by differentiating the price."""
    first = func.grad(price, argnums=range(5))(*option)
    second = func.hessian(lambda x: price(*x))(list(option))
    return {
        "delta": first[0],
        "dual delta": first[1],
        "theta": first[2],
        "rho": first[3],
        "vega": first[4],
        "gamma": second[0][0],
        "vanna": second[0][4],
        "volga": second[4][4],
    }


def many(count: int) -> tuple[float, float]:
    """Price `count` options with all first-order greeks; return seconds and the worst error."""
    import numpy as np

    rng = np.random.default_rng(0)
    spots = rng.uniform(80.0, 120.0, count)
    compiled = compile(price)
    compiled.value_and_grad(spots[:8], *OPTION[1:])  # records, and compiles what is new
    start = time.perf_counter()
    _, greeks = compiled.value_and_grad(spots, *OPTION[1:])
    seconds = time.perf_counter() - start
    worst = 0.0
    for i in range(0, count, max(1, count // 1000)):
        known = textbook(float(spots[i]), *OPTION[1:])
        found = [float(np.broadcast_to(g, (count,))[i]) for g in greeks]
        for name, value in zip(known, found, strict=False):
            worst = max(worst, abs(value - known[name]) / (1.0 + abs(known[name])))
    return seconds, worst


def main() -> None:
    parser = argparse.ArgumentParser(description="Greeks of options by differentiation.")
    parser.add_argument("--options", type=int, default=200_000)
    count = parser.parse_args().options
    print(", ".join(f"{name} {x}" for name, x in zip(NAMES, OPTION, strict=True)))
    print(f"price {price(*OPTION):.12f}\n")
    print(f"{'':12}{'differentiated':>20}{'closed form':>20}{'difference':>12}")
    known = textbook(*OPTION)
    for name, x in differentiated().items():
        print(f"{name:12}{x:20.12f}{known[name]:20.12f}{x - known[name]:12.1e}")
    try:
        import numba  # noqa: F401  # says whether compiled code is worth timing
    except ImportError:
        print("\nMany options at once want compiled code: pip install 'pluggrad[compile]'")
        return
    seconds, worst = many(count)
    print(
        f"\n{count:,} options, price and five greeks each: {seconds * 1e3:.0f} ms, "
        f"{seconds / count * 1e9:.0f} ns an option; worst error {worst:.1e}"
    )


if __name__ == "__main__":
    main()
