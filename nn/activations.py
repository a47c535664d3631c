"""Activation functions as modules, for `Sequential`: each applies an op to every number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pluggrad import plugins
from pluggrad.ops import log_softmax, softmax

from .module import Module


def elementwise(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to one number or Value, or to each of nested lists and tuples of them."""
    if isinstance(x, list | tuple):
        return [elementwise(function, part) for part in x]
    return function(x)


class Activation(Module):
    """The base class of activations: an op, applied to a number or to each number of nested lists.

    Attributes:
        op: the name of the op; one of a plugin works too.

    >>> from pluggrad.nn import Tanh
    >>> Tanh()([0.0, [0.0]])
    [0.0, [0.0]]
    """

    op: ClassVar[str]

    def forward(self, x: Any) -> Any:
        """Compute what is built like `x`."""
        return elementwise(plugins.op(self.op), x)


class Identity(Module):
    """Returns its argument.

    >>> from pluggrad.nn import Identity
    >>> Identity()([1.0, 2.0])
    [1.0, 2.0]
    """

    def forward(self, x: Any) -> Any:
        """Return `x`."""
        return x


class ReLU(Activation):
    """x where x > 0, else 0.

    >>> from pluggrad.nn import ReLU
    >>> ReLU()([-2.0, 2.0])
    [0.0, 2.0]
    """

    op = "relu"


class Tanh(Activation):
    """The hyperbolic tangent.

    >>> from pluggrad.nn import Tanh
    >>> Tanh()([0.0])
    [0.0]
    """

    op = "tanh"


class Sigmoid(Activation):
    """1 / (1 + e**-x).

    >>> from pluggrad.nn import Sigmoid
    >>> Sigmoid()(0.0)
    0.5
    """

    op = "sigmoid"


class SiLU(Activation):
    """x sigmoid(x), also called swish.

    >>> from pluggrad.nn import SiLU
    >>> SiLU()([0.0, 1000.0])
    [0.0, 1000.0]
    """

    op = "silu"


class GELU(Activation):
    """x times the normal distribution function of x.

    >>> from pluggrad.nn import GELU
    >>> GELU()([0.0, 1000.0])
    [0.0, 1000.0]
    """

    op = "gelu"


class Softplus(Activation):
    """log(1 + e**x).

    >>> from pluggrad.nn import Softplus
    >>> Softplus()(1000.0)
    1000.0
    """

    op = "softplus"


class Softsign(Activation):
    """x / (1 + abs(x)).

    >>> from pluggrad.nn import Softsign
    >>> Softsign()([-1.0, 3.0])
    [-0.5, 0.75]
    """

    op = "softsign"


class LeakyReLU(Module):
    """x where x > 0, else `negative_slope` x.

    Parameters:
        negative_slope: the slope below 0.

    >>> from pluggrad.nn import LeakyReLU
    >>> LeakyReLU(0.1)([-2.0, 2.0])
    [-0.2, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Compute what is built like `x`."""
        op = plugins.op("leaky_relu")
        return elementwise(lambda a: op(a, self.negative_slope), x)

    def __repr__(self) -> str:
        return f"LeakyReLU({self.negative_slope})"


class ELU(Module):
    """x where x > 0, else `alpha` (e**x - 1).

    Parameters:
        alpha: the size of what is approached far below 0.

    >>> from pluggrad.nn import ELU
    >>> ELU(0.5)([-1000.0, 2.0])
    [-0.5, 2.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Compute what is built like `x`."""
        op = plugins.op("elu")
        return elementwise(lambda a: op(a, self.alpha), x)

    def __repr__(self) -> str:
        return f"ELU({self.alpha})"


class Softmax(Module):
    """Numbers above 0 that add up to 1, in the ratios of e**x; of nested lists, each innermost.

    >>> from pluggrad.nn import Softmax
    >>> Softmax()([[0.0, 0.0], [1.0, 1.0]])
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def forward(self, x: Any) -> Any:
        """Compute what is built like `x`."""
        return _innermost(softmax, x)


class LogSoftmax(Module):
    """The logarithms of `Softmax`, which keep their digits.

    >>> from pluggrad.nn import LogSoftmax
    >>> LogSoftmax()([0.0, -1000.0])
    [0.0, -1000.0]
    """

    def forward(self, x: Any) -> Any:
        """Compute what is built like `x`."""
        return _innermost(log_softmax, x)


def _innermost(function: Callable[[Any], Any], x: Any) -> Any:
    if isinstance(x, list | tuple) and x and isinstance(x[0], list | tuple):
        return [_innermost(function, part) for part in x]
    return function(x)
