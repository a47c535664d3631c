"""Sparse Jacobians and Hessians: `python benchmarks/jacobians.py`.

Broyden's tridiagonal system and Rosenbrock's valley, by a compiled function's `jacobian` and
`hessian`, by CasADi's sparse functions, by JAX (dense) and by `func.jacrev` of the engine; then
SciPy's solvers with them and by finite differences. Each contender is checked against the engine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from measuring import Contender, Table
from pluggrad import compile, func
from pluggrad.ops import exp


def tridiagonal(v: Any, n: int) -> list[Any]:
    before = [0.0, *[v[i] for i in range(n - 1)]]
    after = [*[v[i] for i in range(1, n)], 0.0]
    return [(3.0 - 2.0 * v[i]) * v[i] - before[i] - 2.0 * after[i] + 1.0 for i in range(n)]


def valley(v: Any, n: int) -> Any:
    total = 0.0
    for i in range(n - 1):
        total = total + 100.0 * (v[i + 1] - v[i] * v[i]) ** 2 + (1.0 - v[i]) ** 2
    return total


def entered(call: Callable[[], Any], numbers: Callable[[Any], Any]) -> Callable[[], Contender]:
    def make() -> Contender:
        found: list[Any] = []

        def run() -> None:
            found[:] = [call()]

        return run, lambda: [1.0, *np.ravel(numbers(found[0]))]

    return make


def race(n: int, seconds: float) -> None:
    """Time all contenders on both."""
    x = np.linspace(-1.0, 1.0, n)
    start = time.perf_counter()
    truth = np.array(func.jacrev(lambda v: tridiagonal(v, n))(x.tolist()))
    taken = time.perf_counter() - start
    table = Table(f"Jacobian of {n} tridiagonal equations", [1.0, *truth.ravel()], seconds)
    system = compile(lambda v: tridiagonal(v, n), arrays="elements")
    table.enter(
        "pluggrad, sparse",
        entered(lambda: system.jacobian(x, sparse=True), lambda found: found.toarray()),
    )
    table.enter("pluggrad, dense", entered(lambda: system.jacobian(x), np.asarray))
    table.enter("casadi, SX, sparse", lambda: casadi_function(n, x, hessian=False))
    table.enter("jax, jit, dense", lambda: jax_function(n, x))
    print(f"  {'func.jacrev, of the engine':<34}{taken * 1e6:13,.1f}")

    right = np.array(func.hessian(lambda v: valley(v, n))(x.tolist())) if n <= 50 else None
    compiled = compile(lambda v: valley(v, n), arrays="elements")
    hessian = compiled.hessian(x) if right is None else right
    table = Table(f"Hessian of a valley of {n} numbers", [1.0, *hessian.ravel()], seconds)
    table.enter(
        "pluggrad, sparse",
        entered(lambda: compiled.hessian(x, sparse=True), lambda found: found.toarray()),
    )
    table.enter("pluggrad, dense", entered(lambda: compiled.hessian(x), np.asarray))
    table.enter("casadi, SX, sparse", lambda: casadi_function(n, x, hessian=True))


def casadi_function(n: int, x: Any, *, hessian: bool) -> Contender:
    import casadi

    v = casadi.SX.sym("v", n)
    elements = [v[i] for i in range(n)]
    if hessian:
        derivative = casadi.hessian(valley(elements, n), v)[0]
    else:
        derivative = casadi.jacobian(casadi.vertcat(*tridiagonal(elements, n)), v)
    function = casadi.Function("f", [v], [derivative])
    found: list[Any] = []

    def run() -> None:
        found[:] = [function(x)]

    return run, lambda: [1.0, *np.array(found[0]).ravel()]


def jax_function(n: int, x: Any) -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def system(v: Any) -> Any:
        before = jnp.concatenate([jnp.zeros(1), v[:-1]])
        after = jnp.concatenate([v[1:], jnp.zeros(1)])
        return (3.0 - 2.0 * v) * v - before - 2.0 * after + 1.0

    step, given = jax.jit(jax.jacrev(system)), jnp.array(x)
    found: list[Any] = []

    def run() -> None:
        found[:] = [jax.block_until_ready(step(given))]

    return run, lambda: [1.0, *np.asarray(found[0]).ravel()]


def solvers(n: int) -> None:
    """Run SciPy's solvers with exact derivatives and with differences."""
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares, minimize, root

    system = compile(lambda v: tridiagonal(v, n), arrays="elements")
    seen = 2.0 * np.exp(-0.7 * 0.05 * np.arange(200)) + 0.3
    misfit = compile(
        lambda p: [
            p[0] * exp(-(p[1] * (0.05 * t))) + p[2] - y for t, y in enumerate(seen.tolist())
        ],
        arrays="elements",
    )
    small = compile(lambda v: valley(v, 10), arrays="elements")
    stiff = compile(lambda t, y: [y[1], 1e3 * (1.0 - y[0] * y[0]) * y[1] - y[0]], arrays="elements")
    by_y = partial(stiff.jacobian, argnums=1)
    near = in_jax(seen)

    def equations(f: Any, jac: Any = None) -> Any:
        return root(f, -np.ones(n), jac=jac)

    def squares(f: Any, jac: Any = "2-point") -> Any:
        return least_squares(f, np.ones(3), jac=jac)

    def stiffly(f: Any, jac: Any = None) -> Any:
        return solve_ivp(f, (0, 1000), [2.0, 0.0], method="Radau", jac=jac)

    def least(method: str, f: Any, slope: Any = None, hess: Any = None) -> Any:
        options = {} if hess is None else {"hess": hess}
        return minimize(f, np.full(10, -0.5), jac=slope, method=method, **options)

    newton, quasi = partial(least, "trust-ncg"), partial(least, "L-BFGS-B")
    # Who solves it, with the functions compiled here; the same without derivatives; those of JAX.
    runs: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
        f"root, {n} equations": (equations, (system, system.jacobian), "system"),
        "least_squares, 200 x 3": (squares, (misfit, misfit.jacobian), "misfit"),
        "minimize, trust-ncg": (newton, (small, small.grad, small.hessian), "valley"),
        "minimize, L-BFGS-B": (quasi, (small, small.grad), "slope"),
        "solve_ivp, Radau": (stiffly, (stiff, by_y), "stiff"),
    }
    print(f"\n{'SciPy, ms':<34}{'compiled':>12}{'differences':>14}{'jax, jit':>12}")
    for name, (solve, given, other) in runs.items():
        without = (quasi if solve is newton else solve, given[:1])
        peers = [(solve, given), without, *([(solve, near[other])] if near else [])]
        times = [timed(name, partial(call, *functions)) for call, functions in peers]
        print(
            f"  {name:<32}{times[0]:12.1f}{times[1]:14.1f}"
            + "".join(f"{t:12.1f}" for t in times[2:])
        )
    print("  (trust-ncg needs derivatives: L-BFGS-B stands beside it)")


