"""Gradients kept small before a step, by PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isfinite
from numbers import Real
from typing import Any

from pluggrad import Value
from pluggrad.errors import quoted
from pluggrad.value import as_float

from .optimizers import Compiled


def clip_grad_norm_(
    parameters: Value | Iterable[Value] | Compiled,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale gradients so that, taken together, their norm is at most `max_norm`.

    Parameters:
        parameters: Values, or a program, as `pluggrad.compile(loss)` gives it.
        max_norm: the largest norm to be left.
        norm_type: the p of the p-norm; infinity for the largest size.
        error_if_nonfinite: whether a norm that is nan or infinite is an error.

    Returns:
        The norm as it was.

    Raises:
        ValueError: for a norm that is not finite, where that is asked for; for a `max_norm` below
            0, and a `norm_type` that is not above 0.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import clip_grad_norm_
    >>> x, y = Value(0.0), Value(0.0)
    >>> x.grad, y.grad = 3.0, 4.0
    >>> clip_grad_norm_([x, y], 1.0)
    5.0
    >>> round(x.grad, 4), round(y.grad, 4)
    (0.6, 0.8)
    """
    _check(max_norm=max_norm)
    if not norm_type > 0:
        raise ValueError(f"norm_type is above 0, not {norm_type!r}")
    total = _norm(_gradients(parameters), norm_type)
    if error_if_nonfinite and not isfinite(total):
        raise ValueError(f"the norm of the gradients is {total}, so they cannot be clipped by it")
    # PyTorch adds the same 1e-6, so that a norm of 0 divides nothing.
    factor = min(1.0, as_float(max_norm, "max_norm is a number") / (total + 1e-6))
    if factor < 1.0:  # a norm of nan leaves gradients alone, so that it shows which one is nan
        _change(parameters, lambda g: g * factor)
    return total


def clip_grad_value_(parameters: Value | Iterable[Value] | Compiled, clip_value: float) -> None:
    """Keep each gradient between -clip_value and clip_value.

    Parameters:
        parameters: Values, or a program, as `pluggrad.compile(loss)` gives it.
        clip_value: the largest size to be left.

    Raises:
        ValueError: for a `clip_value` below 0.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import clip_grad_value_
    >>> x = Value(0.0)
    >>> x.grad = -7.0
    >>> clip_grad_value_(x, 0.5)
    >>> x.grad
    -0.5
    """
    _check(clip_value=clip_value)
    _change(parameters, lambda g: -clip_value if g < -clip_value else min(g, clip_value))


def _check(**sizes: float) -> None:
    for name, size in sizes.items():
        if not isinstance(size, Real):
            raise TypeError(f"{name} is a number, not {quoted(size)}")
        if not size >= 0:
            raise ValueError(f"{name} is 0 or more, not {quoted(size)}")


def _values(parameters: Any) -> list[Value]:
    if isinstance(parameters, Value):
        return [parameters]
    found = [*parameters] if isinstance(parameters, Iterable) else [parameters]
    if strange := [p for p in found if not isinstance(p, Value)]:
        raise TypeError(f"parameters are Values, or a compiled program; not {quoted(strange[0])}")
    return found


def _gradients(parameters: Any) -> list[float]:
    if hasattr(parameters, "wrt"):
        return [float(g) for g in parameters.gradients]
    return [p.grad for p in _values(parameters)]


def _change(parameters: Any, change: Callable[[float], float]) -> None:
    if hasattr(parameters, "wrt"):
        parameters.gradients[:] = [change(float(g)) for g in parameters.gradients]
        return
    for p in _values(parameters):
        p.grad = change(p.grad)


def _norm(gradients: list[float], p: float) -> float:
    """Compute a p-norm whose powers neither overflow nor vanish."""
    sizes = [abs(g) for g in gradients]
    if any(x != x for x in sizes):
        return float("nan")
    top = max(sizes, default=0.0)
    if p == inf or top in (0.0, inf):
        return top
    return float(top * sum((x / top) ** p for x in sizes) ** (1.0 / p))
