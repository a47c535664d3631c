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
    plain references to their operands, which the pickler has written by then.
    """

    def __init__(self, root: Value | None = None) -> None:
        super().__init__()
        self.root = root
        self.members: set[int] = set()
        self.histories = _histories_of_this_thread()

    def __reduce__(self) -> tuple[object, ...]:
        assert self.root is not None
        order = topological_order([self.root])
        self.members.update(map(id, order))
        self.histories.append(self.members)
        return History, (), None, iter(order)

    def __del__(self) -> None:
        self.histories[:] = [members for members in self.histories if members is not self.members]


def _histories_of_this_thread() -> list[set[int]]:
    histories: list[set[int]] = vars(_writing).setdefault("histories", [])
    return histories


_writing = local()


def reduce_graph(node: Value) -> tuple[object, ...]:
    """Tell pickle how to write one Value: after its history, if it is not being written already."""
    if node.op is None or any(id(node) in members for members in _histories_of_this_thread()):
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
) -> Value:
    """Make a Value from its parts; a `grad` of None is one that no backward pass has computed."""
    from .op import recorded
    from .value import NOT_RUN, constant

    value = constant(data) if op is None else recorded(op, prev, data)
    value.data = data
    value.grad = NOT_RUN if grad is None else grad
    value.label = label
    value.requires_grad = requires_grad
    if scope is not None:
        value.scope = scope
    return value


def _state(node: Value, prev: tuple[Value, ...]) -> tuple[Any, ...]:
    from .value import NOT_RUN

    grad = None if node.grad is NOT_RUN else node.grad
    scope = getattr(node, "scope", None)
    return node.data, grad, node.label, node.requires_grad, node.op, prev, scope
