"""Dual: a number and its tangent, which is all that forward mode needs.

A Dual goes through an expression in place of a number. Every op on it computes its result and, by
the op's own derivative rules, the tangent of the result; nothing is recorded, so memory does not
grow with the length of the computation. (Rules are linear in `g`, therefore
tangent = sum over operands of rule(tangent of the operand, out, *operands).)

Each forward pass has its own level, and an inner pass a higher one. An op on Duals of several
levels unwraps the highest alone and leaves the others in place as parts of primal and tangent:
so d/dx (x * d/dy (x + y)) cannot mistake a change of x for one of y. Primal and tangent may be
floats, Values (forward over reverse) or Duals of lower levels (forward over forward).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from sys import _getframe
from typing import Any

from pluggrad import strong_zero
from pluggrad.errors import quoted
from pluggrad.index import value_hints
from pluggrad.op import Op, is_no_double
from pluggrad.recording import call_seen_by, recording, switch, watchers, watching_rules
from pluggrad.registry import plugins
from pluggrad.value import SOCKETS, Value, as_float, ask_place, comparable, constant

from .moved import Moved, is_foreign, keep_moved, slopes_of
from .symbols import push_code


class LikeValue(type):
    """The class of classes that are equal to Value, so that asking for a class finds them too."""

    def __eq__(cls, other: object) -> bool:
        return other is Value or cls is other or isinstance(other, LikeValue)

    def __hash__(cls) -> int:
        return hash(Value)


class Dual(metaclass=LikeValue):
    """A number on its way through forward mode; made by `pluggrad.func`, not by hand.

    Programs take it for a Value, whose place it has: `isinstance(x, Value)`, `match`, dispatch by
    class and `type(x) == Value` say what they say in reverse mode. The engine tells them apart.

    Attributes:
        primal: the number: a float, a Value, or a Dual of a lower level.
        tangent: its derivative in the direction of this forward pass.
        level: which forward pass; inner passes have higher levels. No pass has 0: so far down is
            what a program makes by `type(x)(0.0)`, a number that does not move.
    """

    __slots__ = ("level", "primal", "tangent")

    requires_grad = True
    label = ""

    def __init__(self, primal: Any, tangent: Any = 0.0, level: int = 0) -> None:
        self.primal = primal
        self.tangent = tangent
        self.level = level

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class, as the engine sees it; Value for everybody else."""
        asking = _getframe(1).f_globals.get("__name__")
        return Dual if str(asking).startswith("pluggrad.") else Value

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Any:
        """Apply an op: the result from the primals, its tangent from the op's rules."""
        if not switch.active:
            moved = _moved_floats(op, operands)
            if moved is not None:
                return moved
        return apply(op, operands)

    @property
    def data(self) -> float:
        """The number, without any tangent."""
        return float(self)

    def detach(self) -> Value:
        """Return a constant of the same number, which has no tangent at any level."""
        x = _still(self)
        return x.detach() if isinstance(x, Value) else constant(x)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of an installed op, as Value has it."""
        op = None if name.startswith("__") else plugins.ops.get(name)
        if name in OF_GRAPHS:  # so that hasattr() does not say that this is no Value
            raise TypeError(f"there is no {name}{value_hints.moving_hint(self)}")
        if op is None:
            raise AttributeError(
                f"a number inside a forward-mode transform has no attribute {name!r}; it has "
                f"data, detach() and the installed ops: {', '.join(sorted(plugins.ops))}"
            )
        return lambda *others: op(self, *others)

    # ----- A number among numbers -----

    def __pos__(self) -> Dual:
        return self

    conjugate = __pos__
    as_integer_ratio = Value.as_integer_ratio
    item = Value.item
    __divmod__ = Value.__divmod__
    __rdivmod__ = Value.__rdivmod__
    _sympy_ = Value._sympy_

    def __float__(self) -> float:
        ask_place(self, _getframe(1), flows=True)
        return float(_still(self))

    def __int__(self) -> int:
        ask_place(self, _getframe(1), flows=True)
        return int(_still(self))

    def __bool__(self) -> bool:
        return bool(_still(self))

    def __lt__(self, other: Any) -> bool:
        return bool(_still(self) < _still(other)) if _is_comparable(other) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return bool(_still(self) <= _still(other)) if _is_comparable(other) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return bool(_still(self) > _still(other)) if _is_comparable(other) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return bool(_still(self) >= _still(other)) if _is_comparable(other) else NotImplemented

    def __format__(self, spec: str) -> str:
        return format(float(_still(self)), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Value({self.primal!r}, tangent={self.tangent!r})"

    __copy__ = Value.__copy__

    def __deepcopy__(self, memo: object) -> Dual:
        return self  # immutable, and a copy of its Values would be cut off from the pass it is in

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a number inside a forward-mode transform cannot be pickled; use float(x)")


OF_GRAPHS = ("backward", "grad", "op", "prev")  # what a Value has, and no number that moves


def _is_comparable(x: object) -> bool:
    return is_operand(x) or isinstance(x, Decimal)


def behind(x: Any) -> Any:
    """Return what is behind all tangents."""
    while type(x) is Dual:
        x = x.primal
    return x


def _still(x: Any) -> Any:
    """Return the number behind all tangents: a float, or a Value, which is compared as one."""
    x = behind(x)
    return x if x.__class__ is float or isinstance(x, Value) else comparable(x)


def apply(op: Op, operands: Sequence[Any]) -> Any:
    """Apply an op whatever primals and tangents are made of, rule by rule."""
    level = max([x.level for x in operands if type(x) is Dual])
    moving = [type(x) is Dual and x.level == level for x in operands]
    primals = [x.primal if moves else x for x, moves in zip(operands, moving, strict=True)]
    out = op(*primals)
    if switch.active and not recording.get():
        return _boxed(out)  # whose methods are those of a number that moves
    tangents = {i: x.tangent for i, x in enumerate(operands) if moving[i]}
    if out.__class__ is not float and is_foreign(op):
        still = [behind(x) for x in (out, *primals)]
        keep_moved([still[0]], Moved(f"op {op.name!r}", slopes_of(op), still[1:], set(tangents)))
    tangent = moved_by(op, tangents, out, primals)
    if tangent is None:  # no rule says how it moves: a number that stays, as in reverse mode
        return Dual(out, 0.0, level) if isinstance(out, Real) else out
    return Dual(out, tangent, level)


def moved_by(op: Op, tangents: Mapping[int, Any], out: Any, primals: Sequence[Any]) -> Any:
    """Sum up what the rules make of the tangents of some operands; None where no rule is.

    Raises:
        RuleError: when a rule fails, naming op, operand and cause.
    """
    watching = watchers.get() if switch.active else ()
    if watching:
        seeing = watching_rules(watching)
        total = call_seen_by(seeing, _sum_of_pushed, op, tangents, out, primals)
    else:
        total = _sum_of_pushed(op, tangents, out, primals)
    if total is not None:
        for watcher in watching:
            watcher.moved(op, primals, out, total)
    return total


def _sum_of_pushed(op: Op, tangents: Mapping[int, Any], out: Any, primals: Sequence[Any]) -> Any:
    total: Any = None
    for index, tangent in tangents.items():
        if op.rules[index] is not None:
            part = pushed(op, index, tangent, out, primals)
            for watcher in watchers.get() if switch.active else ():
                watcher.pushed(part)
            total = part if total is None else total + part
    return total


def _moved_floats(op: Op, operands: tuple[Any, ...]) -> Dual | None:
    """Apply an op the short way, by code of its own, where primals and tangents are floats."""
    if len(operands) > 2:
        return None
    mask = level = 0
    numbers: list[float] = []
    tangents: list[float] = []
    for bit, x in enumerate(operands, 1):  # the bits of the first two operands are 1 and 2
        if type(x) is Dual:
            if x.primal.__class__ is not float or x.tangent.__class__ is not float:
                return None
            if level and x.level != level:
                return None
            mask += bit
            level = x.level
            numbers.append(x.primal)
            tangents.append(x.tangent)
        elif x.__class__ is float:
            numbers.append(x)
        else:
            return None
    try:
        push = op.codes[mask]
    except KeyError:
        push = op.codes[mask] = push_code(op, mask)
    if push is None:
        return None
    try:
        out, tangent = push(*numbers, *tangents)
    except (ArithmeticError, ValueError):  # IEEE 754, which the long way follows
        return None
    # A tangent of nan goes the long way too, which knows that a tangent of 0 stays 0.
    if tangent.__class__ is not float or tangent != tangent:
        return None
    return Dual(out, tangent, level)


def highest_level(numbers: Iterable[Any]) -> int | None:
    """Find the innermost forward pass that moves any of these; None when none does."""
    return max([x.level for x in numbers if isinstance(x, Dual)], default=None)


def primal_of(x: Any, level: int) -> Any:
    """Return the number without the tangent of one forward pass."""
    return x.primal if isinstance(x, Dual) and x.level == level else x


def tangent_of(x: Any, level: int) -> Any:
    """Return the tangent of one forward pass; 0.0 for what it does not move."""
    return x.tangent if isinstance(x, Dual) and x.level == level else 0.0


def is_zero(tangent: Any) -> bool:
    """Return whether a tangent is no change at all, rather than a number that happens to be 0."""
    return isinstance(tangent, Real) and tangent == 0


def is_operand(x: object) -> bool:
    """Return whether something may stand beside a Dual in an expression."""
    return isinstance(x, Dual | Value | Real) or hasattr(type(x), "__pluggrad_op__")


def pushed(op: Op, index: int, tangent: Any, out: Any, primals: Sequence[Any]) -> Any:
    """Apply the rule of one operand to its tangent, by IEEE 754 where Python's operators raise.

    Raises:
        RuleError: when the rule fails, naming op, operand and cause.
    """
    # A result may be a float though an operand moves, where no rule says how.
    still = tangent.__class__ is float and out.__class__ is float
    if still and not any(type(x) is Dual for x in primals):
        return strong_zero.partial(op, index, tangent, out, primals)
    rule = op.rules[index]
    assert rule is not None
    try:
        try:
            part = rule(tangent, out, *primals)
            if part.__class__ is not float and is_no_double(part):
                raise ArithmeticError("ops on Values give doubles")
        except ArithmeticError:  # Python raises for 1.0 / 0.0; ops on Values do not
            tangent, out, *primals = map(_boxed, [tangent, out, *primals])
            part = rule(tangent, out, *primals)
        part = as_float(part) if isinstance(part, Real) else part
        if op.is_linear and is_nan(part):
            part = strong_zero.share(rule, tangent, _boxed(out), [_boxed(x) for x in primals])
    except Exception as cause:
        raise op.rule_error(index, cause, primals) from cause
    if not is_operand(part):
        raise op.rule_error(index, f"gave {quoted(part)}, which is no number", primals)
    return part


def is_nan(part: Any) -> bool:
    """Return whether a gradient or a tangent is nan, behind all tangents of its own."""
    part = behind(part)
    if isinstance(part, Value):
        return bool(part.data != part.data) and strong_zero.is_nan(part)
    number = part
    return number.__class__ is float and bool(number != number)  # no symbol, in a rule written down


def _boxed(x: Any) -> Any:
    return constant(x) if isinstance(x, Real) else x


# ----- Python's operators, each served by the op that is registered for it -----

_serving: dict[tuple[str, int], tuple[int, Op]] = {}


def _op_behind(symbol: str, arity: int) -> Op:
    now = plugins.changes  # before looking, so that what changes meanwhile is looked for again
    served = _serving.get((symbol, arity))
    if served is None or served[0] != now:
        served = _serving[symbol, arity] = now, plugins.serving(symbol, arity)
    return served[1]


def _operator(symbol: str, arity: int, socket: str) -> Callable[..., Any]:
    reflected = socket.startswith("__r") and socket != "__round__"

    def unary(self: Dual) -> Any:
        return Dual.__pluggrad_op__(_op_behind(symbol, arity), (self,))

    def binary(self: Dual, other: Any = 0.0) -> Any:
        op = _op_behind(symbol, arity)
        if type(other) is not Dual and other.__class__ is not float:
            if not is_operand(other):
                return NotImplemented
            if isinstance(other, Real):
                other = as_float(other)
        return Dual.__pluggrad_op__(op, (other, self) if reflected else (self, other))

    method = unary if arity == 1 else binary
    method.__name__ = socket
    return method


for (_symbol, _arity), _sockets in SOCKETS.items():
    for _socket in _sockets:
        setattr(Dual, _socket, _operator(_symbol, _arity, _socket))
