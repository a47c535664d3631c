"""What to show of a graph that is too large: the nodes nearest to its outputs."""

from __future__ import annotations

from collections import deque

from pluggrad import Graph


def nearest(graph: Graph, most: int | None) -> list[str]:
    """Choose at most so many node ids, breadth first from the outputs so that no branch starves.

    Parameters:
        graph: any graph, however deep.
        most: how many; None for all.

    Returns:
        The ids, nearest first. A shorter choice is always the beginning of a longer one.

    >>> from pluggrad import Graph, Value
    >>> nearest(Graph((Value(1.0) * 2.0) + 3.0), 3)
    ['n4', 'n2', 'n3']
    """
    operands = graph.operands
    most = len(graph) if most is None else most
    chosen = dict.fromkeys(list(dict.fromkeys(graph.outputs))[:most])
    queue = deque(chosen)
    while queue and len(chosen) < most:
        for id in operands[queue.popleft()]:
            if id not in chosen and len(chosen) < most:
                chosen[id] = None
                queue.append(id)
    return list(chosen)


def left_out(graph: Graph, shown: int) -> str:
    """Say how much of a graph a picture does not show; "" where it shows all.

    >>> from pluggrad import Graph, Value
    >>> left_out(Graph(Value(1.0) + 2.0), 2)
    '1 of 3 nodes left out, the farthest from the output'
    """
    missing = len(graph) - shown
    if not missing:
        return ""
    plural = "s" if len(set(graph.outputs)) > 1 else ""
    return f"{missing:,} of {len(graph):,} nodes left out, the farthest from the output{plural}"
