"""Value: a number that remembers how it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from operator import attrgetter, length_hint
from sys import _getframe
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Never, NoReturn, Self, SupportsFloat, TypeAlias

from .index import call_hints, copying, lost_gradients, name_hints, notebook, value_hints
from .recording import keeper, switch, watchers

if TYPE_CHECKING:
    from .op import Op

    # Ops add their methods when they are registered; type checkers are told of the built-in ones.
    from .ops.methods import OpMethods
else:
    OpMethods = object

# What may stand beside a Value in an expression; a Value itself converts to float too.
Operand: TypeAlias = SupportsFloat

# The gradient of a node that no backward pass has reached. It counts as 0.0; that it is this very
# object tells a picture that nothing ran, which a computed zero does not.
NOT_RUN = float("0")


def as_float(number: object, what: str = "a Value holds one real number (int or float)") -> float:
    """Return a real number (int, float, bool, Fraction, NumPy scalar) as a plain float.

    NumPy counts its timedelta64 among the integers; it has a unit, and is no number here.

    Raises:
        TypeError: for anything else, naming its type; `what` begins the message.
        OverflowError: for an int that no float can hold.
    """
    kind = number.__class__
    if kind in (float, int) or (isinstance(number, Real) and kind.__name__ != "timedelta64"):
        try:
            return float(number)  # type: ignore[arg-type]
        except (TypeError, ValueError):  # an interval is real
            pass
        except OverflowError:
            raise OverflowError(f"{what}; this int is too large for a float") from None
    if is_flag(number):
        return float(bool(number))
    raise value_hints.no_real_number(number, what)


def is_flag(x: object) -> bool:
    """Tell NumPy's True and False, which are Python's among operands, though no `numbers.Real`."""
    return type(x).__module__ == "numpy" and type(x).__name__ in ("bool", "bool_")


# The places in programs that were seen to ask for a plain number, as `float(x)` does: the address
# of an instruction, which lies within the code object that it belongs to, and that object, so that
# it stays alive. (Hashing a code object would take time in proportion to its length.)
quiet_places: dict[int, CodeType] = {}


def ask_place(x: Any, frame: FrameType, flows: bool | None = None) -> None:
    """Check that the place at which a frame stands may have a plain number.

    Raises:
        LostGradientError: when the gradient of `x` would be lost; see lost_gradients.py.
    """
    if id(frame.f_code) + frame.f_lasti not in quiet_places:
        lost_gradients.judge(x, frame, flows)


class Above:
    """What the methods of a Value call; each module that is built upon Values plugs its own in."""

    backward: Callable[[Value, SupportsFloat], None]


above = Above()


class Value(OpMethods):
    """A number that remembers how it was made.

    Write ordinary arithmetic on Values; each result keeps its operation and operands, so that
    `backward()` can send the gradient back to every leaf.

    Parameters:
        data: the number, stored as a float.
        label: a name for pictures and messages.
        requires_grad: False makes a constant, for which no gradient is computed.

    Attributes:
        label: the name, or "".
        op: the `Op` that made this value; None for a leaf.
        prev: the operands in order, with repetitions; empty for a leaf.
        requires_grad: whether `backward()` computes a gradient here.

    Raises:
        TypeError: when `data` is not a real number, or `label` is not a string.

    >>> from pluggrad import Value
    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2.0
    >>> y.backward()
    >>> y.data, x.grad
    (11.0, 6.0)

    Comparisons and `float()` use `data`. `==` and `hash()` use identity, so Values can be members
    of sets and keys of dicts.
    """

    # Up to two operands stand in slots of their own, more in `_operands`: one object for each
    # node halves the garbage collector's work against a tuple beside it. `_operands`, `_hooks` and
    # `scope` stay unset where they say nothing. There is no __getattr__: it would make every
    # attribute read in the engine about three times slower on CPython 3.11.
    __slots__ = (
        *("_number", "_grad", "label", "op", "requires_grad", "scope"),
        *("_left", "_right", "_operands", "_mark", "_hooks", "__weakref__"),
    )

    _number: float
    _grad: float
    label: str
    op: Op | None
    requires_grad: bool
    scope: tuple[str, ...]
    _left: Value | None
    _right: Value | None
    _operands: tuple[Value, ...]
    _mark: object
    _hooks: list[Any]

    def __init__(
        self, data: SupportsFloat, label: str = "", *more: object, requires_grad: bool = True
    ) -> None:
        if more or not isinstance(label, str):
            raise value_hints.wrong_label(label, more)
        if switch.pending is not None:
            switch.pending()
        if data.__class__ is not float:
            if hasattr(data.__class__, "_begin"):  # a Value that is being recorded
                data._begin(self, data, label, requires_grad)  # type: ignore[attr-defined]
                return
            data = as_float(data)
        self._number = data
        self.label = label
        self._grad = NOT_RUN
        self.op = self._left = self._right = self._mark = None
        self.requires_grad = requires_grad
        if switch.active:
            for watcher in watchers.get():
                watcher.created(self)

    # Whatever is assigned is checked at once, and a float from then on. The engine itself reads the
    # slots below: a property costs several times as much. (`_data` is what numpy.ma looks for.)

    @property
    def data(self) -> float:
        """The number. It may be assigned on a leaf, as optimizers do."""
        return self._number

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        self._number = number if number.__class__ is float else as_float(number)

    @property
    def grad(self) -> float:
        """The gradient d(output)/d(self) after `output.backward()`; 0.0 before."""
        return self._grad

    @grad.setter
    def grad(self, number: SupportsFloat) -> None:
        self._grad = number if number.__class__ is float else as_float(number, _GRADIENT)

    @property
    def prev(self) -> tuple[Value, ...]:
        """The operands that made this value, in order; empty for a leaf."""
        if self.op is None:
            return ()
        if self._left is None:
            return self._operands
        if self._right is None:
            return (self._left,)
        return (self._left, self._right)

    # ----- Gradients -----

    def backward(self, gradient: SupportsFloat = 1.0, **others: Never) -> None:
        """Compute d(self)/d(v) for every value `v` that self was computed from, into `v.grad`.

        Leaves accumulate: a second call adds to their `grad`, so training loops reset it. Interior
        values get the gradient of this pass alone.

        Parameters:
            gradient: d(something)/d(self), from which the pass starts.
            others: none; a keyword of another engine is answered with what to write instead.

        Raises:
            GradientError: when self depends on nothing that requires a gradient.
            RuleError: when a derivative rule fails. Leaves keep the gradients that they had.
            TypeError: when `gradient` is no real number, and for any other keyword.
        """
        if others:
            raise call_hints.unknown_keyword("backward", *others)
        above.backward(self, gradient)

    def item(self) -> float:
        """Return the number, as `float(x)` does."""
        return float(self)

    def conjugate(self) -> Value:
        """Return this value, which is real; NumPy's std, var and norm of Values ask for it."""
        return self

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return a constant's number as a fraction, as `float` has it.

        Raises:
            LostGradientError: when this is no constant: no gradient flows through integers.
        """
        if self.requires_grad:
            raise value_hints.no_fraction(self)
        return float(self).as_integer_ratio()

    def _sympy_(self) -> Any:
        """Let SymPy's numbers ask here what `number * value` is, and its expressions be refused."""
        return value_hints.for_sympy(_getframe(1))

    def detach(self) -> Value:
        """Return a constant of the same number and label, cut off from this one's history."""
        watcher = keeper()
        number = self.data if watcher is None else watcher.kept(self, self.label)
        return Value(number, self.label, requires_grad=False)

    # ----- Operators: sockets that registered ops are plugged into -----

    # (They are put in below, and type checkers are told of them in ops/methods.pyi.)

    def __divmod__(self, other: Operand) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Value, Value]:
        return other // self, other % self

    def __pos__(self) -> Value:
        return self

    # ----- A number among numbers -----

    # A plain number takes no gradient with it: who asks for one is known by the caller's place.
    # While anything watches this thread, it is told what Python code gets to know of a number.

    def __float__(self) -> float:
        if self.requires_grad:
            frame = _getframe(1)
            if id(frame.f_code) + frame.f_lasti not in quiet_places:
                ask_place(self, frame)
        number = self._number
        return _observed("float", self, None, number) if switch.active else number

    def __int__(self) -> int:
        if self.requires_grad:
            ask_place(self, _getframe(1))
        number = int(self._number)
        return _observed("int", self, None, number) if switch.active else number

    def __bool__(self) -> bool:
        answer = self._number != 0
        return _observed("bool", self, None, answer) if switch.active else answer

    def __lt__(self, other: Operand) -> bool:
        answer = bool(self._number < comparable(other))
        return _observed("<", self, other, answer) if switch.active else answer

    def __le__(self, other: Operand) -> bool:
        answer = bool(self._number <= comparable(other))
        return _observed("<=", self, other, answer) if switch.active else answer

    def __gt__(self, other: Operand) -> bool:
        answer = bool(self._number > comparable(other))
        return _observed(">", self, other, answer) if switch.active else answer

    def __ge__(self, other: Operand) -> bool:
        answer = bool(self._number >= comparable(other))
        return _observed(">=", self, other, answer) if switch.active else answer

    # Equality is identity, as for all that is compared and hashed by what it is.

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if switch.active:
            _observed("==", self, other, False)
        return NotImplemented

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        if switch.active:
            _observed("float", self, None, self.data)
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        if switch.active:
            _observed("float", self, None, self.data)
        label = f", label={self.label!r}" if self.label else ""
        op = f", op={self.op.name!r}" if self.op is not None else ""
        return f"Value({self.data!r}, grad={self.grad!r}{label}{op})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return notebook.mimebundle(self)

    # ----- Copies -----

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        if switch.active:
            _observed("copy", self, None, None)
        return copying.copy_graph(self, memo)

    def __copy__(self) -> Self:
        raise TypeError(
            "a shallow copy of a Value would be a second name for its history; "
            "use copy.deepcopy(value) or value.detach()"
        )

    def __reduce__(self) -> tuple[object, ...]:
        if switch.active:
            _observed("copy", self, None, None)
        return copying.reduce_graph(self)


