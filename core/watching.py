"""The long way of recording, taken while any context of `recording` is open anywhere."""

from __future__ import annotations

from .op import Op, recorded
from .recording import current_scope, recording
from .value import Value, constant


def record_watched(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Record as the contexts that are open in this thread or task ask for."""
    if not recording.get():
        return constant(data)
    out = recorded(op, operands, data)
    scope = current_scope.get()
    if scope:
        out.scope = scope
    return out
