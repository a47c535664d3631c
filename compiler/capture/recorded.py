"""What a Value is while a compiled function is recorded: a class that lets nothing out unseen.

Python code can get to know a recorded number in many ways. For each there is one answer: it is
*recorded* (what comes out is computed again in each call), *guarded* (the recording holds for
inputs that give the same answer) or *refused* with a CompileError. The table below lists all of
them; a test walks the members of Value and of the package, and fails where one is missing.
"""

from __future__ import annotations

import copyreg
import math
import sys
from collections.abc import Callable
from threading import get_ident
from typing import Any, ClassVar

from pluggrad import Op, Value, strong_zero
from pluggrad.errors import TraceError
from pluggrad.func.dual import LikeValue
from pluggrad.func.gradient_hooks import changed_by
from pluggrad.func.passes import ARGUMENT
from pluggrad.trace import with_symbols
from pluggrad.value import NOT_RUN, ask_place, recorded

from .classes import Recording
from .plain import is_float, plain_class
from .slots import by_engine, refusal

RECORDED, GUARDED, REFUSED, FIXED = "recorded", "guarded", "refused", "the same in each call"

# What happens to each way out of a recorded Value.
WAYS: dict[str, str] = {
    "data": RECORDED,  # a float to whoever asks, see plain.py
    "grad": RECORDED,
    "backward": RECORDED,
    "_backward": REFUSED,
    "item": GUARDED,
    "as_integer_ratio": GUARDED,
    "detach": RECORDED,
    "__float__": GUARDED,
    "__int__": GUARDED,
    "__bool__": GUARDED,
    "__lt__": GUARDED,
    "__le__": GUARDED,
    "__gt__": GUARDED,
    "__ge__": GUARDED,
    "__format__": GUARDED,
    "__repr__": GUARDED,
    "__str__": GUARDED,
    "_repr_mimebundle_": GUARDED,
    "__eq__": GUARDED,
    "__ne__": GUARDED,
    "__hash__": REFUSED,
    "__copy__": REFUSED,
    "__deepcopy__": REFUSED,
    "__reduce__": REFUSED,
    "__reduce_ex__": REFUSED,
    "__getstate__": REFUSED,
    "label": FIXED,
    "op": FIXED,
    "prev": FIXED,
    "_op": FIXED,
    "_prev": FIXED,
    "requires_grad": FIXED,
    "scope": FIXED,
}

COMPUTED = ("data", "_number", "op", "requires_grad", "scope", "_left", "_right", "_operands")

# Functions of the package to which a Value is given.
FUNCTIONS: dict[str, str] = {
    "grad": RECORDED,
    "checkpoint": RECORDED,
    "no_grad": RECORDED,
    "stop_gradient": RECORDED,
    "compare": GUARDED,
    "explain": GUARDED,
    "render": GUARDED,
    "save": GUARDED,
    "draw_dot": GUARDED,
    "widget": GUARDED,
    "to_sympy": GUARDED,
    "Graph": GUARDED,
    "custom_rule": RECORDED,
    "on_gradient": RECORDED,
}


class Held(Op):
    """The identity through which no gradient flows."""

    def __reduce__(self) -> tuple[object, ...]:
        return _held_as, (self.name,)


def _held_as(name: str) -> Op:
    return {"held": HELD, "cut": CUT}[name]


def _same(a: float) -> float:
    return a


HELD = Held("held", _same, None, doc="x, as a constant.")
CUT = Held("cut", _same, None, doc="x, as a new leaf: x.detach(), Value(x).")


def held(x: Value, label: str = "") -> Value:
    """Return a Value of the same number through which no gradient flows, computed in each call."""
    out = recorded(HELD, (x,), x._number)
    out.label = label
    out.requires_grad = False
    return out


