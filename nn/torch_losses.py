"""Losses by PyTorch's names, as functions and as modules.

Predictions and targets are numbers or Values in lists, nested to any depth, both built alike: a
batch of outputs of `Linear(8, 1)`, `[[y0], [y1], ...]`, goes with targets `[[t0], [t1], ...]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any, Literal, TypeAlias, TypeVar, overload

from pluggrad import Value, plugins
from pluggrad.errors import quoted
from pluggrad.ops import minimum

from . import losses
from .module import Module

N = TypeVar("N", bound=Value | float)
Nested: TypeAlias = N | Sequence[N] | Sequence[Sequence[N]]
Reduced = Literal["mean", "sum"]
Kept = Literal["none"]


@overload
def mse_loss(input: Nested[N], target: Any, reduction: Reduced = "mean") -> N: ...
@overload
def mse_loss(input: Nested[N], target: Any, reduction: Kept) -> list[N]: ...
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Compute the squared errors.

    Parameters:
        input: predictions, in lists nested to any depth.
        target: what they should be, built like them.
        reduction: "mean" or "sum" of the terms, or "none" for a list of them.

    Raises:
        TypeError: when both are built differently.
        ValueError: for another reduction.

    >>> from pluggrad.nn import mse_loss
    >>> mse_loss([[1.0], [2.0]], [[1.0], [4.0]]), mse_loss([1.0, 2.0], [1.0, 4.0], "sum")
    (2.0, 4.0)
    """
    return _reduced([(x - t) * (x - t) for x, t in _pairs(input, target)], reduction)


