"""What an op's operands are called, and calls that name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from itertools import islice
from typing import Any

ARBITRARY = 0x04  # the flag of code that takes *args


def operand_names(
    forward: Callable[..., Any], rules: Sequence[Callable[..., Any] | None]
) -> tuple[str, ...]:
    """Find what an op's author calls the operands; empty where nothing tells.

    The forward says it, or, where that is a function of `math`, the rules after `g` and `out`.
    """
    arity = len(rules)
    named = [_parameters(forward), *(_parameters(rule)[2:] for rule in rules)]
    return next((names for names in named if len(names) == arity), ())


def _parameters(function: object) -> tuple[str, ...]:
    function = getattr(function, "py_func", function)  # what numba compiled
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & ARBITRARY or hasattr(function, "__self__"):
        return ()
    return tuple(islice(code.co_varnames, code.co_argcount))


def signature(
    names: Sequence[str], defaults: Sequence[float], *, positional_only: bool = False
) -> Signature:
    """Give the signature of an op: its operands, with their defaults."""
    kind = Parameter.POSITIONAL_ONLY if positional_only else Parameter.POSITIONAL_OR_KEYWORD
    values = [Parameter.empty] * (len(names) - len(defaults)) + [*defaults]
    return Signature(
        [Parameter(name, kind, default=value) for name, value in zip(names, values, strict=True)]
    )


def method_signature(function: Signature) -> Signature:
    """Give the signature of the method: its first operand is the Value itself."""
    first, *others = function.parameters.values()
    name = first.name if "self" in function.parameters else "self"
    this = first.replace(name=name, kind=Parameter.POSITIONAL_ONLY, default=Parameter.empty)
    return function.replace(parameters=[this, *others])


def in_order(
    name: str, function: Signature, operands: Sequence[Any], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Bring the operands of a call, some of them named, into their order.

    Raises:
        TypeError: for a name that the op has not, one that is given twice, or one that is missing.
    """
    places = list(function.parameters.values())
    given = dict(zip(function.parameters, operands, strict=False))
    for key in named:
        place = function.parameters.get(key)
        if place is None or place.kind is Parameter.POSITIONAL_ONLY:
            known = ", ".join(p.name for p in places if p.kind is not Parameter.POSITIONAL_ONLY)
            raise TypeError(
                f"{name}() has no operand named {key!r}; "
                + (f"its operands are {known}" if known else "its operands have no names")
            )
        if key in given:
            raise TypeError(f"{name}() got the operand {key!r} twice")
    given.update(named)
    for place in places:
        if place.default is Parameter.empty and place.name not in given:
            raise TypeError(f"{name}() needs the operand {place.name!r}")
    if len(operands) > len(places):
        raise TypeError(f"{name}() takes {len(places)} operands, got {len(operands) + len(named)}")
    return tuple([given.get(place.name, place.default) for place in places])