def is_of_floats(x: Value) -> bool:
    """Return whether no Value goes into what a transform gave, so that it gives a float."""
    left, seen = [x], set()
    while left:
        node = left.pop()
        if is_float(node) or node in seen or not node.requires_grad:
            continue
        seen.add(node)
        if node.op is None or node.op is CUT:
            return False
        if node.op is ARGUMENT and node.prev[0].op is not ARGUMENT:
            if node.prev[0].requires_grad:
                return False
            continue
        left.extend(node.prev)
    return True


class AsItStands(Op):
    """An op with functions of the program, which numba cannot read: they are called as they stand.

    Attributes:
        calls: what it calls, in words.
    """

    calls: str

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(f"a recording with {self.calls} cannot be pickled")


class Hooked(AsItStands):
    """The identity whose gradient goes through hooks; made where `on_gradient` is called."""

    calls = "a hook of on_gradient()"
    is_linear = False

    def __init__(self, hooks: list[Callable[[Any], Any]]) -> None:
        super().__init__("hooked", _same, through(hooks), doc="x, whose gradient hooks may change.")
        self.hooks = hooks

    def keeps_zero(self) -> bool:
        """Return whether the hooks surely leave a gradient of 0 as it is, and do nothing else."""
        hooks = self.hooks
        return all(map(_is_pure, hooks)) and bool(through(hooks)(0.0, 0.0, 0.0) == 0.0)

    def rule_error(self, index: int, cause: Any, operands: Any) -> Any:
        """Return what a hook itself raised: it is a user's code, and no rule."""
        return cause if isinstance(cause, Exception) else super().rule_error(index, cause, operands)


def through(hooks: list[Callable[[Any], Any]]) -> Callable[..., Any]:
    """Make the rule that sends a gradient through hooks, in order."""

    def rule(g: Any, out: Any, x: Any) -> Any:
        for hook in tuple(hooks):
            g = changed_by(hook, g if _is_pure(hook) else _seen(g), x)
        return g

    return rule


def _seen(g: Any) -> Any:
    """Pass a gradient to a hook that does more than compute, and so has to see each number.

    It is a float, unless that would cut it off from what it is differentiated by once more.
    """
    number = float(g)  # what is recorded holds for this number alone
    moves = g.requires_grad if isinstance(g, Value) else hasattr(type(g), "__pluggrad_op__")
    return g if moves else number


def _is_pure(hook: Callable[[Any], Any]) -> bool:
    def make(source: Any, name: str | None) -> Any:
        raise TraceError("a number that may change")

    try:
        with_symbols(hook, make)
    except TraceError:
        return False
    return True


class WasRecorded(Value):
    """What Values are that outlive a recording: Values like others."""

    __slots__ = ()

    @classmethod
    def _begin(cls, leaf: Value, source: Value, label: str, requires_grad: bool) -> None:
        """Make a leaf of a computed number, as `Value(x.data)` does."""
        source = source._left if source.op is HELD else source  # type: ignore[assignment]
        leaf._number, leaf.label, leaf._grad = source._number, label, NOT_RUN
        leaf.op, leaf._left, leaf._right, leaf._mark = CUT, source, None, None
        leaf.requires_grad = requires_grad


