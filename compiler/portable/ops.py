"""Ops by name, with the plugin that they come from."""

from __future__ import annotations

import sys
from typing import Any

from pluggrad import CompileError, Op, plugins
from pluggrad.registry import Plugin

from ..capture.guards import GUARDS, Raises
from ..capture.recorded import CUT, HELD, AsItStands
from ..tape.fingerprint import fingerprint, is_built_in
from .fields import DocumentError, Fields

OWN: dict[str, Op] = {**GUARDS, "held": HELD, "cut": CUT}  # which no plugin provides
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def written(op: Op) -> dict[str, Any]:
    """Write down which op this is.

    Raises:
        CompileError: for an op that another process could not find by its name.
    """
    if OWN.get(op.name) is op:
        return {"own": op.name}
    if isinstance(op, Raises):
        return {"raises": written(op.failing), "error": op.error}
    if isinstance(op, AsItStands):
        raise CompileError(f"it calls {op.calls}, which is Python code")
    if plugins.ops.get(op.name) is not op:
        why = (
            "another op is registered under its name"
            if op.name in plugins.ops
            else "it is not registered; see plugins.register_op()"
        )
        raise CompileError(f"it uses op {op.name!r}, and ops are found by name: {why}")
    plugin = _plugin_of(op)
    found = {"name": op.name, "operands": op.arity, "plugin": plugin.name}
    if not is_built_in(op):
        found |= {
            "distribution": plugin.distribution,
            "python": PYTHON,
            "fingerprint": fingerprint(op),
        }
    return found


def found(data: Any, where: str) -> Op:
    """Find the op that was written down.

    Raises:
        DocumentError: when it is not installed, or is another one.
    """
    fields = Fields(data, where)
    if fields.has("own"):
        op = OWN[fields.one_of("own", tuple(OWN))]
    elif fields.has("raises"):
        inner = Fields(fields.take("raises"), f"{where}.raises")
        op = Raises(_installed(inner), fields.text("error"))
    else:
        return _installed(fields)
    fields.end()
    return op


def _installed(fields: Fields) -> Op:
    name, plugin = fields.text("name"), fields.text("plugin")
    operands = fields.integer("operands", 0, 1 << 20)
    told = {x: fields.text(x) for x in _ABOUT} if fields.has("fingerprint") else {}
    fields.end()
    op = plugins.ops.get(name)
    if op is None:
        source = f" ({told['distribution']})" if told.get("distribution") else ""
        raise DocumentError(f"it needs op {name!r} of plugin {plugin!r}{source}, which is "
                    "not installed here")  # fmt: skip
    here = _plugin_of(op)
    if here.name != plugin or is_built_in(op) is bool(told):
        raise DocumentError(f"op {name!r} comes from {here} here, and came from {plugin!r} there")
    if op.arity != operands:
        raise DocumentError(f"op {name!r} has {op.arity} operands here, and had {operands} there")
    # Byte code differs between versions of Python, so between them nothing can be told.
    if told and told["python"] == PYTHON and told["fingerprint"] != fingerprint(op):
        raise DocumentError(f"op {name!r} computes something else here than where it was saved")
    return op


_ABOUT = ("distribution", "python", "fingerprint")


def _plugin_of(op: Op) -> Plugin:
    return next(x for x in plugins if any(op is one for one in x.ops))
