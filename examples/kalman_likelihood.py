"""Find the noise of a random walk and of its measurement, by a Kalman filter's likelihood.

    python examples/kalman_likelihood.py

A level moves by steps of unknown size and is measured with errors of unknown size. A Kalman filter
gives the probability of all measurements, given both; SciPy finds the most probable pair, with the
compiled gradient, and the Hessian says how well they are known.
"""

from __future__ import annotations

import math
import random
from typing import Any

from pluggrad import compile, func
from pluggrad.ops import exp, log

WALK, ERROR, COUNT = 0.3, 0.8, 300


def measurements(seed: int = 4) -> list[float]:
    """Draw a random walk, as it is measured."""
    rng = random.Random(seed)
    level, found = 0.0, []
    for _ in range(COUNT):
        level += rng.gauss(0.0, WALK)
        found.append(level + rng.gauss(0.0, ERROR))
    return found


def surprise(logs: Any, seen: list[float]) -> Any:
    """Return -log p of all measurements.

    Parameters:
        logs: the logarithms of both standard deviations, of the walk and of the errors.
        seen: the measurements.
    """
    walk, error = exp(2 * logs[0]), exp(2 * logs[1])  # variances
    level: Any = 0.0
    spread: Any = 0.0
    total: Any = 0.0
    for y in seen:
        spread = spread + walk
        expected = spread + error
        miss = y - level
        total = total + 0.5 * (log(2 * math.pi * expected) + miss * miss / expected)
        gain = spread / expected
        level = level + gain * miss
        spread = (1.0 - gain) * spread
    return total


def fit(seen: list[float]) -> tuple[list[float], list[float]]:
    """Return both standard deviations, and how far they may be off (relative, one sigma)."""
    from scipy.optimize import minimize

    loss = lambda logs: surprise(logs, seen)
    compiled = compile(loss, arrays="elements")
    found = minimize(compiled.value_and_grad, [0.0, 0.0], jac=True, method="BFGS")
    (a, b), (_, d) = func.hessian(loss)([float(x) for x in found.x])
    determinant = a * d - b * b
    known = [math.sqrt(d / determinant), math.sqrt(a / determinant)]
    return [math.exp(x) for x in found.x], known


def main() -> None:
    (walk, error), (walk_off, error_off) = fit(measurements())
    print("             true   found   +-")
    print(f"walk        {WALK:5.2f} {walk:7.3f} {walk * walk_off:6.3f}")
    print(f"measurement {ERROR:5.2f} {error:7.3f} {error * error_off:6.3f}")


if __name__ == "__main__":
    main()