class Recorded(WasRecorded):
    """What Values are while a function is recorded, each recording with a class of its own.

    Attributes:
        looks: is told of each look that has to be guarded, and refuses some; see
            `Watcher.observed`.
        thread: the one that records.
    """

    __slots__ = ()
    looks: ClassVar[Any]
    thread: ClassVar[int]

    @classmethod
    def _spread(cls, out: Value) -> Value:
        if out.__class__ is Value:
            out.__class__ = cls
        return out

    @classmethod
    def _begin(cls, leaf: Value, source: Value, label: str, requires_grad: bool) -> None:
        super()._begin(leaf, source, label, requires_grad)
        cls._spread(leaf)

    def _check_thread(self) -> None:
        if get_ident() != self.thread:
            error = refusal(
                "another thread", "it looks at a number that this thread records; pass it float(x)"
            )
            self.looks.refused.append(error)  # where the function may never see it
            raise error

    def _look(self, how: str, answer: Any) -> Any:
        self._check_thread()
        self.looks.observed(how, self, None, answer)
        return answer

    @property
    def data(self) -> Any:
        """The number, as a Value that no gradient flows through."""
        number = self._number
        if by_engine():
            return number
        self._check_thread()
        return self.looks.number(self, self.label)

    @data.setter
    def data(self, number: Any) -> None:
        self._number = number

    @property
    def grad(self) -> Any:
        """The gradient that `backward()` found, as a Value."""
        g = self._grad
        if isinstance(g, Value) and not by_engine():
            strong_zero.is_nan(g)
        return 0.0 if g is NOT_RUN and not by_engine() else g

    @grad.setter
    def grad(self, g: Any) -> None:
        self._grad = g

    def __setattr__(self, name: str, value: Any) -> None:
        if name in COMPUTED and not by_engine():
            raise refusal(
                f"setting x.{name}",
                "a recorded Value is what was computed; make a new one: x = Value(...), or "
                "x.detach() for a constant",
            )
        super().__setattr__(name, value)

    def __float__(self) -> float:
        if self.requires_grad:
            ask_place(self, sys._getframe(1))
        return float(self._look("float", float(self._number)))

    def __int__(self) -> int:
        if self.requires_grad:
            ask_place(self, sys._getframe(1))
        number = self._number
        if not math.isfinite(number):
            self._look("float", number)  # int() raises, and the program may catch that
        return int(self._look("int", int(number)))

    def __bool__(self) -> bool:
        return bool(self._look("bool", self._number != 0))

    def __repr__(self) -> str:
        self._look("float", float(self._number))
        return super().__repr__()

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        number = self._look("float", float(self._number))
        return format(number, spec) if spec else repr(self)

    @property
    def _backward(self) -> Any:
        raise refusal("o._backward()", "use o.backward(), or grad(o, x)")

    def __hash__(self) -> int:
        if not by_engine():
            raise refusal(
                "hash()",
                "Values are told apart by identity in sets and dicts, numbers by value; "
                "use a list, or key by an index",
            )
        return id(self) >> 4

    def __copy__(self) -> Any:
        raise refusal("copy.copy(x)", "use x itself, or x.detach()")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise refusal("copy.deepcopy(x)", "use x itself, or x.detach()")

    def __reduce__(self) -> Any:
        raise refusal("a pickle of x", "what comes out of it would be the number of today")


def _comparison(name: str) -> Callable[[Any, Any], bool]:
    plain = getattr(Value, name)

    def compare(self: Any, other: Any) -> bool:
        self._check_thread()
        return bool(plain(self, other))

    return compare


for _name in ("__lt__", "__le__", "__gt__", "__ge__"):
    setattr(Recorded, _name, _comparison(_name))


def recorded_class(looks: Any) -> Any:
    """Make the class that Values have while one function is recorded.

    Parameters:
        looks: the watcher of the recording.
    """
    members = {"__slots__": (), "looks": looks, "thread": get_ident()}
    kind: Any = Recording("Value", (Recorded,), members)
    kind.plain = plain_class(kind)
    return kind


def _pickled(kind: type) -> str | tuple[Callable[[], type], tuple[()]]:
    """Pickle the class of a Value that outlives its recording as Value, which it is like."""
    return (_value, ()) if issubclass(kind, Value) else kind.__qualname__


def _value() -> type:
    return Value


copyreg.pickle(LikeValue, _pickled)  # type: ignore[arg-type]


def end_recording(kind: Any) -> None:
    """Make the Values of this class like others, as far as somebody holds one."""
    kind.__bases__ = (WasRecorded,)
    kind.plain.__bases__ = (kind,)
    for like_float in filter(None, (kind.plain, kind.plain.numpy)):
        like_float.__class__ = LikeValue
    kind.__class__ = LikeValue
    kind.looks = None
