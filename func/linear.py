"""Forward mode along a recorded graph: what `linearize` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pluggrad.op import Op
from pluggrad.recording import keeper
from pluggrad.topology import order_down_to
from pluggrad.value import Value, constant

from .composite import Composite, Cotangents, Pick
from .dual import Dual, highest_level, is_zero, moved_by, primal_of, tangent_of
from .passes import Surroundings, stems_from_outside


def pushed_along(
    outputs: Sequence[Any], copies: Sequence[Value], directions: Sequence[Any], now: Surroundings
) -> list[Any]:
    """Compute the tangent of each output when the copies move as `directions` say.

    What forward passes move is taken apart from the highest level down, as `pulled` does: along
    (p, p') in the direction (t, t') it is (p along t, p' along t + p along t').
    """
    level = highest_level([*outputs, *directions])
    if level is not None:
        held = [primal_of(out, level) for out in outputs]
        still = [primal_of(t, level) for t in directions]
        primals = pushed_along(held, copies, still, now)
        bent = pushed_along([tangent_of(x, level) for x in outputs], copies, still, now)
        turned = pushed_along(held, copies, [tangent_of(t, level) for t in directions], now)
        return [Dual(p, a + b, level) for p, a, b in zip(primals, bent, turned, strict=True)]
    order = order_down_to([out for out in outputs if isinstance(out, Value)], set(copies))
    is_kept = keeper() is not None
    differentiable = is_kept or (now.recording and stems_from_outside(order, copies, now.depth))
    moved = zip(copies, directions, strict=True)
    tangents = {copy: t for copy, t in moved if not is_zero(t)}
    found = _pushed_through(order, tangents, differentiable)
    return [found.get(out, 0.0) if isinstance(out, Value) else 0.0 for out in outputs]


def _pushed_through(
    order: Sequence[Value], tangents: dict[Value, Any], differentiable: bool
) -> dict[Value, Any]:
    found: dict[Value, Any] = dict(tangents)
    for node in order:
        op = node.op
        if op is None or node in found:
            continue
        moving = [i for i, x in enumerate(node.prev) if x in found]
        if isinstance(op, Composite):
            t = _pushed_through_composite(op, node, moving, found, differentiable)
        else:
            t = _pushed_through_op(op, node, moving, found, differentiable)
        if t is not None:
            found[node] = t
    return found


def _pushed_through_op(
    op: Op, node: Value, moving: list[int], found: dict[Value, Any], differentiable: bool
) -> Any:
    if not op.is_linear:  # a hook, which changes gradients alone
        return found.get(node.prev[0])
    out: Any = node if differentiable else node._number
    primals = list(node.prev) if differentiable else [x._number for x in node.prev]
    return moved_by(op, {i: found[node.prev[i]] for i in moving}, out, primals)


def _pushed_through_composite(
    op: Composite, node: Value, moving: list[int], found: dict[Value, Any], differentiable: bool
) -> Any:
    operands = node.prev
    if isinstance(op, Pick):
        tangents = [found[x].get(op.index) for x in operands if x in found]
        return tangents[0] if tangents else None
    made: dict[int, Any] = {}
    for result in range(op.results):
        one: Any = constant(1.0) if differentiable else 1.0
        seed = one if op.results == 1 else Cotangents({result: one})
        row = op.gradients(seed, node, operands, create_graph=differentiable)
        parts = [row[i] * found[operands[i]] for i in moving if row[i] is not None]
        if parts:
            made[result] = sum(parts[1:], parts[0])
    return made.get(0) if op.results == 1 else Cotangents(made) if made else None