_GRADIENT = "a gradient is one real number, 0.0 to reset it"


def comparable(other: object) -> Any:
    """Return what a Value's data is compared with: one number.

    NumPy would round a Python float to the precision of a scalar beside it, and compare then.
    """
    if isinstance(other, Value):
        return other._number
    if other.__class__ is float:
        return other
    if getattr(other, "shape", None) == () and hasattr(other, "item"):
        return other.item()
    if length_hint(other, -1) >= 0 and not isinstance(other, Real):  # GMP's integers have a length
        # bool() of many answers says that there are some, or fails
        raise TypeError(f"a Value is compared with one number, not with {type(other).__name__}")
    return other


def _observed(how: str, left: Value, right: object, answer: Any) -> Any:
    for watcher in watchers.get():
        watcher.observed(how, left, right, answer)
    return answer


def hand_out(values: Iterable[Value]) -> None:
    """Let watchers see that code gets to know the numbers of these values."""
    if switch.active:
        for x in values:
            _observed("float", x, None, x._number)


def constant(number: object) -> Value:
    """Make a leaf that gets no gradient, as every plain number in an expression is."""
    value = new_value(Value)
    value._number = number if number.__class__ is float else as_float(number)
    value.label = ""
    value._grad = NOT_RUN
    value.op = value._left = value._right = value._mark = None
    value.requires_grad = False
    return value


