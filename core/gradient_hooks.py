"""Gradient hooks: functions that see, and may change, a value's gradient as it flows by.

They stand in one table beside the Values, so that a Value is not larger for them; while the table
is empty, a backward pass looks at nothing but that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary, ref

from .errors import GradientError
from .recording import keeper
from .value import Value

Hook = Callable[[Any], Any]

hooks: WeakKeyDictionary[Value, list[Hook]] = WeakKeyDictionary()


class HookHandle:
    """Takes a hook away again: by `remove()`, or at the end of a `with` block."""

    def __init__(self, value: Value, hook: Hook, recorded: list[Hook] | None = None) -> None:
        self._value = ref(value)
        self._hook = hook
        self._recorded = recorded

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._recorded is not None:
            if self._hook in self._recorded:
                self._recorded.remove(self._hook)
            return
        value = self._value()
        registered = hooks.get(value, []) if value is not None else []
        for index, hook in enumerate(registered):
            if hook is self._hook:
                del registered[index]
                break
        if value is not None and not registered:
            hooks.pop(value, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def on_gradient(value: Value, hook: Hook) -> HookHandle:
    """Call a function with a value's gradient in every pass that reaches it.

    The gradient is complete then, the sum over all uses. What the hook returns takes its place, for
    the value's own `grad` and for all that flows on from there; None leaves it as it is. Several
    hooks run in the order in which they were put on. Copies and pickles of a value have no hooks.

    Parameters:
        value: the Value, leaf or interior.
        hook: takes the gradient: a float, or a Value with `create_graph=True`.

    Returns:
        A handle, whose `remove()` takes the hook away; it also works as a context manager.

    Raises:
        TypeError: when `value` is no Value, or the hook cannot be called.
        GradientError: when no gradient ever comes by, because the value is a constant.

    >>> from pluggrad import Value, on_gradient
    >>> x = Value(3.0)
    >>> with on_gradient(x, lambda g: max(-1.0, min(g, 1.0))):
    ...     (x * x).backward()
    >>> x.grad
    1.0
    """
    if hasattr(type(value), "__pluggrad_op__"):
        raise TypeError(
            "on_gradient(): numbers inside a forward-mode transform (jvp, jacfwd, hessian, hvp) "
            "have tangents, and no gradient ever comes by; use grad() of grad() or jacrev()"
        )
    if not isinstance(value, Value):
        raise TypeError(f"on_gradient() takes a Value, not {type(value).__name__}")
    if not callable(hook):
        raise TypeError(f"on_gradient() takes a function of the gradient, not {hook!r:.60}")
    if not value.requires_grad:
        raise GradientError(f"no gradient comes by at {value!r}: it does not require one")
    watcher = keeper()
    if watcher is not None:
        return HookHandle(value, hook, watcher.hooked(value, hook))
    hooks.setdefault(value, []).append(hook)
    return HookHandle(value, hook)


def hooked(order: Iterable[Value]) -> bool:
    """Say whether any of these nodes has a hook."""
    return bool(hooks) and any(node in hooks for node in order)


def through_hooks(node: Value, g: Any) -> Any:
    """Give the gradient that a node's hooks make of `g`.

    Raises:
        TypeError: when a hook returns something that is no number.
    """
    for hook in tuple(hooks.get(node, ())):
        changed = hook(g)
        if changed is None:
            continue
        if isinstance(changed, bool) or not hasattr(type(changed), "__float__"):
            raise TypeError(
                f"the gradient hook {getattr(hook, '__qualname__', hook)} on {node!r} returned "
                f"{changed!r:.60}; a hook returns a number, or None to leave the gradient alone"
            )
        if isinstance(g, Value):
            g = changed if isinstance(changed, Value) else Value(changed, requires_grad=False)
        else:
            g = float(changed)
    return g
