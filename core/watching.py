"""The long way of recording, taken while any context of `recording` is open anywhere."""

from __future__ import annotations

from .op import Op, recorded
from .recording import current_scope, recording, watchers
from .value import Value, constant


def record_watched(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Record as the contexts that are open in this thread or task ask for."""
    out = recorded(op, operands, data) if recording.get() else constant(data)
    scope = current_scope.get()
    if scope and out.op is not None:
        out.scope = scope
    for watcher in watchers.get():
        watcher.computed(op, operands, out)
    return out
