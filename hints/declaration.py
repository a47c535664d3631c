"""What an op's declaration says, and must be: an `OpError` quotes the part that is wrong."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from itertools import islice
from keyword import iskeyword
from numbers import Real
from typing import Any

from pluggrad.errors import OpError, quoted
from pluggrad.op import NAMES, Interval, Op, Rule
from pluggrad.value import SOCKETS

_OPERATORS = {(repr(symbol), arity) for symbol, arity in SOCKETS}  # of any object, not hashed


def domain_of_each(
    domain: Sequence[Interval | None] | Interval | None, arity: int
) -> tuple[Interval | None, ...]:
    """Return the open interval of each operand; None for all numbers."""
    if domain is None:
        return (None,) * arity
    if not isinstance(domain, Sequence) or isinstance(domain, str):
        raise OpError(f"a domain is an interval (low, high), not {quoted(domain)}")
    if arity == 1 and len(domain) == 2 and isinstance(domain[0], Real):
        return (domain,)  # a single interval for a single operand
    return tuple(domain)  # type: ignore[arg-type]


def defaults_of(name: object, forward: object) -> tuple[float, ...]:
    """Return the defaults of the last operands."""
    defaults = getattr(forward, "__defaults__", None) or ()
    for x in defaults:
        if isinstance(x, bool) or not _is_number(x):
            raise OpError(f"op {name!r}: the default of an operand is a number, not {quoted(x)}")
    return tuple(map(float, defaults))


def _is_number(x: object) -> bool:
    """Return whether something is a real number that a float can hold."""
    try:
        return isinstance(x, Real) and isinstance(float(x), float)
    except OverflowError:
        return False


# ----- Operands by name -----

VARIADIC = 0x04  # the flag of code that takes *args


def parameters_of(function: object) -> tuple[str, ...] | None:
    """Return the names of a Python function's positional parameters; None where not known."""
    function = getattr(function, "py_func", function)  # what numba compiled
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & VARIADIC or hasattr(function, "__self__"):
        return None
    return tuple(islice(code.co_varnames, code.co_argcount))


def signature_of(
    forward: Callable[..., Any], rules: Sequence[Rule | None], defaults: Sequence[float]
) -> Signature:
    """Return the signature of an op: its operands as its author calls them, with their defaults.

    The forward says it, or, where that is a function of `math`, the rules after `g` and `out`.
    """
    arity = len(rules)
    named = [parameters_of(forward), *((parameters_of(rule) or ())[2:] for rule in rules)]
    names = next((names for names in named if names and len(names) == arity), None)
    kind = Parameter.POSITIONAL_OR_KEYWORD if names else Parameter.POSITIONAL_ONLY
    values = [Parameter.empty] * (arity - len(defaults)) + [*defaults]
    pairs = zip(names or NAMES, values, strict=False)
    return Signature([Parameter(name, kind, default=value) for name, value in pairs])


# ----- Checks -----


def no_change(op: Op, name: str) -> OpError:
    """Make the error for who assigns to what an op was declared with."""
    return OpError(
        f"op {op.name!r} keeps its {name}: values and code that were made from it would keep the "
        "old one. Make another Op; plugins.register_op(op, replace=True) puts it in the place of "
        "this one everywhere"
    )


def check_declaration(op: Op) -> None:
    """Check name, functions, rules and places of an op.

    Raises:
        OpError: when the parts do not fit together.
    """
    _check_name(op.name)
    if not callable(op.forward):
        raise OpError(f"op {op.name!r}: forward is a function, not {quoted(op.forward, 200)}")
    if not isinstance(op.__doc__, str):
        raise OpError(f"op {op.name!r}: doc is a line of text, not {quoted(op.__doc__)}")
    _check_arity(op)
    _check_operator(op)
    _check_places(op)
    _check_forward(op)
    for index, rule in enumerate(op.rules):
        _check_rule(op, index, rule)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        raise OpError(f"an op's name is a Python identifier, not {quoted(name)}")
    if (read := unicodedata.normalize("NFKC", name)) != name:
        raise OpError(f"op {name!r}: Python reads this name as {read!r} in a program; call it that")


def _check_arity(op: Op) -> None:
    """Check that there are rules, and as many domains."""
    name = op.name
    if not op.rules:
        if parameters_of(op.forward) == ():
            raise OpError(f"op {name!r} takes no operands; a constant needs no op: Value(1.0)")
        raise OpError(
            f"op {name!r} has no rule; give one for each operand, or None for no gradient"
        )
    if op.arity > len(NAMES):
        raise OpError(f"op {name!r} has {op.arity} operands; the most is {len(NAMES)}")
    for index, rule in enumerate(op.rules):
        if rule is not None and not callable(rule):
            raise OpError(
                f"op {name!r}: the rule of operand {index} is a function, not {quoted(rule, 200)}"
            )
    if len(op.domain) != op.arity:
        raise OpError(f"op {name!r} has {op.arity} operands, but {len(op.domain)} domains")


