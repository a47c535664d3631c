"""A scalar autodiff engine in forty lines of plain Python, as a script would have it.

It stands for what pluggrad is compared with where the whole of a training run is measured.
"""

from __future__ import annotations

import math
from typing import Any


class Value:
    """A number with the numbers it came from, and its derivative by each."""

    __slots__ = ("children", "data", "grad", "slopes")

    def __init__(self, data: float, children: tuple[Any, ...] = (), slopes: tuple[float, ...] = ()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.slopes = slopes

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Value:
        return Value(self.data**power, (self,), (power * self.data ** (power - 1),))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Any) -> Value:
        return self + -other

    def __truediv__(self, other: Any) -> Value:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def relu(self) -> Value:
        return Value(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def backward(self) -> None:
        order: list[Value] = []
        seen = set()
        stack: list[tuple[Value, bool]] = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(child, False) for child in node.children]
        self.grad = 1.0
        for node in reversed(order):
            for child, slope in zip(node.children, node.slopes, strict=True):
                child.grad += slope * node.grad


def log(x: Value) -> Value:
    return Value(math.log(x.data), (x,), (1.0 / x.data,))


def exp(x: Value) -> Value:
    y = math.exp(x.data)
    return Value(y, (x,), (y,))
