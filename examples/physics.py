"""A chain hangs as low as it can: its shape from its energy, compared with the catenary.

    python examples/physics.py [--links N]

A chain of equal links hangs between two nails. Its shape is the one of least potential energy. The
angles of the links are the unknowns; the energy's gradient and Hessian come from `pluggrad.func`,
and Newton's method finds where the gradient vanishes. As the links get shorter the shape tends to
y = a cosh(x / a) + c (J. Bernoulli, G. W. Leibniz, C. Huygens, 1691).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

from ode_fit import solved
from pluggrad import func
from pluggrad.ops import cos, sin

WIDTH, LENGTH = 1.0, 1.5


def stationary(unknowns: Sequence[Any]) -> Any:
    """Compute the energy of a chain, and add the two conditions with their multipliers.

    Parameters:
        unknowns: the angle of each link to the horizontal, then the two multipliers: the force
            that holds the far end, across and up, in weights of a chain of length 1.
    """
    *angles, across, up = unknowns
    link = LENGTH / len(angles)
    x: Any = 0.0
    y: Any = 0.0
    energy: Any = 0.0
    for angle in angles:
        energy = energy + link * (y + 0.5 * link * sin(angle))  # the middle of the link
        x = x + link * cos(angle)
        y = y + link * sin(angle)
    return energy - across * (x - WIDTH) - up * y


def hang(links: int) -> tuple[list[float], list[float]]:
    """Find the shape; return the angles, and the size of the gradient before each Newton step."""
    start = [math.radians(-60.0 + 120.0 * (i + 0.5) / links) for i in range(links)]
    unknowns = [*start, 0.3, 0.5 * LENGTH]
    sizes = []
    for _ in range(30):
        gradient = func.grad(stationary)(unknowns)
        sizes.append(max(map(abs, gradient)))
        if sizes[-1] < 1e-13:
            break
        step = solved(func.hessian(stationary)(unknowns), gradient)
        unknowns = [x - s for x, s in zip(unknowns, step, strict=True)]
    return unknowns[:-2], sizes


def joints(angles: Sequence[float]) -> list[tuple[float, float]]:
    """Compute where the links meet."""
    link = LENGTH / len(angles)
    places = [(0.0, 0.0)]
    for angle in angles:
        x, y = places[-1]
        places.append((x + link * math.cos(angle), y + link * math.sin(angle)))
    return places


def catenary(x: float) -> float:
    """Compute the height of the ideal chain: 2 a sinh(w / 2a) is its length (bisection for a)."""
    low, high = 0.05, 10.0
    for _ in range(200):
        a = 0.5 * (low + high)
        low, high = (a, high) if 2 * a * math.sinh(WIDTH / (2 * a)) > LENGTH else (low, a)
    return a * (math.cosh((x - WIDTH / 2) / a) - math.cosh(WIDTH / (2 * a)))


def deviation(links: int) -> float:
    """Find how far the joints are from the ideal chain, at most."""
    return max(abs(y - catenary(x)) for x, y in joints(hang(links)[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description="The shape of a hanging chain.")
    parser.add_argument("--links", type=int, default=16)
    links = parser.parse_args().links
    angles, sizes = hang(links)
    print("largest part of the gradient before each step:")
    print("  ".join(f"{size:.1e}" for size in sizes))
    print(f"\n{'x':>8}{'chain':>10}{'catenary':>10}")
    for x, y in joints(angles):
        place = round((y - catenary(WIDTH / 2)) * 60)
        print(f"{x:8.4f}{y:10.5f}{catenary(x):10.5f}  {' ' * place}o")
    print(f"\nlinks   farthest from the catenary\n{links:5}{deviation(links):14.6f}")
    print(f"{2 * links:5}{deviation(2 * links):14.6f}")


if __name__ == "__main__":
    main()
