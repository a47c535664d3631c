"""One run of a rule on symbols: a list of steps, which printers turn into code and formulas.

A rule such as `lambda g, out, a, b: g * b` is made of operators and calls of ops. Run on symbols in
place of numbers, it writes down its own arithmetic, one step for each operator, in the order in
which Python would do it. So what is printed from the steps computes what the rule says, rounding
for rounding. A step is a single assignment: its operands are the numbers of earlier steps.

What cannot be written down raises a `TraceError` that says why: a branch on an operand, a function
of `math`. Whoever asked calls the function as it stands then, or says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Rational
from typing import Any, NamedTuple, NoReturn

from pluggrad.errors import TraceError, quoted
from pluggrad.op import Op
from pluggrad.value import Value

from .outside import with_symbols

MOST_STEPS = 500  # what is longer is not worth writing out

# Operators that computers have; the others are served by the op that is registered for them.
ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}
SERVED = {
    "pow": "**",
    "mod": "%",
    "floordiv": "//",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "round": "round",
}


class Step(NamedTuple):
    """One step of a computation.

    Attributes:
        name: "parameter", "number", "read", "neg", "abs", an operator's name ("add", "sub", "mul",
            "truediv", "pow", ...) or "call".
        operands: the numbers of the steps that it takes.
        detail: a parameter's name; a number; of what is read from outside, where it stands and its
            name; the op that is called, or that serves the operator.
    """

    name: str
    operands: tuple[int, ...] = ()
    detail: Any = None


class Trace:
    """The steps of a computation, while it runs and afterwards.

    >>> from pluggrad.trace import Trace
    >>> trace = Trace()
    >>> g, x = trace.parameter("g"), trace.parameter("x")
    >>> result = trace.run(lambda g, x: g * (2.0 * x), g, x)
    >>> [(step.name, step.operands) for step in trace.steps]
    [('parameter', ()), ('parameter', ()), ('number', ()), ('mul', (2, 1)), ('mul', (0, 3))]
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def parameter(self, name: str) -> Symbol:
        """Add a parameter; return the symbol that stands for it."""
        return self.add(Step("parameter", (), name))

    def read(self, source: Any, name: str | None) -> Symbol:
        """Add a number that is read from outside each time."""
        return self.add(Step("read", (), (source, name)))

    def add(self, step: Step) -> Symbol:
        """Add a step; return the symbol of its result."""
        if len(self.steps) >= MOST_STEPS:
            raise TraceError(f"it takes more than {MOST_STEPS} steps")
        self.steps.append(step)
        return Symbol(self, len(self.steps) - 1)

    def run(self, function: Callable[..., Any], *symbols: Any, op: Op | None = None) -> Any:
        """Run a function on symbols; what it reads from outside is read each time.

        Parameters:
            function: a rule, say.
            symbols: its arguments.
            op: whose rule it is; see `with_symbols`.

        Raises:
            TraceError: when it cannot be written down.
        """
        return with_symbols(function, self.read, op)(*symbols)

    def operand(self, x: object) -> int:
        """Return the number of the step that gives `x`: a symbol, or a plain number.

        Raises:
            TraceError: for anything else.
        """
        if isinstance(x, Symbol):
            return x.index
        if isinstance(x, float | Rational) and type(x).__name__ != "timedelta64":
            return self.add(Step("number", (), float(x))).index
        raise TraceError(f"it computes with a {type(x).__name__}: {quoted(x, 40)}")

    def parameters_of(self, results: Iterable[object]) -> frozenset[str]:
        """Return the names of the parameters that some results depend on."""
        behind = self.behind(x.index for x in results if isinstance(x, Symbol))
        steps = [self.steps[i] for i in behind]
        return frozenset(step.detail for step in steps if step.name == "parameter")

    def behind(self, results: Iterable[int]) -> list[int]:
        """Return the numbers of the steps that go into some, themselves included, in order."""
        needed = set(results)
        for index in range(max(needed, default=-1), -1, -1):
            if index in needed:
                needed.update(self.steps[index].operands)
        return sorted(needed)


class Symbol:
    """Stands for a number, and writes down what is done to it; nobody may look at its value."""

    __slots__ = ("index", "trace")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, index: int) -> None:
        self.trace = trace
        self.index = index

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Any:
        for x in operands:
            if hasattr(x, "__pluggrad_op__") and not isinstance(x, Symbol):
                return x.__pluggrad_op__(op, operands)  # a number that is made of symbols
        trace: Trace = next(x.trace for x in operands if isinstance(x, Symbol))
        return trace.add(Step("call", tuple(map(trace.operand, op.complete(operands))), op))

    def __getattr__(self, name: str) -> Any:
        if name in Op.installed.ops:
            raise TraceError(
                f"it uses the method .{name}(), which floats do not have; call the op: {name}(x)"
            )
        if hasattr(Value, name) and not name.startswith("__"):
            raise TraceError(
                f"it uses .{name}, which cuts the result off from what it was computed from; "
                "use the operand itself"
            )
        raise AttributeError(f"a number in a rule has no {name!r}; use operators and ops")

    def __array_ufunc__(self, ufunc: Any, *_: Any, **__: Any) -> NoReturn:
        raise TraceError(f"it calls NumPy's {ufunc.__name__}", numpy=str(ufunc.__name__))

    def __float__(self) -> float:
        _refuse(
            "turns an operand into a float, as math.* functions do; use an op, such as cos(x) for "
            "math.cos(x)"
        )

    def __int__(self) -> int:
        _refuse("turns an operand into an int; use an op such as floor")

    __index__ = __int__

    def __bool__(self) -> bool:
        _refuse("branches on an operand (if, and, or, not); use where() or step()")

    def __neg__(self) -> Symbol:
        return self.trace.add(Step("neg", (self.index,)))

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        return self.trace.add(Step("abs", (self.index,)))


def _refuse(what: str) -> NoReturn:
    raise TraceError(f"it {what}")


def _compared(self: Symbol, other: object) -> bool:
    _refuse("compares its operands (<, >, ==); use where() or step()")


def _operator(name: str, *, reflected: bool = False) -> Callable[..., Any]:
    def written(self: Symbol, *others: object) -> Any:
        if any(hasattr(x, "__pluggrad_op__") and not isinstance(x, Symbol) for x in others):
            return NotImplemented  # a number that is made of symbols
        operands = (*others, self) if reflected else (self, *others)
        op = None
        if name in SERVED:
            op = Op.installed.serving(SERVED[name], 2 if name == "round" else len(operands))
            operands = op.complete(operands)
        return self.trace.add(Step(name, tuple(map(self.trace.operand, operands)), op))

    return written


for _name in (*ARITHMETIC, *SERVED):
    setattr(Symbol, f"__{_name}__", _operator(_name))
    if _name not in ("floor", "ceil", "trunc", "round"):
        setattr(Symbol, f"__r{_name}__", _operator(_name, reflected=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Symbol, f"__{_name}__", _compared)