def _check_operator(op: Op) -> None:
    wanted = op.operator is not None and op.operator != ""
    if wanted and (quoted(op.operator), op.arity) not in _OPERATORS:
        known = ", ".join(f"{symbol} ({arity})" for symbol, arity in SOCKETS)
        raise OpError(
            f"op {op.name!r} asks for operator {quoted(op.operator)} with {op.arity} operands; "
            f"Python has these, with their number of operands: {known}"
        )


def _check_forward(op: Op) -> None:
    """Check that the forward takes an operand for each rule, by position."""
    taken = parameters_of(op.forward)
    if taken is not None and len(taken) != op.arity:
        raise OpError(
            f"op {op.name!r} has {op.arity} rules ({_signatures(op.rules)}), but its forward takes "
            f"{len(taken)} operands ({_signatures([op.forward])}); give one rule for each "
            "operand, or None where no gradient flows"
        )
    if needed := _named_only(op.forward):
        raise OpError(
            f"op {op.name!r}: its forward needs {needed[0]!r} by keyword, but is called with "
            "operands by position; make it an operand, or give it a default"
        )


def _check_rule(op: Op, index: int, rule: Rule | None) -> None:
    """Check that a rule takes g, out and the operands, in this order."""
    taken = parameters_of(rule)
    where = f"op {op.name!r}: the rule of operand {index}"
    if taken is not None and len(taken) != 2 + op.arity:
        raise OpError(
            f"{where} takes {_signatures([rule])}; rules take g, out and the {op.arity} operands"
        )
    if needed := _named_only(rule):
        raise OpError(
            f"{where} needs {needed[0]!r} by keyword; rules are called with g, out and the "
            "operands by position: give it a default"
        )
    own = parameters_of(op.forward) or ()  # one of which may be called out
    if taken and "out" in (taken[0], *taken[2:]) and "out" not in (taken[1], *own):
        raise OpError(
            f"{where} takes {_signatures([rule])}; rules are called with g, then out, then the "
            "operands: put them in this order"
        )


def _check_places(op: Op) -> None:
    """Check what a declaration says of places: `ieee`, domains and kinks."""
    if op.ieee is not None and not callable(op.ieee):
        raise OpError(f"op {op.name!r}: ieee is a function of the operands, not {quoted(op.ieee)}")
    _check_operands(op, "ieee", op.ieee)
    for index, interval in enumerate(op.domain):
        if interval is None:
            continue
        if not (
            isinstance(interval, Sequence) and len(interval) == 2 and all(map(_is_number, interval))
        ):
            raise OpError(
                f"op {op.name!r}: the domain of operand {index} is an interval (low, high) or "
                f"None, not {quoted(interval)}; give one for each of the {op.arity} operands"
            )
        if not interval[0] < interval[1]:
            raise OpError(
                f"op {op.name!r}: the domain of operand {index}, {interval!r}, is empty; the lower "
                "end stands first"
            )
    if callable(op.kinks):
        _check_operands(op, "kinks", op.kinks)
        return
    if (
        isinstance(op.kinks, str)
        or not isinstance(op.kinks, Sequence)
        or not all(_is_number(x) and abs(x) < math.inf for x in op.kinks)
    ):
        raise OpError(
            f"op {op.name!r}: kinks are a sequence of numbers, such as (0.0,), or a function that "
            f"is zero there, not {quoted(op.kinks)}"
        )


def _check_operands(op: Op, what: str, function: object) -> None:
    """Check that a function can be called with the operands."""
    taken = parameters_of(function)
    optional = len(getattr(function, "__defaults__", None) or ())
    if taken is not None and not len(taken) - optional <= op.arity <= len(taken):
        raise OpError(
            f"op {op.name!r}: {what} takes {_signatures([function])}; it is called with the "
            f"{op.arity} operands, as forward is"
        )
    if needed := _named_only(function):
        raise OpError(
            f"op {op.name!r}: {what} needs {needed[0]!r} by keyword, but is called with the "
            "operands by position; give it a default"
        )


def _named_only(function: object) -> list[str]:
    """List the parameters of a Python function that can and must be given by keyword."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    named = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    given = getattr(function, "__kwdefaults__", None) or {}
    return [name for name in named if name not in given]


def _signatures(functions: Sequence[object]) -> str:
    named = []
    for function in functions:
        code = getattr(function, "__code__", None)
        parameters = ", ".join(code.co_varnames[: code.co_argcount]) if code else "..."
        named.append(f"({parameters})" if function is not None else "None")
    return ", ".join(named)
