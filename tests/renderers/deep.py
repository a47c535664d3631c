"""A graph deeper than any recursion, made once for all tests that draw it."""

import gc
from functools import cache

from pluggrad import Graph, Value

DEPTH = 6_000  # of the 1,000 calls that Python lets be inside each other, six times


@cache
def deep_chain() -> Graph:
    """Apply tanh so often. The collector does not walk it again and again."""
    x = Value(0.5, label="x")
    for _ in range(DEPTH):
        x = x.tanh()
    graph = Graph(x)
    gc.freeze()
    return graph
