"""What the engine does while an expression runs: record it or not, name its scope, watch it.

Operations run tens of millions of times, contexts a few. So a recording op looks at one thing,
`switch.active`: the number of contexts open anywhere, in any thread. While it is zero an op takes
its short path. While it is not, the op asks the context variables here, which belong to one thread
(or one asyncio task), what holds for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any, TypeVar

from .contexts import Context, Setting

T = TypeVar("T")


class Switch:
    """A counter that ops read without a call. `pending` runs once before the next op or Value."""

    __slots__ = ("_lock", "active", "pending")

    def __init__(self) -> None:
        self.active = 0
        self.pending: Callable[[], None] | None = None
        self._lock = Lock()

    def up(self) -> None:
        """Send every op the long way, where it asks what holds for it."""
        with self._lock:
            self.active += 1

    def down(self) -> None:
        """Take back one `up`."""
        with self._lock:
            self.active -= 1

    def unlock(self) -> None:
        """Forget who held the lock: in a forked child that thread does not exist."""
        self._lock = Lock()


switch = Switch()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=switch.unlock)
recording = Setting("recording", default=True)
current_scope: Setting[tuple[str, ...]] = Setting("current_scope", default=())


def _yes(_: bool) -> bool:
    return True


def _no(_: bool) -> bool:
    return False


class SwitchedContext(Context[T]):
    """A context that ops have to ask for while it is open."""

    def __enter__(self) -> Any:
        switch.up()
        try:
            return super().__enter__()
        except BaseException:
            switch.down()
            raise

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        switch.down()


class Watcher:
    """Sees every op that is computed in one thread or task, and every gradient that flows.

    Ops are opaque here (this module is below them): `op` is an Op, operands and results are Values.

    Attributes:
        sees_rules: whether it also sees the ops that a derivative rule is made of, while a gradient
            or a tangent is computed.
        sees_every_step: whether what would be one node, a `checkpoint`, is recorded step by step.
        keeps_everything: whether what leaves the graph (gradients as numbers, detached copies,
            results under `no_grad`) stays in it, by way of `kept`.
    """

    sees_rules = False
    sees_every_step = False
    keeps_everything = False

    def kept(self, x: Any, label: str = "") -> Any:
        """Give a Value that stands for the plain number of `x`, through which no gradient flows."""
        raise NotImplementedError

    def hooked(self, value: Any, hook: Callable[[Any], Any]) -> list[Callable[[Any], Any]]:
        """Put a gradient hook on a Value; give the list that it stands in."""
        raise NotImplementedError

    def created(self, leaf: Any) -> None:
        """See that a leaf was made."""

    def computed(self, op: Any, operands: tuple[Any, ...], out: Any) -> None:
        """See that `op` gave the Value `out`."""

    def failed(self, op: Any, operands: tuple[Any, ...]) -> None:
        """See that `op` raises an error for these operands."""

    def moved(self, op: Any, operands: Sequence[Any], out: Any, tangent: Any) -> None:
        """See the tangent that forward mode found for the result of `op`."""

    def pushed(self, part: Any) -> None:
        """See `part`, what one rule made of a tangent."""

    def starts(self, order: Sequence[Any]) -> None:
        """See the nodes, operands first, that a backward pass is about to visit."""

    def flowed(self, node: Any, index: int, g: Any, part: Any) -> None:
        """See `part`, the gradient that `node` hands on to its operand number `index`."""

    def observed(self, how: str, left: Any, right: Any, answer: Any) -> None:
        """See that Python code looked at the number in `left`, and can act on the `answer`.

        `how` is the comparison (`<`, `<=`, `>`, `>=`) with `right`, a Value or a number; `==` with
        anything else than itself; or `bool`, `float`, `int`, `copy`, `is nan` or `custom_rule`, and
        `right` is None.
        """


watchers: Setting[tuple[Watcher, ...]] = Setting("watchers", default=())


def keeper() -> Watcher | None:
    """Find the watcher, if there is one here, from which no number may leave the graph."""
    for watcher in watchers.get() if switch.active else ():
        if watcher.keeps_everything:
            return watcher
    return None


def watching_rules(watching: Sequence[Watcher]) -> tuple[Watcher, ...]:
    """Choose those that keep watching while derivative rules run."""
    return tuple([watcher for watcher in watching if watcher.sees_rules])


def seen_by(watching: Sequence[Watcher]) -> AbstractContextManager[Any]:
    """Let these watchers, if there are any, see what is computed inside, in place of those now."""
    if not watching and not watchers.get():
        return nullcontext()
    return Context("seen_by", watchers, lambda _: tuple(watching))


def watched_by(watcher: Watcher) -> Context[tuple[Watcher, ...]]:
    """Let a watcher see what is computed inside, in this thread or task."""
    return SwitchedContext("watched_by", watchers, lambda around: (*around, watcher))


def always_recording() -> Context[bool]:
    """Record inside, `no_grad` around it or not; a `no_grad` inside holds."""
    return Context("always_recording", recording, _yes)


class no_grad(SwitchedContext[bool]):  # noqa: N801 - a context manager named as in PyTorch
    """Compute without recording: results are constants that remember no operands.

    Works as a context manager and as a decorator; it holds for the current thread or task, and
    those that are started inside, until it is closed, wherever that is.

    Raises:
        TypeError: as a decorator, for a generator or an async function, whose body runs later.

    >>> from pluggrad import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.prev, y.requires_grad
    (9.0, (), False)
    """

    def __init__(self) -> None:
        super().__init__("no_grad", recording, _no)


def scope(name: str) -> Context[tuple[str, ...]]:
    """Put every node made inside into a named group, for pictures that collapse; scopes nest.

    >>> from pluggrad import Graph, Value, scope
    >>> with scope("layer1"):
    ...     y = Value(1.0) + 2.0
    >>> Graph(y).nodes[-1].scope
    ('layer1',)
    """
    return SwitchedContext("scope", current_scope, lambda around: (*around, str(name)))
