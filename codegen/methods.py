"""The methods that an op gives to Value, and the op as a function, as straight-line code.

An expression on Values spends most of its time here, so each is written out for its number of
operands and does nothing it need not: `a * b` is one Python call that multiplies two floats and
fills one new object. The text below is filled in and compiled once for each shape, as the standard
library does for named tuples and data classes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cache
from inspect import Parameter, Signature
from typing import Any

from pluggrad.op import MISSING, NAMES, Op, call_named, record_watched
from pluggrad.recording import switch
from pluggrad.value import NOT_RUN, SOCKETS, Value, constant, new_value, operand

from .source import compiled

# Forward functions of the standard library that are an operator. Written as one they need no call;
# none of them raises for floats, and all of them give floats.
INLINE = {operator.add: "+", operator.sub: "-", operator.mul: "*"}

METHOD = """
def make(op, forward, evaluate, {defaults_from}):
    def {name}({parameters}):
{coerce}
{compute}
{record}
    return {name}
"""

# For all ops of one shape, in a class of their own: a function that refers to its op would keep it
# alive.
FUNCTION = """
def function(op, {parameters}, /, *more, **named):
{body}
"""

# The same as a method, which other operands follow.
NAMED_METHOD = """
def make(op):
    def method({parameters}, /, *more, **named):
{body}
    return method
"""

CALL = """
        if named:
            return call_named(op, ({operands}, *more), named)
        {defaults}
        if not ({any_value}) or more:
            if more:
                return op.call_with(({operands}, *more))
            if {all_floats}:
{evaluate}
            return op.recorder(op, {operands})
{coerce}
{compute}
{record}
"""

# What fails is computed again by `evaluate`, which knows what to do then.
EVALUATE = """
                try:
                    forward = op.forward
                    data = forward({operands})
                    if data.__class__ is float:
                        return data
                    if isinstance(data, float):  # NumPy's
                        return float(data)
                except (ArithmeticError, TypeError, ValueError):
                    pass
                except Exception as cause:
                    op.note(cause, ({operands},))
                    raise
                return op.evaluate({operands})
"""

COERCE = """
        if {x}.__class__ is not Value:
            if {x}.__class__ is float:
                {x} = constant({x})
            else:
                {x} = operand({x}, op)
                if {x} is NotImplemented:
                    return NotImplemented
"""

TAKE = """
        if {x}.__class__ is not Value:
            if {x}.__class__ is not float:
                return op.recorder(op, {operands})
            {x} = constant({x})
"""

FORWARD = """
        forward = op.forward
"""

INLINED = """
        data = a._number {inline} b._number
"""

COMPUTE = """
        try:
            data = {forward}({numbers})
            if data.__class__ is not float:
                data = float(data) if isinstance(data, float) else {evaluate}({operands})
        except (ArithmeticError, TypeError, ValueError):
            data = {evaluate}({operands})
        except Exception as cause:
            if not isinstance({first}, Value):  # as in map(Value.sin, numbers)
                return op.call_with(({operands},))
            op.note(cause, ({numbers},))
            op.tell_failed(({operands},))
            raise
"""

WATCHED = """
        if switch.active:
            return record_watched(op, ({operands},), data)
"""

FILL = """
        out = new_value(Value)
        out._number = data
        out.label = ""
        out._grad = NOT_RUN
        out.op = op
        out._left = {left}
        out._right = {right}
        {more}
        out._mark = None
        out.requires_grad = {requires_grad}
"""

RETURN = """
        return out
