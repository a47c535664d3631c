"""Find the volatility at which an option costs what the market pays, by Newton's method.

    python examples/implied_volatility.py

Black and Scholes (1973) give the price of a call for a volatility. Its slope by the volatility,
"vega", comes from the compiled function, so Newton's method takes a few steps for any strike. The
slope of what was found comes from the implicit function theorem.
"""

from __future__ import annotations

import math
from typing import Any

from pluggrad import compile, func
from pluggrad.ops import exp, log, ndtr

SPOT, RATE, TIME = 100.0, 0.02, 0.5


def price(volatility: Any, strike: Any) -> Any:
    """Return the price of a European call."""
    spread = volatility * math.sqrt(TIME)
    up = (log(SPOT / strike) + RATE * TIME) / spread + spread / 2
    return SPOT * ndtr(up) - strike * exp(-RATE * TIME) * ndtr(up - spread)


PRICE = compile(price)


def implied_volatility(target: float, strike: float) -> tuple[float, int]:
    """Return the volatility at which a call costs `target`, and the number of steps it took.

    Raises:
        ArithmeticError: when no volatility gives that price.
    """
    if not max(SPOT - strike * math.exp(-RATE * TIME), 0.0) < target < SPOT:
        raise ArithmeticError(f"no volatility gives a call at {strike} the price {target}")
    # Where the price curve bends from up to down: from there Newton's method cannot overshoot.
    volatility = math.sqrt(2 * abs(math.log(SPOT / strike) + RATE * TIME) / TIME) or 0.2
    for steps in range(1, 60):
        value, (vega, _) = PRICE.value_and_grad(volatility, strike)
        move = (value - target) / vega
        volatility -= move
        if abs(move) < 1e-9 * volatility:  # the next one would be its square
            return volatility, steps
    raise ArithmeticError(f"the volatility of a call at {strike} for {target} was not found")


def slope_by_target(volatility: float, strike: float) -> float:
    """Return how the implied volatility moves with the market's price: 1 / vega."""
    return 1.0 / float(func.grad(price)(volatility, strike))


def main() -> None:
    print("strike   price  volatility  steps  slope by price")
    for strike in (60.0, 80.0, 100.0, 120.0, 150.0):
        smile = 0.2 + 0.00004 * (strike - 105.0) ** 2
        target = PRICE(smile, strike)
        found, steps = implied_volatility(target, strike)
        print(
            f"{strike:6.1f} {target:7.4f} {found:11.6f} {steps:6d} "
            f"{slope_by_target(found, strike):15.6f}"
        )


if __name__ == "__main__":
    main()
