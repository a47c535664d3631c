"""Gradient hooks: functions that see, and may change, a value's gradient as it flows by.

They stand in the Value, and a table of the engine says which Values have any. A hook may well
mention the value that it is put on. The value would then keep itself alive by it, so it is taken
out of the hook, and put in again for each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from numbers import Real
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, Self
from weakref import ref

from pluggrad import strong_zero
from pluggrad.errors import GradientError, quoted
from pluggrad.gradient import hooks
from pluggrad.recording import keeper
from pluggrad.value import Value, as_float

Hook = Callable[[Any], Any]


class HookHandle:
    """Removes a hook: by `remove()`, or at the end of a `with` block."""

    def __init__(self, value: Value, hook: _Held) -> None:
        self._value = ref(value)
        self._hook = ref(hook)  # a hook may mention its handle

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        value = self._value()
        if value is None or value not in hooks:
            return
        left = [hook for hook in value._hooks if hook is not self._hook()]
        if left:
            value._hooks = left
        else:
            hooks.discard(value)
            del value._hooks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class _RecordedHandle(HookHandle):
    """Takes away a hook that a watcher has put into what it records."""

    def __init__(self, hook: Hook, recorded: list[Hook]) -> None:
        self._recorded_hook = hook
        self._recorded = recorded

    def remove(self) -> None:
        if self._recorded_hook in self._recorded:
            self._recorded.remove(self._recorded_hook)


def on_gradient(value: Value, hook: Hook) -> HookHandle:
    """Call a function with a value's gradient in every pass that reaches it.

    At that moment the gradient is complete: the sum over all uses. What the hook returns replaces
    it, in the value's own `grad` and in everything that flows on from there; None leaves it as it
    is. Hooks run in the order in which they were added. Copies and pickles of a value have no
    hooks. A hook that refers to `value` does not keep it alive.

    Parameters:
        value: the Value, leaf or interior.
        hook: takes the gradient: a float, or a Value with `create_graph=True`.

    Returns:
        A handle whose `remove()` removes the hook; it also works as a context manager.

    Raises:
        TypeError: when `value` is not a Value, or the hook cannot be called.
        GradientError: when the value is a constant, which no gradient reaches.

    >>> from pluggrad import Value, on_gradient
    >>> x = Value(3.0)
    >>> with on_gradient(x, lambda g: max(-1.0, min(g, 1.0))):
    ...     (x * x).backward()
    >>> x.grad
    1.0
    """
    if hasattr(type(value), "__pluggrad_op__"):
        raise TypeError(
            "on_gradient(): numbers inside a forward-mode transform (jvp, jacfwd) "
            "have tangents, and no gradient ever comes by; use grad() of grad() or jacrev()"
        )
    if not isinstance(value, Value):
        raise TypeError(f"on_gradient() takes a Value, not {type(value).__name__}")
    if not callable(hook):
        raise TypeError(f"on_gradient() takes a function of the gradient, not {quoted(hook)}")
    if not value.requires_grad:
        raise GradientError(f"no gradient comes by at {value!r}: it does not require one")
    watcher = keeper()
    if watcher is not None:
        return _RecordedHandle(hook, watcher.hooked(value, hook))
    held = _Held(hook, value)
    value._hooks = [*(value._hooks if value in hooks else ()), held]
    hooks.add(value)
    return HookHandle(value, held)


# ----- A hook without its value -----

_OWN: Any = object()  # stands where the value stood


class _Held:
    """A hook without a reference to the value it is put on."""

    def __init__(self, hook: Hook, value: Value) -> None:
        self.of: Callable[[Value], Hook] = _without(value, hook) or (lambda _: hook)

    def __call__(self, value: Value, g: Any) -> Any:
        """Return the gradient that the hook makes of `g`."""
        hook = self.of(value)
        changed = changed_by(hook, g, value)
        if isinstance(g, Value):
            return changed if isinstance(changed, Value) else Value(changed, requires_grad=False)
        return float(changed)


def changed_by(hook: Hook, g: Any, value: Any) -> Any:
    """Return the gradient that a hook on a value makes of `g`.

    Raises:
        TypeError: when it returns something that is no number.
    """
    if isinstance(g, Value):
        strong_zero.is_nan(g)  # what the hook makes of it may hide that
    changed = hook(g)
    if changed is None:
        return g
    if hasattr(type(changed), "__pluggrad_op__") or isinstance(changed, Value):
        return changed
    if isinstance(changed, bool) or not isinstance(changed, Real):
        raise TypeError(
            f"the gradient hook {getattr(hook, '__qualname__', hook)} on {quoted(value, 200)} "
            f"returned {quoted(changed)}; a hook returns a number, or None to leave the gradient "
            "alone"
        )
    return as_float(changed)


def _without(value: Value, hook: Any) -> Callable[[Value], Any] | None:
    """Find what gives the hook again from its value; None where it does not hold it directly."""
    if isinstance(hook, MethodType) and hook.__self__ is value:
        return partial(MethodType, hook.__func__)
    if isinstance(hook, FunctionType):
        closure = tuple([_OWN if _holds(x, value) else x for x in hook.__closure__ or ()])
        defaults = _taken_out(value, hook.__defaults__ or ())
        keywords = hook.__kwdefaults__ or {}
        given = _taken_out(value, keywords.values())
        if any(x is _OWN for x in (*closure, *defaults, *given)):
            names = (hook.__name__, hook.__qualname__, tuple(keywords))
            return partial(
                _function, hook.__code__, hook.__globals__, names, closure, defaults, given
            )
    if isinstance(hook, partial):
        make = _without(value, hook.func)
        args, given = _taken_out(value, hook.args), _taken_out(value, hook.keywords.values())
        if make or any(x is _OWN for x in (*args, *given)):
            function = None if make else hook.func
            return partial(_partial, make, function, args, tuple(hook.keywords), given)
    return None


def _function(
    code: CodeType,
    scope: dict[str, Any],
    names: tuple[str, str, tuple[str, ...]],
    closure: tuple[Any, ...],
    defaults: tuple[Any, ...],
    given: tuple[Any, ...],
    value: Value,
) -> FunctionType:
    name, qualified, keywords = names
    cells = tuple([CellType(value) if x is _OWN else x for x in closure])
    function = FunctionType(code, scope, name, _put_in(value, defaults), cells)
    function.__qualname__ = qualified
    function.__kwdefaults__ = dict(zip(keywords, _put_in(value, given), strict=True))
    return function


def _partial(
    make: Callable[[Value], Any] | None,
    function: Any,
    args: tuple[Any, ...],
    keywords: tuple[str, ...],
    given: tuple[Any, ...],
    value: Value,
) -> Any:
    inner = function if make is None else make(value)
    named = dict(zip(keywords, _put_in(value, given), strict=True))
    return partial(inner, *_put_in(value, args), **named)


def _holds(cell: CellType, value: Value) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:  # nothing in it yet
        return False


def _taken_out(value: Value, things: Iterable[Any]) -> tuple[Any, ...]:
    return tuple([_OWN if x is value else x for x in things])


def _put_in(value: Value, things: Iterable[Any]) -> tuple[Any, ...]:
    return tuple([value if x is _OWN else x for x in things])
