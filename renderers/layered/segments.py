"""Segments: edges over several layers, cut into pieces that each go from one layer to the next."""

from __future__ import annotations

from collections.abc import Sequence

# Pieces per node, so that their number stays linear where many edges are long. Longer ones than
# this allows run along lanes outside the picture; see routing.
PIECES = 6
AT_LEAST = 4000  # pieces that any graph may have


class Segments:
    """A graph in which every edge goes from one layer to the next.

    Items are the nodes, then the bends: places in the layers in between where a long edge passes.
    Long edges of one source share their bends, as a wire with taps does, so that they are few;
    but of two edges from one node to another, each has bends of its own.

    Parameters:
        ranks: the layer of each node.
        edges: (source, target) of each; the target's layer is after the source's.
        places: where each edge arrives along its target's side, from 0 to 1.

    Attributes:
        layers: the items of each layer.
        rank: the layer of each item.
        ahead: for each item its segments to the next layer, as (item, place of arrival).
        back: for each item the items it has segments from, in order of arrival.
        owner: for each item the node that it belongs to: itself, or the source of its edges.
        paths: for each edge the bends of its trunk, and how many of them it runs through; None
            for edges too long to have bends.
    """

    def __init__(
        self,
        ranks: Sequence[int],
        edges: Sequence[tuple[int, int]],
        places: Sequence[float],
    ) -> None:
        self.rank = list(ranks)
        self.owner = list(range(len(ranks)))
        self.ahead: list[list[tuple[int, float]]] = [[] for _ in ranks]
        self.paths: list[tuple[list[int], int] | None] = []
        self.nodes = len(ranks)
        trunks: dict[tuple[int, int], list[int]] = {}
        joined: set[tuple[int, int, float]] = set()
        turns: dict[tuple[int, int], int] = {}
        longest = self._longest(edges)
        for number, (source, target) in enumerate(edges):
            span = self.rank[target] - self.rank[source]
            if span > longest:
                self.paths.append(None)
                continue
            turn = turns.get((source, target), 0)
            turns[source, target] = turn + 1
            trunk: list[int] = []
            if span > 1:
                trunk = trunks.setdefault((source, turn), [])
                while len(trunk) < span - 1:
                    self._lengthen(trunk, source)
            last, place = trunk[span - 2] if trunk else source, places[number]
            if (last, target, place) not in joined:  # the same edge twice is one line
                joined.add((last, target, place))
                self.ahead[last].append((target, place))
            self.paths.append((trunk, span - 1))
        arrivals: list[list[tuple[float, int]]] = [[] for _ in self.rank]
        for item, segments in enumerate(self.ahead):
            for other, place in segments:
                arrivals[other].append((place, item))
        self.back = [[item for _, item in sorted(found)] for found in arrivals]
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            self.layers[rank].append(item)

    def _lengthen(self, trunk: list[int], source: int) -> None:
        before, item = trunk[-1] if trunk else source, len(self.rank)
        self.ahead[before].append((item, 0.5))
        self.ahead.append([])
        self.rank.append(self.rank[before] + 1)
        self.owner.append(source)
        trunk.append(item)

    def _longest(self, edges: Sequence[tuple[int, int]]) -> int:
        """Tell the longest span that gets bends, so that their number stays linear."""
        spans = sorted([self.rank[target] - self.rank[source] for source, target in edges])
        left = PIECES * self.nodes + AT_LEAST
        for span in spans:
            left -= span - 1
            if left < 0:
                return span - 1
        return spans[-1] if spans else 0
