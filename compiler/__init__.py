"""Record once, replay fast: programs from recorded graphs, and compiled functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from pluggrad import CompileError, Value

from .function import Compiled
from .options import check_options
from .program import Program
from .recording import Recording

if TYPE_CHECKING:
    from .loading import load
    from .rows.over import OverRows

P = ParamSpec("P")
R = TypeVar("R")
LEFT_OUT: Any = object()

__all__ = ["Compiled", "OverRows", "Program", "Recording", "compile", "load"]


@overload
def compile(target: Value | Sequence[Value], **options: Any) -> Program: ...
@overload
def compile(target: Callable[..., Any], *, in_axes: Any, **options: Any) -> OverRows: ...
@overload
def compile(target: Callable[P, R], **options: Any) -> Compiled[P, R]: ...
@overload
def compile(**options: Any) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(target: Any = LEFT_OUT, **options: Any) -> Any:
    """Compile a recorded graph or a function; also a decorator, with options or without.

    Parameters:
        target: a Value or several give a `Program`, a function gives a `Compiled`.
        options: those of `Program`, of `Compiled`, or, with `in_axes=`, of `OverRows`.

    Raises:
        CompileError: when the target cannot be compiled.
        TypeError: for an unknown option, naming those that there are.

    >>> from pluggrad.compiler import compile
    >>> @compile(executor="interpreter")
    ... def cube(x):
    ...     return x * x * x
    >>> cube(2.0), cube.grad(2.0)
    (8.0, 12.0)
    """
    if target is LEFT_OUT:
        return partial(compile, **options)
    if isinstance(target, Value | list | tuple):
        check_options(options, Program)
        return Program(target, **options)
    if "in_axes" in options:
        over_rows = __getattr__("OverRows")
        check_options(options, over_rows, Compiled)
        return over_rows(target, **options)
    if rows := [name for name in ("reduce", "check_finite") if name in options]:
        raise CompileError(
            f"{rows[0]}= is for functions over rows, and wants in_axes= too: which arguments have "
            "rows (0) and which are shared (None)"
        )
    check_options(options, Compiled)
    return Compiled(target, **options)


# What a first compiled function does not need is loaded when it is first used.
_FILES = {"load": ".loading", "OverRows": ".rows.over"}


def __getattr__(name: str) -> Any:
    """Load the file that has a public name."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = globals()[name] = getattr(import_module(_FILES[name], __name__), name)
    return thing
