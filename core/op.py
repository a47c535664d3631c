"""Op: a forward function and one derivative rule per operand."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from keyword import iskeyword
from numbers import Real
from typing import Any, overload

from .errors import ForwardError, OpError, RuleError
from .recording import no_grad, switch, watchers
from .value import NOT_RUN, Value, as_float, as_float_data, constant, new_value, operand

Rule = Callable[..., Any]
Interval = tuple[float, float]

MISSING: Any = object()  # an operand that was not given

# What generated code calls the operands; `g` is the gradient.
NAMES = ("a", "b", "c", "d", "e", "f", "h", "i")


class Op:
    """An operation: how to compute it, and how to differentiate it.

    Parameters:
        name: how it is called, `value.name()`; a Python identifier.
        forward: takes the operands as floats, gives a float. Operands with defaults may be left
            out in a call, and are constants then.
        rules: one for each operand of `forward`, in order: `rule(g, out, *operands)` gives the
            gradient of that operand from the gradient `g` of the result `out`. A rule is linear
            in `g` and made of operators and other ops only, so that it also works on Values (for
            higher derivatives) and in compiled code. None says that no gradient ever flows there.
        operator: the Python operator that stands for this op, such as `"*"`; one of
            + - * / // % ** abs floor ceil trunc round.
        ieee: what the result is where `forward` raises, as Python's math functions do where
            IEEE 754 has an answer: `math.log(0)`. Takes the operands, gives the float.
        domain: for each operand the open interval in which the rules hold; None for all numbers.
        kinks: the points at which a one-operand op has no derivative. For more operands, a
            function of them that is zero there.
        doc: the formula, in one line, with the derivative where it helps.

    Raises:
        OpError: when the parts do not fit together; the text quotes the part.

    >>> import math
    >>> from pluggrad import Op
    >>> from pluggrad.ops import cos
    >>> sin = Op("sin", math.sin, lambda g, out, x: g * cos(x))
    >>> sin(0.0)
    0.0

    Calling an op with numbers gives a float; with a Value among the operands it records.
    """

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
        self.ieee = ieee
        self.domain = _domain_of_each(domain, len(rules))
        self.kinks = kinks
        self.__doc__ = doc
        self.defaults: tuple[float, ...] = _defaults_of(name, forward)
        _check_declaration(self)
        # Further code made from the rules when it is first needed, see func/symbols.py.
        self.codes: dict[Any, Any] = {}

        self.function: Callable[..., Any] = _first_call

    # The op that was registered in place of this one, which calls of this one go to.
    successor: Op | None = None

    def hand_over(self, successor: Op | None) -> None:
        """Send calls to another op from now on; None ends that."""
        self.successor = successor
        self.function = _first_call if successor is None else _call_successor

    @property
    def arity(self) -> int:
        """The number of operands."""
        return len(self.rules)

    @property
    def symbol(self) -> str:
        """What a picture shows: the operator where there is one, else the name."""
        return self.operator or self.name

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[object, ...]:
        from .registry import plugins

        if plugins.ops.get(self.name) is not self:
            raise TypeError(
                f"op {self.name!r} cannot be pickled: pickles find ops by name, and "
                + (
                    "another op is registered under it"
                    if self.name in plugins.ops
                    else "it is not registered; see plugins.register_op()"
                )
            )
        return _installed_op, (self.name,)

    def __copy__(self) -> Op:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self

    # ----- Forward -----

    @overload
    def __call__(self, *operands: float) -> float: ...
    @overload
    def __call__(self, *operands: Any) -> Any: ...
    def __call__(self, a: Any = MISSING, b: Any = MISSING, /, *more: Any) -> Any:  # type: ignore[misc]
        """Compute: a float from numbers; a recorded Value where one operand is a Value.

        Raises:
            TypeError: for a wrong number of operands, or one that is neither number nor Value.
        """
        if b is MISSING:
            return self.function(self, a)
        return self.function(self, a, b, *more) if more else self.function(self, a, b)

    def call_with(self, operands: tuple[Any, ...]) -> Any:
        """Compute on operands of any kind and number, some of which may be MISSING."""
        operands = tuple([x for x in operands if x is not MISSING])
        if len(operands) != len(self.rules):
            operands = self.complete(operands)
        numbers = True
        for x in operands:
            kind = x.__class__
            if kind is not float:
                if kind is Value:
                    numbers = False
                elif hasattr(kind, "__pluggrad_op__"):
                    return kind.__pluggrad_op__(self, operands)
                elif isinstance(x, Value):
                    numbers = False
                elif not isinstance(x, Real):
                    raise TypeError(
                        f"{self.name}() takes numbers and Values, not {kind.__name__}: {x!r:.60}"
                    )
        if numbers:
            return self.evaluate(*operands)
        return self.record(tuple([operand(x) for x in operands]))

    def complete(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Fill in operands that were left out and have a default."""
        missing = self.arity - len(operands)
        if not 0 <= missing <= len(self.defaults):
            least = self.arity - len(self.defaults)
            wanted = str(self.arity) if least == self.arity else f"{least} to {self.arity}"
            plural = "" if wanted == "1" else "s"
            raise TypeError(f"{self.name}() takes {wanted} operand{plural}, got {len(operands)}")
        return operands + self.defaults[len(self.defaults) - missing :] if missing else operands

    def evaluate(self, *operands: float) -> float:
        """Compute the forward function on floats, by IEEE 754 where `forward` itself raises.

        Raises:
            ForwardError: when `forward` has no result (it raises an ArithmeticError or ValueError)
                and no `ieee` was given, or when it gives no real number. Any other exception of its
                own is passed on, with a note that names the op and the operands.
        """
        try:
            result = self.forward(*operands)
        except (ArithmeticError, ValueError) as cause:
            if self.ieee is None:
                raise ForwardError(
                    f"op {self.name!r} has no result for {_listed(operands)}: {cause}. Its author "
                    "can declare one with Op(..., ieee=...)"
                ) from cause
            result = self._by_ieee(operands)
        except Exception as cause:
            self.note(cause, operands)
            raise
        if result.__class__ is complex and self.ieee is not None:
            result = self._by_ieee(operands)  # Python's ** leaves the real numbers without a word
        if result.__class__ is not float:
            try:
                return as_float(result)
            except TypeError:
                raise ForwardError(
                    f"op {self.name!r} gave {result!r:.60} for {_listed(operands)}; "
                    "a forward function gives a real number"
                ) from None
            except OverflowError:
                raise ForwardError(
                    f"op {self.name!r} gave a number for {_listed(operands)} that is too large "
                    "for a float"
                ) from None
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
        cause.add_note(
            f"This was raised by the {what} of op {self.name!r} for {_listed(operands)}."
        )

    def evaluate_on(self, *operands: Value) -> float:
        """Compute the forward function on the numbers of Values; watchers hear where it fails."""
        try:
            return self.evaluate(*map(as_float_data, operands))
        except Exception:
            self.tell_failed(operands)
            raise

    def tell_failed(self, operands: tuple[Value, ...]) -> None:
        """Tell watchers that the forward function raised an error."""
        for watcher in watchers.get() if switch.active else ():
            watcher.failed(self, operands)

    def record(self, operands: tuple[Value, ...]) -> Value:
        """Compute on Values and remember them: the general way, for any number of operands."""
        data = self.evaluate_on(*operands)
        if switch.active:
            from .watching import record_watched

            return record_watched(self, operands, data)
        return recorded(self, operands, data)

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
                if result.__class__ is complex:
                    raise ArithmeticError("a complex number")
            except ArithmeticError:
                # Python raises for 1.0 / 0.0. Ops on Values do not: they are IEEE 754 throughout.
                with no_grad():
                    result = rule(constant(g), constant(out), *map(constant, operands))
            return as_float(result.data if isinstance(result, Value) else result)
        except Exception as cause:
            raise self.rule_error(index, cause, operands) from cause

    def rule_error(self, index: int, cause: object, operands: Sequence[Any]) -> RuleError:
        """Say which rule failed, on which numbers, and why."""
        numbers = _listed([x.data if isinstance(x, Value) else x for x in operands])
        kind = f"{type(cause).__name__}, " if isinstance(cause, Exception) else ""
        where = f"op {self.name!r}, rule of operand {index}"
        return RuleError(f"{where}: {cause} ({kind}for {numbers:.200})")

    def pullback(self, node: Value) -> None:
        """Add to the operands' `grad` what the rules make of the node's, for `backward()`.

        The first call makes the code for it, which later ones run at once; see pullback.py.
        """
        from .pullback import fuse

        self.pullback = fuse(self)  # type: ignore[assignment, method-assign]
        self.pullback(node)


