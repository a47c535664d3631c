"""What is said of numbers, labels, operands and results that are none."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from inspect import Parameter
from types import FrameType
from typing import Any

from pluggrad.errors import ForwardError, GradientError, LostGradientError, RuleError, quoted
from pluggrad.op import Op, listed
from pluggrad.value import Value

from .names import op_in_two_lines

# What takes gradients anywhere.
FUNCTION = "use pluggrad.func.grad(f)(x) there, which works inside any transform"


def moving_hint(x: object, instead: str = FUNCTION) -> str:
    """Return the end of a message about what is no Value; "" for no number of forward mode."""
    if isinstance(x, Exception) and getattr(x, "operands", None):
        return ": draw what led to the error, Graph(error.operands)"
    if not hasattr(type(x), "__pluggrad_op__"):
        return ""
    return (
        ": a number inside a forward-mode transform (jvp, jacfwd) has a tangent and "
        f"remembers no operands; {instead}"
    )


def no_real_number(number: object, what: str) -> TypeError:
    """Return the error for what cannot be turned into a float; `what` begins the message."""
    kind = type(number).__name__
    hint = "; use value.detach() for a copy that is cut off" if kind == "Value" else ""
    hint = hint or moving_hint(number, "use it as it is, or x.detach() for a copy that is cut off")
    if isinstance(number, list | tuple) or getattr(number, "shape", None) is not None:
        hint = "; [Value(x) for x in numbers] is a list of them, pluggrad.values(numbers) an array"
    elif isinstance(number, str):
        hint = "; float(text) reads a number"
    return TypeError(f"{what}, not {kind}{hint}")


def wrong_label(label: object, more: tuple[object, ...]) -> TypeError:
    """Return the error for the arguments of `Value(data, label, *more)`."""
    if isinstance(label, tuple | list | set | frozenset):
        symbol = str(more[0]) if more else ""
        return TypeError(f"Value(data, operands, op): {op_in_two_lines(len(label), symbol)}")
    if more:
        return TypeError("Value() takes a number and a label; requires_grad= is given by name")
    return TypeError(f"a label is text, not {type(label).__name__}: {quoted(label)}")


def no_gradient(x: Value) -> GradientError:
    """Return the error for a gradient from or to what requires none."""
    what = f"{x.label!r} " if x.label else ""
    return GradientError(
        f"{what}({x!r}) does not require a gradient: it is a constant, or was computed from "
        "constants only, or under no_grad()"
    )


def no_fraction(x: Value) -> LostGradientError:
    """Return the error for `as_integer_ratio()` of a Value that has a gradient."""
    return LostGradientError(
        f"as_integer_ratio() would cut the gradient of {x.label or x.data!r}: mean, "
        "variance and stdev of `statistics` compute with fractions. Write "
        "sum(values) / len(values), or take the numbers: [float(x) for x in values]"
    )


# ----- Operands -----

# What would take a Value for a plain number or does not know it, by package or class, and what to
# write instead.
STRANGERS = {
    "sympy": "; float(number) is one that combines, and float(value) one for SymPy's expressions",
    "polars": "; series.to_numpy() combines, element by element",
    "MaskedConstant": "; fill what is masked first: array.filled(0.0)",
    "matrix": "; numpy.asarray(matrix) combines, element by element",
}

# numpy.ma looks for results that are not finite there, which it cannot among Values.
NOT_MASKED = dict.fromkeys(("/", "//", "%", "**"), "; array.filled(1.0) combines")


def check_stranger(other: object, op: Op | None) -> None:
    """Refuse what stands beside a Value in an expression with `op` and never combines with it.

    Text and the like would answer with `can't multiply sequence by non-int`.

    Raises:
        TypeError: saying what to write instead.
    """
    kind = type(other)
    hint = STRANGERS.get(kind.__module__.partition(".")[0]) or STRANGERS.get(kind.__name__)
    if hint is None and kind.__name__ == "MaskedArray" and op is not None:
        hint = NOT_MASKED.get(op.operator or "")
    if other is None or isinstance(other, str | bytes | list | tuple | complex):
        hint = ""
    if hint is not None:
        raise TypeError(
            f"a Value combines with real numbers and Values, not {kind.__name__}: "
            f"{quoted(other)}{hint}"
        )


def for_sympy(asks: FrameType) -> Any:
    """Refuse to be made an expression of SymPy; but its `==`, which takes no error, says False.

    Raises:
        SympifyError: which SymPy's numbers respect, so that `number * value` is the Value's to say.
    """
    from sympy import SympifyError

    if asks.f_code.co_name == "_do_eq_sympify":
        return NotImplemented  # to which nothing is equal
    raise SympifyError("a Value; float(value) is its number")


def no_operand(op: Op, x: object) -> TypeError:
    """Return the error for a call of an op with what is neither number nor Value."""
    hint = _one_by_one(op, x)
    return TypeError(
        f"{op.name}() takes numbers and Values, not {type(x).__name__}: {quoted(x)}{hint}"
    )


def _one_by_one(op: Op, x: object) -> str:
    """Say how to call an op with each number of a list or array; "" for anything else."""
    if isinstance(x, list | tuple):
        return f"; write [{op.name}(x) for x in values]"
    if not getattr(x, "shape", ()) or hasattr(type(x), "__pluggrad_op__"):
        return ""
    known = op.arity == 1 and hasattr(sys.modules.get("numpy"), op.name)
    array = f"numpy.{op.name}" if known else f"numpy.frompyfunc({op.name}, {op.arity}, 1)"
    return f"; {array} takes arrays, and so does pluggrad.compile(f)"


def wrong_count(op: Op, given: int) -> TypeError:
    """Return the error for a call of an op with so many operands."""
    least = op.arity - len(op.defaults)
    wanted = str(op.arity) if least == op.arity else f"{least} to {op.arity}"
    plural = "" if wanted == "1" else "s"
    return TypeError(f"{op.name}() takes {wanted} operand{plural}, got {given}")


def wrong_names(op: Op, operands: Sequence[Any], named: Mapping[str, Any]) -> TypeError:
    """Return the error for a call of an op whose operands do not fit their names."""
    places = op.__signature__.parameters
    given = dict(zip(places, operands, strict=False))
    known = [p.name for p in places.values() if p.kind is not Parameter.POSITIONAL_ONLY]
    for key in named:
        if key not in known:
            names = (
                f"its operands are {', '.join(known)}" if known else "its operands have no names"
            )
            return TypeError(f"{op.name}() has no operand named {key!r}; {names}")
        if key in given:
            return TypeError(f"{op.name}() got the operand {key!r} twice")
    for place in places.values():
        if place.default is Parameter.empty and place.name not in {*given, *named}:
            return TypeError(f"{op.name}() needs the operand {place.name!r}")
    return TypeError(f"{op.name}() takes {len(places)} operands, got {len(operands) + len(named)}")


# ----- Ops -----


def no_result(op: Op, operands: Sequence[object], cause: Exception) -> ForwardError:
    """Return the error for a forward function that raises, of an op without `ieee`."""
    return ForwardError(
        f"op {op.name!r} has no result for {listed(operands)}: {cause}. Its author can declare "
        "one with Op(..., ieee=...)"
    )


def no_float(op: Op, operands: Sequence[object], result: object, cause: Exception) -> ForwardError:
    """Return the error for a result that is no real number, or too large for a float."""
    given = f"for {listed(operands)}"
    if isinstance(cause, OverflowError):
        return ForwardError(f"op {op.name!r} gave a number {given} that is too large for a float")
    return ForwardError(
        f"op {op.name!r} gave {quoted(result)} {given}; a forward function gives a real number"
    )


def failed_rule(op: Op, index: int, cause: object, operands: Sequence[Any]) -> RuleError:
    """Return the error for a rule that fails: which one, on which numbers, and why."""
    numbers = listed([x._number if isinstance(x, Value) else x for x in operands])
    kind = f"{type(cause).__name__}, " if isinstance(cause, Exception) else ""
    where = f"op {op.name!r}, rule of operand {index}"
    if not str(cause):  # as StopIteration's
        return RuleError(f"{where}: {type(cause).__name__} (for {numbers:.200})")
    return RuleError(f"{where}: {cause} ({kind}for {numbers:.200})")


def no_pickle(op: Op) -> TypeError:
    """Return the error for an op that a pickle would not find again."""
    why = (
        "another op is registered under it"
        if op.name in Op.installed.ops
        else "it is not registered; see plugins.register_op()"
    )
    return TypeError(f"op {op.name!r} cannot be pickled: pickles find ops by name, and {why}")
