"""Steer a cart to a place, at rest, with the least effort: optimal control by shooting.

    python examples/optimal_control.py

The cart's acceleration is piecewise constant. Place and speed at the end are computed by steps in
time, and SciPy's SLSQP chooses the accelerations, with compiled gradients of the effort and of both
conditions. The continuous problem has the answer 6 - 12 t, which the last column shows.
"""

from __future__ import annotations

from typing import Any

from pluggrad import compile

PIECES, DURATION = 20, 1.0
STEP = DURATION / PIECES


def effort(forces: Any) -> Any:
    """Return the integral of the squared acceleration."""
    return sum(u * u for u in forces) * STEP


def end(forces: Any) -> tuple[Any, Any]:
    """Return place and speed at the end, from rest at 0."""
    place: Any = 0.0
    speed: Any = 0.0
    for u in forces:
        place = place + speed * STEP + 0.5 * u * STEP * STEP
        speed = speed + u * STEP
    return place, speed


def steer(target: float = 1.0) -> list[float]:
    """Return the accelerations that bring the cart to `target`, at rest.

    Raises:
        RuntimeError: when SciPy finds none.
    """
    from scipy.optimize import minimize

    cost = compile(effort, arrays="elements")
    place = compile(lambda forces: end(forces)[0] - target, arrays="elements")
    speed = compile(lambda forces: end(forces)[1], arrays="elements")
    found = minimize(
        cost,
        [0.0] * PIECES,
        jac=cost.grad,
        method="SLSQP",
        constraints=[{"type": "eq", "fun": f, "jac": f.grad} for f in (place, speed)],
        options={"ftol": 1e-14, "maxiter": 200},
    )
    if not found.success:
        raise RuntimeError(found.message)
    return [float(u) for u in found.x]


def main() -> None:
    forces = steer()
    place, speed = end(forces)
    print(f"place {place:.6f}, speed {speed:.6f}, effort {effort(forces):.4f} (continuous: 12)\n")
    print("  time  acceleration  6 - 12 t")
    for i in range(0, PIECES, 4):
        t = (i + 0.5) * STEP
        print(f"{t:6.3f} {forces[i]:13.4f} {6 - 12 * t:9.4f}")


if __name__ == "__main__":
    main()