def operand(other: object, op: Op | None = None) -> Any:
    """Turn what stands beside a Value in an expression with `op` into a Value, or NotImplemented.

    NotImplemented lets types that know Values have their say, such as arrays.

    Raises:
        TypeError: for what never combines with Values, such as text.
    """
    if isinstance(other, Value):
        return other
    if isinstance(other, Real):
        return constant(other)
    value_hints.check_stranger(other, op)
    return NotImplemented


new_value = Value.__new__


# Names that other engines have: some are answered, the others say what to write instead.
name_hints.put_into(Value)

# Where Python has an operator, the methods of Value that serve it: (symbol, operands) -> names.
SOCKETS: dict[tuple[str, int], tuple[str, ...]] = {
    ("+", 2): ("__add__", "__radd__"),
    ("-", 2): ("__sub__", "__rsub__"),
    ("*", 2): ("__mul__", "__rmul__"),
    ("/", 2): ("__truediv__", "__rtruediv__"),
    ("//", 2): ("__floordiv__", "__rfloordiv__"),
    ("%", 2): ("__mod__", "__rmod__"),
    ("**", 2): ("__pow__", "__rpow__"),
    ("-", 1): ("__neg__",),
    ("abs", 1): ("__abs__",),
    ("floor", 1): ("__floor__",),
    ("ceil", 1): ("__ceil__",),
    ("trunc", 1): ("__trunc__",),
    ("round", 2): ("__round__",),
}


def _empty_socket(symbol: str) -> Callable[..., NoReturn]:
    def socket(*operands: object) -> NoReturn:
        raise name_hints.no_operator(symbol)

    return socket


for (_symbol, _), _names in SOCKETS.items():
    for _name in _names:
        setattr(Value, _name, _empty_socket(_symbol))


# ----- What an op computed -----


_needs_grad = attrgetter("requires_grad")


def recorded(op: Op, operands: tuple[Value, ...], data: float) -> Value:
    """Make the Value that `op` computed from `operands`."""
    out = new_value(Value)
    out._number = data
    out.label = ""
    out._grad = NOT_RUN
    connect(out, op, operands)
    out.requires_grad = any(map(_needs_grad, operands))
    return out


def connect(node: Value, op: Op | None, operands: tuple[Value, ...]) -> None:
    """Write into a new Value what made it; nothing made a leaf."""
    node.op = op
    node._left = node._right = node._mark = None
    if len(operands) == 1:
        (node._left,) = operands
    elif len(operands) == 2:
        node._left, node._right = operands
    elif op is not None:
        node._operands = operands