def timed(name: str, call: Callable[[], Any]) -> float:
    """Run a solver twice; return how many milliseconds the second time took."""
    call()
    start = time.perf_counter()
    found = call()
    taken = (time.perf_counter() - start) * 1e3
    if not found.success:
        raise SystemExit(f"{name}: {found.message}")
    return taken


def in_jax(seen: Any) -> dict[str, tuple[Any, ...]]:
    """Make the same functions and their derivatives in JAX; none where it is not installed."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return {}
    jax.config.update("jax_enable_x64", True)
    times, right = 0.05 * jnp.arange(200), jnp.array(seen)

    def system(v: Any) -> Any:
        before = jnp.concatenate([jnp.zeros(1), v[:-1]])
        after = jnp.concatenate([v[1:], jnp.zeros(1)])
        return (3.0 - 2.0 * v) * v - before - 2.0 * after + 1.0

    def misfit(p: Any) -> Any:
        return p[0] * jnp.exp(-p[1] * times) + p[2] - right

    def hills(v: Any) -> Any:
        return (100.0 * (v[1:] - v[:-1] ** 2) ** 2 + (1.0 - v[:-1]) ** 2).sum()

    def stiff(t: Any, y: Any) -> Any:
        return jnp.stack([y[1], 1e3 * (1.0 - y[0] * y[0]) * y[1] - y[0]])

    j = jax.jit
    return {
        "system": (j(system), j(jax.jacfwd(system))),
        "misfit": (j(misfit), j(jax.jacfwd(misfit))),
        "valley": (j(hills), j(jax.grad(hills)), j(jax.hessian(hills))),
        "slope": (j(hills), j(jax.grad(hills))),
        "stiff": (j(stiff), j(jax.jacfwd(stiff, argnums=1))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--numbers", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    options = parser.parse_args()
    race(options.numbers, options.seconds)
    solvers(min(options.numbers, 200))


if __name__ == "__main__":
    main()
