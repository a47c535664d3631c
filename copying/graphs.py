"""Deep copies and pickles of recorded graphs of any depth.

Python's own protocols recurse from a value into its operands and fail at a depth of about a
thousand. Here a whole history is copied or written operands first, so that each step finds its
operands done. Identity is kept: what was one Value stays one, also between Values that are copied
or pickled together, such as a model's parameters and its loss.
"""

from __future__ import annotations

from collections.abc import Container
from copy import deepcopy
from threading import local
from typing import Any
from weakref import ref

from pluggrad.value import NOT_RUN, Value, connect, new_value


def copy_graph(root: Value, memo: dict[int, Any]) -> Value:
    """Copy `root` and all it was computed from, leaving out what `memo` says is copied already.

    The arguments of a derivative under way stay what they are, or it would miss what comes of them.
    """
    for node in _history(root, memo):
        for x in node.prev:
            if id(x) not in memo:  # a leaf
                _copy_one(x, memo, root)
        if id(node) not in memo:  # else a label below led to it
            _copy_one(node, memo, root)
    copied: Value = memo[id(root)]
    return copied


def _copy_one(node: Value, memo: dict[int, Any], root: Value) -> None:
    if node.op is not None and node.op.is_under_way():
        memo[id(node)] = node
    elif type(node) is Value:
        _copy_parts(node, memo)
    else:
        _copy_derived(node, memo, root)


def _copy_parts(node: Value, memo: dict[int, Any]) -> Value:
    prev = tuple([memo[id(x)] for x in node.prev])
    copied = memo[id(node)] = restore(type(node), *_state(node, prev))
    if type(node.label) is not str:
        copied.label = deepcopy(node.label, memo)
    return copied


def _copy_derived(node: Value, memo: dict[int, Any], root: Value) -> None:
    """Copy a Value of a derived class, which has its say, as Python's own copies let it."""
    kind: Any = type(node)
    if kind.__deepcopy__ is not Value.__deepcopy__ and node is not root:
        copied = memo[id(node)] = deepcopy(node, memo)
        if not isinstance(copied, Value):
            raise TypeError(
                f"{kind.__name__}.__deepcopy__() gives {type(copied).__name__}, but the copy of "
                "an operand is a Value"
            )
    elif kind.__reduce__ is Value.__reduce__ and kind.__reduce_ex__ is object.__reduce_ex__:
        copied = _copy_parts(node, memo)
        if (state := _more(node)) is not None:
            _fill(copied, deepcopy(state, memo))
    elif isinstance(reduced := node.__reduce_ex__(4), str):  # the name of a global thing
        memo[id(node)] = node
    else:
        make, arguments, *more = reduced
        copied = memo[id(node)] = make(*deepcopy(arguments, memo))
        if more and more[0] is not None:
            setter = more[3] if len(more) > 3 else None
            (setter or _fill)(copied, deepcopy(more[0], memo))


