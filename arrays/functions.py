"""Functions of NumPy that need a way of their own on Values, and those that have none."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from pluggrad.registry import plugins
from pluggrad.value import Value, hand_out


def number_of(x: Any) -> float:
    """Return the number of a Value, or of what is one."""
    if isinstance(x, Value):
        hand_out([x])
        return x.data
    return float(x)


def numbers(x: Any) -> Any:
    """Return an array's numbers as floats, without gradients."""
    given = np.asarray(x, object)
    flat = [number_of(v) for v in given.ravel()]
    return np.array(flat).reshape(given.shape)


# ----- Comparing -----


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b, *args, **kwargs: function(numbers(a), numbers(b), *args, **kwargs)


# ----- Interpolation and differences -----


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Compute `numpy.interp`; each of x, xp and fp may hold Values."""
    if period is not None:
        _refused("interp(period=)", "reduce x yourself: x % period")
    places, heights = np.asarray(xp, object), np.asarray(fp, object)
    known = places.tolist()
    ends = (heights[0] if left is None else left, heights[-1] if right is None else right)

    def one(at: Any) -> Any:
        if at < known[0] or at > known[-1]:
            return ends[int(at > known[-1])]
        i = min(bisect_right(known, at) - 1, len(known) - 2)
        if i < 0:
            return heights[0]
        slope = (heights[i + 1] - heights[i]) / (places[i + 1] - places[i])
        return heights[i] + slope * (at - places[i])

    with np.errstate(invalid="ignore"):  # nan is compared with numbers
        return np.frompyfunc(one, 1, 1)(np.asarray(x, object))


def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Compute `numpy.gradient` of a vector at equal distances."""
    f = np.asarray(f, object)
    if f.ndim != 1 or len(spacing) > 1 or edge_order != 1 or np.ndim(spacing[0] if spacing else 1):
        _refused("gradient", "it takes a vector and one distance here; write the differences")
    h = spacing[0] if spacing else 1.0
    inner = (f[2:] - f[:-2]) / (2.0 * h)
    return np.concatenate([[(f[1] - f[0]) / h], inner, [(f[-1] - f[-2]) / h]])


# ----- Linear algebra -----


def _square(a: Any, name: str) -> Any:
    matrix = np.array(a, object)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise np.linalg.LinAlgError(
            f"numpy.linalg.{name} of Values takes one square matrix, not an array of {matrix.shape}"
        )
    return matrix


def _eliminated(a: Any, b: Any) -> tuple[Any, Any, float]:
    """Return an upper triangle, the right sides that go with it, and the sign of the exchanges.

    Gaussian elimination; the pivot is the largest number of its column.
    """
    sign = 1.0
    for k in range(len(a)):
        pivot = k + int(np.argmax(np.abs(numbers(a[k:, k]))))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], sign = a[[pivot, k]], b[[pivot, k]], -sign
        if numbers(a[k, k]) == 0.0:
            continue  # singular: the diagonal says so
        for row in range(k + 1, len(a)):
            factor = a[row, k] / a[k, k]
            a[row, k:] = a[row, k:] - factor * a[k, k:]
            b[row] = b[row] - factor * b[k]
    return a, b, sign


def solve(a: Any, b: Any) -> Any:
    """Compute `numpy.linalg.solve`; the gradient flows into the matrix and the right side."""
    matrix, right = _square(a, "solve"), np.array(b, object)
    if right.ndim not in (1, 2) or len(right) != len(matrix):
        raise np.linalg.LinAlgError(
            f"a right side of shape {right.shape} does not go with a matrix of {matrix.shape}"
        )
    upper, x, _ = _eliminated(matrix, right)
    for k in reversed(range(len(upper))):
        if numbers(upper[k, k]) == 0.0:
            raise np.linalg.LinAlgError("Singular matrix")
        for column in range(k + 1, len(upper)):
            x[k] = x[k] - upper[k, column] * x[column]
        x[k] = x[k] / upper[k, k]
    return x


def inv(a: Any) -> Any:
    """Compute `numpy.linalg.inv`."""
    return solve(a, np.eye(len(_square(a, "inv"))))


def det(a: Any) -> Any:
    """Compute `numpy.linalg.det`."""
    upper, _, sign = _eliminated(_square(a, "det"), np.zeros((len(a), 0), object))
    return math.prod(np.diagonal(upper), start=sign)


def slogdet(a: Any) -> tuple[float, Any]:
    """Compute `numpy.linalg.slogdet`: the sign, and the logarithm of the size."""
    upper, _, sign = _eliminated(_square(a, "slogdet"), np.zeros((len(a), 0), object))
    pivots = list(np.diagonal(upper))
    signs = [math.copysign(1.0, float(numbers(x))) if numbers(x) else 0.0 for x in pivots]
    return math.prod(signs, start=sign), sum(plugins.op("log")(abs(x)) for x in pivots)


def cholesky(a: Any) -> Any:
    """Compute `numpy.linalg.cholesky`: the lower triangle whose square is the matrix."""
    matrix = _square(a, "cholesky")
    lower = np.zeros(matrix.shape, object)
    for i in range(len(matrix)):
        for j in range(i + 1):
            rest = matrix[i, j] - sum(lower[i, k] * lower[j, k] for k in range(j))
            if i == j and not numbers(rest) > 0.0:
                raise np.linalg.LinAlgError("Matrix is not positive definite")
            lower[i, j] = plugins.op("sqrt")(rest) if i == j else rest / lower[j, j]
    return lower


OWN: dict[Any, Callable[..., Any]] = {
    np.allclose: _on_numbers(np.allclose),
    np.isclose: _on_numbers(np.isclose),
    np.array_equal: _on_numbers(np.array_equal),
    np.interp: interp,
    np.gradient: gradient,
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.det: det,
    np.linalg.slogdet: slogdet,
    np.linalg.cholesky: cholesky,
}

# Functions of these modules compute on floats in C; those below are made of sums and products.
OF_FLOATS = ("numpy.linalg", "numpy.fft")
OF_PRODUCTS = {
    np.linalg.norm,
    np.linalg.matrix_power,
    np.linalg.multi_dot,
    np.linalg.trace,
    np.linalg.vector_norm,
    np.linalg.matrix_transpose,
    np.linalg.diagonal,
    np.linalg.outer,
    np.linalg.cross,
    np.linalg.vecdot,
    np.linalg.matmul,
    np.linalg.tensordot,
}
INSTEAD = {
    np.cov: "write (x - x.mean()) * (y - y.mean()), and its sum over n - 1",
    np.corrcoef: "write it with x.mean() and x.std()",
    np.histogram: "counts have no gradient; give it x.data",
    np.digitize: "places have no gradient; give it x.data",
    np.linalg.lstsq: "solve the normal equations: numpy.linalg.solve(a.T @ a, a.T @ b)",
    np.linalg.pinv: "numpy.linalg.inv(a.T @ a) @ a.T is it for full rank",
    np.polyfit: "solve the normal equations with numpy.linalg.solve",
}


def refuse(func: Any) -> None:
    """Refuse a function that would lose the gradient, or fail without saying why.

    Raises:
        TypeError: saying what to write.
    """
    named = f"{func.__module__}.{func.__name__}"
    if func in INSTEAD:
        _refused(func.__name__, INSTEAD[func])
    if named.startswith(OF_FLOATS) and func not in OF_PRODUCTS:
        _refused(named.removeprefix("numpy."), "it computes on floats; give it x.data")


def _refused(name: str, instead: str) -> NoReturn:
    raise TypeError(f"numpy.{name} has no gradient for arrays of Values: {instead}")
