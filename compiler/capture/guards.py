"""Guards: what Python code got to know of a number while a function was recorded.

A recording is right for all inputs for which the function's Python code would take the same way.
Code can choose a way only by looking at a number, and who looks is noticed (`Watcher.observed`).
Each look becomes one more node of the recording, which is 0 where the answer is what it was and 1
where it is another; their sum is an output. So both executors check guards as they compute, for all
lanes at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.func.gradient_hooks import Hook
from pluggrad.recording import Watcher
from pluggrad.value import new_value

from ..progress import tell
from .failing import may_raise
from .recorded import Hooked, held, recorded_class
from .slots import refusal


class Guard(Op):
    """An op that no plugin provides: it is found again by its name here.

    Attributes:
        is_look: whether its result says that a guard does not hold.
    """

    @property
    def is_look(self) -> bool:
        """Say whether a result that is not 0 means that a recording does not hold."""
        return self.name not in ("_add", "_constant")

    def __reduce__(self) -> tuple[object, ...]:
        return _guard, (self.name,)


def _less(a: float, b: float) -> float:
    return 0.0 if a < b else 1.0


def _not_less(a: float, b: float) -> float:
    return 1.0 if a < b else 0.0


def _at_most(a: float, b: float) -> float:
    return 0.0 if a <= b else 1.0


def _not_at_most(a: float, b: float) -> float:
    return 1.0 if a <= b else 0.0


def _same(a: float, b: float) -> float:
    if a == b:  # and of one sign, if they are zeros
        return 0.0 if math.copysign(1.0, a) == math.copysign(1.0, b) else 1.0
    return 0.0 if a != a and b != b else 1.0


def _whole(a: float, b: float) -> float:
    return (
        0.0 if math.fabs(a) < 9e15 and math.copysign(math.fabs(a) // 1.0, a) == b else _same(a, b)
    )


def _nonzero(a: float) -> float:
    return 0.0 if a != 0.0 else 1.0


def _zero(a: float) -> float:
    return 0.0 if a == 0.0 else 1.0


def _is_nan(a: float) -> float:
    return 0.0 if a != a else 1.0


def _is_number(a: float) -> float:
    return 0.0 if a == a else 1.0


def _add(a: float, b: float) -> float:
    return a + b


def _ran(a: float) -> float:
    return 0.0


def _constant(a: float) -> float:
    return a


GUARDS = {
    function.__name__: Guard(function.__name__, function, *[None] * function.__code__.co_argcount)
    for function in (
        _less, _not_less, _at_most, _not_at_most, _same, _whole, _nonzero, _zero,
        _is_nan, _is_number, _ran, _add, _constant,
    )
}  # fmt: skip


def _guard(name: str) -> Guard:
    return GUARDS[name]


class Raises(Op):
    """A guard: 0 where an op raises an error for these operands, as it did when recorded."""

    is_look = True

    def __init__(self, op: Op) -> None:
        def forward(*operands: float) -> float:
            try:
                op.evaluate(*operands)
            except Exception:
                return 0.0
            return 1.0

        super().__init__(f"{op.name}_raises", forward, *[None] * op.arity)
        self.failing = op

    def __reduce__(self) -> tuple[object, ...]:
        return Raises, (self.failing,)


RAN = "it gave a result"


class Looks(Watcher):
    """Notices, while a function runs, what it looks at, and what a recording would miss."""

    sees_rules = True
    sees_every_step = True
    keeps_everything = True

    def __init__(self) -> None:
        self.kind: Any = recorded_class(self.observed)
        self.replaced: dict[int, Value] = {}  # the leaves below hooks, by the id of what they were
        self.hooks: dict[int, list[Hook]] = {}
        self.seen: dict[tuple[Any, ...], Value] = {}
        self.ops: set[Op] = set()
        self.outside: set[Value] = set()
        self.parts: list[Value] = []  # of derivatives that were not nan so far
        self.exact = 0
        self.count = 0

    def computed(self, op: Op, operands: tuple[Any, ...], out: Any) -> None:
        """See that `op` gave the Value `out`."""
        self.ops.add(op)
        for x in operands:
            if x.__class__ is not self.kind and (x.requires_grad or x.op is not None):
                self.outside.add(x)
        self.count += 1
        if self.count % 10_000 == 0:
            tell(f"recording: {self.count:,} nodes")
        self.kind._spread(out)
        if op.ieee is None and op.__class__ is Op and may_raise(op):
            self.seen[RAN, id(out)] = _applied(GUARDS["_ran"], [out])

    def created(self, leaf: Value) -> None:
        """See that a leaf was made."""
        self.kind._spread(leaf)

    def hooked(self, value: Any, hook: Hook) -> list[Hook]:
        """Put a hook on a value: its node becomes the identity of another one like it.

        Returns:
            The list of hooks that the hook is in, to take it away again.
        """
        if value.__class__ is not self.kind:
            raise refusal("on_gradient()", f"{value!r} is from outside; put hooks on it there")
        if value.op.__class__ is not Hooked:
            inner = new_value(Value)
            for name in ("_number", "label", "_grad", "op", "_left", "_right", "_mark"):
                setattr(inner, name, getattr(value, name))
            if value.op is not None and value._left is None:
                inner._operands = value._operands
            inner.requires_grad = value.requires_grad
            self.replaced[id(value)] = inner
            self.kind._spread(inner)
            self.hooks[id(value)] = []
            value.op, value._left, value._right = Hooked(self.hooks[id(value)]), inner, None
        self.hooks[id(value)].append(hook)
        return self.hooks[id(value)]

    def kept(self, x: Value, label: str = "") -> Value:
        """Give a Value that stands for the plain number of `x`, through which no gradient flows."""
        if x.__class__ is not self.kind:
            self.outside.add(x)
        kept: Value = self.kind._spread(held(x, label))
        return kept

    def flowed(self, node: Any, index: int, g: Any, part: Any) -> None:
        """See `part`, the gradient that `node` hands on to its operand number `index`."""
        self.pushed(part)

    def pushed(self, part: Any) -> None:
        """See `part`, what one rule made of a tangent."""
        if isinstance(part, Value):
            self.parts.append(part)

    def failed(self, op: Op, operands: tuple[Any, ...]) -> None:
        """See that `op` raises an error, which the program may catch."""
        key = (f"{op.name} raises", *map(id, operands))
        if key not in self.seen:
            self.seen[key] = _applied(Raises(op), operands)

    def observed(self, how: str, left: Any, right: Any, answer: Any) -> None:
        """See that Python code looked at the number in `left`."""
        if how == "custom_rule":
            raise refusal(
                "a custom_rule function",
                "what it gives would be the number of today; make it an Op",
            )
        if how == "backward":
            if left.__class__ is not self.kind:
                raise refusal(
                    "backward()",
                    f"it would add to the grad of {left.label or 'a Value'!r} from outside, once "
                    "and never again; use grad(y, x)",
                )
            return
        if how == "copy":
            raise refusal("a copy or a pickle of a Value", "it would hold the number of today")
        if how == "==":
            if isinstance(right, Value | Real):
                raise CompileError(
                    "== in a compiled function: Values are equal when they are one and the same, "
                    "numbers when their values are. Say which: `a <= x <= a` or `a is b`"
                )
            return
        pair: list[Any] = [left, right]
        if how in (">", ">="):
            pair.reverse()
        match how:
            case "<" | ">":
                name = "_less" if answer else "_not_less"
            case "<=" | ">=":
                name = "_at_most" if answer else "_not_at_most"
            case "bool":
                name, pair = "_nonzero" if answer else "_zero", [left]
            case "is nan":
                name, pair = "_is_nan" if answer else "_is_number", [left]
                if answer:
                    self._guard_parts()
            case "int":
                name, pair = "_whole", [left, float(answer)]
                self.exact += 1
            case _:
                name, pair = "_same", [left, answer]
                self.exact += 1
        if any(isinstance(x, Decimal) for x in pair):  # which raises when it meets a nan
            self.observed("is nan", left, None, False)
        name, pair = _exactly(name, pair)
        key = (name, *[id(x) if isinstance(x, Value) else float(x) for x in pair])
        if key not in self.seen:
            self.seen[key] = _applied(GUARDS[name], pair)

    def _guard_parts(self) -> None:
        """Let a recording with a derivative of nan hold where it is nan for the same reason.

        Where all derivatives are numbers, so are all parts that count. Where one is nan, a part
        that was a number here may be nan elsewhere, and count as 0 there: see `strong_zero`.
        """
        parts, self.parts = self.parts, []
        for part in parts:
            self.observed("is nan", part, None, part.data != part.data)


def _exactly(name: str, pair: list[Any]) -> tuple[str, list[Any]]:
    """Say the same of floats that Python, which compares exactly, says of any two numbers.

    No float lies between 1/3 and the float next to it. So x < 1/3 where x <= that float, if it is
    the one below, and where x < that float, if it is the one above.
    """
    for place, x in enumerate(pair):
        if isinstance(x, Value) or x.__class__ is float:
            continue
        try:
            exact = Fraction(*x.as_integer_ratio())
        except (AttributeError, TypeError, ValueError, OverflowError):  # infinite, or nan
            pair[place] = float(x)
            continue
        near = _nearest(exact)
        pair[place] = near
        if near == exact:
            continue
        is_above = near > exact
        if name in ("_less", "_at_most"):
            name = "_less" if is_above == (place == 1) else "_at_most"
        elif name in ("_not_less", "_not_at_most"):
            name = "_not_less" if is_above == (place == 1) else "_not_at_most"
    return name, pair


def _nearest(exact: Fraction) -> float:
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def _applied(op: Op, operands: Sequence[Any]) -> Value:
    made: Value = op.record(
        tuple([x if isinstance(x, Value) else Value(x, requires_grad=False) for x in operands])
    )
    return made


def failed(looks: Looks) -> Value:
    """Give the Value that counts the guards that do not hold."""
    total = fixed(0.0)
    for guard in looks.seen.values():
        total = _applied(GUARDS["_add"], [total, guard])
    return total


def fixed(number: float) -> Value:
    """Give a Value that is always this number; a node, for nobody to set."""
    return _applied(GUARDS["_constant"], [number])
