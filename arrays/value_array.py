"""ValueArray: an array of Values that NumPy's functions take, and give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from pluggrad.recording import keeper
from pluggrad.registry import plugins
from pluggrad.value import Value, constant

from . import functions, ufuncs

Floats = npt.NDArray[np.float64]


class ValueArray(np.ndarray[Any, np.dtype[Any]]):
    """A NumPy array whose elements are Values, or numbers among them.

    NumPy's functions keep the gradient, or raise an error that says what to call. `values()` makes
    one; a view of any array of objects is one too: `array.view(ValueArray)`.

    >>> import numpy, pluggrad
    >>> x = pluggrad.values([0.0, 3.0])
    >>> numpy.sum(numpy.arctan(x) + x**2).backward()
    >>> x.grad
    array([1. , 6.1])
    """

    @property  # type: ignore[override]
    def data(self) -> Floats:
        """The numbers of all Values, as an array of floats; a copy."""
        return self._floats(functions.number_of)

    @data.setter
    def data(self, numbers: npt.ArrayLike) -> None:
        self._assign("data", numbers)

    @property
    def grad(self) -> Floats:
        """The gradients of all Values, as an array of floats; a copy. Plain numbers have 0."""
        return self._floats(_gradient_of)

    @grad.setter
    def grad(self, gradients: npt.ArrayLike) -> None:
        self._assign("grad", gradients)

    def _floats(self, read: Callable[[Value], float]) -> Floats:
        found = np.empty(self.shape)
        for place, x in np.ndenumerate(self.view(np.ndarray)):
            found[place] = read(x if isinstance(x, Value) else constant(x))
        return found

    def _assign(self, name: str, numbers: npt.ArrayLike) -> None:
        given = np.broadcast_to(np.asarray(numbers, float), self.shape)
        elements = list(zip(self.ravel().view(np.ndarray), given.ravel().tolist(), strict=True))
        for x, _ in elements:
            if not isinstance(x, Value):
                raise TypeError(f"{name} is set of Values; this array has a {type(x).__name__}")
        for x, number in elements:
            setattr(x, name, number)

    def __getattr__(self, name: str) -> NoReturn:
        """Say what to write for the names that PyTorch's tensors and Values have."""
        raise AttributeError(f"a ValueArray has no attribute {name!r}{_instead_of(name)}")

    # ----- What NumPy asks -----

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute a ufunc element by element, by the op that it is."""
        out = kwargs.pop("out", None)
        if out is not None:
            kwargs["out"] = tuple([_plain(x) for x in out])
        result = ufuncs.computed(ufunc, method, [_plain(x) for x in inputs], kwargs)
        return out[0] if out is not None and len(out) == 1 else as_value_array(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute a function of NumPy by ours, by NumPy's own, or refuse."""
        own = functions.OWN.get(func)
        if own is not None:
            return as_value_array(own(*args, **kwargs))
        functions.refuse(func)
        return as_value_array(super().__array_function__(func, types, args, kwargs))


# What a tensor or a Value has and an array of Values has not: what to write.
INSTEAD = {
    "backward": "a.sum().backward(), say: a pass starts from one Value",
    "zero_grad": "a.grad = 0.0",
    "detach": "a.data is an array of the numbers",
    "numpy": "a.data is an array of the numbers",
    "requires_grad": "pluggrad.values(numbers, requires_grad=False) makes constants",
    "label": "pluggrad.values(numbers, 'w') labels the elements",
}


def _instead_of(name: str) -> str:
    if name in plugins.ops:
        array = name if hasattr(np, name) else f"frompyfunc(pluggrad.ops.{name}, 1, 1)"
        return f": write numpy.{array}(a)"
    return f": {INSTEAD[name]}" if name in INSTEAD else ""


def values(
    numbers: npt.ArrayLike | Iterable[Any] | Real, label: str = "", *, requires_grad: bool = True
) -> ValueArray:
    """Make an array of Values.

    Parameters:
        numbers: an array or nested lists of numbers; Values among them stay what they are.
        label: what the Values are called: with `w` they are `w[0]`, `w[1]` and so on.
        requires_grad: whether they get a gradient.

    Raises:
        TypeError: for what is no number.

    >>> import pluggrad
    >>> w = pluggrad.values([[1.0, 2.0], [3.0, 4.0]], "w")
    >>> w[1, 0].label, w.data.tolist()
    ('w[1][0]', [[1.0, 2.0], [3.0, 4.0]])
    """
    given = np.asarray(numbers, object)
    made = np.empty(given.shape, object)
    for place, x in np.ndenumerate(given):
        name = label + "".join(f"[{i}]" for i in place) if label else ""
        # A number inside a forward-mode transform has a tangent, and is no new leaf either.
        is_made = isinstance(x, Value) or hasattr(type(x), "__pluggrad_op__")
        made[place] = x if is_made else _leaf(x, name, requires_grad)
    return made.view(ValueArray)


def _leaf(x: Any, label: str, requires_grad: bool) -> Value:
    leaf = Value(x.item() if hasattr(x, "item") else x, label)
    leaf.requires_grad = requires_grad
    return leaf


def as_value_array(result: Any) -> Any:
    """Return arrays of objects as ValueArrays, in tuples and lists too; all else as it is."""
    if isinstance(result, np.ndarray):
        if result.dtype != object:
            return result.view(np.ndarray)
        return result.view(ValueArray) if result.shape else result.item()
    if isinstance(result, tuple | list):
        parts = [as_value_array(x) for x in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, ValueArray) else x


def _gradient_of(x: Value) -> float:
    if x.requires_grad and (watcher := keeper()) is not None:
        watcher.observed("grad", x, None, None)
    return x.grad if x.requires_grad else 0.0
