"""Deep copies and pickles of recorded graphs of any depth.

Python's own protocols recurse from a value into its operands and fail at a depth of about a
thousand. Here a whole history is copied or written operands first, so that each step finds its
operands done. Identity is kept: what was one Value stays one, also between Values that are copied
or pickled together, such as a model's parameters and its loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from .topology import topological_order

if TYPE_CHECKING:
    from .op import Op
    from .value import Value


def copy_graph(root: Value, memo: dict[int, Any]) -> Value:
    """Copy `root` and all it was computed from, leaving out what `memo` says is copied already."""
    for node in topological_order([root]):
        if id(node) not in memo:
            memo[id(node)] = restore(
                type(node), *_state(node, tuple([memo[id(x)] for x in node.prev]))
            )
            if type(node.label) is not str:
                memo[id(node)].label = deepcopy(node.label, memo)
    copied: Value = memo[id(root)]
    return copied


class History(list["Value"]):
    """A Value's history on its way through a pickle: filled one node at a time, operands first."""

    def __init__(self, root: Value | None = None) -> None:
        super().__init__()
        self.root = root

    def __reduce__(self) -> tuple[object, ...]:
        return History, (), None, self._nodes_in_order()

    def _nodes_in_order(self) -> Iterator[Value]:
        assert self.root is not None
        order = topological_order([self.root])
        # The pickler asks for a node only after it has written those before, so each of these
        # can be written with plain references to its operands.
        token = _in_order.set(_in_order.get() | set(map(id, order)))
        try:
            yield from order
        finally:
            _in_order.reset(token)


_in_order: ContextVar[frozenset[int] | set[int]] = ContextVar("_in_order", default=frozenset())


def reduce_graph(node: Value) -> tuple[object, ...]:
    """Tell pickle how to write one Value: after its history, if it is not being written already."""
    if node.op is None or id(node) in _in_order.get():
        return restore, (type(node), *_state(node, node.prev))
    return last, (History(node),)


def last(history: History) -> Value:
    """Give the value that a pickled history leads to."""
    return history[-1]


def restore(
    kind: type[Value],
    data: float,
    grad: float | None,
    label: str,
    requires_grad: bool,
    op: Op | None,
    prev: tuple[Value, ...],
    scope: tuple[str, ...],
) -> Value:
    """Make a Value from its parts; a `grad` of None is one that no backward pass has computed."""
    from .op import recorded
    from .value import NOT_RUN, constant

    value = constant(data) if op is None else recorded(op, prev, data)
    value.data = data
    value.grad = NOT_RUN if grad is None else grad
    value.label = label
    value.requires_grad = requires_grad
    if scope:
        value.scope = scope
    return value


def _state(node: Value, prev: tuple[Value, ...]) -> tuple[object, ...]:
    from .value import NOT_RUN

    grad = None if node.grad is NOT_RUN else node.grad
    scope = getattr(node, "scope", ())
    return node.data, grad, node.label, node.requires_grad, node.op, prev, scope
