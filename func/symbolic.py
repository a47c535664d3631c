"""SymPy, both ways: an expression as a function of Values, and a graph as an expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import ModuleType
from typing import Any

from pluggrad.errors import TraceError, quoted
from pluggrad.hints.packages import needed
from pluggrad.op import Op
from pluggrad.registry import plugins
from pluggrad.topology import topological_order
from pluggrad.value import Value


def from_sympy(expression: Any, *arguments: Any) -> Callable[..., Any]:
    """Make a function of numbers and Values from a SymPy expression.

    Parameters:
        expression: the expression, or a list of expressions.
        arguments: its symbols, in the order in which the function takes them.

    Returns:
        The function. It can be differentiated, compiled and drawn like any other.

    Raises:
        TypeError: when the expression has other symbols, naming them.
        TraceError: when it has a function that no installed op computes, naming it.

    >>> import sympy
    >>> from pluggrad import func
    >>> x, y = sympy.symbols("x y")
    >>> f = from_sympy(sympy.sin(x) * y**2, x, y)
    >>> func.grad(f, argnums=(0, 1))(0.0, 3.0)
    (9.0, 0.0)
    """
    sympy = needed("sympy", "from_sympy()", "sympy")
    expressions = expression if isinstance(expression, list | tuple) else [expression]
    try:
        whole = sympy.Tuple(*map(sympy.sympify, expressions))
        free = whole.free_symbols
    except (sympy.SympifyError, AttributeError, ValueError):
        raise TypeError(
            f"from_sympy() takes an expression of SymPy's, not {type(expression).__name__} "
            f"{quoted(expression)}"
        ) from None
    if strange := [x for x in arguments if not isinstance(x, sympy.Symbol | sympy.Basic)]:
        raise TypeError(f"arguments are symbols of SymPy's, not {quoted(strange[0])}")
    if missing := free - set(arguments):
        names = ", ".join(sorted(map(str, missing)))
        raise TypeError(f"the expression has symbols that are no arguments: {names}")
    table = {name: function for name, function in _functions().items() if function is not None}
    unknown = {type(part).__name__ for part in whole.atoms(sympy.Function)} - set(table)
    unknown -= {"Piecewise"}
    if unknown:
        raise TraceError(
            f"no installed op computes SymPy's {', '.join(sorted(unknown))}; an `Op` of your own "
            "can, and expression.rewrite(...) may do without"
        )
    function: Callable[..., Any] = sympy.lambdify(arguments, expression, modules=[table, "math"])
    return function


def to_sympy(output: Value, symbols: Mapping[Value, Any] | None = None) -> Any:
    """Write what computed a Value as a SymPy expression.

    Parameters:
        output: the Value.
        symbols: the symbols to use for leaves. Others are real symbols, called by their labels.

    Raises:
        TypeError: for what is no Value.
        TraceError: when an op has no counterpart and its forward function cannot be written down.

    >>> import sympy
    >>> from pluggrad import Value
    >>> x = Value(2.0, label="x")
    >>> expression = to_sympy((x * x).exp() * 3)
    >>> expression
    3*exp(x**2)
    >>> sympy.diff(expression)
    6*x*exp(x**2)
    """
    sympy = needed("sympy", "to_sympy()", "sympy")
    if not isinstance(output, Value):
        raise TypeError(f"to_sympy takes a Value, not {type(output).__name__}")
    found: dict[Value, Any] = dict(symbols or {})
    taken = {str(symbol) for symbol in found.values()}
    for i, value in enumerate(topological_order([output])):
        if value in found:
            continue
        if not value.requires_grad:
            found[value] = _number(sympy, float(value))
        elif value.op is not None:
            found[value] = _applied(sympy, value.op, [found[x] for x in value.prev])
        else:
            name = value.label if value.label and value.label not in taken else f"n{i}"
            taken.add(name)
            found[value] = sympy.Symbol(name, real=True)
    return found[output]


def _number(sympy: ModuleType, x: float) -> Any:
    """Return a number: a whole one as such, so that `x**2` stays a power."""
    return sympy.Integer(int(x)) if x.is_integer() and abs(x) < 2**53 else sympy.Float(x)


def _applied(sympy: ModuleType, op: Op, operands: Sequence[Any]) -> Any:
    """Apply an op to expressions: by the table, or by running its forward function on them."""
    written = _ops(sympy).get(op.name)
    if written is not None:
        return written(*operands)
    try:
        result = op.forward(*operands)
    except Exception as cause:  # whatever a function for floats raises of an expression
        raise TraceError(
            f"op {op.name!r} has no counterpart in SymPy, and its forward function does not take "
            f"expressions: {type(cause).__name__}: {cause}"
        ) from cause
    return sympy.sympify(result)


# ----- From SymPy: the name of a function there, and what computes it here -----

SAME = (
    "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh sech exp log sqrt cbrt "
    "erf erfc erfinv gamma beta digamma polygamma sign floor"
).split()
RENAMED = {"Abs": "abs", "ceiling": "ceil", "loggamma": "lgamma", "Heaviside": "step"}


def _functions() -> dict[str, Any]:
    ops = plugins.ops
    renamed = {theirs: ops.get(ours) for theirs, ours in RENAMED.items()}
    return {
        **{name: ops.get(name) for name in SAME},
        **renamed,
        "Max": lambda *xs: reduce(ops["maximum"], xs),
        "Min": lambda *xs: reduce(ops["minimum"], xs),
        "cot": lambda x: 1 / ops["tan"](x),
        "sec": lambda x: 1 / ops["cos"](x),
        "csc": lambda x: 1 / ops["sin"](x),
        "sinc": lambda x: ops["sinc"](x / math.pi),  # there sin(x) / x, here as in NumPy
        "pi": math.pi,
        "E": math.e,
    }


# ----- To SymPy: the name of an op, and its expression -----


def _ops(sympy: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return what each op is in SymPy; ops that are missing are run on expressions."""
    one, half = sympy.Integer(1), sympy.Rational(1, 2)
    return {
        **{name: getattr(sympy, name) for name in SAME if hasattr(sympy, name)},
        **{ours: getattr(sympy, theirs) for theirs, ours in RENAMED.items() if ours != "step"},
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "pow": lambda a, b: a**b,
        "neg": lambda a: -a,
        "exp2": lambda x: 2**x,
        "expm1": lambda x: sympy.exp(x) - 1,
        "log1p": lambda x: sympy.log(1 + x),
        "log2": lambda x: sympy.log(x) / sympy.log(2),
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "cbrt": lambda x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
        "hypot": lambda a, b: sympy.sqrt(a**2 + b**2),
        "maximum": sympy.Max,
        "minimum": sympy.Min,
        "relu": lambda x: sympy.Max(0, x),
        "leaky_relu": lambda x, slope: sympy.Piecewise((x, x > 0), (slope * x, True)),
        "elu": lambda x, a: sympy.Piecewise((x, x > 0), (a * (sympy.exp(x) - 1), True)),
        "sigmoid": lambda x: one / (1 + sympy.exp(-x)),
        "silu": lambda x: x / (1 + sympy.exp(-x)),
        "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
        "softsign": lambda x: x / (1 + sympy.Abs(x)),
        "gelu": lambda x: x * half * (1 + sympy.erf(x / sympy.sqrt(2))),
        "gaussian": lambda x: sympy.exp(-(x**2)),
        "ndtr": lambda x: half * (1 + sympy.erf(x / sympy.sqrt(2))),
        "log_ndtr": lambda x: sympy.log(half * (1 + sympy.erf(x / sympy.sqrt(2)))),
        "logit": lambda x: sympy.log(x / (1 - x)),
        "logaddexp": lambda a, b: sympy.log(sympy.exp(a) + sympy.exp(b)),
        "betaln": lambda a, b: sympy.loggamma(a) + sympy.loggamma(b) - sympy.loggamma(a + b),
        "sinc": lambda x: sympy.sinc(sympy.pi * x),
        "fma": lambda a, b, c: a * b + c,
    }
