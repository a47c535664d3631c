"""The paths of the chain rule between an operand and an output, counted and ranked.

Everything here is linear in the size of the graph, however many paths there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from pluggrad import strong_zero
from pluggrad.index import labels
from pluggrad.topology import topological_order
from pluggrad.value import Value, hand_out

# Path counts grow exponentially with depth; beyond this they are "more than".
MOST_COUNTED = 10**18


class Step(NamedTuple):
    """One step of a path: into `value`, as its operand number `operand`."""

    value: Value
    operand: int
    local: float  # d(value)/d(operand)


class Path(NamedTuple):
    """One way from the operand to the output."""

    contribution: float  # the product of the local derivatives
    steps: tuple[Step, ...]  # in the order of computation


class Link(NamedTuple):
    """An edge on some path; nodes by their positions in topological order."""

    source: int
    target: int
    operand: int
    local: float


class Between:
    """All that lies between an operand and an output: the graph that the chain rule works on.

    Attributes:
        order: every node below the output, operands first.
        links: the edges on paths from `wrt` to the output, by target.
        counts: for each position how many paths lead to it from `wrt`.
        adjoints: for each position on a path d(output)/d(node).
    """

    def __init__(self, output: Value, wrt: Value, names: Mapping[str, Any] | None) -> None:
        self.output, self.wrt = output, wrt
        self.order = topological_order([output])
        hand_out(self.order)
        self.position = {value: i for i, value in enumerate(self.order)}
        self.names = labels.names_of(names) if names is not None else {}
        self.start = self.position.get(wrt, -1)
        self.end = len(self.order) - 1
        self.links = self._links()
        self.counts = self._counts()
        self.adjoints = self._adjoints()

    def _links(self) -> list[Link]:
        found: list[Link] = []
        reached = [False] * len(self.order)
        if self.start >= 0 and self.wrt.requires_grad:
            reached[self.start] = True
        for target in range(max(self.start, 0) + 1, len(self.order)):
            node = self.order[target]
            operands = node.prev
            sources = [self.position[x] for x in operands]
            if node.op is None or not any(reached[source] for source in sources):
                continue
            reached[target] = True
            numbers = [x.data for x in operands]
            for operand, source in enumerate(sources):
                if reached[source]:
                    local = node.op.partial(operand, 1.0, node.data, *numbers)
                    found.append(Link(source, target, operand, local))
        return found

    def _counts(self) -> list[int]:
        counts = [0] * len(self.order)
        if self.start >= 0:
            counts[self.start] = 1
        for link in self.links:
            counts[link.target] = min(counts[link.target] + counts[link.source], MOST_COUNTED)
        return counts

    def _adjoints(self) -> list[float]:
        adjoints = [0.0] * len(self.order)
        adjoints[self.end] = 1.0
        for link in reversed(self.links):
            adjoints[link.source] += self.contribution(link, adjoints[link.target])
        return adjoints

    def contribution(self, link: Link, upstream: float) -> float:
        """Send a gradient along a link, by the rule itself, as `backward()` does."""
        node = self.order[link.target]
        assert node.op is not None
        operands = [x.data for x in node.prev]
        return strong_zero.partial(node.op, link.operand, upstream, node.data, operands)

    @property
    def gradient(self) -> float:
        """d(output)/d(wrt)."""
        return self.adjoints[self.start] if self.start >= 0 and self.wrt.requires_grad else 0.0

    def largest(self, most: int) -> tuple[Path, ...]:
        """Return the paths of the largest contributions, by size.

        Each node keeps its best few; sizes are logarithms, so that a long product does not
        underflow before its end.
        """
        # For each node its best paths: (log of the size, link that ends it, rank at its source).
        best: list[list[tuple[float, Link | None, int]]] = [[] for _ in self.order]
        if self.counts[self.start] if self.start >= 0 else 0:
            best[self.start] = [(0.0, None, 0)]
        for link in self.links:
            size = abs(link.local)
            log = math.log(size) if 0 < size < math.inf else math.inf if size else -math.inf
            here = best[link.target]
            here += [
                (before + log if before > -math.inf and log > -math.inf else -math.inf, link, rank)
                for rank, (before, _, _) in enumerate(best[link.source])
            ]
            if len(here) > most:
                here.sort(key=lambda path: -path[0])  # stable: operand order decides a tie
                del here[most:]
        found = sorted(best[self.end], key=lambda path: -path[0])
        return tuple(self._path(best, rank) for rank in _ranks(best[self.end], found))

    def _path(self, best: list[list[tuple[float, Link | None, int]]], rank: int) -> Path:
        steps: list[Step] = []
        product = 1.0
        at = self.end
        while True:
            _, link, rank = best[at][rank]
            if link is None:
                return Path(product, tuple(reversed(steps)))
            steps.append(Step(self.order[link.target], link.operand, link.local))
            product = strong_zero.product(product, link.local)
            at = link.source


def _ranks(kept: list[Any], wanted: list[Any]) -> list[int]:
    places = {id(entry): rank for rank, entry in enumerate(kept)}
    return [places[id(entry)] for entry in wanted]
