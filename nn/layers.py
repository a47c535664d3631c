"""Layers that transformers are made of: Linear, Embedding, RMSNorm."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from pluggrad import Value
from pluggrad.errors import quoted
from pluggrad.hints.calls import explained

from .hyperparameters import check_counts
from .initial import Initial, gauss, matrix, uniform
from .module import Module


class Linear(Module):
    """A matrix times a vector, plus a bias.

    Parameters:
        inputs: the length of the vector.
        outputs: the number of rows.
        bias: whether there is one; it starts at 0.
        initial: what weights are drawn from; uniform(1 / sqrt(inputs)) by default.
        rng: the random generator.

    Raises:
        ValueError: when a size is below 1.
        TypeError: when it is called with a vector of another length.

    >>> from pluggrad.nn import Linear
    >>> layer = Linear(3, 2)
    >>> layer, len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
    (Linear(3, 2), 2, 8)
    """

    @explained
    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        initial: Initial | None = None,
        rng: random.Random | None = None,
    ) -> None:
        check_counts("Linear", inputs=inputs, outputs=outputs)
        self.inputs, self.outputs = inputs, outputs
        self.w = matrix(outputs, inputs, initial or uniform(1.0 / math.sqrt(inputs)), rng)
        self.b = [Value(0.0, f"b[{i}]") for i in range(outputs)] if bias else None

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """Compute `outputs` Values from a vector of `inputs` numbers or Values."""
        check_length(self, x, self.inputs)
        out = [dot(row, x) for row in self.w]
        return out if self.b is None else [a + b for a, b in zip(out, self.b, strict=True)]

    def __repr__(self) -> str:
        return f"Linear({self.inputs}, {self.outputs}{', bias=False' if self.b is None else ''})"


class Embedding(Module):
    """A table with a row of parameters for each token.

    Parameters:
        count: the number of tokens.
        channels: the length of a row.
        initial: what the rows are drawn from; gauss(1) by default.
        rng: the random generator.

    Raises:
        ValueError: when a size is below 1.
        IndexError: when it is called with a number that is not a token.
        TypeError: when it is called with weights whose number is not that of the tokens.

    Called with a token, it returns that row. Called with a weight for each token, it returns the
    mixture: one-hot weights choose a row too, and can be inputs of a compiled program, where a
    token would be fixed.

    >>> from pluggrad.nn import Embedding
    >>> table = Embedding(3, 2)
    >>> [x.data for x in table(1)] == [x.data for x in table([0.0, 1.0, 0.0])]
    True
    """

    @explained
    def __init__(
        self,
        count: int,
        channels: int,
        *,
        initial: Initial | None = None,
        rng: random.Random | None = None,
    ) -> None:
        check_counts("Embedding", count=count, channels=channels)
        self.count, self.channels = count, channels
        self.rows = matrix(count, channels, initial or gauss(1.0), rng, "row")

    def forward(self, token: int | Integral | Sequence[Any]) -> list[Any]:
        """Return the row of a token, or the mixture of all rows by weights."""
        if isinstance(token, int | Integral):
            if not 0 <= int(token) < self.count:
                raise IndexError(f"{self!r} has the tokens 0 to {self.count - 1}, not {token}")
            return self.rows[int(token)]
        if len(token) != self.count:
            raise TypeError(f"{self!r} takes a token or {self.count} weights, not {len(token)}")
        return [dot(column, token) for column in zip(*self.rows, strict=True)]

    def __repr__(self) -> str:
        return f"Embedding({self.count}, {self.channels})"


class RMSNorm(Module):
    """Scale a vector to a root mean square of 1.

    Parameters:
        channels: its length.
        scale: whether each channel is then multiplied by a parameter of its own, which starts at 1.
        eps: added to the mean square, so that a vector of zeros stays one.

    Raises:
        ValueError: when there are no channels.
        TypeError: when it is called with a vector of another length.

    Zhang, Sennrich: Root mean square layer normalization, 2019.

    >>> from pluggrad.nn import RMSNorm
    >>> [round(x, 4) for x in RMSNorm(2, scale=False)([3.0, 4.0])]
    [0.8485, 1.1314]
    """

    @explained
    def __init__(self, channels: int, *, scale: bool = True, eps: float = 1e-5) -> None:
        check_counts("RMSNorm", channels=channels)
        self.channels, self.eps = channels, eps
        self.scale = [Value(1.0, f"scale[{i}]") for i in range(channels)] if scale else None

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """Compute as many numbers or Values as there are in `x`."""
        check_length(self, x, self.channels)
        size = (dot(x, x) / len(x) + self.eps) ** -0.5
        out = [a * size for a in x]
        return out if self.scale is None else [a * b for a, b in zip(self.scale, out, strict=True)]

    def __repr__(self) -> str:
        return f"RMSNorm({self.channels}{'' if self.scale else ', scale=False'})"


def check_length(module: Module, x: Any, length: int) -> None:
    """Refuse a vector of another length, and what is none.

    Raises:
        TypeError: saying what the module takes.
    """
    if not hasattr(x, "__len__"):
        raise TypeError(
            f"{module!r} takes a vector of {length} numbers, not {quoted(x)}: write [x]"
        )
    if len(x) != length:
        raise TypeError(f"{module!r} takes a vector of {length} numbers, not {len(x)}")


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Add up the products of two vectors of the same length, first to last."""
    products = [x * y for x, y in zip(a, b, strict=True)]
    return sum(products[1:], products[0])
