"""The groups of a page: scopes, and where there are none, what repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pluggrad import Graph, Node

from ..split_scopes import split_scopes

DEEPEST = 12  # scopes inside each other that become groups
FEW = 64  # results in one group that a person can read
PART = 4  # results that a part has at least, on average
EXPRESSION = 8  # results that an expression has at least to become a group

Scope = tuple[str, ...]


def page_scopes(graph: Graph, nodes: Sequence[Node], collapse: bool) -> list[Scope]:
    """Say for each node in which groups it is, outermost first.

    Parameters:
        graph: any graph.
        nodes: those of its nodes that the page has.
        collapse: whether many nodes without a scope are grouped as in `graph.collapse()`, what
            is then left by expressions, and whether a group of many results that falls into
            separate parts is divided into these.

    >>> from pluggrad import Value
    >>> x = Value(0.5)
    >>> for _ in range(100):
    ...     x = x.tanh() * 1.1
    >>> graph = Graph(x)
    >>> sorted(set(page_scopes(graph, graph.nodes, True)))
    [(), ('* tanh × 99',)]
    >>> set(page_scopes(graph, graph.nodes, False))
    {()}
    """
    scopes = [node.scope[:DEEPEST] for node in nodes]
    if collapse and not any(node.kind == "group" for node in nodes):
        for group in (_repeated, _trees):
            if sum(not scopes[i] and node.op is not None for i, node in enumerate(nodes)) > FEW:
                group(graph, nodes, scopes)
        _divide(graph, nodes, scopes)
    split_scopes(graph, nodes, scopes)
    return scopes


def _repeated(graph: Graph, nodes: Sequence[Node], scopes: list[Scope]) -> None:
    """Group what repeats, as the summaries of other pictures do."""
    summary = graph.collapse()
    titles: dict[str, str] = {}
    count: Counter[str] = Counter()  # several groups may have one title
    for node in summary.nodes:
        if node.kind == "group":
            count[node.label] += 1
            again = f" ({count[node.label]})" if count[node.label] > 1 else ""
            titles[node.id] = f"{node.label}{again}"
    for i, node in enumerate(nodes):
        title = titles.get(summary.id_of(node.id))
        if title is not None and not scopes[i]:
            scopes[i] = (title,)


def _trees(graph: Graph, nodes: Sequence[Node], scopes: list[Scope]) -> None:
    """Group results that serve for one other result alone, and so on: each is one expression."""
    number = {node.id: i for i, node in enumerate(nodes)}
    bare = [not scope and node.op is not None for node, scope in zip(nodes, scopes, strict=True)]
    users: list[set[int]] = [set() for _ in nodes]
    for edge in graph.edges:
        if edge.source in number and edge.target in number:
            users[number[edge.source]].add(number[edge.target])
    top = list(range(len(nodes)))
    outputs = set(graph.outputs)
    for i in range(len(nodes) - 1, -1, -1):
        if bare[i] and len(users[i]) == 1 and nodes[i].id not in outputs:
            (user,) = users[i]
            if bare[user]:
                top[i] = top[user]
    sizes = Counter(top)
    for i in range(len(nodes)):
        if bare[i] and sizes[top[i]] >= EXPRESSION:
            root = nodes[top[i]]
            scopes[i] = (f"{root.label or root.symbol} ({root.id})",)


def _divide(graph: Graph, nodes: Sequence[Node], scopes: list[Scope]) -> None:
    """Divide what has many results into the parts that do not use each other.

    Leaves do not join parts: the weights of a neuron are used in each sample.
    """
    results = [node.op is not None and bool(scopes[i]) for i, node in enumerate(nodes)]
    parts: dict[Scope, dict[int, int]] = {}  # for each scope its parts, numbered
    sizes: Counter[Scope] = Counter()
    part = _parts(graph, nodes, scopes, results)
    for i, first in enumerate(part):
        if results[i]:
            found = parts.setdefault(scopes[i], {})
            found.setdefault(first, len(found) + 1)
            sizes[scopes[i]] += 1
    for i, scope in enumerate(scopes):
        many = results[i] and sizes[scope] > FEW and len(scope) < DEEPEST
        if many and 1 < len(parts[scope]) <= sizes[scope] / PART:
            scopes[i] = (*scope, f"{_one_of(scope[-1])} #{parts[scope][part[i]]}")


def _parts(
    graph: Graph, nodes: Sequence[Node], scopes: Sequence[Scope], results: Sequence[bool]
) -> list[int]:
    """Return for each result the first one of its scope that it is connected with in its scope."""
    number = {node.id: i for i, node in enumerate(nodes)}
    part = list(range(len(nodes)))

    def first(i: int) -> int:
        while part[i] != i:
            part[i] = part[part[i]]
            i = part[i]
        return i

    for edge in graph.edges:
        x, i = number.get(edge.source), number.get(edge.target)
        if x is None or i is None or scopes[x] != scopes[i]:
            continue
        if results[x] and results[i]:
            a, b = first(x), first(i)
            part[max(a, b)] = min(a, b)
    return [first(i) for i in range(len(nodes))]


def _one_of(title: str) -> str:
    """Return the name of one: `relu` of `relu × 16`."""
    return re.sub(r" × [\d,]+( \(\d+\))?$", "", title)
