"""Calls of a compiled function with guests, `out=` or `where=`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from ..capture.arguments import put_together, taken_apart
from ..capture.guests import advice, has_a_door, named
from .elements import flat
from .protocol import Ufunc

if TYPE_CHECKING:
    from ..function import Compiled

OPTIONS = frozenset({"out", "where"})
INTO = ("__call__", "value_and_grad")  # those whose outputs can be written where they are wanted


def call(
    compiled: Compiled, mode: str, args: Sequence[Any], kwargs: dict[str, Any], **options: Any
) -> Any:
    """Compute a function, or what its method gives, with guests, `out=` or `where=`.

    Parameters:
        compiled: the compiled function.
        mode: `__call__`, or its method: `grad` or `value_and_grad`.
        args: its positional arguments.
        kwargs: its keyword arguments.
        options: `out` and `where`, as for NumPy's ufuncs.

    Raises:
        CompileError: when a guest refuses, saying how to pass its numbers.
    """
    if compiled.arrays == "elements":
        raise _not_elements(compiled, args, kwargs)
    numbers: list[Any] = []
    shape = taken_apart((tuple(args), kwargs), numbers, elements=False)
    where = options.get("where", True)
    if where is True and mode in INTO and options.get("out") is not None:
        outs = flat(options["out"])
        built = compiled.into(shape, numbers, outs, backward=mode == "value_and_grad")
        if built is not None:
            return built
    ufunc = Ufunc(compiled, mode, shape, len(numbers), choosing=where is not True)
    inputs = numbers if where is True else [*numbers, where]
    results = ufunc.results(inputs, options.get("out"), where)
    return put_together(ufunc.result, iter(results), None)


def taken_options(function: Callable[..., Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Take `out` and `where` out of keyword arguments, unless they are the function's own."""
    if OPTIONS.isdisjoint(kwargs):
        return {}
    try:
        own = signature(function).parameters.values()
    except (TypeError, ValueError):
        own = ()  # type: ignore[assignment]
    if any(x.kind is Parameter.VAR_KEYWORD for x in own):
        return {}
    names = OPTIONS & kwargs.keys() - {x.name for x in own}
    return {name: kwargs.pop(name) for name in names}


def _not_elements(compiled: Compiled, *arguments: Any) -> CompileError:
    numbers: list[Any] = []
    taken_apart(arguments, numbers, elements=False)
    guest = next(filter(has_a_door, numbers), None)
    what = "out= and where= are" if guest is None else f"{named(guest)} is"
    hint = "" if guest is None else f". {advice(guest)}"
    return CompileError(f"{what} not for {compiled!r} with arrays='elements'{hint}")
