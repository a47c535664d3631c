"""Differentiate through an equation instead of through the iteration that solves it.

    python examples/implicit_function.py

Newton's method finds y with f(y, p) = 0 in a few steps. Its derivative need not go through them:
where f(y(p), p) = 0 for all p near by, the implicit function theorem says

    dy/dp = -(df/dp) / (df/dy).

`@custom_rule` puts that in place of the steps. The whole iteration is one node of the graph, may
use any Python, stop when it likes, and higher derivatives follow from the one rule. The same for a
fixed point y = F(y, p) of several numbers, whose gradient is itself found as a fixed point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pluggrad import Graph, Value, custom_rule, func
from pluggrad.ops import sin, tanh

Equation = Callable[[Any, Any], Any]

# ----- A root -----


@custom_rule
def root(equation: Equation, start: float, parameters: Any) -> float:
    """Find y with equation(y, parameters) = 0 by Newton's method.

    Parameters:
        equation: takes y and the parameters, gives a number.
        start: where to begin.
        parameters: numbers, nested to any depth.
    """
    y = float(start)
    for _ in range(50):
        value, slope = func.value_and_grad(equation)(y, parameters)
        step = float(value) / float(slope)
        y -= step
        if abs(step) <= 1e-15 * abs(y):
            break
    return y


@root.rule
def _(g: Any, out: Any, equation: Equation, start: float, parameters: Any) -> Any:
    slope = func.grad(equation)(out, parameters)
    _, pull = func.vjp(lambda p: equation(out, p), parameters)
    return None, None, pull(-g / slope)[0]


def kepler(anomaly: Any, orbit: dict[str, Any]) -> Any:
    """Relate the place on an orbit to the time: E - e sin(E) = M (Kepler, 1609)."""
    return anomaly - orbit["eccentricity"] * sin(anomaly) - orbit["mean"]


def unrolled_kepler(orbit: dict[str, Any], steps: int = 8) -> Any:
    """Solve it by steps that are recorded, for comparison."""
    anomaly: Any = 1.0
    for _ in range(steps):
        slope = func.grad(kepler)(anomaly, orbit)
        anomaly = anomaly - kepler(anomaly, orbit) / slope
    return anomaly


# ----- A fixed point -----

ITERATIONS = 200


@custom_rule
def fixed_point(layer: Equation, start: list[float], parameters: Any) -> list[float]:
    """Find y with layer(y, parameters) = y, where iterating leads there.

    Parameters:
        layer: takes a list of numbers and the parameters, gives a list as long.
        start: where to begin.
        parameters: numbers, nested to any depth.
    """
    y = [float(x) for x in start]
    for _ in range(ITERATIONS):
        y, before = [float(x) for x in layer(y, parameters)], y
        if y == before:
            break
    return y


@fixed_point.rule
def _(g: Any, out: Any, layer: Equation, start: list[float], parameters: Any) -> Any:
    # dy = (dF/dy) dy + (dF/dp) dp, so the gradient goes back through u = g + (dF/dy)' u.
    _, through_y = func.vjp(lambda y: layer(y, parameters), out)
    _, through_p = func.vjp(lambda p: layer(out, p), parameters)
    u = g
    for _ in range(ITERATIONS):
        u, before = [a + b for a, b in zip(g, through_y(u)[0], strict=True)], u
        if list(map(float, u)) == list(map(float, before)):
            break
    return None, None, through_p(u)[0]


def network(y: list[Any], p: dict[str, Any]) -> list[Any]:
    """A layer that feeds itself: tanh(W y + b)."""
    rows = zip(p["w"], p["b"], strict=True)
    return [tanh(row[0] * y[0] + row[1] * y[1] + bias) for row, bias in rows]


def settled(p: dict[str, Any]) -> Any:
    """Sum the state in which the network comes to rest."""
    first, second = fixed_point(network, [0.0, 0.0], p)
    return first + 2.0 * second


def unrolled_network(p: dict[str, Any], steps: int = 120) -> Any:
    """Sum that state after a fixed number of recorded steps, for comparison."""
    y: list[Any] = [0.0, 0.0]
    for _ in range(steps):
        y = network(y, p)
    return y[0] + 2.0 * y[1]


WEIGHTS = {"w": [[0.5, -0.3], [0.2, 0.4]], "b": [0.1, -0.2]}


# ----- Comparing -----


def difference(f: Callable[[float], float], x: float, h: float = 1e-3) -> float:
    """Differentiate by five points."""
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


def compare() -> dict[str, tuple[float, ...]]:
    """Compute derivatives in every way: implicit, unrolled, by differences, and in closed form."""
    e, m = 0.6, 0.9

    def implicit(m: Any) -> Any:
        return root(kepler, 1.0, {"eccentricity": e, "mean": m})

    def unrolled(m: Any) -> Any:
        return unrolled_kepler({"eccentricity": e, "mean": m})

    anomaly = implicit(m)
    slope = 1.0 / (1.0 - e * math.cos(anomaly))
    found: dict[str, tuple[float, ...]] = {
        "dE/dM": (
            func.grad(implicit)(m),
            func.grad(unrolled)(m),
            difference(implicit, m),
            slope,
        ),
        "d2E/dM2": (
            func.grad(func.grad(implicit))(m),
            func.grad(func.grad(unrolled))(m),
            difference(func.grad(implicit), m),
            -e * math.sin(anomaly) * slope**3,
        ),
    }
    gradient, plain = func.grad(settled)(WEIGHTS), func.grad(unrolled_network)(WEIGHTS)
    for i in range(2):

        def moved(b: float, i: int = i) -> float:
            bias = [b if j == i else other for j, other in enumerate(WEIGHTS["b"])]
            return float(settled({**WEIGHTS, "b": bias}))

        found[f"d(network)/db{i}"] = (
            gradient["b"][i],
            plain["b"][i],
            difference(moved, WEIGHTS["b"][i]),
        )
    return found


def nodes() -> tuple[int, int]:
    """Count what is recorded for Kepler's equation: implicit, and unrolled."""
    orbit = {"eccentricity": Value(0.6), "mean": Value(0.9)}
    return len(Graph(root(kepler, 1.0, orbit)).nodes), len(Graph(unrolled_kepler(orbit)).nodes)


def main() -> None:
    print(f"{'':16}{'implicit':>20}{'unrolled':>20}{'differences':>20}{'closed form':>20}")
    for name, numbers in compare().items():
        print(f"{name:16}{''.join(f'{x:20.13f}' for x in numbers)}")
    print("nodes recorded for E: {} implicit, {} unrolled".format(*nodes()))


if __name__ == "__main__":
    main()
