"""What other engines call things, and what to write here.

`Value` has no `__getattr__`: it would make every attribute read in the engine several times slower.
So each name that people bring along stands in the class, and raises.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from functools import partial
from operator import methodcaller
from typing import Any, NoReturn

from pluggrad.errors import MissingOpError, RenderError, quoted

# ----- What is missing -----


def closest(name: object, known: Iterable[str]) -> str:
    """Return the known name that resembles one most, whatever its case; "" where none does.

    >>> closest("Relu", ["elu", "relu"])
    'relu'
    """
    from difflib import get_close_matches  # slow to import

    folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold() if isinstance(name, str) else "", folded, n=1)
    return folded[close[0]] if close else ""


def similar(name: object, known: Iterable[str]) -> str:
    """Return the end of a message: which known name resembles an unknown one, and all of them.

    >>> similar("Exp", ["log", "exp"])
    "; did you mean 'exp'? (available: exp, log)"
    """
    close = closest(name, known := sorted(known))
    hint = f"; did you mean {close!r}?" if close else ""
    return f"{hint} (available: {', '.join(known) or 'none'})"


def no_op(name: object, known: Iterable[str]) -> MissingOpError:
    """Return the error for an op that no plugin provides."""
    return MissingOpError(f"no plugin provides op {quoted(name)}{similar(name, known)}")


def no_renderer(name: object, known: Iterable[str]) -> RenderError:
    """Return the error for a renderer that no plugin provides."""
    close = closest(name, known := sorted(known))
    hint = f", did you mean {close!r}?" if close else ";"
    return RenderError(f"unknown renderer {quoted(name)}{hint} available: {', '.join(known)}")


def no_operator(symbol: str) -> MissingOpError:
    """Return the error for an operator that no op serves."""
    return MissingOpError(
        f"no plugin provides {symbol!r}; `pluggrad plugins` lists the installed plugins and why "
        "one was skipped"
    )


# ----- What others call it -----

# What a Value, an op or a function is called elsewhere: the answer.
HINTS = {
    "numpy": "x.item() or float(x) gives the number; numpy.array([x, y]) keeps the Values",
    "tolist": "x.item() or float(x) gives the number",
    "value": "the number is x.data",
    "val": "the number is x.data",
    "gradient": "it is x.grad, after y.backward(); or grad(y, x)",
    "derivative": "it is x.grad, after y.backward(); or grad(y, x)",
    "adjoint": "it is x.grad, after y.backward(); or grad(y, x)",
    "name": "it is x.label",
    "parents": "the operands are x.prev",
    "children": "the operands are x.prev",
    "grad_fn": "what made it is x.op; the operands are x.prev",
    "is_leaf": "a leaf is a Value whose x.op is None",
    "clone": "x.detach() makes a constant, copy.deepcopy(x) a copy with its history; +x is x",
    "copy": "x.detach() makes a constant, copy.deepcopy(x) a copy with its history; +x is x",
    "zero_grad": "set x.grad = 0.0; modules and optimizers of pluggrad.nn have zero_grad()",
    "retain_grad": "every Value keeps its grad, of the last pass that went through it",
    "retain_graph": "a graph lives as long as a Value of it; backward() can run again",
    "requires_grad_": "set x.requires_grad = False",
    "detach_": "x.detach() makes a constant of the same number",
    "register_hook": "on_gradient(x, hook) does it",
    "no_grad": "it is `with pluggrad.no_grad():`",
    "draw_dot": "it is pluggrad.draw_dot(x)",
    "softmax": "pluggrad.nn.softmax(values) takes a list",
    "log_softmax": "pluggrad.nn.log_softmax(values) takes a list",
    "cross_entropy": "it is pluggrad.nn.cross_entropy",
    "mse_loss": "it is pluggrad.nn.mse",
    "mean": "a Value is one number; write sum(values) / len(values)",
    "sum": "a Value is one number; write sum(values)",
    "std": "a Value is one number; pluggrad computes with lists of them",
    "var": "a Value is one number; pluggrad computes with lists of them",
    "dot": "write sum(a * b for a, b in zip(x, y))",
    "matmul": "write sum(a * b for a, b in zip(row, column)) for each element",
    "max": "the larger of two is x.maximum(y); max(x, y) is one of them",
    "min": "the smaller of two is x.minimum(y); min(x, y) is one of them",
    "shape": "a Value is one number; numpy.array([x, y]) has a shape",
    "ndim": "a Value is one number; numpy.array([x, y]) has dimensions, and so combines",
    "dtype": "a Value is one number, a Python float",
    "device": "a Value is one number, a Python float",
    "to": "a Value is one number, a Python float; there is no other device or type",
    "cpu": "a Value is one number, a Python float; x.data has it",
    "astype": "a Value is one number, a Python float",
    "size": "a Value is one number; numpy.array([x, y]) has a size",
    "reshape": "a Value is one number; numpy.array([x, y]) can be reshaped",
    "view": "a Value is one number; numpy.array([x, y]) can be reshaped",
    "cuda": "a Value is one number, a Python float; pluggrad.compile makes it fast",
    "backprop": "it is y.backward()",
    "square": "write x * x or x**2",
    "reciprocal": "write 1 / x",
    "rsqrt": "write x**-0.5",
    "absolute": "write abs(x)",
    "fabs": "write abs(x)",
    "power": "write x**y",
    "ln": "it is x.log()",
    "swish": "it is x.silu()",
    "expit": "it is x.sigmoid()",
    "T": "a Value is one number; numpy.array([x, y]) has a transpose",
    "dim": "a Value is one number; numpy.array([x, y]) has dimensions",
    "flatten": "a Value is one number; numpy.array([x, y]) can be flattened",
    "float": "x.data is a float; x itself takes part in any arithmetic",
    "double": "a Value is one number, a Python float",
    "int": "int(x) gives the whole number, without a gradient",
    "clamp": "it is x.clip(low, high)",
    "negative": "write -x",
    "true_divide": "write x / y",
    "truediv": "write x / y",
    "multiply": "write x * y",
    "subtract": "write x - y",
    "inverse": "write 1 / x",
    "sgn": "it is x.sign()",
    "logistic": "it is x.sigmoid()",
    "norm": "write (x * x + y * y).sqrt(), or x.hypot(y)",
    "prod": "a Value is one number; write math.prod(values)",
    "update": "write x.data -= rate * x.grad, and x.grad = 0.0 after it",
    "graph": "it is pluggrad.Graph(x); pluggrad.render(x) draws it",
    "show": "pluggrad.render(x) draws it, pluggrad.save(x, 'x.svg') into a file",
    "draw": "pluggrad.render(x) draws it, pluggrad.save(x, 'x.svg') into a file",
    "plot": "pluggrad.render(x) draws it, pluggrad.save(x, 'x.svg') into a file",
    "visualize": "pluggrad.render(x) draws it, pluggrad.save(x, 'x.svg') into a file",
    "export": "pluggrad.save(x, 'x.svg') writes a file, in the format of its suffix",
    "add_": "write x = x + y; x.data += 1.0 changes the number of a leaf",
    "sub_": "write x = x - y; x.data -= 1.0 changes the number of a leaf",
    "mul_": "write x = x * y; x.data *= 2.0 changes the number of a leaf",
    "div_": "write x = x / y; x.data /= 2.0 changes the number of a leaf",
    "copy_": "set x.data = number",
    "fill_": "set x.data = number",
    "zero_": "set x.data = 0.0",
}


# What NumPy calls the methods of an array's elements: what answers.
OF_NUMPY: dict[str, Callable[..., Any]] = {
    "arcsin": methodcaller("asin"),
    "arccos": methodcaller("acos"),
    "arctan": methodcaller("atan"),
    "arctan2": lambda y, x: y.atan2(x),
    "arcsinh": methodcaller("asinh"),
    "arccosh": methodcaller("acosh"),
    "arctanh": methodcaller("atanh"),
    "degrees": lambda x: x * (180 / math.pi),
    "radians": lambda x: x * (math.pi / 180),
    "deg2rad": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "rint": round,
}


def as_numpy_spells(value: Any, name: str) -> Any:
    """Return the method of a Value that NumPy asks for by its own name."""
    return partial(OF_NUMPY[name], value)


def instead_of(name: str) -> str:
    """Return what to write in place of `value.name`."""
    return HINTS.get(name) or (
        f"no installed op has this name. `{name} = Op({name!r}, forward, rule)` makes one, and "
        f"`plugins.register_op({name})` the method x.{name}()"
    )


class BackwardStep:
    """What micrograd has as a closure in each node: one step of `backward()`, by hand."""

    def __get__(self, value: Any, owner: type) -> Any:
        from pluggrad.gradient import step_back  # which is above Value, as this is not yet

        return self if value is None else partial(step_back, value)

    def __set__(self, value: Any, closure: object) -> NoReturn:
        raise AttributeError(f"out._backward = ...: {op_of_closure(closure, type(value))}")


# What micrograd calls these, so that code which was written for it runs.
OF_MICROGRAD = {
    "_prev": property(lambda x: set(x.prev)),
    "_op": property(lambda x: "" if x.op is None else x.op.symbol),
    "_backward": BackwardStep(),
}

OF_OTHERS = """
    absolute add_ adjoint airy arccos arccosh arcsin arcsinh arctan arctan2 arctanh astype
    backprop beta betaln celu children clamp clone copy copy_ cosc cot cpu cross_entropy csc
    cuda deg2rad degrees derivative detach_ device digamma dim div_ dot double draw draw_dot
    dtype entr erfcinv erfcx erfinv expit export fabs factorial fill_ flatten float fma fmod
    gamma gammaln grad_fn gradient graph hardsigmoid hardtanh heaviside i0 i1 int inverse
    is_leaf j0 j1 k0 k1 lambertw lgamma ln log_ndtr log_softmax logaddexp logistic logsigmoid
    logsumexp matmul max mean min mish mse_loss mul_ multiply name ndim ndtri negative no_grad
    norm numpy parents plot polygamma power prelu prod psi rad2deg radians reciprocal
    register_hook relu6 requires_grad_ reshape retain_grad retain_graph rint rsqrt sec selu sgn
    shape show sinc size softmax softmin square std sub_ subtract sum swish T tanhshrink to
    tolist true_divide truediv update val value var view visualize xlog1py xlogy y0 y1 zero_
    zero_grad zeta
