"""One run of a rule on symbols: a list of steps, which printers turn into code and formulas.

A rule such as `lambda g, out, a, b: g * b` is made of operators and calls of ops. Run on symbols in
place of numbers, it writes down its own arithmetic, one step for each operator, in the order in
which Python would do it. So what is printed from the steps computes what the rule says, rounding
for rounding. A step is a single assignment: its operands are the numbers of earlier steps.

What cannot be written down raises a `TraceError` that says why: a branch on an operand, a function
of `math`. Whoever asked calls the function as it stands then, or says so.
"""

from __future__ import annotations

import builtins
import cmath
import dis
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from numbers import Number, Rational
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, NoReturn
from weakref import WeakKeyDictionary

from .errors import TraceError
from .op import Op
from .value import Value

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
        if isinstance(x, float | Rational):
            return self.add(Step("number", (), float(x))).index
        raise TraceError(f"it computes with a {type(x).__name__}: {x!r:.40}")

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


# ----- What a function reads from outside -----

# A rule may say `lambda g, out, x: -strength * g`, and `strength` may change between two passes.
# What is written down must not take such a number for a constant. So the rule is run as a copy in
# which a symbol stands for every number it reads, in its closure and among its module's names, and
# each pass reads it anew. Ops, functions that compute from their arguments alone, and the names of
# modules such as `math` are taken for what they are. Whatever else a function reads (an attribute,
# a list, text that it compares) cannot be written down: the function is called as it stands. Ops
# and functions that it calls by a variable's name are written down as what they are now; `refresh`
# forgets what was written once another one stands there.

# Makes the symbol of a number: of a module's variable from the module's dict and the name, of a
# variable of an enclosing function from its cell and None.
MakeSymbol = Callable[[Any, str | None], Any]

STANDARD = (math, cmath, operator)
PURE_BUILTINS = frozenset(
    {abs, bool, divmod, float, int, isinstance, len, max, min, pow, range, round, sum, tuple, zip}
)
WRITES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "IMPORT_NAME"})


# Whose code depends on which op or function stands where: (where it stands, the name, the thing).
standing: WeakKeyDictionary[Op, list[tuple[Any, str | None, Any]]] = WeakKeyDictionary()


def refresh() -> bool:
    """Forget the code of ops whose rules now call another op or function; return whether any do."""
    stale = [op for op, read in tuple(standing.items()) if not all(_stands(*x) for x in read)]
    for op in stale:
        standing.pop(op, None)
        vars(op).pop("pullback", None)
        op.codes.clear()
    return bool(stale)


def _stands(source: Any, name: str | None, thing: Any) -> bool:
    try:
        return (source.cell_contents if name is None else source[name]) is thing
    except (KeyError, ValueError):
        return False


def with_symbols(
    function: Callable[..., Any], make: MakeSymbol, op: Op | None = None
) -> Callable[..., Any]:
    """Copy a function, with a symbol in place of every number that it reads from outside.

    Parameters:
        function: a rule, say.
        make: makes the symbol that reads a number, from where it stands.
        op: whose rule it is; its code is forgotten when the rule calls something else.

    Raises:
        TraceError: when it reads what is neither a number nor sure to stay what it is.
    """
    calls: list[tuple[Any, str | None, Any]] = []
    copy = _copied(function, make, {}, calls)
    if op is not None and calls:
        standing.setdefault(op, []).extend(calls)
    return copy


def read_again(source: str, name: str | None) -> str:
    """Write the expression that reads a number: of a module's dict, or of a cell."""
    return f"{source}.cell_contents" if name is None else f"{source}[{name!r}]"


def _copied(
    function: Callable[..., Any],
    make: MakeSymbol,
    copies: dict[int, FunctionType],
    calls: list[tuple[Any, str | None, Any]],
) -> Callable[..., Any]:
    function = getattr(function, "py_func", function)  # of what numba compiled
    if not isinstance(function, FunctionType):
        if isinstance(function, Op) or _is_pure(function):
            return function
        raise TraceError(f"{function!r:.60} may remember something between two calls")
    if id(function) in copies:
        return copies[id(function)]
    scope = dict(function.__globals__)
    cells = function.__closure__ or ()
    fresh = tuple([CellType() for _ in cells])
    copy = FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, fresh or None
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copies[id(function)] = copy
    for name, attributes in _global_reads(function.__code__):
        if name in function.__globals__:
            source = function.__globals__
            scope[name] = _replaced(source[name], attributes, source, name, make, copies, calls)
        elif not _is_pure(getattr(builtins, name, None)):
            raise TraceError(f"{name} is no function that computes from its arguments alone")
    for old, new in zip(cells, fresh, strict=True):
        try:
            content = old.cell_contents
        except ValueError:
            raise TraceError("a variable of the enclosing function is not set") from None
        new.cell_contents = _replaced(content, (), old, None, make, copies, calls)
    return copy


def _replaced(
    thing: Any,
    attributes: tuple[str, ...],
    source: Any,
    name: str | None,
    make: MakeSymbol,
    copies: dict[int, FunctionType],
    calls: list[tuple[Any, str | None, Any]],
) -> Any:
    if isinstance(thing, int | float):
        return make(source, name)
    if isinstance(thing, ModuleType):
        _check_attributes(thing, attributes)
        return thing
    if not (name is not None and str(source.get("__name__")).startswith("pluggrad.")):
        calls.append((source, name, thing))
    return _copied(thing, make, copies, calls)


def _check_attributes(module: ModuleType, attributes: tuple[str, ...]) -> None:
    """Check that what is read of a module is sure to stay what it is."""
    thing: Any = module
    for name in attributes:
        if thing in STANDARD:
            return
        thing = getattr(thing, name, None)
        if not isinstance(thing, ModuleType):
            break
    if isinstance(thing, ModuleType) and thing not in STANDARD:
        raise TraceError(f"module {thing.__name__} is used as a whole")
    if not isinstance(thing, ModuleType):
        _copied(thing, _no_number, {}, [])


def _no_number(source: Any, name: str | None) -> Any:
    raise TraceError(f"a function of another module reads the number {name}")


def _is_pure(thing: object) -> bool:
    if isinstance(thing, BuiltinFunctionType):
        return thing in PURE_BUILTINS or thing.__module__ in ("math", "cmath", "_operator")
    return isinstance(thing, type) and (thing in PURE_BUILTINS or issubclass(thing, Number))


def _global_reads(code: CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the names that code reads from its module, and the attributes read of them at once.

    Raises:
        TraceError: when it also changes something outside.
    """
    steps = list(dis.get_instructions(code))
    for at, step in enumerate(steps):
        if step.opname in WRITES or (
            step.opname == "STORE_DEREF" and step.argval in code.co_freevars
        ):
            raise TraceError("it changes something outside")
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            attributes = []
            for follower in steps[at + 1 :]:
                if follower.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                    attributes.append(str(follower.argval))
                elif follower.opname != "CACHE":
                    break
            yield str(step.argval), tuple(attributes)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_reads(constant)
