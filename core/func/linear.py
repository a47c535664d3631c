"""Forward mode along a recorded graph: what `linearize` gives."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

from ..composite import Composite, Cotangents, Pick
from ..gradient import order_down_to
from ..op import Op
from ..value import Value, constant
from .dual import Dual, pushed
from .passes import Surroundings, stems_from_outside


def pushed_along(
    outputs: Sequence[Any], copies: Sequence[Value], directions: Sequence[Any], now: Surroundings
) -> list[Any]:
    """Compute the tangent of each output when the copies move as `directions` say."""
    roots: list[Value] = []
    for out in outputs:
        _collect(out, roots)
    order = order_down_to(roots, copies)
    differentiable = now.recording and stems_from_outside(order, copies, now.depth)
    tangents = {
        copy: t
        for copy, t in zip(copies, directions, strict=True)
        if not (isinstance(t, Real) and t == 0)
    }
    full = _pushed_through(order, tangents, differentiable)
    return [_of(out, order, tangents, full, differentiable) for out in outputs]


def _of(
    out: Any,
    order: list[Value],
    tangents: dict[Value, Any],
    full: dict[Value, Any],
    differentiable: bool,
) -> Any:
    if not isinstance(out, Dual):
        return full.get(out, 0.0) if isinstance(out, Value) else 0.0
    # The tangent t of an output (p, t) changes with p's arguments too, but only with their primals.
    still = {x: _without(t, out.level) for x, t in tangents.items()}
    through = _pushed_through(order, still, differentiable)
    primal = _of(out.primal, order, tangents, full, differentiable)
    tangent = _of(out.tangent, order, still, through, differentiable)
    return primal + Dual(0.0, tangent, out.level)


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
    operands = node.prev
    out: Any = node if differentiable else node.data
    primals = list(operands) if differentiable else [x.data for x in operands]
    total: Any = None
    for index in moving:
        if op.rules[index] is not None:
            part = pushed(op, index, found[operands[index]], out, primals)
            total = part if total is None else total + part
    return total


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


def _collect(out: Any, roots: list[Value]) -> None:
    if isinstance(out, Dual):
        _collect(out.primal, roots)
        _collect(out.tangent, roots)
    elif isinstance(out, Value):
        roots.append(out)


def _without(t: Any, level: int) -> Any:
    return t.primal if isinstance(t, Dual) and t.level == level else t