""".split()


class NameOfOthers:
    """A name that other engines have and a Value has not; `HINTS` says what to write instead.

    Value has no `__getattr__`: it would make every attribute read in the engine several times
    slower. So each name that people bring along stands in the class and raises. `hasattr` is False
    for them, as for any other name that is not there, and an op of that name takes its place.
    NumPy's functions ask the elements of an array for their own names: these are answered.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: Any, owner: type) -> Any:
        if self.name in OF_NUMPY and value is not None:
            return as_numpy_spells(value, self.name)
        hint = instead_of(self.name)
        raise AttributeError(f"a Value has no attribute {self.name!r}: {hint}")


def put_into(kind: type) -> None:
    """Put all names of others into the class of Values."""
    for name in OF_OTHERS:
        setattr(kind, name, NameOfOthers(name))
    for name, answer in OF_MICROGRAD.items():
        setattr(kind, name, answer)


# Ops of micrograd and its lecture: what they are called there -> name, forward, rules.
_MICROGRAD = {
    "+": ("add", "a + b", "g", "g"),
    "-": ("sub", "a - b", "g", "-g"),
    "*": ("mul", "a * b", "g * b", "g * a"),
    "/": ("div", "a / b", "g / b", "-g * out / b"),
    "exp": ("exp", "math.exp(x)", "g * out"),
    "tanh": ("tanh", "math.tanh(x)", "g * (1 - out * out)"),
    "ReLU": ("relu", "max(x, 0.0)", "g * step(x)"),
}
_METHODS = {"__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "relu": "ReLU"}


def op_in_two_lines(operands: int, symbol: str) -> str:
    """Return how pluggrad makes an op, for somebody who makes one as micrograd does.

    Parameters:
        operands: how many it has.
        symbol: its name or operator there.
    """
    name = symbol if symbol.isidentifier() else "op"
    default = (name, "...", *["g * ..."] * max(operands, 1))
    name, forward, *rules = _MICROGRAD.get(symbol, default)
    names = "x" if len(rules) == 1 else ", ".join("abcdefhi"[: len(rules)])
    written = ", ".join(f"lambda g, out, {names}: {rule}" for rule in rules)
    return (
        "a Value remembers by an op what made it: how to compute it, and the derivative for each "
        f"operand. In two lines:\n    {name} = Op({name!r}, lambda {names}: {forward}, {written})\n"
        f"    out = {name}({names})"
    )


def op_of_closure(closure: Any, kind: type) -> str:
    """Return the same for a closure, by the function that it is in and the Values that it knows.

    Parameters:
        closure: what was put into `out._backward`.
        kind: the class of Values; one of those in the closure is `out`.
    """
    *around, _ = getattr(closure, "__qualname__", "").split(".<locals>")
    name = around[-1].rpartition(".")[2] if around else ""
    variables = inspect.getclosurevars(closure).nonlocals if inspect.isfunction(closure) else {}
    operands = sum(isinstance(x, kind) for x in variables.values()) - 1
    return op_in_two_lines(operands, _METHODS.get(name, name))
