"""What the engine does while an expression runs: record it or not, name its scope, watch it.

Operations run tens of millions of times, contexts a few. So a recording op looks at one thing,
`switch.active`: the blocks open anywhere, in any thread. While there is none an op takes
its short path. While it is not, the op asks the settings here, which belong to one thread (or one
asyncio task), what holds for it.

A block may be closed in another thread or task than it was opened in, as fixtures, exit stacks and
asynchronous generators are, and blocks in generators need not be closed in the opposite order. A
context variable alone would keep for ever what was set. So each block puts a `Frame` on those that
it was opened in; closing it marks the frame, and whoever still sees it goes by the frames around
it. A task that was started inside a block is inside until it is closed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import cached_property
from inspect import isasyncgenfunction, isclass, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, Generic, TypeVar

T = TypeVar("T")
Result = TypeVar("Result")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Frame(Generic[T]):
    """One open block, and what it makes of the value around it.

    Threads may look at the same frame: what they see of it is put in place in one step.
    """

    __slots__ = ("change", "is_open", "outer", "seen")

    def __init__(self, outer: Frame[T] | None, change: Callable[[T], T]) -> None:
        self.outer = outer
        self.change = change
        self.is_open = True
        self.seen: tuple[object, Any] = (None, None)  # the setting's stamp then, and the value


class Setting(Generic[T]):
    """A value that blocks put others over, for one thread or task and what it starts."""

    __slots__ = ("_innermost", "_stamp")

    def __init__(self, name: str, default: T) -> None:
        self._stamp = object()  # a new one when a frame inside others is closed: look again
        outermost = Frame[T](None, lambda _: default)
        self._innermost: ContextVar[Frame[T]] = ContextVar(name, default=outermost)

    def get(self) -> T:
        """Return the value in effect here and now."""
        frame = self._innermost.get()
        stamp, value = frame.seen
        if stamp is self._stamp and frame.is_open:
            return value  # type: ignore[no-any-return]  # what the frame made
        return self._look_again()

    def _look_again(self) -> T:
        stamp, value = self._stamp, None
        frames = [self.innermost()]
        while (outer := frames[-1].outer) is not None:
            frames[-1].outer = outer = _first_open(outer)
            frames.append(outer)
        for frame in reversed(frames):
            value = frame.change(value)  # type: ignore[arg-type]  # the outermost takes anything
            frame.seen = stamp, value
        return value  # type: ignore[return-value]  # of the innermost

    def innermost(self) -> Frame[T]:
        """Find the innermost open frame here, and forget those inside it."""
        here = self._innermost.get()
        frame = _first_open(here)
        if frame is not here:
            self._innermost.set(frame)
        return frame

    def frame(self, change: Callable[[T], T]) -> Frame[T]:
        """Make a frame inside all others here; `put` puts it there."""
        stamp, around = self._stamp, self.get()
        frame = Frame(self.innermost(), change)
        frame.seen = stamp, change(around)
        return frame

    def put(self, frame: Frame[T]) -> None:
        """Let a frame hold here."""
        self._innermost.set(frame)

    def take_back(self, frame: Frame[T]) -> None:
        """Close a frame, for all threads and tasks that see it."""
        frame.is_open = False
        if self._innermost.get() is frame and frame.outer is not None:
            self._innermost.set(frame.outer)
        else:
            self._stamp = object()


def _first_open(frame: Frame[T]) -> Frame[T]:
    """Return a frame, or the first one around it that is open; the outermost is."""
    while not frame.is_open and frame.outer is not None:
        frame = frame.outer
    return frame


class Context(ContextDecorator, Generic[T]):
    """A block that puts a value over another; a function can be decorated with it.

    Parameters:
        name: what the program calls it.
        setting: where the value stands.
        change: takes the value around, gives the one inside; always the same from the same.
    """

    def __init__(self, name: str, setting: Setting[T], change: Callable[[T], T]) -> None:
        self._name = name
        self._setting = setting
        self._change = change
        self._frames: list[Frame[T]] = []

    def __enter__(self) -> Any:
        frame = self._setting.frame(self._change)
        self._frames.append(frame)
        self._open(frame)

    def __exit__(self, *exc: object) -> None:
        if not self._frames:
            raise RuntimeError(f"{self._name} is closed more often than it was opened")
        frame = self._opened_here()
        self._close(frame)
        self._frames.remove(frame)

    def close(self) -> None:
        """Close what is still open of it.

        Python lets Ctrl-C come between a block and the first line of `__exit__`. What must not stay
        open then makes the context first, and closes it in a `finally` around the block.
        """
        while self._frames:
            self._close(self._frames[-1])
            self._frames.pop()

    def _open(self, frame: Frame[T]) -> None:
        self._setting.put(frame)

    def _close(self, frame: Frame[T]) -> None:
        self._setting.take_back(frame)

    def _opened_here(self) -> Frame[T]:
        """Find the frame to close: the innermost here, or the last one from elsewhere."""
        frame: Frame[T] | None = self._setting.innermost()
        while frame is not None:
            if frame in self._frames:
                return frame
            frame = frame.outer
        return self._frames[-1]

    def __call__(self, function: Decorated) -> Decorated:
        """Open the block around all that a function does.

        Raises:
            TypeError: for a generator, an async function or a class, of which most runs later.
        """
        code = getattr(function, "__func__", function)  # of a staticmethod
        runs_later = isgeneratorfunction, iscoroutinefunction, isasyncgenfunction, isclass
        if any(kind(code) for kind in runs_later):
            raise TypeError(
                f"@{self._name}() cannot hold in {getattr(function, '__qualname__', function)}: "
                f"what is in it runs later; write `with {self._name}(...):` inside it, with "
                "no yield in it: what runs meanwhile would be in it, too"
            )
        return super().__call__(function)

    def _recreate_cm(self) -> Context[T]:
        return self  # each call has a frame of its own


# ----- What ops ask for -----


def in_forked_child(unlock: Callable[[], None]) -> None:
    """Call a function in each forked child: a thread that held a lock does not exist there."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=unlock)


