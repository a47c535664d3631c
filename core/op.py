"""Op: a forward function and one derivative rule per operand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import Parameter
from numbers import Number, Real
from typing import Any, ClassVar, overload

from .errors import ForwardError, RuleError
from .index import declaration, op_methods, op_samples, pullbacks, value_hints
from .recording import call_inside, current_scope, keeper, no_grad, recording, switch, watchers
from .value import Value, as_float, constant, hand_out, is_flag, operand, recorded

Rule = Callable[..., Any]
Interval = tuple[float, float]

# What generated code calls the operands; `g` is the gradient.
NAMES = ("a", "b", "c", "d", "e", "f", "h", "i")

# What code is made from and recorded values rely on, so that it never changes.
DECLARED = frozenset("name forward rules operator ieee domain kinks defaults".split())

MISSING: Any = object()  # an operand that was not given


class Op:
    """An operation: how to compute it and how to differentiate it.

    Parameters:
        name: a Python identifier; `value.name()` is the call.
        forward: computes the result, a float, from the operands as floats. Operands with defaults
            may be omitted in a call; they are constants then.
        rules: one for each operand of `forward`, in order: `rule(g, out, *operands)` returns the
            gradient of that operand from the gradient `g` of the result `out`. A rule is linear
            in `g` and made of operators and other ops only, so that it also works on Values (for
            higher derivatives) and in compiled code. None means that no gradient flows there.
        operator: the Python operator that this op serves, such as `"*"`; one of
            + - * / // % ** abs floor ceil trunc round.
        ieee: computes the result where `forward` raises although IEEE 754 has an answer, as
            `math.log(0)` does.
        domain: the open interval of each operand in which the rules hold; None for all numbers.
        kinks: the points at which an op of one operand has no derivative. For more operands, a
            function of them that is zero there.
        doc: the formula, in one line, with the derivative where it helps.

    Raises:
        OpError: when the parts do not fit together, quoting the wrong one.

    >>> import math
    >>> from pluggrad import Op
    >>> from pluggrad.ops import cos
    >>> sin = Op("sin", math.sin, lambda g, out, x: g * cos(x))
    >>> sin(0.0)
    0.0

    Calling an op with numbers returns a float; with a Value among the operands it records.
    """

    # Plugged in by what is built upon ops: the registry, and what makes code of rules.
    installed: ClassVar[Any]
    forget_code: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    # Whether it finds the gradients of all operands at once, as what `checkpoint` records does.
    is_composite: ClassVar[bool] = False
    # What calls go to that are not of Values and floats alone.
    recorder: Callable[..., Any]

    # Whether its rules are linear in the gradient, as every rule is but those that call hooks.
    is_linear: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        *rules: Rule | None,
        operator: str | None = None,
        ieee: Callable[..., float] | None = None,
        domain: Sequence[Interval | None] | Interval | None = None,
        kinks: Sequence[float] | Callable[..., float] = (),
        doc: str = "",
    ) -> None:
        self.name = name
        self.forward = forward
        self.rules = rules
        self.operator = operator
        self.symbol = operator or name  # what a picture shows
        self.ieee = ieee
        self.domain: tuple[Interval | None, ...] = declaration.domain_of_each(domain, len(rules))
        self.kinks = kinks
        self.__doc__ = doc
        self.defaults: tuple[float, ...] = declaration.defaults_of(name, forward)
        declaration.check_declaration(self)
        self.__signature__ = declaration.signature_of(forward, rules, self.defaults)
        # Further code made from the rules when it is first needed, see func/symbols.py.
        self.codes: dict[Any, Any] = {}

        self.function: Callable[..., Any] = _first_call
        # Python finds attributes slowly where a dict was filled for one class and serves another.
        self.__dict__ = dict(self.__dict__)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in DECLARED and name in vars(self) and self.is_plain:
            raise declaration.no_change(self, name)
        super().__setattr__(name, value)

    # The op that was registered in place of this one, which calls of this one go to.
    successor: Op | None = None

    def hand_over(self, successor: Op | None) -> None:
        """Send calls to another op from now on; None ends that."""
        self.successor = successor
        self.function = _first_call if successor is None else _call_successor
        if self.is_plain:
            self.__class__ = Op

    @property
    def is_plain(self) -> bool:
        """Whether it was made by `Op(...)`, and not by a class that does more."""
        return self.__class__ is Op or hasattr(self.__class__, "is_shape")

    @property
    def arity(self) -> int:
        """The number of operands."""
        return len(self.rules)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[object, ...]:
        if Op.installed.ops.get(self.name) is not self:
            raise value_hints.no_pickle(self)
        return _installed_op, (self.name, *op_samples.samples(self))

    def is_under_way(self) -> bool:
        """Return whether a pass is at work on what it gives, from which no copy is cut off."""
        return False

    def __copy__(self) -> Op:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self

    # ----- Forward -----

    @overload  # numbers give a number; with a Value among them it is the second that holds
    def __call__(self, /, *operands: float, **named: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, /, *operands: Value | float, **named: Value | float) -> Value: ...
    @overload
    def __call__(self, /, *operands: Any, **named: Any) -> Any: ...
    def __call__(self, /, *operands: Any, **named: Any) -> Any:
        """Compute a float from numbers, or a recorded Value where one operand is a Value.

        Parameters:
            operands: numbers and Values, in order.
            named: further ones by name, as the forward function calls them.

        Raises:
            TypeError: for a wrong number of operands, one that is neither number nor Value, or an
                unknown name.
        """
        return self.function(self, *(self.in_order(operands, named) if named else operands))

    def in_order(self, given: Sequence[Any], named: dict[str, Any]) -> Sequence[Any]:
        """List operands, some of which were given by name."""
        names = self.__signature__.parameters
        first = dict(zip(names, given, strict=False))
        last = dict(zip(reversed(names), reversed(self.defaults), strict=False))
        every = {**last, **first, **named}
        is_named = next(iter(names.values())).kind is Parameter.POSITIONAL_OR_KEYWORD
        is_once = len(first) == len(given) and not first.keys() & named.keys()
        if is_named and is_once and every.keys() == names.keys():
            return tuple([every[name] for name in names])
        raise value_hints.wrong_names(self, list(given), named)

    def call_with(self, operands: tuple[Any, ...]) -> Any:
        """Compute on operands of any kind and number, some of which may be MISSING."""
        operands = tuple([x for x in operands if x is not MISSING])
        if len(operands) != len(self.rules):
            operands = self.complete(operands)
        numbers = True
        for x in operands:
            kind = type(x)
            if kind is not float:
                if kind is Value:
                    numbers = False
                elif hasattr(kind, "__pluggrad_op__"):
                    return kind.__pluggrad_op__(self, _without_flags(operands))
                elif isinstance(x, Value):
                    numbers = False
                elif is_flag(x):
                    return self.call_with(_without_flags(operands))
                elif not isinstance(x, Real):
                    raise value_hints.no_operand(self, x)
        if numbers:
            return self.evaluate(*operands)
        return self.record(tuple([operand(x) for x in operands]))

    def complete(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Fill in operands that were left out and have a default."""
        missing = self.arity - len(operands)
        if not 0 <= missing <= len(self.defaults):
            raise value_hints.wrong_count(self, len(operands))
        return operands + self.defaults[len(self.defaults) - missing :] if missing else operands

    def evaluate(self, *operands: float) -> float:
        """Compute the forward function on floats, by IEEE 754 where `forward` itself raises.

        Raises:
            ForwardError: when `forward` has no result (it raises an ArithmeticError or ValueError)
                and there is no `ieee`, or when it returns no real number. Any other exception is
                passed on, with a note that names the op and the operands.
        """
        try:
            result = self.forward(*operands)
        except (ArithmeticError, ValueError) as cause:
            if self.ieee is None:
                raise value_hints.no_result(self, operands, cause) from cause
            result = self._by_ieee(operands)
        except Exception as cause:
            self.note(cause, operands)
            raise
        if result.__class__ is not float:
            if result.__class__ is complex and self.ieee is not None:
                result = self._by_ieee(operands)  # Python's ** leaves the reals without a word
            try:
                return as_float(result)
            except (TypeError, OverflowError) as cause:
                raise value_hints.no_float(self, operands, result, cause) from None
        return result

    def _by_ieee(self, operands: Sequence[float]) -> Any:
        assert self.ieee is not None
        try:
            return self.ieee(*operands)
        except Exception as cause:
            self.note(cause, operands, what="ieee")
            raise

    def note(self, cause: Exception, operands: Sequence[object], what: str = "forward") -> None:
        """Write the op and its operands below an exception that one of its functions raised."""
        cause.add_note(f"This was raised by the {what} of op {self.name!r} for {listed(operands)}.")

    def evaluate_on(self, *operands: Value) -> float:
        """Compute the forward function on the numbers of Values; watchers hear where it fails."""
        try:
            return self.evaluate(*[x._number for x in operands])
        except Exception as cause:
            if isinstance(cause, ForwardError):
                cause.operands = operands
            self.tell_failed(operands)
            raise

    def tell_failed(self, operands: tuple[Value, ...]) -> None:
        """Tell watchers that the forward function raised an error."""
        for watcher in watchers.get() if switch.active else ():
            watcher.failed(self, operands)

    def record(self, operands: tuple[Value, ...]) -> Value:
        """Compute on Values and remember them: the general way, for any number of operands."""
        return made(self, operands, self.evaluate_on(*operands))

    # ----- Backward -----

    def partial(self, index: int, g: float, out: float, *operands: float) -> float:
        """Apply the rule of one operand to floats, by IEEE 754 where Python's operators raise.

        Parameters:
            index: which operand, from 0.
            g: the gradient of the result.
            out: the result.
            operands: the operands.

        Raises:
            RuleError: when the rule fails, naming op, operand and cause.
        """
        rule = self.rules[index]
        if rule is None:
            return 0.0
        try:
            try:
                result = rule(g, out, *operands)
                if result.__class__ is not float and is_no_double(result):
                    raise ArithmeticError("ops on Values give doubles")
            except ArithmeticError:
                # Python raises for 1.0 / 0.0. Ops on Values do not: they are IEEE 754 throughout.
                boxed = constant(g), constant(out), *map(constant, operands)
                result = call_inside(no_grad(), rule, *boxed)
            if isinstance(result, Value):
                hand_out([result] if result.requires_grad else [])
                result = result._number
            return as_float(result, "it gives one real number")
        except Exception as cause:
            raise self.rule_error(index, cause, operands) from cause

    def rule_error(self, index: int, cause: object, operands: Sequence[Any]) -> RuleError:
        """Return the error that says which rule failed, on which numbers, and why."""
        return value_hints.failed_rule(self, index, cause, operands)

    def pullback(self, node: Value) -> None:
        """Add to the operands' `grad` what the rules make of the node's, for `backward()`.

        The first call makes the code for it, which later ones run at once.
        """
        self.pullback = pullbacks.fuse(self)  # type: ignore[assignment, method-assign]
        self.pullback(node)


