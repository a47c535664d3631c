"""How a pickle knows an op again: by what it gives at two points.

A pickle finds an op by its name. Another op may have that name when the pickle is read; then the
derivatives would not be those of the numbers in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from inspect import unwrap
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any

from pluggrad.errors import OpError
from pluggrad.op import Op

Read = tuple[tuple[str, Any], ...]  # constants with their names
_POINTS = tuple(tuple(x + 0.1 * i for i in range(8)) for x in (0.3, 0.6))


def samples(op: Op) -> tuple[tuple[float, ...], Read]:
    """Return what an op gives at some points, and the constants that it reads from outside.

    Nothing where it may give something else each time: when it asks chance, or reads an object or
    a list from outside.
    """
    found, read = _sampled(op), constants_read(op.forward)
    return (found, read) if read is not None and found == _sampled(op) else ((), ())


def check_samples(op: Op, samples: Sequence[float], read: Read) -> None:
    """Check that an op gives what the one of its name gave when it was pickled.

    Parameters:
        op: the op.
        samples: what it gave then.
        read: the constants that it read then, with their names; where these have other values now,
            it gives something else rightly.

    Raises:
        OpError: when it does not.
    """
    now = constants_read(op.forward)
    if now is None or (dict(now).keys() == dict(read).keys() and now != read):
        return
    for at, before, after in zip(_POINTS, samples, _sampled(op), strict=False):
        if not math.isclose(before, after, rel_tol=1e-6, abs_tol=1e-12):
            raise OpError(
                f"op {op.name!r} is another one here than in the pickle: of {at[: op.arity]} it "
                f"makes {after!r}, and there it was {before!r}; register the op that was pickled"
            )


def _sampled(op: Op) -> tuple[float, ...]:
    try:
        found = [float(op.forward(*at[: op.arity])) for at in _POINTS]
    except Exception:  # outside of its domain, or it is of other numbers: then its name has to do
        return ()
    return tuple(found) if all(map(math.isfinite, found)) else ()


def constants_read(function: object) -> Read | None:
    """List the constants that a function reads from outside; None where it reads other things."""
    found: dict[str, Any] = {}
    return tuple(found.items()) if _reads_constants("", function, found, set()) else None


def _reads_constants(name: str, thing: object, found: dict[str, Any], seen: set[int]) -> bool:
    """Add the constants that are read through a thing; return whether it reads nothing else."""
    if _is_constant(thing):
        found[name] = thing
        return True
    if not callable(thing):
        return False
    function = unwrap(getattr(thing, "py_func", thing))  # numba has compiled it
    if not isinstance(function, FunctionType):
        return not _has_state(function)
    if id(function) in seen:
        return True
    seen.add(id(function))
    return all(_reads_constants(name, x, found, seen) for name, x in _outside(function))


def _is_constant(thing: object) -> bool:
    if isinstance(thing, tuple):
        return all(map(_is_constant, thing))
    return isinstance(thing, int | float | str | NoneType)


def _has_state(function: object) -> bool:
    """Return whether a callable that is no Python function may remember something."""
    if isinstance(function, type | Op) or type(function).__name__ == "ufunc":
        return False
    is_bound = not isinstance(getattr(function, "__self__", None), ModuleType | NoneType)
    return is_bound or hasattr(function, "__dict__")


def _outside(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield what a function reads of its module, of other modules, and of functions around it."""
    codes = [function.__code__]
    for code in codes:
        codes += [x for x in code.co_consts if isinstance(x, CodeType)]
        for name in code.co_names:
            thing = function.__globals__.get(name)
            if isinstance(thing, ModuleType):
                yield from _of_module(thing, code.co_names)
            elif name in function.__globals__:
                yield name, thing
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is not set yet
            yield name, None


def _of_module(module: ModuleType, names: Sequence[str]) -> Iterator[tuple[str, object]]:
    for name in names:
        thing = getattr(module, name, module)
        if not isinstance(thing, ModuleType):
            yield f"{module.__name__}.{name}", thing
