"""Zero times infinity in the chain rule: a factor of exactly 0 makes the whole product 0.

`where(x > 0, sqrt(x), 0)` does not depend on x at 0: the branch not taken gets the gradient 0. But
the slope of `sqrt` there is infinite, and 0 * inf is nan in IEEE 754. So a gradient of exactly 0
sends exactly 0 to a node's operands, and a local derivative of exactly 0 sends exactly 0 however
large the gradient is; forward mode does the same with tangents, so both agree.

This costs nothing where no nan appears: passes run as ever, and only what came out nan is computed
again in this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .op import Op
from .recording import switch, watchers


def product(g: float, local: float) -> float:
    """Multiply; 0 where either factor is 0, however large the other is."""
    return 0.0 if g == 0.0 or local == 0.0 else g * local


class _StrongProduct(Op):
    """The product in which 0 wins; recorded where a gradient is differentiated again."""

    def __reduce__(self) -> tuple[object, ...]:
        return _strong_product, ()


def _strong_product() -> Op:
    return PRODUCT


PRODUCT = _StrongProduct(
    "strong_product",
    product,
    lambda g, out, a, b: g * b,
    lambda g, out, a, b: g * a,
    doc="a * b, and 0 where either is 0, however large the other is.",
)


def partial(op: Op, index: int, g: float, out: float, operands: Sequence[float]) -> float:
    """Apply the rule of one operand to floats, as `Op.partial` does; zero times anything is zero.

    Raises:
        RuleError: when the rule fails, naming op, operand and cause.
    """
    part = op.partial(index, g, out, *operands)
    if part == part or not op.is_linear:
        return part
    return 0.0 if g == 0.0 else product(g, op.partial(index, 1.0, out, *operands))


def is_nan(x: Any) -> bool:
    """Return whether a derivative came out nan, and tell watchers: what follows depends on it."""
    answer = bool(x._number != x._number)
    for watcher in watchers.get() if switch.active else ():
        watcher.observed("is nan", x, None, answer)
    return answer


def share(rule: Callable[..., Any], g: Any, out: Any, operands: Sequence[Any]) -> Any:
    """Apply a rule again to what gave nan, and record a product in which 0 wins.

    Parameters:
        rule: linear in its first argument.
        g: the gradient or the tangent: a Value, or a number inside forward mode.
        out: the result of the op.
        operands: its operands.
    """
    return PRODUCT(g, rule(1.0, out, *operands))