def _first_call(op: Op, *operands: Any) -> Any:
    """Find the function that is made for the op's number of operands, and call it."""
    from .methods import function_of

    op.function = function_of(op)
    return op.function(op, *operands)


def call_any(op: Op, *operands: Any) -> Any:
    """Call an op in the general way."""
    return op.call_with(operands)


def _call_successor(op: Op, *operands: Any) -> Any:
    assert op.successor is not None
    return op.successor(*[x for x in operands if x is not MISSING])


def recorded(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Make the Value that `op` computed from `operands`."""
    out = new_value(Value)
    out.data = data
    out.label = ""
    out.grad = NOT_RUN
    out.op = op
    out._left = out._right = out._mark = None
    if len(operands) == 1:
        (out._left,) = operands
    elif len(operands) == 2:
        out._left, out._right = operands
    else:
        out._operands = operands
    out.requires_grad = any(x.requires_grad for x in operands)
    return out


def _installed_op(name: str) -> Op:
    """Find an op by name when a pickle is loaded."""
    from .registry import plugins

    return plugins.op(name)


# ----- Checks of a declaration -----


def _domain_of_each(
    domain: Sequence[Interval | None] | Interval | None, arity: int
) -> tuple[Interval | None, ...]:
    if domain is None:
        return (None,) * arity
    if not isinstance(domain, Sequence) or isinstance(domain, str):
        raise OpError(f"a domain is an interval (low, high), not {domain!r:.60}")
    if arity == 1 and len(domain) == 2 and isinstance(domain[0], Real):
        return (domain,)  # a single interval for a single operand
    return tuple(domain)  # type: ignore[arg-type]


def _check_declaration(op: Op) -> None:
    name = op.name
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        raise OpError(f"an op's name is a Python identifier, not {name!r}")
    if unicodedata.normalize("NFKC", name) != name:
        raise OpError(
            f"op {name!r}: Python reads this name as {unicodedata.normalize('NFKC', name)!r} in a "
            "program; call it that"
        )
    if not callable(op.forward):
        raise OpError(f"op {name!r}: forward is a function, not {op.forward!r}")
    if not op.rules:
        raise OpError(
            f"op {name!r} has no rule; give one for each operand, or None for no gradient"
        )
    if op.arity > len(NAMES):
        raise OpError(f"op {name!r} has {op.arity} operands; the most is {len(NAMES)}")
    for index, rule in enumerate(op.rules):
        if rule is not None and not callable(rule):
            raise OpError(f"op {name!r}: the rule of operand {index} is a function, not {rule!r}")
    if len(op.domain) != op.arity:
        raise OpError(f"op {name!r} has {op.arity} operands, but {len(op.domain)} domains")
    _check_places(op)
    taken = _positional(op.forward)
    if taken is not None and taken != op.arity:
        raise OpError(
            f"op {name!r} has {op.arity} rules ({_signatures(op.rules)}), but its forward takes "
            f"{taken} operands ({_signatures([op.forward])}); give one rule for each operand, or "
            "None where no gradient flows"
        )
    for index, rule in enumerate(op.rules):
        taken = _positional(rule)
        if taken is not None and taken != 2 + op.arity:
            raise OpError(
                f"op {name!r}: the rule of operand {index} takes {_signatures([rule])}; "
                f"rules take g, out and the {op.arity} operands"
            )


def _defaults_of(name: object, forward: object) -> tuple[float, ...]:
    defaults = getattr(forward, "__defaults__", None) or ()
    for x in defaults:
        if isinstance(x, bool) or not isinstance(x, Real):
            raise OpError(f"op {name!r}: the default of an operand is a number, not {x!r:.60}")
    return tuple(map(float, defaults))


def _check_places(op: Op) -> None:
    """Check what a declaration says of places: `ieee`, domains and kinks."""
    if op.ieee is not None and not callable(op.ieee):
        raise OpError(f"op {op.name!r}: ieee is a function of the operands, not {op.ieee!r:.60}")
    for index, interval in enumerate(op.domain):
        if interval is None:
            continue
        if not (
            isinstance(interval, Sequence)
            and len(interval) == 2
            and all(isinstance(x, Real) for x in interval)
        ):
            raise OpError(
                f"op {op.name!r}: the domain of operand {index} is an interval (low, high) or "
                f"None, not {interval!r:.60}; give one for each of the {op.arity} operands"
            )
        if not interval[0] < interval[1]:
            raise OpError(
                f"op {op.name!r}: the domain of operand {index}, {interval!r}, is empty; the lower "
                "end stands first"
            )
    if callable(op.kinks):
        return
    if (
        isinstance(op.kinks, str)
        or not isinstance(op.kinks, Sequence)
        or not all(isinstance(x, Real) for x in op.kinks)
    ):
        raise OpError(
            f"op {op.name!r}: kinks are a sequence of numbers, such as (0.0,), or a function that "
            f"is zero there, not {op.kinks!r:.60}"
        )


def _positional(function: object) -> int | None:
    """Count a Python function's positional parameters; None where that is not known."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04 or hasattr(function, "__self__"):  # 0x04: *args
        return None
    return int(code.co_argcount)


def _signatures(functions: Sequence[object]) -> str:
    named = []
    for function in functions:
        code = getattr(function, "__code__", None)
        parameters = ", ".join(code.co_varnames[: code.co_argcount]) if code else "..."
        named.append(f"({parameters})" if function is not None else "None")
    return ", ".join(named)


def _listed(operands: Sequence[object]) -> str:
    return ", ".join(map(repr, operands))
