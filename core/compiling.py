"""compile(): the public door to whichever compiler is installed.

The engine knows no compiler. A package offers one by an entry point of the group
`pluggrad.compilers`, as ops and renderers are offered; it is imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from .errors import CompileError
from .registry.entry_points import entry_points

GROUP = "pluggrad.compilers"


def compile(*args: Any, compiler: str = "default", **options: Any) -> Any:
    """Record once, replay fast.

    Parameters:
        args: a Value, or a list of them: gives a `Program` that computes its graph again, forward
            and backward. Or a function of numbers: gives a compiled function. Or nothing but
            options: gives a decorator.
        compiler: the name of an installed compiler; pluggrad's own is `default`.
        options: the compiler's options; for pluggrad's own see `pluggrad.compiler.Program` and
            `pluggrad.compiler.Compiled`.

    Raises:
        CompileError: for an unknown compiler, naming those that are there; and when `target`
            cannot be compiled.

    >>> from pluggrad import Value, compile
    >>> x = Value(3.0)
    >>> program = compile(x * x, executor="interpreter")
    >>> x.data = 4.0
    >>> program(), x.grad
    (16.0, 8.0)
    """
    return _compiler(compiler)(*args, **options)


@cache
def _compiler(name: str) -> Callable[..., Any]:
    found = {entry_point.name: entry_point for entry_point in entry_points(GROUP)}
    if name not in found:
        available = ", ".join(sorted(found)) or "none"
        raise CompileError(f"unknown compiler {name!r}; available: {available}")
    compiler: Callable[..., Any] = found[name].load()
    return compiler
