"""Looks: what Python code got to know of a number while a function was recorded.

Who looks is noticed (`Watcher.observed`). What a look told becomes a guard, see guards.py, or it is
refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.func.custom import Arguments, CustomRule
from pluggrad.func.gradient_hooks import Hook
from pluggrad.gradient import hooks, is_leaf, propagate
from pluggrad.recording import Watcher
from pluggrad.topology import topological_order
from pluggrad.value import NOT_RUN, constant, new_value

from ..tape.fingerprint import is_built_in
from .comparisons import exactly
from .failing import may_raise
from .fast import is_fast, keep_current, make_fast
from .guards import GUARDS, Raises, applied, fixed, kind_of
from .places import Place, Seen, first_change, unchanged
from .plain import is_float, plain
from .reads import Reads, reads_of
from .recorded import AsItStands, Hooked, end_recording, held, is_of_floats, recorded_class
from .ruled import Calls
from .slots import refusal
from .writes import changes

# The guards for the answers yes and no.
ANSWERS = {
    "<": ("_less", "_not_less"),
    ">": ("_less", "_not_less"),
    "<=": ("_at_most", "_not_at_most"),
    ">=": ("_at_most", "_not_at_most"),
    "bool": ("_nonzero", "_zero"),
    "is nan": ("_is_nan", "_is_number"),
    "is finite": ("_finite", "_not_finite"),
}

OF_ONE = ("bool", "is nan", "is finite")


def _refuse_backward(left: Any, right: Any, *, mine: bool) -> None:
    if not mine:
        raise refusal(
            "backward()",
            f"it would add to the grad of {left.label or 'a Value'!r} from outside, once "
            "and never again; use grad(y, x)",
        )


def _refuse_copy(left: Any, right: Any, *, mine: bool) -> None:
    raise refusal("a copy or a pickle of a Value", "it would hold the number of today")


def _refuse_detector(left: Any, right: Any, *, mine: bool) -> None:
    raise refusal(
        "detect_anomaly()", "it would see the numbers of today; call the compiled function in it"
    )


def _refuse_grad(left: Any, right: Any, *, mine: bool) -> None:
    if not mine:
        raise refusal(
            "grad of a Value from outside", "what it is today would be computed with for ever; "
            "pass it as an argument"
        )  # fmt: skip


REFUSALS: dict[str, Callable[..., None]] = {
    "backward": _refuse_backward,
    "copy": _refuse_copy,
    "detect_anomaly": _refuse_detector,
    "grad": _refuse_grad,
}
RAN = "it gave a result"


class Looks(Watcher):
    """Notices, while a function runs, what it looks at, and what a recording would miss.

    Parameters:
        in_floats: whether numbers that leave the graph, as `x.data`, are floats, which a recording
            holds for, and no recorded ones.
    """

    sees_rules = True
    sees_every_step = True
    keeps_everything = True

    def __init__(self, *, in_floats: bool = False) -> None:
        keep_current()
        self.in_floats = in_floats
        self.gave_floats = False
        self.kind: Any = recorded_class(self)
        self.replaced: dict[int, Value] = {}  # the leaves below hooks, by the id of what they were
        self.hooks: dict[int, list[Hook]] = {}
        self.seen: dict[tuple[Any, ...], Value] = {}
        self.ops: set[Op] = set()  # seen so far
        self.reads: dict[Op, tuple[Reads, Reads]] = {}  # what functions and rules read then
        self.raising: set[Op] = set()  # those of them that may raise an error
        self.ruled: set[Op] = set()  # whose rules ran
        self.outside: set[Value] = set()
        self.made: set[Value] = set()  # of the class of another recording, around this one
        self.reached: set[Value] = set()  # Values from outside that a gradient came by
        self.parts: list[Value] = []  # of derivatives that were not nan so far
        self.refused: list[CompileError] = []
        self.exact = 0
        self.calls = Calls(self)

    def computed(self, op: Op, operands: tuple[Any, ...], out: Any) -> None:
        """See that `op` gave the Value `out`."""
        kind = self.kind
        if op not in self.ops:
            self.ops.add(op)
            if not is_built_in(op):
                self.reads[op] = reads_of([op.forward, op.ieee]), reads_of(op.rules)
            if op.is_plain:
                self._sort_in(op)
        for x in operands:
            if x.__class__ is not kind and (x.requires_grad or x.op is not None):
                self.outside.add(x)
        kind._spread(out)
        if out.__class__ is not kind:
            self.made.add(out)
        if op in self.raising:
            self.seen[RAN, id(out)] = applied(GUARDS["_ran"], [out])

    def _sort_in(self, op: Op) -> None:
        """See an op for the first time."""
        if may_raise(op):
            self.raising.add(op)
        elif not is_fast(op):
            make_fast(op)

    def given(self, numbers: Iterable[Any]) -> None:
        """See numbers that are used: those from outside are read in each call."""
        self.outside.update(
            x
            for x in numbers
            if isinstance(x, Value)
            and not isinstance(x, self.kind)
            and x.op is not GUARDS["_constant"]
        )

    def computed_outside(self) -> list[Value]:
        """List the Values from outside that were computed there."""
        return [x for x in self.outside - self.made if x.op is not None]

    def ended(self) -> None:
        """See no more: what was recorded is made of Values like others from now on."""
        end_recording(self.kind)

    def leaves(self, numbers: Iterable[float]) -> list[Value]:
        """Make the Values that the function is given."""
        kind, leaves = self.kind, [Value(x) for x in numbers]
        for leaf in leaves:
            if leaf.__class__ is Value:  # no other recording around this one saw it
                leaf.__class__ = kind
        return leaves

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

    def call_with_rule(self, custom: CustomRule, arguments: Arguments) -> Any:
        """Call a function that has a rule of its own."""
        return self.calls.call(custom, arguments)

    def backward(self, output: Value, gradient: Any) -> None:
        """Compute gradients as Values, which have to change with the inputs."""
        order = topological_order([output], differentiable=True)
        leaves = [node for node in order if is_leaf(node)]
        for leaf in leaves:
            self.observed("backward", leaf, None, None)
        # Sums begin with what leaves have, so that they round as those of the fused code.
        before = [(leaf, leaf._grad) for leaf in leaves if leaf._grad is not NOT_RUN]
        gradients = propagate([*before, (output, gradient)], order, create_graph=True)
        for node in order:
            g = gradients.get(node.prev[0] if node.op.__class__ is Hooked else node, 0.0)
            g = g if isinstance(g, Value) else constant(g)
            node._grad = self.number(g + 0.0)  # no -0.0, as elsewhere

    def kept(self, x: Value, label: str = "") -> Value:
        """Return a Value for the plain number of `x`, through which no gradient flows."""
        if x.__class__ is not self.kind:
            self.outside.add(x)
        kept: Value = self.kind._spread(held(x, label))
        return kept

    def number(self, x: Value, label: str = "") -> Any:
        """Return the same as a float, as far as anybody asks."""
        self.gave_floats = True
        if self.in_floats:
            self.observed("float", x, None, x._number)
            return x._number
        return plain(self.kept(x, label))

    def inside(self, x: Value) -> Value:
        """Return what a transform gives inside another one: a Value, of floats alone, too."""
        return self.kept(x) if is_float(x) else x

    def is_number(self, x: Value) -> bool:
        """Return whether a transform computed `x` of floats alone, and so gives a float."""
        return is_of_floats(x)

    def flowed(self, node: Any, index: int, g: Any, part: Any) -> None:
        """See `part`, the gradient that `node` hands on to its operand number `index`."""
        self.ruled.add(node.op)
        self.pushed(part)
        operand = node.prev[index]
        if operand.__class__ is not self.kind:
            self.reached.add(operand)

    def moved(self, op: Op, primals: Any, out: Any, tangent: Any) -> None:
        """See what the rules of `op` made of tangents."""
        self.ruled.add(op)

    def pushed(self, part: Any) -> None:
        """See `part`, what one rule made of a tangent."""
        if isinstance(part, Value):
            self.parts.append(part)

    def check_ops(self) -> None:
        """Check that ops read what they read when they were called, unless they changed it.

        Raises:
            CompileError: naming the op, and what the program has changed since.
        """
        read = [(op, x) for op, (x, _) in self.reads.items()]
        read += [(op, x) for op, (_, x) in self.reads.items() if op in self.ruled]
        for op, reads in read:
            if not (unchanged(reads.places) or changes(reads)):
                what = op.calls if isinstance(op, AsItStands) else f"op {op.name!r}"
                raise CompileError(
                    f"{what} reads {first_change(reads.places)}, which the compiled function "
                    "changes between its calls; give it as an operand instead"
                )

    def hook_places(self) -> Iterator[Place]:
        """Return where hooks stand, or may stand, that change a gradient computed here."""
        for value in self.reached:
            yield Seen(value, _hooks_of), None, _hooks_of(value)

    def failed(self, op: Op, operands: tuple[Any, ...]) -> None:
        """See that `op` raises an error, which the program may catch."""
        key = (f"{op.name} raises", *map(id, operands))
        if key not in self.seen:
            self.seen[key] = applied(Raises(op, kind_of(sys.exception())), operands)

    def observed(self, how: str, left: Any, right: Any, answer: Any) -> None:
        """See that Python code looked at the number in `left`."""
        if how in REFUSALS:
            REFUSALS[how](left, right, mine=left.__class__ is self.kind)
            return
        if how == "==":
            if isinstance(right, Value | Real):
                self._differ(left, right)
            return
        name, pair = self._told(how, left, right, answer)
        if any(isinstance(x, Decimal) for x in pair):  # which raises when it meets a nan
            self.observed("is nan", left, None, False)
        name, pair = exactly(name, pair)
        self.given(pair)
        key = (name, *[id(x) if isinstance(x, Value) else float(x) for x in pair])
        if key not in self.seen:
            self.seen[key] = applied(GUARDS[name], pair)

    def _differ(self, left: Any, right: Any) -> None:
        """See that Value and number, or two Values, are not equal: where their numbers are not.

        Raises:
            CompileError: where they are, and so the function says of numbers that they are equal.
        """
        other = right._number if isinstance(right, Value) else right
        if left._number < other or left._number > other:
            how = "<" if left._number < other else ">"
            self.observed(how, left, right, answer=True)
        elif left._number == other:
            raise refusal(
                "==",
                "Values are equal when they are one and the same, numbers when their values are. "
                "Say which: `x.data == a` or `x is y`",
            )
        else:
            for x in (left, right):
                if isinstance(x, Value):
                    self.observed("is nan", x, None, answer=x._number != x._number)

    def _told(self, how: str, left: Any, right: Any, answer: Any) -> tuple[str, list[Any]]:
        """Say what the answer told: a guard's name, and its operands."""
        if how in ANSWERS:
            if how == "is nan" and answer:
                self._guard_parts()
            operands = [left] if how in OF_ONE else [left, right]
            return ANSWERS[how][not answer], operands[::-1] if how in (">", ">=") else operands
        self.exact += 1
        return ("_whole", [left, float(answer)]) if how == "int" else ("_same", [left, answer])

    def _guard_parts(self) -> None:
        """Let a recording with a derivative of nan hold where it is nan for the same reason.

        Where all derivatives are numbers, so are all parts that count. Where one is nan, a part
        that was a number here may be nan elsewhere, and count as 0 there: see `strong_zero`.
        """
        parts, self.parts = self.parts, []
        for part in parts:
            self.observed("is nan", part, None, part.data != part.data)


def _hooks_of(value: Value) -> tuple[Any, ...]:
    return tuple(value._hooks) if value in hooks else ()


def failed(looks: Looks) -> Value:
    """Return the Value that counts the guards that do not hold."""
    total = fixed(0.0)
    for guard in looks.seen.values():
        total = applied(GUARDS["_add"], [total, guard])
    return total
