"""Find the parameters of a differential equation from noisy measurements of its solution.

    python examples/ode_fit.py [--steps N]

Hares and lynxes (A. Lotka, 1925; V. Volterra, 1926): x' = a x - b x y, y' = c x y - d y. The
solution is computed by Runge-Kutta steps on Values, so that its derivatives by a, b, c and d are
there too; Gauss-Newton steps, which use them, fit it to what was measured.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from typing import Any

from pluggrad import func

TRUE = [1.1, 0.4, 0.1, 0.4]
START = [0.9, 0.3, 0.15, 0.5]
FIRST = (10.0, 5.0)
INTERVAL, STEPS_BETWEEN = 0.5, 10


def solution(parameters: Sequence[Any], samples: int) -> list[Any]:
    """Integrate the equation; return x and y at each sample, one after the other."""
    a, b, c, d = parameters
    x: Any
    y: Any
    x, y = FIRST
    h = INTERVAL / STEPS_BETWEEN

    def slope(x: Any, y: Any) -> tuple[Any, Any]:
        return a * x - b * x * y, c * x * y - d * y

    found = []
    for _ in range(samples):
        for _ in range(STEPS_BETWEEN):  # the classical fourth-order method
            k1 = slope(x, y)
            k2 = slope(x + 0.5 * h * k1[0], y + 0.5 * h * k1[1])
            k3 = slope(x + 0.5 * h * k2[0], y + 0.5 * h * k2[1])
            k4 = slope(x + h * k3[0], y + h * k3[1])
            x = x + h / 6.0 * (k1[0] + 2.0 * (k2[0] + k3[0]) + k4[0])
            y = y + h / 6.0 * (k1[1] + 2.0 * (k2[1] + k3[1]) + k4[1])
        found += [x, y]
    return found


def measured(samples: int, noise: float, seed: int = 7) -> list[float]:
    """Make measurements of the true solution."""
    rng = random.Random(seed)
    return [x + rng.gauss(0.0, noise) for x in solution(TRUE, samples)]


def fit(data: Sequence[float], steps: int) -> list[tuple[list[float], float]]:
    """Fit the parameters; return them, and the mean squared error, before each step and at the end.

    A Gauss-Newton step solves (J' J) step = J' r for the residuals r and their derivatives J. It is
    halved until it makes the error smaller.
    """
    samples = len(data) // 2

    def residuals(p: Sequence[Any]) -> list[Any]:
        return [x - m for x, m in zip(solution(p, samples), data, strict=True)]

    def error(r: Sequence[float]) -> float:
        return sum(x * x for x in r) / len(r)

    p = list(START)
    r = [float(x) for x in residuals(p)]
    history = [(list(p), error(r))]
    for _ in range(steps):
        rows = func.jacfwd(residuals)(p)
        normal = [[sum(row[i] * row[j] for row in rows) for j in range(4)] for i in range(4)]
        right = [sum(row[i] * x for row, x in zip(rows, r, strict=True)) for i in range(4)]
        step = solved(normal, right)
        length = 1.0
        while length > 1e-6:
            tried = [x - length * s for x, s in zip(p, step, strict=True)]
            r_tried = [float(x) for x in residuals(tried)]
            if error(r_tried) < history[-1][1]:
                p, r = tried, r_tried
                break
            length /= 2.0
        history.append((list(p), error(r)))
    return history


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a small linear system by elimination with pivoting."""
    rows = [[*row, x] for row, x in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [x - factor * y for x, y in zip(rows[k], rows[i], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        rest = sum(rows[i][k] * found[k] for k in range(i + 1, size))
        found[i] = (rows[i][size] - rest) / rows[i][i]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the parameters of an ODE to measurements.")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.1)
    given = parser.parse_args()
    print(f"{'step':6}{'a':>10}{'b':>10}{'c':>10}{'d':>10}{'error':>12}")
    history = fit(measured(given.samples, given.noise), given.steps)
    for step, (p, error) in enumerate(history):
        print(f"{step:<6}{''.join(f'{x:10.5f}' for x in p)}{error:12.6f}")
    print(f"{'true':6}{''.join(f'{x:10.5f}' for x in TRUE)}{given.noise**2:12.6f}")


if __name__ == "__main__":
    main()