@overload
def l1_loss(input: Nested[N], target: Any, reduction: Reduced = "mean") -> N: ...
@overload
def l1_loss(input: Nested[N], target: Any, reduction: Kept) -> list[N]: ...
def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Compute the sizes of the errors.

    Parameters:
        input: predictions, in lists nested to any depth.
        target: what they should be, built like them.
        reduction: "mean" or "sum" of the terms, or "none" for a list of them.

    Raises:
        TypeError: when both are built differently.
        ValueError: for another reduction.

    >>> from pluggrad.nn import l1_loss
    >>> l1_loss([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _reduced([abs(x - t) for x, t in _pairs(input, target)], reduction)


@overload
def huber_loss(
    input: Nested[N], target: Any, reduction: Reduced = "mean", delta: float = 1.0
) -> N: ...
@overload
def huber_loss(input: Nested[N], target: Any, reduction: Kept, delta: float = 1.0) -> list[N]: ...
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Compute e**2 / 2 of errors up to `delta`, and a straight line beyond it.

    Parameters:
        input: predictions, in lists nested to any depth.
        target: what they should be, built like them.
        reduction: "mean" or "sum" of the terms, or "none" for a list of them.
        delta: the size of an error at which the straight line begins.

    Raises:
        TypeError: when both are built differently.
        ValueError: for another reduction.

    Huber: Robust estimation of a location parameter, 1964.

    >>> from pluggrad.nn import huber_loss
    >>> huber_loss([0.5, 3.0], [0.0, 0.0], "none")
    [0.125, 2.5]
    """
    return _reduced([_huber(abs(x - t), delta) for x, t in _pairs(input, target)], reduction)


@overload
def smooth_l1_loss(
    input: Nested[N], target: Any, reduction: Reduced = "mean", beta: float = 1.0
) -> N: ...
@overload
def smooth_l1_loss(
    input: Nested[N], target: Any, reduction: Kept, beta: float = 1.0
) -> list[N]: ...
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Compute `huber_loss` divided by its `delta`, here called `beta`.

    Parameters:
        input: predictions, in lists nested to any depth.
        target: what they should be, built like them.
        reduction: "mean" or "sum" of the terms, or "none" for a list of them.
        beta: the size of an error at which the straight line begins.

    Raises:
        TypeError: when both are built differently.
        ValueError: for another reduction.

    >>> from pluggrad.nn import smooth_l1_loss
    >>> smooth_l1_loss([0.5, 3.0], [0.0, 0.0], "none", beta=0.5)
    [0.25, 2.75]
    """
    terms = [_huber(abs(x - t), beta) / beta for x, t in _pairs(input, target)]
    return _reduced(terms, reduction)


def _huber(size: Any, delta: float) -> Any:
    near = minimum(size, delta)
    return near * (size - 0.5 * near)


@overload
def binary_cross_entropy_with_logits(
    input: Nested[N], target: Any, reduction: Reduced = "mean"
) -> N: ...
@overload
def binary_cross_entropy_with_logits(input: Nested[N], target: Any, reduction: Kept) -> list[N]: ...
def binary_cross_entropy_with_logits(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Compute -log p(target), with p = sigmoid(input); our `binary_cross_entropy` is its mean.

    Parameters:
        input: predictions, in lists nested to any depth.
        target: what they should be, built like them: 0 or 1, or a probability.
        reduction: "mean" or "sum" of the terms, or "none" for a list of them.

    Raises:
        TypeError: when both are built differently.
        ValueError: for another reduction, and for a number that is no target.

    >>> from pluggrad.nn import binary_cross_entropy_with_logits
    >>> binary_cross_entropy_with_logits([1e4, -1e4], [1, 1])
    5000.0
    """
    softplus = plugins.op("softplus")
    pairs = _pairs(input, target)
    losses.check_targets(
        [t for _, t in pairs],
        "binary_cross_entropy_with_logits()",
        losses.PROBABILITY,
        losses.is_probability,
    )
    terms = [t * softplus(-x) + (1 - t) * softplus(x) for x, t in pairs]
    return _reduced(terms, reduction)


def class_of(given: Any) -> int:
    """Return the number of a class."""
    try:
        return index(given)
    except TypeError:
        raise TypeError(f"a class is a whole number, not {quoted(given)}") from None


@overload
def nll_loss(
    input: Sequence[Sequence[N]], target: Sequence[int], reduction: Reduced = "mean"
) -> N: ...
@overload
def nll_loss(input: Sequence[Sequence[N]], target: Sequence[int], reduction: Kept) -> list[N]: ...
def nll_loss(input: Sequence[Sequence[Any]], target: Sequence[int], reduction: str = "mean") -> Any:
    """Compute minus the entry of the target in each row of log-probabilities.

    Parameters:
        input: for each example the logarithm of a probability for each class.
        target: for each example the number of its class.
        reduction: see `mse_loss`.

    Raises:
        IndexError: for the number of a class that is not there.
        TypeError: for a class that is no whole number.

    >>> from pluggrad.nn import nll_loss
    >>> nll_loss([[-0.25, -1.5], [-2.0, -0.125]], [0, 0])
    1.125
    """
    terms = []
    for row, given in losses.paired(input, target):
        t = class_of(given)
        if not 0 <= t < len(row):
            raise IndexError(f"there are the classes 0 to {len(row) - 1}, not {quoted(t)}")
        terms.append(-row[t])
    return _reduced(terms, reduction)


# ----- As modules -----


class Loss(Module):
    """The base class of losses: it keeps the options, and calls the function.

    >>> from pluggrad.nn import MSELoss
    >>> MSELoss()([1.0, 2.0], [1.0, 4.0])
    2.0
    """

    function: Callable[..., Any]

    def __init__(self, **options: Any) -> None:
        self.options = options

    def forward(self, input: Any, target: Any) -> Any:
        """Compute the loss of predictions and targets."""
        return type(self).function(input, target, **self.options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.options.items())})"


class MSELoss(Loss):
    """`mse_loss` as a module.

    Parameters:
        options: `reduction` of `mse_loss`.

    >>> from pluggrad.nn import MSELoss
    >>> MSELoss(reduction="sum")([1.0, 2.0], [1.0, 4.0])
    4.0
    """

    function: Callable[..., Any] = staticmethod(mse_loss)


class L1Loss(Loss):
    """`l1_loss` as a module.

    Parameters:
        options: `reduction` of `l1_loss`.

    >>> from pluggrad.nn import L1Loss
    >>> L1Loss()([1.0, 2.0], [1.0, 4.0])
    1.0
    """

    function: Callable[..., Any] = staticmethod(l1_loss)


class HuberLoss(Loss):
    """`huber_loss` as a module.

    Parameters:
        options: `reduction` and `delta` of `huber_loss`.

    >>> from pluggrad.nn import HuberLoss
    >>> HuberLoss(delta=2.0)([1.0], [4.0])
    4.0
    """

    function: Callable[..., Any] = staticmethod(huber_loss)


class SmoothL1Loss(Loss):
    """`smooth_l1_loss` as a module.

    Parameters:
        options: `reduction` and `beta` of `smooth_l1_loss`.

    >>> from pluggrad.nn import SmoothL1Loss
    >>> SmoothL1Loss(beta=0.5)([3.0], [0.0])
    2.75
    """

    function: Callable[..., Any] = staticmethod(smooth_l1_loss)


class BCEWithLogitsLoss(Loss):
    """`binary_cross_entropy_with_logits` as a module.

    Parameters:
        options: `reduction` of `binary_cross_entropy_with_logits`.

    >>> from pluggrad.nn import BCEWithLogitsLoss
    >>> BCEWithLogitsLoss()([1e4, -1e4], [1, 1])
    5000.0
    """

    function: Callable[..., Any] = staticmethod(binary_cross_entropy_with_logits)


class NLLLoss(Loss):
    """`nll_loss` as a module.

    Parameters:
        options: `reduction` of `nll_loss`.

    >>> from pluggrad.nn import NLLLoss
    >>> NLLLoss()([[-0.25, -1.5]], [1])
    1.5
    """

    function: Callable[..., Any] = staticmethod(nll_loss)


class CrossEntropyLoss(Loss):
    """`cross_entropy` as a module: the mean over rows of logits and their classes.

    Parameters:
        options: none yet.

    >>> from pluggrad.nn import CrossEntropyLoss
    >>> CrossEntropyLoss()([[-1e4, 1e4]], [0])
    20000.0
    """

    function = staticmethod(losses.cross_entropy)


# ----- Pairs and sums -----


def _pairs(first: Any, second: Any, path: str = "") -> list[tuple[Any, Any]]:
    """Return the pairs of numbers of two trees of lists that are built alike."""
    nested = [isinstance(x, list | tuple) for x in (first, second)]
    if not any(nested):
        return [(first, second)]
    lengths = [
        str(len(x)) if n else "a number" for x, n in zip((first, second), nested, strict=True)
    ]
    if lengths[0] != lengths[1]:
        raise TypeError(
            f"input{path} and target{path} are not built alike: {lengths[0]} and {lengths[1]}"
        )
    return [
        pair
        for i, (x, t) in enumerate(zip(first, second, strict=True))
        for pair in _pairs(x, t, f"{path}[{i}]")
    ]


def _reduced(terms: list[Any], reduction: str) -> Any:
    if reduction == "none":
        return terms
    if reduction == "sum":
        return sum(terms)
    if reduction != "mean":
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return losses.mean(terms)
