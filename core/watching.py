"""The long way of recording, taken while any context of `recording` is open anywhere."""

from __future__ import annotations

from .op import Op, recorded
from .recording import current_scope, keeper, recording, watchers
from .value import Value, constant


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
