"""What JAX says of a random function: its value and gradient at ordinary numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

from pluggrad import Value, func
from pluggrad.testing.rounding import rounding
from pluggrad.topology import topological_order
from random_functions import Function, table
from random_programs import jax_table, start_jax

TOLERANCE = 1e-8
STEP = 1e-6


@cache
def jax_scope() -> dict[str, Any]:
    """Return what the functions find in their module, as JAX has it."""
    start_jax()
    import jax
    import jax.numpy as jnp

    scope = {**table(), **jax_table()}
    scope["func"] = SimpleNamespace(grad=jax.grad)
    scope["stop_gradient"] = jax.lax.stop_gradient
    # JAX takes 1 - tanh(x)**2 and the like, which is 0 from 19 on; a branch may ask whether it is.
    scope["tanh"] = with_slope(jnp.tanh, lambda x: jnp.cosh(x) ** -2.0)
    scope["sigmoid"] = with_slope(jax.nn.sigmoid, lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x))
    scope["leaky_relu"] = lambda x, slope=0.01: jnp.where(x > 0, x, slope * x)
    scope["elu"] = lambda x, alpha=1.0: jnp.where(
        x > 0, x, alpha * jnp.expm1(jnp.where(x > 0, 0.0, x))
    )
    jax.core.ShapedArray._floordiv = staticmethod(floor_division)
    scope["round"] = lambda x, digits=0: jnp.round(x * 10.0**digits) / 10.0**digits
    return scope


def floor_division(a: Any, b: Any) -> Any:
    """Compute `a // b` with the zero of Python, which has the sign of a / b.

    A zero of JAX may have the other sign, and a branch may look at what is divided by it.
    """
    import jax.numpy as jnp

    found = jnp.floor_divide(a, b)
    return jnp.where(found == 0.0, jnp.copysign(0.0, a / b), found)


def with_slope(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., Any]:
    """Give a function of JAX another derivative."""
    import jax

    given = jax.custom_jvp(function)
    given.defjvp(lambda x, moved: (function(*x), slope(*x) * moved[0]))
    return given


def compared(function: Function, f: Callable[..., Any]) -> Iterator[tuple[list[float], str, str]]:
    """Compare value and gradient where all is finite; return inputs, fate and an explanation."""
    import jax

    theirs = function.made(jax_scope(), [])
    for numbers in function.inputs[::2]:
        try:
            value, gradient = func.value_and_grad(
                lambda *x: sole(f, function, x), tuple(range(len(numbers)))
            )(*numbers)
        except Exception:
            continue  # what is no one number, or has none here
        if not all(map(math.isfinite, [value, *gradient])):
            continue
        try:
            with (
                jax.enable_x64(True)
                if hasattr(jax, "enable_x64")
                else jax.experimental.enable_x64()
            ):
                other = jax.value_and_grad(
                    lambda *x: sole(theirs, function, x), tuple(range(len(numbers)))
                )(*numbers)
        except Exception as cause:
            yield numbers, f"skipped, {type(cause).__name__}", str(cause)
            continue
        found = [float(other[0]), *map(float, other[1])]
        ours = [float(value), *map(float, gradient)]
        if all(map(close, ours, found)):
            yield numbers, "equal", ""
        elif not all(map(math.isfinite, found)):
            yield numbers, "JAX has no finite number", ""
        else:
            fate = (
                "rounding"
                if within_rounding(function, f, numbers, ours, found)
                else judged(function, f, numbers, ours, found)
            )
            yield numbers, fate, f"engine {ours}; JAX {found}"


def sole(f: Callable[..., Any], function: Function, numbers: Any) -> Any:
    """Call a function that gives one number."""
    found = f(*function.arguments(list(numbers)))
    if isinstance(found, dict | list | tuple):
        raise TypeError("it gives several numbers")
    return found * 1.0


def within_rounding(
    function: Function,
    f: Callable[..., Any],
    numbers: list[float],
    ours: list[float],
    theirs: list[float],
) -> bool:
    """Say whether rounding each number on the way explains all differences, to first order.

    Either engine rounds, so each may be off by the bound of `pluggrad.testing.rounding`.
    """
    value, gradient = func.value_and_grad(
        lambda *x: sole(f, function, x), tuple(range(len(numbers)))
    )(*map(Value, numbers))
    bounds = [2 * rounding(x) if isinstance(x, Value) else 0.0 for x in (value, *gradient)]
    return all(
        close(a, b) or abs(a - b) <= bound for a, b, bound in zip(ours, theirs, bounds, strict=True)
    )


def has_other_zero(x: Value) -> bool:
    """Say whether a remainder is 0 with the divisor's sign, where JAX gives it the dividend's."""
    if x.op is None or x.op.name != "mod" or x.data != 0.0:
        return False
    dividend, divisor = x.prev
    return math.copysign(1.0, dividend.data) != math.copysign(1.0, divisor.data)


def judged(
    function: Function,
    f: Callable[..., Any],
    numbers: list[float],
    ours: list[float],
    theirs: list[float],
) -> str:
    """Ask differences of the function which of the two is right."""

    def at(i: int, step: float) -> float:
        moved = [x + step if k == i else x for k, x in enumerate(numbers)]
        return float(sole(f, function, [Value(x) for x in moved]))

    result = sole(f, function, [Value(x) for x in numbers])
    if isinstance(result, Value):
        nodes = topological_order([result])
        if any(map(has_other_zero, nodes)):
            return "a remainder of zero, whose sign JAX has otherwise"
        on_the_way = [x.data for x in nodes]
        if not all(map(math.isfinite, on_the_way)):
            return "infinite on the way, where conventions differ"
        if any(0.0 < abs(x) < sys.float_info.min for x in on_the_way):
            return "subnormal on the way, which JAX takes for 0"
    if not close(ours[0], theirs[0], 1e-6):
        return "different" if is_smooth(at, len(numbers), ours[0]) else "a jump beside it"
    for i, (mine, other) in enumerate(zip(ours[1:], theirs[1:], strict=True)):
        if close(mine, other):
            continue
        try:
            left = (ours[0] - at(i, -STEP)) / STEP
            right = (at(i, STEP) - ours[0]) / STEP
        except Exception:
            return "an edge of the domain"
        if not close(left, right, 1e-3):
            return "a kink"
        if not close(mine, (left + right) / 2, 1e-3):
            return "different"
    return "JAX is off"


def is_smooth(at: Callable[[int, float], float], count: int, value: float) -> bool:
    return all(close(at(i, side * 1e-9), value, 1e-5) for i in range(count) for side in (-1, 1))


def close(a: float, b: float, tolerance: float = TOLERANCE) -> bool:
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-3)