"""


def methods_of(op: Op) -> dict[str, Any]:
    """Make the methods of Value that an op gives, by name."""
    methods = {op.name: named_method(op)}
    for place, socket in enumerate(sockets_of(op)):
        methods[socket] = operator_method(op, reflected=place == 1)
        methods[socket].__qualname__ = f"Value.{socket}"
    for method in methods.values():
        method.op = op  # type: ignore[attr-defined]
    return methods


def sockets_of(op: Op) -> tuple[str, ...]:
    """Return the methods of Value behind the operator that an op serves."""
    return SOCKETS.get((op.operator or "", op.arity), ())


def named_method(op: Op) -> Callable[..., Any]:
    """Make `value.name(...)`: other operands follow, and a wrong one is a TypeError."""

    if op.arity == 1:
        method = operator_method(op)
    else:
        method = _named_method_maker(op.arity, len(op.defaults))(op)
    method.__name__ = op.name
    method.__qualname__ = f"Value.{op.name}"
    method.__doc__ = op.__doc__
    method.__signature__ = _method_signature(op.__signature__)  # type: ignore[attr-defined]
    return method


def _method_signature(function: Signature) -> Signature:
    """Make the signature of the method: its first operand is the Value itself."""
    first, *others = function.parameters.values()
    name = first.name if "self" in function.parameters else "self"
    this = first.replace(name=name, kind=Parameter.POSITIONAL_ONLY, default=Parameter.empty)
    return function.replace(parameters=[this, *others])


def operator_method(op: Op, *, reflected: bool = False) -> Callable[..., Any]:
    """Make the method behind a Python operator; `reflected` for the case `2.0 * value`."""
    make = _method_maker(op.arity, len(op.defaults), INLINE.get(op.forward), reflected)
    method: Callable[..., Any] = make(op, op.forward, op.evaluate_on, *op.defaults)
    return method


def class_of(op: Op) -> type[Op]:
    """Return the class of all ops of this shape, in which a call is one function."""
    return _class(op.arity, len(op.defaults), INLINE.get(op.forward))


@cache
def _class(arity: int, defaults: int, inline: str | None) -> type[Op]:
    members = {"__call__": _function(arity, defaults, inline), "is_shape": True}
    return type("Op", (Op,), {**members, "__module__": Op.__module__})


@cache
def _method_maker(
    arity: int, defaults: int, inline: str | None, reflected: bool
) -> Callable[..., Callable[..., Any]]:
    names = NAMES[:arity]
    received = names[::-1] if reflected else names
    default_of = dict(zip(names[arity - defaults :], (f"default_{x}" for x in names), strict=False))
    source = METHOD.format(
        name="method",
        defaults_from=", ".join(default_of.values()),
        parameters=", ".join(f"{x}={default_of[x]}" if x in default_of else x for x in received),
        coerce="".join(COERCE.format(x=x) for x in received[1:]),
        compute=computing(names, inline, "forward", "evaluate"),
        record=_record(names),
    )
    return compiled_text(source, "make")


@cache
def _function(arity: int, defaults: int, inline: str | None) -> Callable[..., Any]:
    return compiled_text(_filled(FUNCTION, arity, defaults, inline), "function")


@cache
def _named_method_maker(arity: int, defaults: int) -> Callable[..., Any]:
    return compiled_text(_filled(NAMED_METHOD, arity, defaults, None), "make")


def _filled(text: str, arity: int, defaults: int, inline: str | None) -> str:
    """Write a function that takes operands of any kind, some of them by name."""
    names = NAMES[:arity]
    required = arity - defaults
    last = names[required - 1] if required else "op"
    filled = [
        f"if {x} is MISSING and {last} is not MISSING: {x} = op.defaults[{i}]"
        for i, x in enumerate(names[required:])
    ]
    operands = ", ".join(names)
    body = CALL.format(
        defaults="\n        ".join(filled),
        any_value=" or ".join(f"{x}.__class__ is Value" for x in names),
        all_floats=" and ".join(f"{x}.__class__ is float" for x in names),
        operands=operands,
        evaluate=EVALUATE.format(operands=operands),
        coerce="".join(TAKE.format(x=x, operands=operands) for x in names) if arity > 1 else "",
        compute=("" if inline else FORWARD) + computing(names, inline, "forward", "op.evaluate_on"),
        record=_record(names),
    )
    return text.format(parameters=", ".join(f"{x}=MISSING" for x in names), body=body)


def computing(names: Sequence[str], inline: str | None, forward: str, evaluate: str) -> str:
    """Write the lines that compute `data`."""
    if inline is not None:
        return INLINED.format(inline=inline)
    return COMPUTE.format(
        forward=forward,
        evaluate=evaluate,
        numbers=", ".join(f"{x}._number" for x in names),
        operands=", ".join(names),
        first=names[0],
    )


def _record(names: Sequence[str]) -> str:
    return WATCHED.format(operands=", ".join(names)) + filling(names) + RETURN


def filling(names: Sequence[str]) -> str:
    """Write the lines that make the node `out`."""
    return FILL.format(
        left=names[0] if len(names) <= 2 else None,
        right=names[1] if len(names) == 2 else None,
        more=f"out._operands = ({', '.join(names)})" if len(names) > 2 else "",
        requires_grad=" or ".join(f"{x}.requires_grad" for x in names),
    )


def compiled_text(source: str, name: str, **more: Any) -> Callable[..., Any]:
    """Compile the text of a method or function, which may refer to what computing needs."""
    namespace: dict[str, Any] = {
        "MISSING": MISSING,
        "NOT_RUN": NOT_RUN,
        "Value": Value,
        "call_named": call_named,
        "__name__": __name__,
        "constant": constant,
        "new_value": new_value,
        "operand": operand,
        "record_watched": record_watched,
        "switch": switch,
        **more,
    }
    return compiled([source], name, "<pluggrad method>", namespace)
