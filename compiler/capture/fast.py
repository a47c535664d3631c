"""Recorded numbers computed with as fast as others: methods and functions of their own.

The first time that an op gives a recorded number, watchers hear of it. For an op of which that is
all there is to know, code is made then that does what the engine's own does (`codegen.methods`):
it fills in a node, and puts it in the class of its operands. While any other block is open, in
whatever thread, it goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pluggrad import Op, plugins
from pluggrad.codegen.methods import INLINE, compiled_text, computing, filling, sockets_of
from pluggrad.op import NAMES, call_any
from pluggrad.recording import switch
from pluggrad.value import Value

from ..tape.fingerprint import is_built_in
from .classes import Recording
from .recorded import Recorded

METHOD = """
def make(op, forward, evaluate):
    def method({received}):
        kind = {self}.__class__
{operands}
{compute}
{record}
    return method
"""

FUNCTION = """
def function(op, {names}):
        kind = type(a)
{search}
{operands}
{compute}
{record}
"""

NEXT = """
        if kind.__class__ is not Recording:
            kind = type({x})
"""

NONE = """
        if kind.__class__ is not Recording:
            return op.call_with(({operands},))
"""

OPERAND = """
        if {x}.__class__ is not kind:
            if {x}.__class__ is float:
                {x} = constant({x})
            elif {x}.__class__ is Value:
                if {x}.requires_grad or {x}.op is not None:
                    kind.looks.outside.add({x})
            else:
{otherwise}
"""

OTHER_OPERAND = """
                {x} = operand({x}, op)
                if {x} is NotImplemented:
                    return NotImplemented
"""

ANYTHING = """
                return op.call_with(({operands},))
"""

RECORD = """
        if len(active) != 1:
            return record_watched(op, ({operands},), data)
{note}
{fill}
        out.__class__ = kind
        return out
"""

NOTE = """
        kind.looks.ops.add(op)
"""

_methods: set[str] = set()
_ops: set[Op] = set()
_changes = -1


def make_fast(op: Op) -> None:
    """Let recorded numbers compute with an op in one step from now on."""
    _ops.add(op)
    inline = INLINE.get(op.forward)
    note = "" if is_built_in(op) else NOTE  # what others read from outside is looked for
    op.recorder = _function(op.arity, inline, note)
    places = [(name, place == 1) for place, name in enumerate(sockets_of(op))]
    if op.arity == 1:
        places.append((op.name, False))
    for name, reflected in places if not op.defaults else ():
        if getattr(vars(Value).get(name), "op", None) is op:
            make = _method_maker(op.arity, inline, note, reflected)
            setattr(Recorded, name, make(op, op.forward, op.evaluate_on))
            _methods.add(name)


def is_fast(op: Op) -> bool:
    """Return whether recorded numbers compute with an op in one step."""
    return op in _ops


def keep_current() -> None:
    """Forget what was made of ops when others are installed."""
    global _changes
    if _changes == plugins.changes:
        return
    for name in _methods:
        delattr(Recorded, name)
    for op in _ops:
        op.recorder = call_any
    _methods.clear()
    _ops.clear()
    _changes = plugins.changes


@cache
def _method_maker(
    arity: int, inline: str | None, note: str, reflected: bool
) -> Callable[..., Callable[..., Any]]:
    names = NAMES[:arity]
    received = names[::-1] if reflected else names
    source = METHOD.format(
        received=", ".join(received),
        self=received[0],
        operands="".join(_operand(x, OTHER_OPERAND, names) for x in received[1:]),
        compute=computing(names, inline, "forward", "evaluate"),
        record=_record(names, note),
    )
    return _compiled(source, "make")


@cache
def _function(arity: int, inline: str | None, note: str) -> Callable[..., Any]:
    names = NAMES[:arity]
    search = "".join(NEXT.format(x=x) for x in names[1:])
    source = FUNCTION.format(
        names=", ".join(names),
        search=search + NONE.format(operands=", ".join(names)),
        operands="".join(_operand(x, ANYTHING, names) for x in names) if arity > 1 else "",
        compute=computing(names, inline, "op.forward", "op.evaluate_on"),
        record=_record(names, note),
    )
    return _compiled(source, "function")


def _operand(x: str, otherwise: str, names: Sequence[str]) -> str:
    last = otherwise.format(x=x, operands=", ".join(names))
    return OPERAND.format(x=x, otherwise=last)


def _record(names: Sequence[str], note: str) -> str:
    return RECORD.format(operands=", ".join(names), note=note, fill=filling(names))


def _compiled(source: str, name: str) -> Callable[..., Any]:
    return compiled_text(source, name, Recording=Recording, active=switch.active)