if TYPE_CHECKING:
    computed_once = cached_property
else:

    class computed_once(cached_property):  # noqa: N801 - a decorator
        """A property that is computed when it is first asked for.

        That of Python 3.11 holds one lock for all instances while it computes: other threads would
        wait for code of users, and a forked child for ever. Here, of two threads that compute it,
        the first gives what all see.
        """

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            return vars(instance).setdefault(self.attrname, self.func(instance))


class Switch:
    """What ops read without a call. `pending` runs once before the next op or Value.

    Attributes:
        active: the blocks open anywhere that send every op the long way, where it asks what holds
            for it.
        pending: the work to do first.
    """

    __slots__ = ("active", "pending")

    def __init__(self) -> None:
        self.active: set[Frame[Any]] = set()
        self.pending: Callable[[], None] | None = None


switch = Switch()
recording = Setting("recording", default=True)
current_scope: Setting[tuple[str, ...]] = Setting("current_scope", default=())


class SwitchedContext(Context[T]):
    """A context that ops have to ask for while it is open."""

    def _open(self, frame: Frame[T]) -> None:
        switch.active.add(frame)
        self._setting.put(frame)

    def _close(self, frame: Frame[T]) -> None:
        self._setting.take_back(frame)
        switch.active.discard(frame)


class Watcher:
    """Sees every op that is computed in one thread or task, and every gradient that flows.

    Ops are opaque here (this module is below them): `op` is an Op, operands and results are Values.

    Attributes:
        sees_rules: whether it also sees the ops that a derivative rule is made of, while a gradient
            or a tangent is computed.
        sees_every_step: whether what would be one node, a `checkpoint`, is recorded step by step.
        keeps_everything: whether what leaves the graph (gradients as numbers, detached copies,
            results under `no_grad`) stays in it, by way of `kept`, `number` and `backward`.
    """

    sees_rules = False
    sees_every_step = False
    keeps_everything = False

    def kept(self, x: Any, label: str = "") -> Any:
        """Return a Value for the plain number of `x`, through which no gradient flows."""
        raise NotImplementedError

    def number(self, x: Any, label: str = "") -> Any:
        """Return the same where outside of a recording there is a float, as `x.data` is."""
        raise NotImplementedError

    def backward(self, output: Any, gradient: Any) -> None:
        """Do what `output.backward(gradient)` asks for, without losing a number."""
        raise NotImplementedError

    def hooked(self, value: Any, hook: Callable[[Any], Any]) -> list[Callable[[Any], Any]]:
        """Put a gradient hook on a Value; return the list that it stands in."""
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
        anything else than itself; or `bool`, `float`, `int`, `copy` or `is nan`, and `right` is
        None.
        """


watchers: Setting[tuple[Watcher, ...]] = Setting("watchers", default=())


def keeper() -> Watcher | None:
    """Find the watcher, if there is one here, from which no number may leave the graph."""
    for watcher in watchers.get() if switch.active else ():
        if watcher.keeps_everything:
            return watcher
    return None


def watching_rules(watching: Sequence[Watcher]) -> tuple[Watcher, ...]:
    """Return those that keep watching while derivative rules run."""
    return tuple([watcher for watcher in watching if watcher.sees_rules])


def call_inside(
    context: Context[Any], work: Callable[..., Result], *args: Any, **named: Any
) -> Result:
    """Call `work` inside a block, which is closed at the end even where Ctrl-C comes at its end."""
    try:
        with context:
            return work(*args, **named)
    finally:
        context.close()


def call_seen_by(
    watching: Sequence[Watcher], work: Callable[..., Result], *args: Any, **named: Any
) -> Result:
    """Call `work` while these watchers, if there are any, see it, in place of those now."""
    if not watching and not watchers.get():
        return work(*args, **named)
    context = Context("call_seen_by", watchers, lambda _: tuple(watching))
    return call_inside(context, work, *args, **named)


def watched_by(watcher: Watcher) -> Context[tuple[Watcher, ...]]:
    """Let a watcher see what is computed inside, in this thread or task.

    One that keeps everything is the only one of its kind there: nothing is part of two recordings.
    """

    def joined(around: tuple[Watcher, ...]) -> tuple[Watcher, ...]:
        others = [x for x in around if not (x.keeps_everything and watcher.keeps_everything)]
        return (*others, watcher)

    return SwitchedContext("watched_by", watchers, joined)


def always_recording() -> Context[bool]:
    """Record inside, `no_grad` around it or not; a `no_grad` inside holds."""
    return Context("always_recording", recording, lambda _: True)


class no_grad(SwitchedContext[bool]):  # noqa: N801 - a context manager named as in PyTorch
    """Compute without recording: results are constants that remember no operands.

    It works as a context manager and as a decorator. It applies to the current thread or task, and
    to those that are started inside, until it is closed, wherever that is.

    Parameters:
        decorated: nothing; a decorator has parentheses, `@no_grad()`.

    Raises:
        TypeError: as a decorator, for a generator, an async function or a class, of which most
            runs later; and for a decorator without parentheses.

    >>> from pluggrad import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.prev, y.requires_grad
    (9.0, (), False)
    """

    def __init__(self, *decorated: object) -> None:
        if decorated:
            raise TypeError("no_grad takes nothing; a decorator is written @no_grad()")
        super().__init__("no_grad", recording, lambda _: False)


def scope(name: str) -> Context[tuple[str, ...]]:
    """Put every node made inside into a named group. Scopes nest, and pictures can collapse them.

    Parameters:
        name: what pictures call the group.

    >>> from pluggrad import Graph, Value, scope
    >>> with scope("layer1"):
    ...     y = Value(1.0) + 2.0
    >>> Graph(y).nodes[-1].scope
    ('layer1',)
    """
    return SwitchedContext("scope", current_scope, lambda around: (*around, str(name)))
