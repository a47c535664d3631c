"""The one traversal of a graph, and passes over its gradients, which come one after the other.

Every part of pluggrad that walks a recorded graph walks it through here. The traversal follows
operands depth first with an explicit stack, so depth costs memory and never recursion. A node is
marked by storing this traversal's own token in it, which is several times faster than a set of seen
nodes; the lock keeps two threads from marking the same graph at once. What interrupts a traversal
in its own thread, such as a signal handler, has to leave the marks alone and uses a set.

Threads that read or write the `grad` of Values wait for each other. What interrupts such a pass in
its own thread, a signal handler or a `__del__`, cannot wait, and neither can a function that the
pass calls: where it is about the same Values, it is refused, as sums that are half done would be
mixed up or shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .errors import GradientError
from .recording import in_forked_child

if TYPE_CHECKING:
    from .value import Value

Result = TypeVar("Result")


class _Pass(NamedTuple):
    """What is under way: its name, the Values it is about, whether it writes to their `grad`."""

    what: str
    values: tuple[Sequence[Value], ...]
    writes: bool


_marking = RLock()
_is_marking = False
_passing = RLock()
_under_way: list[_Pass] = []


def _unlock() -> None:
    global _marking, _is_marking, _passing
    _marking, _passing = RLock(), RLock()
    _is_marking = False
    _under_way.clear()


in_forked_child(_unlock)


def topological_order(roots: Iterable[Value], *, differentiable: bool = False) -> list[Value]:
    """List the nodes that `roots` were computed from, roots included, operands before users.

    Each node comes once, and the order depends on the graph alone: first operands first. With
    `differentiable`, constants and all that was computed from constants only is left out.
    """
    order: list[Value] = []
    _walk(roots, not differentiable, order, order)
    return order


def leaves_and_results(root: Value) -> tuple[list[Value], list[Value]]:
    """List the nodes below `root` that need a gradient: leaves, and results, operands first."""
    leaves: list[Value] = []
    results: list[Value] = []
    _walk([root], False, results, leaves)
    return leaves, results


def order_down_to(
    roots: Iterable[Value], seen: set[Value], *, everything: bool = False
) -> list[Value]:
    """List the nodes from those seen, which are left out, to `roots`, operands before users.

    Unlike `topological_order` it does not look at what the seen ones were computed from. What it
    lists is seen from then on.
    """
    order: list[Value] = []
    _visit_unmarked(roots, everything, order, order, seen)
    return order


def _walk(
    roots: Iterable[Value], everything: bool, results: list[Value], leaves: list[Value]
) -> None:
    """List what is below `roots`, leaves in `leaves`, the rest in `results`."""
    global _is_marking
    with _marking:
        if _is_marking:
            _visit_unmarked(roots, everything, results, leaves, set())
            return
        try:
            _is_marking = True
            _visit_marked(roots, everything, results, leaves)
        finally:
            _is_marking = False


def _visit_marked(
    roots: Iterable[Value], everything: bool, results: list[Value], leaves: list[Value]
) -> None:
    token = object()
    for root in roots:
        if root._mark is not token and (everything or root.requires_grad):
            _visit(root, token, everything, results, leaves)


def _visit_unmarked(
    roots: Iterable[Value],
    everything: bool,
    results: list[Value],
    leaves: list[Value],
    seen: set[Value],
) -> None:
    """Do the same without touching a node, for what is not among those seen."""
    for root in roots:
        stack = [(root, iter([root]))]  # a root is reached as if it were an operand of itself
        while stack:
            node, operands = stack[-1]
            for x in operands:
                if (everything or x.requires_grad) and x not in seen:
                    seen.add(x)
                    stack.append((x, iter(x.prev)))
                    break
            else:
                stack.pop()
                if stack:
                    (leaves if node.op is None else results).append(node)


def _visit(
    node: Value, token: object, everything: bool, order: list[Value], leaves: list[Value]
) -> None:
    """List what is new below `node`, leaves in `leaves`, the rest in `order`."""
    stack: list[Value] = []
    push, pop, emit = stack.append, stack.pop, order.append
    while True:
        node._mark = token
        operand = node._left
        if operand is not None:
            if operand._mark is not token and (operand.requires_grad or everything):
                push(node)
                node = operand
                continue
        elif node.op is None:
            leaves.append(node)
            if not stack:
                return
            node = pop()
        while True:  # the first operand is done: on to the next one, or emit the node and go back
            operand = node._right
            if operand is None:
                if node._left is None:  # more than two operands
                    operand = _first_new(node._operands, token, everything)
            elif operand._mark is token or not (operand.requires_grad or everything):
                operand = None
            if operand is not None:
                left, right = operand._left, operand._right
                if (
                    left is not None
                    and left._mark is token
                    and right is not None
                    and (right._mark is token or not (right.requires_grad or everything))
                ):  # nothing new below it, as for w * x in a sum: no need to go there
                    operand._mark = token
                    emit(operand)
                    continue
                push(node)
                node = operand
                break
            emit(node)
            if not stack:
                return
            node = pop()


def _first_new(operands: tuple[Value, ...], token: object, everything: bool) -> Value | None:
    for operand in operands:
        if operand._mark is not token and (operand.requires_grad or everything):
            return operand
    return None


# ----- One at a time -----


def alone(
    what: str,
    values: tuple[Sequence[Value], ...],
    work: Callable[..., Result],
    *args: Any,
    writes: bool = True,
) -> Result:
    """Call `work(*args)` while nobody else is at the `grad` of some Values.

    Parameters:
        what: what is done, for messages.
        values: the Values.
        work: does it.
        args: what it takes.
        writes: whether it writes to `grad`. What only reads may come inside what only reads.

    Raises:
        GradientError: when something else under way in this thread is about any of them.
    """
    mine = _Pass(what, values, writes)
    with _passing:
        if _under_way:
            _refuse_shared(mine)
        depth = len(_under_way)
        try:
            _under_way.append(mine)
            return work(*args)
        finally:
            del _under_way[depth:]


def _refuse_shared(mine: _Pass) -> None:
    for other in _under_way:
        taken = {id(x) for part in other.values for x in part}
        if (mine.writes or other.writes) and any(id(x) in taken for v in mine.values for x in v):
            raise GradientError(
                f"{mine.what} was called while {other.what} of the same values is under way in "
                "this thread: by a signal handler, a __del__ or a function called on the way. "
                "Their gradients are half done; do it afterwards. grad() is always possible, as it "
                "writes to no Value"
            )
