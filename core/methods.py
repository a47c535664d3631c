"""The methods that an op gives to Value, as straight-line code.

An expression on Values spends most of its time here, so each method is written out for its number
of operands and does nothing it need not: `a * b` is one Python call that multiplies two floats and
fills one new object. The text below is filled in and compiled once for each shape, as the standard
library does for named tuples and data classes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

from .op import NAMES, Op
from .recording import switch
from .value import NOT_RUN, Value, new_value, operand
from .watching import record_watched

# Forward functions of the standard library that are an operator. Written as one they need no call;
# none of them raises for floats, and all of them give floats.
INLINE = {operator.add: "+", operator.sub: "-", operator.mul: "*"}

METHOD = """
def make(op, forward, evaluate, {defaults_from}):
    def {name}({parameters}):
{coerce}
{compute}
        if switch.active:
            return record_watched(op, ({operands},), data)
        out = new_value(Value)
        out.data = data
        out.label = ""
        out.grad = NOT_RUN
        out.op = op
        out._left = {left}
        out._right = {right}
        {more}
        out._mark = None
        out.requires_grad = {requires_grad}
        return out
    return {name}
"""

COERCE = """
        if {x}.__class__ is not Value:
            {x} = operand({x})
            if {x} is NotImplemented:
                return NotImplemented
"""

INLINED = """
        try:
            data = a.data {inline} b.data
            if data.__class__ is not float:  # somebody put another kind of number into `data`
                data = evaluate(a, b)
        except TypeError:
            data = evaluate(a, b)
"""

COMPUTE = """
        try:
            data = forward({numbers})
            if data.__class__ is not float:
                data = evaluate({operands})
        except (ArithmeticError, TypeError, ValueError):
            data = evaluate({operands})
        except Exception as cause:
            op.note(cause, ({numbers},))
            op.tell_failed(({operands},))
            raise
"""


def named_method(op: Op) -> Callable[..., Any]:
    """Make `value.name(...)`: other operands follow, and a wrong one is a TypeError."""

    def method(*operands: Any) -> Any:
        return op(*operands)

    if op.arity == 1:
        method = _make(op, reflected=False)
    method.__name__ = op.name
    method.__qualname__ = f"Value.{op.name}"
    method.__doc__ = op.__doc__
    return method


def operator_method(op: Op, *, reflected: bool = False) -> Callable[..., Any]:
    """Make the method behind a Python operator; `reflected` for the case `2.0 * value`."""
    return _make(op, reflected=reflected)


def _make(op: Op, *, reflected: bool) -> Callable[..., Any]:
    make = _compiled(op.arity, len(op.defaults), INLINE.get(op.forward), reflected)
    method: Callable[..., Any] = make(op, op.forward, op.evaluate_on, *op.defaults)
    return method


@cache
def _compiled(
    arity: int, defaults: int, inline: str | None, reflected: bool
) -> Callable[..., Callable[..., Any]]:
    names = NAMES[:arity]
    received = names[::-1] if reflected else names
    numbers = ", ".join(f"{x}.data" for x in names)
    if inline is None:
        compute = COMPUTE.format(numbers=numbers, operands=", ".join(names))
    else:
        compute = INLINED.format(inline=inline)
    default_of = dict(zip(names[arity - defaults :], (f"default_{x}" for x in names), strict=False))
    source = METHOD.format(
        name="method",
        defaults_from=", ".join(default_of.values()),
        parameters=", ".join(f"{x}={default_of[x]}" if x in default_of else x for x in received),
        coerce="".join(COERCE.format(x=x) for x in received[1:]),
        compute=compute,
        operands=", ".join(names),
        left=names[0] if arity <= 2 else None,
        right=names[1] if arity == 2 else None,
        more=f"out._operands = ({', '.join(names)})" if arity > 2 else "",
        requires_grad=" or ".join(f"{x}.requires_grad" for x in names),
    )
    namespace: dict[str, Any] = {
        "NOT_RUN": NOT_RUN,
        "Value": Value,
        "__name__": __name__,
        "new_value": new_value,
        "operand": operand,
        "record_watched": record_watched,
        "switch": switch,
    }
    exec(compile(source, "<pluggrad method>", "exec"), namespace)
    make: Callable[..., Callable[..., Any]] = namespace["make"]
    return make
