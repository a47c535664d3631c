"""What the engine does beside computing while an expression runs: record it, or not; name its scope.

Operations run tens of millions of times, contexts a few. So a recording op looks at one thing only,
`switch.active`: the number of contexts open anywhere, in any thread. While it is zero an op takes
its short path. While it is not, the op asks the context variables here, which belong to one thread
(or one asyncio task), what holds for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from threading import Lock


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


switch = Switch()
recording: ContextVar[bool] = ContextVar("recording", default=True)
current_scope: ContextVar[tuple[str, ...]] = ContextVar("current_scope", default=())


class no_grad(ContextDecorator):  # noqa: N801 - a context manager named as in PyTorch
    """Compute without recording: results are constants that remember no operands.

    Works as a context manager and as a decorator; it holds for the current thread or task only.

    >>> from pluggrad import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.prev, y.requires_grad
    (9.0, (), False)
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        switch.up()
        self._tokens.append(recording.set(False))

    def __exit__(self, *exc: object) -> None:
        recording.reset(self._tokens.pop())
        switch.down()

    def _recreate_cm(self) -> no_grad:
        return no_grad()  # a decorated function may run in several threads at once


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Put every node made inside into a named group, for pictures that collapse; scopes nest.

    >>> from pluggrad import Graph, Value, scope
    >>> with scope("layer1"):
    ...     y = Value(1.0) + 2.0
    >>> Graph(y).nodes[-1].scope
    ('layer1',)
    """
    switch.up()
    token = current_scope.set((*current_scope.get(), str(name)))
    try:
        yield
    finally:
        current_scope.reset(token)
        switch.down()
