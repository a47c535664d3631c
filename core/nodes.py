"""Making nodes: what a Value that an op computed looks like, and who sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .recording import current_scope, keeper, recording, switch, watchers
from .value import NOT_RUN, Value, constant, new_value

if TYPE_CHECKING:
    from .op import Op


def made(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Make the Value that `op` gave, in the way that the contexts open here ask for."""
    if switch.active:
        return record_watched(op, operands, data)
    return recorded(op, operands, data)


def recorded(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Make the Value that `op` computed from `operands`."""
    out = new_value(Value)
    out._number = data
    out.label = ""
    out._grad = NOT_RUN
    connect(out, op, operands)
    out.requires_grad = any(x.requires_grad for x in operands)
    return out


def connect(node: Value, op: Op | None, operands: tuple[Value, ...]) -> None:
    """Write into a new Value what made it; nothing made a leaf."""
    node.op = op
    node._left = node._right = node._mark = None
    if len(operands) == 1:
        (node._left,) = operands
    elif len(operands) == 2:
        node._left, node._right = operands
    elif op is not None:
        node._operands = operands


def record_watched(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Record as the contexts that are open in this thread or task ask for."""
    watching = watchers.get()
    if recording.get():
        out = recorded(op, operands, data)
    elif watching and (watcher := keeper()) is not None:
        out = watcher.kept(recorded(op, operands, data))
    else:
        out = constant(data)
    if out.op is not None and (scope := current_scope.get()):
        out.scope = scope
    for watcher in watching:
        watcher.computed(op, operands, out)
    for x in operands:
        if x.__class__ is not Value and hasattr(x, "_spread"):
            x._spread(out)  # in whatever thread this runs
            break
    return out
