"""The page of NumPy's functions on arrays of Values: what each call gives."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from pluggrad import LostGradientError, LostGradientWarning, Value, values

TOP = """\
# NumPy, call by call

You see what each call gives for two kinds of arrays: `numpy.array([x, y, z])`, a plain array of
objects, and `pluggrad.values([...])`. Every call on this page was made while it was written.
None loses the gradient silently: the answer has it, is a yes, a no or a position, or there is a
warning or an error. [Numbers that leave](../numbers.md) says more.

Here `x` is a vector of three Values, and `m` a matrix of nine. NumPy's own error is raised
before pluggrad is asked: take `pluggrad.values` there.

| Call | `numpy.array` | `pluggrad.values` |
|---|---|---|
"""

CALLS = """
np.exp(x) np.exp2(x) np.expm1(x) np.log(x) np.log2(x) np.log10(x) np.log1p(x) np.sqrt(x)
np.cbrt(x) np.sin(x) np.cos(x) np.tan(x) np.arcsin(x) np.arccos(x) np.arctan(x) np.sinh(x)
np.cosh(x) np.tanh(x) np.arcsinh(x) np.arctanh(x) np.arctan2(x,1-x) np.hypot(x,2.0)
np.logaddexp(x,2*x) np.power(x,2.5) np.square(x) np.reciprocal(x) np.abs(x) np.sign(x)
np.floor(x) np.rint(x) np.deg2rad(x) np.maximum(x,0.5) np.clip(x,0.4,0.7) np.where(x>0.5,x,2*x)
np.sum(x) np.mean(x) np.std(x) np.var(x) np.prod(x) np.cumsum(x) np.median(x) np.quantile(x,0.3)
np.max(x) np.diff(x) np.sort(x) np.argmax(x) np.argsort(x) np.isnan(x) np.isfinite(x)
np.allclose(x,x) np.array_equal(x,x) np.average(x) np.dot(x,x) np.outer(x,x)
np.einsum('i,j->ij',x,x) np.convolve(x,x) np.interp(0.5,x,x*x) np.gradient(x) np.trapezoid(x)
np.linalg.norm(x) np.linalg.solve(m,x) np.linalg.inv(m) np.linalg.det(m) np.linalg.cholesky(m)
np.trace(m) m@x np.kron(x,x) np.concatenate([x,x]) np.linalg.svd(m) np.linalg.eigh(m)
np.fft.fft(x) np.cov(m) x.astype(float) np.asarray(x,float)
""".split()
NUMBERS = [0.3, 0.6, 0.9]
MATRIX = [[2.0, 0.5, 0.25], [0.5, 1.5, 0.75], [0.25, 0.75, 3.0]]

KEPT, ASKED = "keeps the gradient", "floats, as you asked"
LOST = "LOST"
STEPS = ("np.sign", "np.floor", "np.rint")


def page() -> str:
    """Return the page."""
    return TOP + "".join(line(call) for call in CALLS)


def line(call: str) -> str:
    """Return the line of one call."""
    plain = outcome(call, np.array([Value(a) for a in NUMBERS]), objects(MATRIX))
    return f"| `{call}` | {plain} | {outcome(call, values(NUMBERS), values(MATRIX))} |\n"


def objects(rows: list[list[float]]) -> Any:
    """Return a plain array of Values."""
    return np.array([[Value(a) for a in row] for row in rows])


def outcome(call: str, x: Any, m: Any) -> str:
    """Make a call, and say in a few words what it gives."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            found = eval(call, {"np": np, "x": x, "m": m})
        except LostGradientError:
            return "an error that says what to write"
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            ours = "gradient" in str(error) or "pluggrad" in str(error)
            return "an error that says what to write" if ours else "NumPy's own error"
    if any(issubclass(w.category, LostGradientWarning) for w in heard):
        return "a warning that says what to write"
    return of(found, call)


def of(found: Any, call: str) -> str:
    """Say what an answer holds."""
    if "float" in call.partition("(")[2]:
        return ASKED
    parts = np.asarray(found, object).ravel().tolist()
    if call.startswith(STEPS):
        return "its derivative is 0"
    if any(isinstance(part, Value) for part in parts):
        return KEPT
    if all(isinstance(part, bool | np.bool_) for part in parts):
        return "yes or no"
    return "a position" if all(isinstance(part, Integral) for part in parts) else LOST