def _first_call(op: Op, *operands: Any) -> Any:
    """Put the op into the class for its number of operands, and call it."""
    kind = op_methods.class_of(op)
    if op.is_plain:
        op.__class__ = kind
    op.function = kind.__call__
    return op.function(op, *operands)


def call_named(op: Op, operands: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call an op with operands of which some have names."""
    return op.function(op, *op.in_order([x for x in operands if x is not MISSING], named))


def call_any(op: Op, *operands: Any) -> Any:
    """Call an op in the general way."""
    return op.call_with(operands)


Op.recorder = staticmethod(call_any)


def _call_successor(op: Op, *operands: Any) -> Any:
    assert op.successor is not None
    return op.successor(*[x for x in operands if x is not MISSING])


def _installed_op(name: str, samples: Sequence[float] = (), read: Any = ()) -> Op:
    """Return an op by name when a pickle is loaded: the one that was pickled."""
    op: Op = Op.installed.op(name)
    op_samples.check_samples(op, samples, read)
    return op


def _without_flags(operands: Iterable[Any]) -> tuple[Any, ...]:
    return tuple([bool(x) if is_flag(x) else x for x in operands])


def is_no_double(part: object) -> bool:
    """Return whether a rule left the doubles: for complex numbers, or NumPy's float32."""
    return isinstance(part, Number) and not isinstance(part, float | int)


def listed(operands: Sequence[object]) -> str:
    """Write operands in a message."""
    return ", ".join(map(repr, operands))


# ----- Recording -----


def made(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Make the Value that `op` gave, in the way that the contexts open here ask for."""
    if switch.active:
        return record_watched(op, operands, data)
    return recorded(op, operands, data)


def record_watched(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Record as the contexts that are open in this thread or task ask for."""
    watching = watchers.get()
    holder = keeper() if watching and not recording.get() else None
    is_recorded = recording.get() or holder is not None
    out = recorded(op, operands, data) if is_recorded else constant(data)
    if out.op is not None and (scope := current_scope.get()):
        out.scope = scope
    for watcher in watching:
        watcher.computed(op, operands, out)
    if out.__class__ is Value:
        for x in operands:
            if x.__class__ is not Value and hasattr(x, "_spread"):
                x._spread(out)  # in whatever thread this runs
                break
    return out if holder is None else holder.kept(out)
