"""A graph deeper than any recursion, made once for all tests that draw it."""

from functools import cache

from pluggrad import Graph, Value

DEPTH = 200_000


@cache
def deep_chain() -> Graph:
    """Apply tanh 200,000 times."""
    x = Value(0.5, label="x")
    for _ in range(DEPTH):
        x = x.tanh()
    return Graph(x)
