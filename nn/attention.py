"""Attention: each position of a sequence looks at others and takes over what it is looking for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from pluggrad.hints.calls import explained
from pluggrad.ops import softmax

from .hyperparameters import check_counts
from .initial import Initial
from .layers import Linear, dot
from .module import Module

Vector = Sequence[Any]


class Attention(Module):
    """Multi-head self-attention.

    Each position asks with a query, and each answers with a key and a value. A position receives
    the mean of the values, weighted by softmax(query . key / sqrt(width)), separately for each
    head.

    Parameters:
        channels: the length of the vectors.
        heads: the number of equal parts they are divided into; each part attends by itself.
        causal: whether a position sees only itself and those before it.
        bias: whether the four Linear layers have one.
        initial: the distribution of their weights.
        rng: the random generator.

    Raises:
        ValueError: when `heads` does not divide `channels`.

    Vaswani and others: Attention is all you need, 2017.

    >>> from pluggrad.nn import Attention
    >>> attention = Attention(4, heads=2)
    >>> seen = attention([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    >>> len(seen), len(seen[0]), len(attention.parameters())
    (2, 4, 64)
    """

    @explained
    def __init__(
        self,
        channels: int,
        heads: int,
        *,
        causal: bool = True,
        bias: bool = False,
        initial: Initial | None = None,
        rng: random.Random | None = None,
    ) -> None:
        check_counts("Attention", channels=channels, heads=heads)
        if channels % heads:
            raise ValueError(f"{channels} channels cannot be divided into {heads} equal heads")
        self.heads, self.width, self.causal = heads, channels // heads, causal
        self.query, self.key, self.value, self.out = [
            Linear(channels, channels, bias=bias, initial=initial, rng=rng) for _ in range(4)
        ]

    def forward(self, xs: Sequence[Vector]) -> list[Vector]:
        """Compute a vector for each position of the sequence `xs`."""
        keys = [self.key(x) for x in xs]
        values = [self.value(x) for x in xs]
        seen = [i + 1 if self.causal else len(xs) for i in range(len(xs))]
        return [
            self.out(self.look(self.query(x), keys[:n], values[:n]))
            for x, n in zip(xs, seen, strict=True)
        ]

    def look(self, query: Vector, keys: Sequence[Vector], values: Sequence[Vector]) -> list[Any]:
        """Return what one query receives from keys and values, head after head."""
        found = []
        for start in range(0, len(query), self.width):
            part = slice(start, start + self.width)
            scores = [dot(query[part], key[part]) / self.width**0.5 for key in keys]
            weights = softmax(scores)
            found += [
                dot(weights, column) for column in zip(*(v[part] for v in values), strict=True)
            ]
        return found
