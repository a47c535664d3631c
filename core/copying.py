"""Deep copies and pickles of recorded graphs of any depth.

Python's own protocols recurse from a value into its operands and fail at a depth of about a
thousand. Here a whole history is copied or written operands first, so that each step finds its
operands done. Identity is kept: what was one Value stays one, also between Values that are copied
or pickled together, such as a model's parameters and its loss.
"""

from __future__ import annotations

from copy import deepcopy
from threading import local
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
    """A Value's history on its way through a pickle: filled one node at a time, operands first.

    While it lives, and a pickler keeps it as long as it works, the nodes in it are written with
    plain references to their operands, which the pickler has written by then. A history leaves out
    what another one holds, so values that share one are written in time linear in their number.
    """

    def __init__(self, root: Value | None = None) -> None:
        super().__init__()
        self.root = root
        self.members: list[int] = []
        self.written = _written_in_this_thread()

    def __reduce__(self) -> tuple[object, ...]:
        assert self.root is not None
        order = _order_of_new(self.root, self.written)
        self.members = list(map(id, order))
        self.written.update(self.members)
        return History, (), None, iter(order)

    def __del__(self) -> None:
        self.written.difference_update(self.members)


def _order_of_new(root: Value, written: set[int]) -> list[Value]:
    """List the nodes below `root` that are not written yet, operands first."""
    order: list[Value] = []
    seen = {id(root)}
    stack = [(root, iter(root.prev))]
    while stack:
        node, operands = stack[-1]
        for x in operands:
            if id(x) not in seen and id(x) not in written:
                seen.add(id(x))
                stack.append((x, iter(x.prev)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def _written_in_this_thread() -> set[int]:
    written: set[int] = vars(_writing).setdefault("written", set())
    return written


_writing = local()


def reduce_graph(node: Value) -> tuple[object, ...]:
    """Tell pickle how to write one Value: after its history, if it is not being written already."""
    if node.op is None or id(node) in _written_in_this_thread():
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
    scope: tuple[str, ...] | None,
    more: dict[str, Any] | None = None,
) -> Value:
    """Make a Value from its parts.

    Parameters:
        kind: its class, Value or one derived from it.
        data, grad, label, requires_grad, op, prev, scope: what they are in a Value; a `grad` of
            None is one that no backward pass has computed.
        more: the attributes that a derived class has besides.
    """
    from .value import NOT_RUN, new_value

    value = new_value(kind)
    value.data = data
    value.grad = NOT_RUN if grad is None else grad
    value.label = label
    value.requires_grad = requires_grad
    value.op = op
    value._left = value._right = value._mark = None
    if len(prev) == 1:
        (value._left,) = prev
    elif len(prev) == 2:
        value._left, value._right = prev
    elif op is not None:
        value._operands = prev
    if more:
        vars(value).update(more)
    if scope is not None:
        value.scope = scope
    return value


def _state(node: Value, prev: tuple[Value, ...]) -> tuple[Any, ...]:
    from .value import NOT_RUN

    grad = None if node.grad is NOT_RUN else node.grad
    scope = getattr(node, "scope", None)
    more = getattr(node, "__dict__", None)
    state = (node.data, grad, node.label, node.requires_grad, node.op, prev, scope)
    return (*state, dict(more)) if more else state