def _history(root: Value, done: Container[int]) -> list[Value]:
    """List the results that `root` was computed from and itself, operands first.

    Parameters:
        root: a Value.
        done: the ids of those that are left out, with all that only they were computed from.
    """
    order: list[Value] = []
    seen = {id(root)}
    stack = [(root, iter(root.prev))]
    while stack:
        node, operands = stack[-1]
        for x in operands:
            if x.op is not None and id(x) not in seen and id(x) not in done:
                seen.add(id(x))
                stack.append((x, iter(x.prev)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


class _Written:
    """What one pickler has written: it asks for each Value once, and remembers it from then on.

    Which pickler asks is not told. But one that asks for a Value that is written already is
    another one: it works inside the first, in somebody's `__reduce__`, or the first is done.
    """

    __slots__ = ("__weakref__", "done", "waiting")

    def __init__(self) -> None:
        self.done: set[int] = set()
        self.waiting: list[tuple[list[Value], set[int]]] = []  # of each history what is to come

    def begin(self, root: Value) -> list[Value]:
        """List what the history of `root` has that is not written yet, operands first."""
        order = _history(root, self.done)
        self.waiting.append((order[::-1], set(map(id, order))))
        return order

    def take(self, node: Value) -> bool:
        """Return whether the history that is being written has come to a Value.

        Its operands are written then. A pickler passes over what it has written in another way.
        """
        if not self.waiting or id(node) not in self.waiting[-1][1]:
            return False
        coming, ids = self.waiting[-1]
        while coming:
            passed = coming.pop()
            ids.remove(id(passed))
            self.done.add(id(passed))
            if passed is node:
                break
        if not coming:
            self.waiting.pop()
        return True


class History(list["Value"]):
    """A Value's history on its way through a pickle: filled one node at a time, operands first.

    The pickler that writes it keeps it as long as it works. A history leaves out what another one
    has brought, so values that share one are written in time linear in their number.
    """

    def __init__(self, root: Value | None = None, written: _Written | None = None) -> None:
        super().__init__()
        self.root = root
        self.written = written

    def __reduce__(self) -> tuple[object, ...]:
        assert self.root is not None
        assert self.written is not None
        return History, (), None, iter(self.written.begin(self.root))


_picklers = local()  # for each thread, what its picklers have written, as long as they live


def _written(node: Value) -> _Written:
    """Find what the pickler that asks for a Value has written."""
    known: list[ref[_Written]] = vars(_picklers).setdefault("known", [])
    while known:
        written = known[-1]()
        if written is not None and id(node) not in written.done:
            return written
        if written is not None:
            break
        known.pop()
    written = _Written()
    known.append(ref(written))
    return written


def reduce_graph(node: Value) -> tuple[object, ...]:
    """Return how pickle writes one Value: after its history, if that is not written yet."""
    written = None if node.op is None else _written(node)
    if written is not None and not written.take(node):
        return last, (History(node, written),)
    parts = restore, (type(node), *_state(node, node.prev))
    more = None if type(node) is Value else _more(node)
    return parts if more is None else (*parts, more, None, None, _fill)


def last(history: History) -> Value:
    """Return the value that a pickled history leads to."""
    return history[-1]


def restore(kind: type[Value], *state: Any) -> Value:
    """Make a Value from its parts.

    Parameters:
        kind: its class, Value or one derived from it.
        state: number, grad, label, requires_grad, op, prev and scope, as they are in a Value; a
            grad of None is one that no backward pass has computed. Pickles that were made before
            have a dict of what a derived class has besides.
    """
    value = new_value(kind)
    value._number, grad, value.label, value.requires_grad, op, prev, scope, *more = state
    value._grad = NOT_RUN if grad is None else grad
    connect(value, op, prev)
    if scope is not None:
        value.scope = scope
    for attributes in more:
        _fill(value, attributes)
    return value


def _fill(value: Value, state: Any) -> None:
    """Give a Value what its class has besides; after it was made, for these may lead back to it."""
    kind: Any = type(value)
    if hasattr(kind, "__setstate__"):
        kind.__setstate__(value, state)
        return
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if not all(isinstance(part, dict | None) for part in parts):
        raise TypeError(
            f"{kind.__name__}.__getstate__() gives {type(state).__name__}, and the class has no "
            "__setstate__() that takes it"
        )
    attributes = {**(parts[0] or {}), **(parts[1] or {})}
    slots = _own_slots(kind)
    for name in slots & attributes.keys():
        object.__setattr__(value, name, attributes[name])
    if attributes.keys() - slots:
        vars(value).update({x: attributes[x] for x in attributes if x not in slots})


def _state(node: Value, prev: tuple[Value, ...]) -> tuple[Any, ...]:
    """Return what `restore` takes."""
    grad = None if node._grad is NOT_RUN else node._grad
    scope = getattr(node, "scope", None)
    return node._number, grad, node.label, node.requires_grad, node.op, prev, scope


def _more(node: Value) -> Any:
    """Return what a derived class has besides, as `__getstate__` would; None for nothing.

    Python's own `__getstate__` would give the slots of Value with those of the class.
    """
    kind: Any = type(node)
    slots = {x: getattr(node, x) for x in _own_slots(kind) if hasattr(node, x)}
    state: Any = getattr(node, "__dict__", None) or None
    if kind.__getstate__ is not object.__getstate__:
        state = node.__getstate__()
        if not (isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict)):
            return state
        state, slots = state[0], {x: state[1][x] for x in state[1] if x not in Value.__slots__}
    return (state, slots) if slots else state


def _own_slots(kind: type[Value]) -> set[str]:
    """List the slots that a derived class has beyond those of Value, as Python names them."""
    found: set[str] = set()
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ()) if not issubclass(Value, base) else ()
        found.update(_mangled(base, x) for x in ((slots,) if isinstance(slots, str) else slots))
    return found - {"__dict__", "__weakref__"}


def _mangled(kind: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{kind.__name__.lstrip('_')}{name}" if is_private else name
