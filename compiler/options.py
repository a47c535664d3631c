"""What `compile` may be given by name, and what to write instead of what other engines have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

BY_ARGUMENT = "f.grad(...) returns a gradient for each argument; jacobian and hessian take argnums="

# An option of JAX, Numba or PyTorch: the answer.
ELSEWHERE = {
    "argnums": BY_ARGUMENT,
    "argnum": BY_ARGUMENT,
    "static_argnums": "leave it out; what is no number is static already",
    "static_argnames": "leave it out; what is no number is static already",
    "out_axes": "results come back along the first axis",
    "parallel": "it is threads=",
    "nthreads": "it is threads=",
    "fullgraph": "leave it out; what cannot be compiled is an error, or runs with a warning",
    "dynamic": "leave it out; each shape of the arguments is recorded",
    "mode": "it is executor=, or math=",
    "backend": "it is executor=",
    "nopython": "executor='numba' is numba or an error",
    "fastmath": "leave it out; math='vector' is the default",
}


def check_options(given: Collection[str], *kinds: Any) -> None:
    """Check that what is compiled has options of these names.

    Parameters:
        given: the names.
        kinds: the classes whose `__init__` takes them.

    Raises:
        TypeError: for the first one that none takes.
    """
    if not given:
        return
    known = {name for kind in kinds for name in _taken(kind)}
    for name in given:
        if name not in known:
            raise TypeError(f"compile() has no option {name}={_instead_of(name, known)}")


def _taken(kind: Any) -> tuple[str, ...]:
    code = kind.__init__.__code__
    return tuple(code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount])


def _instead_of(name: str, known: Collection[str]) -> str:
    from pluggrad.hints.names import similar  # needed for errors only

    return f"; {ELSEWHERE[name]}" if name in ELSEWHERE else similar(name, known)
