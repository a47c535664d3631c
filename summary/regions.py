"""Region: a scope that is given afterwards, at the price of one mark for each input and output.

`with scope(...)` sends every op inside the long way, which a training step would notice. A Region
leaves ops alone: it marks what goes in and what comes out, and whoever draws the graph, once in a
while, works out what lies between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pluggrad.recording import current_scope, switch
from pluggrad.value import Value

Scope = tuple[str, ...]


class Region(Scope):
    """The scope of everything computed between some inputs and some outputs.

    Parameters:
        names: the names of the scope, outermost first.

    >>> from pluggrad import Graph, Region, Value
    >>> x = Value(2.0) * 3.0
    >>> Region.begin([x])
    >>> y = (x + 1.0) * x
    >>> Region(["square"]).end([y])
    >>> [node.op for node in Graph(y * 2.0).nodes if "square" in node.scope and node.op]
    ['add', 'mul']

    A Value in between belongs to a region when all its users do. With users in two regions it
    belongs to what the two have in common.
    """

    __slots__ = ()

    @staticmethod
    def begin(inputs: Iterable[Any], around: tuple[str, ...] = ()) -> None:
        """Mark what goes in: Values that belong to no region yet stay where they are now.

        Lists and tuples inside are looked into; what else is no Value is passed over.

        Parameters:
            inputs: what goes in.
            around: the region in which this one is, and its inputs were made.
        """
        for x in inputs:
            if isinstance(x, Value):
                scope = getattr(x, "scope", ())
                if scope.__class__ is not Region:
                    x.scope = Region((*scope, *around))
            elif isinstance(x, list | tuple):
                Region.begin(x, around)

    def end(self, outputs: Iterable[Any]) -> None:
        """Mark what comes out: Values that belong to no region yet now belong to this one.

        A `with scope(...)` around names what is outside of it. Lists and tuples inside are looked
        into; what else is no Value is passed over.
        """
        for x in outputs:
            if isinstance(x, Value):
                scope = getattr(x, "scope", ())
                if scope.__class__ is not Region:
                    x.scope = Region((*scope, *self)) if scope else self
            elif isinstance(x, list | tuple):
                self.end(x)

    def claim(self, made: object) -> None:
        """Mark one Value that was made here just now, as `end` does, but sooner: it need not look.

        Python takes longer to find that a Value has no scope than to give it one. A number of
        forward mode, which is no Value, is passed over.
        """
        if isinstance(made, Value):
            made.scope = Region((*current_scope.get(), *self)) if switch.active else self


def scopes(order: Sequence[Value]) -> list[Scope]:
    """Return the scope of each node of a graph in topological order."""
    own: list[Scope] = [getattr(x, "scope", ()) for x in order]
    if not any(scope.__class__ is Region for scope in own):
        return own
    found: dict[Value, Scope] = dict(zip(order, own, strict=True))
    reaching: dict[Value, Scope | None] = {}  # what all users so far have in common; None: nothing
    for x in reversed(order):
        scope: Scope | None = found[x]
        if scope.__class__ is not Region:
            scope = _extended(found[x], reaching.get(x))
            if scope is not None:
                found[x] = scope
        for y in x.prev:
            if y not in reaching:
                reaching[y] = scope
            elif scope is not reaching[y]:
                reaching[y] = _common(scope, reaching[y])
    return [tuple(scope) for scope in found.values()]


def _extended(own: Scope, region: Scope | None) -> Scope | None:
    return region if region is not None and region[: len(own)] == own else None


def _common(a: Scope | None, b: Scope | None) -> Scope | None:
    if a is None or b is None:
        return None
    length = 0
    while length < min(len(a), len(b)) and a[length] == b[length]:
        length += 1
    return a[:length]
