"""What a `with` block sets in one thread or task, and takes back wherever it is closed.

A block may be closed in another thread or asyncio task than it was opened in, as fixtures,
exit stacks and asynchronous generators are, and blocks in generators need not be closed in the
opposite order. A context variable alone would keep for ever what was set. So each block puts a
`Frame` on those that it was opened in; closing it marks the frame, and whoever still sees it goes
by the frames around it. A task that was started inside a block is inside until it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _Sight(NamedTuple, Generic[T]):
    """What a frame looked like when it was last looked at.

    Attributes:
        stamp: the setting's stamp at that time.
        outer: the frame around it; None for the default.
        around: the value of `outer`.
        value: what the frame made of it.
    """

    stamp: object
    outer: Frame[T] | None
    around: T
    value: T


class Frame(Generic[T]):
    """One open block, and what it makes of the value around it.

    Threads may look at the same frame: what they see of it is put in place in one step.
    """

    __slots__ = ("change", "is_open", "sight")

    def __init__(
        self, outer: Frame[T] | None, change: Callable[[T], T], around: T, stamp: object
    ) -> None:
        self.change = change
        self.is_open = True
        self.sight = _Sight(stamp, outer, around, change(around))

    def look(self, stamp: object, outer: Frame[T] | None) -> None:
        """Go by what is around the frame now."""
        _, _, around, value = self.sight
        if outer is not None and outer.sight.value is not around:
            around = outer.sight.value
            value = self.change(around)
        self.sight = _Sight(stamp, outer, around, value)


def _as_it_is(value: T) -> T:
    return value


class Setting(Generic[T]):
    """A value that blocks put others over, for one thread or task and what it starts."""

    __slots__ = ("_default", "_innermost", "_stamp")

    def __init__(self, name: str, default: T) -> None:
        self._stamp = object()  # a new one when a frame inside others is closed: look again
        self._default = Frame[T](None, _as_it_is, default, self._stamp)
        self._innermost: ContextVar[Frame[T]] = ContextVar(name, default=self._default)

    def get(self) -> T:
        """Give the value that holds here and now."""
        frame = self._innermost.get()
        sight = frame.sight
        if frame.is_open and sight.stamp is self._stamp:
            return sight.value
        return self._look_again(frame).sight.value

    def innermost(self) -> Frame[T]:
        """Find the innermost open frame here."""
        frame = self._innermost.get()
        if frame.is_open and frame.sight.stamp is self._stamp:
            return frame
        return self._look_again(frame)

    def _look_again(self, innermost: Frame[T]) -> Frame[T]:
        """Forget the frames that were closed."""
        stamp = self._stamp
        found = [innermost]
        while (outer := found[-1].sight.outer) is not None:
            found.append(outer)
        frame = found.pop()
        frame.look(stamp, None)
        for inner in reversed(found):
            if inner.is_open:
                inner.look(stamp, frame)
                frame = inner
        self._innermost.set(frame)
        return frame

    def put(self, change: Callable[[T], T]) -> Frame[T]:
        """Put a frame inside all others here."""
        outer = self.innermost()
        frame = Frame(outer, change, outer.sight.value, outer.sight.stamp)
        self._innermost.set(frame)
        return frame

    def take_back(self, frame: Frame[T]) -> None:
        """Close a frame, for all threads and tasks that see it."""
        frame.is_open = False
        outer = frame.sight.outer
        if self._innermost.get() is frame and outer is not None:
            self._innermost.set(outer)
        else:
            self._stamp = object()


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
        self._frames.append(self._setting.put(self._change))

    def __exit__(self, *exc: object) -> None:
        if not self._frames:
            raise RuntimeError(f"{self._name} is closed more often than it was opened")
        frame = self._opened_here()
        self._frames.remove(frame)
        self._setting.take_back(frame)

    def _opened_here(self) -> Frame[T]:
        """Find the frame to close: the innermost here, or the last one from elsewhere."""
        frame: Frame[T] | None = self._setting.innermost()
        while frame is not None:
            if frame in self._frames:
                return frame
            frame = frame.sight.outer
        return self._frames[-1]

    def __call__(self, function: Decorated) -> Decorated:
        """Open the block around all that a function does.

        Raises:
            TypeError: for a generator or an async function, whose body runs later.
        """
        if (
            isgeneratorfunction(function)
            or iscoroutinefunction(function)
            or isasyncgenfunction(function)
        ):
            raise TypeError(
                f"@{self._name}() cannot hold in {getattr(function, '__qualname__', function)}: "
                f"its body runs after the call, in parts; write `with {self._name}(...):` inside it"
            )
        return super().__call__(function)

    def _recreate_cm(self) -> Context[T]:
        return self  # each call has a frame of its own
