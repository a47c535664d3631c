"""The arguments of a call: their numbers, and what is built like them."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import signature
from typing import Any

from pluggrad import CompileError
from pluggrad.errors import quoted

from .arguments import Shape, is_symbolic, put_together, taken_apart
from .guests import has_a_door
from .numbers import PLAIN, check_numbers


def numbers_of(
    args: tuple[Any, ...], kwargs: dict[str, Any], arrays: str
) -> tuple[Shape, list[Any], list[Any]]:
    """Return the shape of the arguments, their numbers, and one of each type that is not plain.

    What records, and what has its own protocol for ufuncs, is told by its type.

    Parameters:
        args: positional arguments.
        kwargs: keyword arguments.
        arrays: `elements` where an array is a list of numbers.

    Raises:
        CompileError: for what is no number, naming its type.
    """
    numbers: list[Any] = []
    shape = taken_apart((args, kwargs), numbers, elements=arrays == "elements")
    if set(map(type, numbers)) <= PLAIN:
        return shape, numbers, []
    others = [x for kind, x in {type(x): x for x in numbers}.items() if kind not in PLAIN]
    ours = {type(x) for x in others if not (is_symbolic(x) or has_a_door(x))}
    check_numbers([x for x in numbers if type(x) in ours])
    return shape, numbers, others


def by_position(
    compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Turn keyword arguments into positional ones where the function has both.

    Raises:
        CompileError: when no argument is positional.
    """
    if kwargs:
        try:
            bound = signature(compiled.function).bind(*args, **kwargs)
        except (TypeError, ValueError):  # the call itself will say what is wrong
            _check_options(compiled, kwargs)
            return args, kwargs
        bound.apply_defaults()
        args, kwargs = bound.args, bound.kwargs
    if not args:
        raise CompileError(f"{compiled!r} has no positional argument here to give the gradient of")
    return args, kwargs


def _check_options(compiled: Any, kwargs: dict[str, Any]) -> None:
    """Check that what `pluggrad.func.grad` takes is not given with the arguments of a call."""
    for name in ("argnums", "argnum", "has_aux"):
        if name in kwargs:
            raise CompileError(
                f"{name}= is no argument of {compiled!r}, whose gradient is by all positional "
                "arguments; compile(pluggrad.func.grad(f, argnums=..., has_aux=...)) has these "
                "options"
            )


def pair(name: str, primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return primals and tangents as tuples.

    Raises:
        CompileError: for what is no sequence, saying how the call is written.
    """
    for x in (primals, tangents):
        if (
            not isinstance(x, Iterable)
            or isinstance(x, str | bytes)
            or getattr(x, "shape", 1) == ()
        ):
            raise CompileError(
                f"{name}() takes two tuples, the arguments and a direction; write "
                f"f.{name}((x,), (dx,)), not {type(x).__name__} {quoted(x)}"
            )
    return tuple(primals), tuple(tangents)


def like_the_arguments(shape: Shape, gradients: Iterable[Any]) -> Any:
    """Build gradients like the positional arguments; for one argument, like that alone."""
    args, _ = put_together(shape, iter(gradients), _array, static=False)
    return args[0] if len(args) == 1 else args


def _array(numbers: list[Any], lengths: tuple[int, ...]) -> Any:
    import numpy as np

    return np.array(numbers).reshape(lengths)
