"""A Python function as a `Function`: what a trace cannot follow, branches and loops, by its source.

Forward functions are short: `if`, `while`, `for` over numbers, assignments, calls of `math`, of ops
and of other such functions. That is what is read here, and numbers that stand outside are taken as
they are now. All else raises a `TraceError` with the line.
"""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any, NoReturn

from pluggrad import Op
from pluggrad.errors import TraceError

from .code import (
    Apply,
    Assign,
    Call,
    Expression,
    If,
    Name,
    Number,
    Return,
    Statement,
    While,
    names_in,
)
from .meanings import WORDS

BINARY: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
COMPARED: dict[type[ast.AST], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
ONE, ZERO = Number(1.0), Number(0.0)
MOST_STEPS = 2000  # of a loop over numbers, which is written out

# Writes the call of an op or of a Python function.
Called = Callable[[Any, tuple[Expression, ...]], Expression]


def parameters_of(function: FunctionType) -> tuple[str, ...]:
    """Return the names of a function's parameters.

    Raises:
        TraceError: when it takes others than positional ones.
    """
    code = function.__code__
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or code.co_kwonlyargcount:
        raise TraceError("it takes *operands or keywords")
    return code.co_varnames[: code.co_argcount]


def body_of(function: FunctionType, called: Called) -> tuple[Statement, ...]:
    """Read a function's source.

    Parameters:
        function: a plain function or lambda.
        called: writes a call of an op or of another function.

    Raises:
        TraceError: when it does what is not understood, or its source is not there.
    """
    node = _node(function)
    reader = _Reader(function, called, node)
    if isinstance(node, ast.Lambda):
        return (Return(reader.number(node.body)),)
    body = tuple(reader.body(node.body))
    if not _ends(body):
        raise TraceError(f"line {node.lineno}: it may end without a result")
    return body


def _ends(body: Sequence[Statement]) -> bool:
    if not body:
        return False
    last = body[-1]
    if isinstance(last, If):
        return _ends(last.body) and _ends(last.otherwise)
    return isinstance(last, Return)


# ----- Finding the source -----


@lru_cache(maxsize=32)
def _functions(text: str) -> list[ast.FunctionDef | ast.Lambda]:
    return [x for x in ast.walk(ast.parse(text)) if isinstance(x, ast.FunctionDef | ast.Lambda)]


def _node(function: FunctionType) -> ast.FunctionDef | ast.Lambda:
    code = function.__code__
    try:
        nodes = _functions("".join(inspect.findsource(code)[0]))
    except (OSError, SyntaxError) as cause:
        raise TraceError(f"its source cannot be read ({cause})") from cause
    places: Any = [place for place in code.co_positions() if None not in place]
    spans = [((p[0], p[2]), (p[1], p[3])) for p in places if p[1] >= code.co_firstlineno]
    spans = [span for span in spans if span[0] != span[1]]
    start, end = min(x for x, _ in spans), max(x for _, x in spans)
    around = [x for x in nodes if _names(x, code.co_name) and _covers(x, start, end)]
    if not around:
        raise TraceError("its source is not where it should be")
    return min(around, key=lambda x: (x.end_lineno or 0) - x.lineno + 1e-6 * _width(x))


def _names(node: ast.FunctionDef | ast.Lambda, name: str) -> bool:
    return (node.name if isinstance(node, ast.FunctionDef) else "<lambda>") == name


def _covers(node: ast.FunctionDef | ast.Lambda, start: Any, end: Any) -> bool:
    last = node.end_lineno or 0, node.end_col_offset or 0
    return bool((node.lineno, node.col_offset) <= start and end <= last)


def _width(node: ast.FunctionDef | ast.Lambda) -> int:
    return (node.end_col_offset or 0) - node.col_offset


# ----- Reading it -----


class _Reader:
    def __init__(
        self, function: FunctionType, called: Called, node: ast.FunctionDef | ast.Lambda
    ) -> None:
        self.outside = inspect.getclosurevars(function)
        self.globals = function.__globals__
        self.called = called
        self.local = {x.id for x in ast.walk(node) if isinstance(x, ast.Name) and _stored(x)}
        self.local.update(parameters_of(function))
        self.fresh = 0

    def refuse(self, node: ast.AST, what: str) -> NoReturn:
        raise TraceError(f"line {getattr(node, 'lineno', '?')}: {what}: {ast.unparse(node):.60}")

    # ----- Statements -----

    def body(self, nodes: Sequence[ast.stmt]) -> Iterator[Statement]:
        for node in nodes:
            match node:
                case ast.Return(value=ast.expr() as value):
                    yield Return(self.number(value))
                case ast.If():
                    body, otherwise = tuple(self.body(node.body)), tuple(self.body(node.orelse))
                    yield If(self.condition(node.test), body, otherwise)
                case ast.While(orelse=[]):
                    yield While(self.condition(node.test), tuple(self.body(node.body)))
                case ast.For(target=ast.Name() as target, orelse=[]):
                    for number in self.numbers(node.iter):
                        yield Assign(target.id, Number(number))
                        yield from self.body(node.body)
                case ast.AugAssign(target=ast.Name() as target):
                    yield Assign(
                        target.id, self.binary(node, Name(target.id), self.number(node.value))
                    )
                case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                    yield Assign(target.id, self.number(value))
                case ast.Assign():
                    for target in node.targets:  # type: ignore[assignment]
                        yield from self.assigned(node, target, node.value)
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    pass  # a docstring
                case _:
                    self.refuse(node, f"no word for the statement {type(node).__name__}")

    def assigned(self, node: ast.stmt, target: ast.expr, value: ast.expr) -> Iterator[Statement]:
        match target, value:
            case ast.Name(), _:
                yield Assign(target.id, self.number(value))
            case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
                yield from self.together(node, names, [self.number(x) for x in values])
            case _:
                self.refuse(node, "no word for this assignment")

    def together(
        self, node: ast.stmt, targets: Sequence[ast.expr], values: list[Expression]
    ) -> Iterator[Statement]:
        """Assign several at once: what a later value reads is kept before it is overwritten."""
        names = [x.id if isinstance(x, ast.Name) else self.refuse(node, "no name") for x in targets]
        for i, name in enumerate(names):
            if any(name in names_in(value) for value in values[i + 1 :]):
                self.fresh += 1
                kept = f"{name}_before{self.fresh}"
                yield Assign(kept, Name(name))
                values = [*values[: i + 1], *[_renamed(x, name, kept) for x in values[i + 1 :]]]
            yield Assign(name, values[i])

    def numbers(self, node: ast.expr) -> list[float]:
        """Evaluate what a loop goes over: numbers that are known."""
        if {x.id for x in ast.walk(node) if isinstance(x, ast.Name)} & self.local:
            self.refuse(node, "a loop over what is computed")
        scope = {**self.globals, **self.outside.nonlocals}
        code = compile(ast.Expression(node), "<loop>", "eval")
        found = list(eval(code, scope))
        if len(found) > MOST_STEPS or not all(isinstance(x, int | float) for x in found):
            self.refuse(node, f"a loop over more than {MOST_STEPS} numbers, or over something else")
        return [float(x) for x in found]

    # ----- Expressions -----

    def number(self, node: ast.expr) -> Expression:
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return Number(float(value))
            case ast.Name() if node.id in self.local:
                return Name(node.id)
            case ast.Name() | ast.Attribute():
                value = self.value_of(node)
                if not isinstance(value, int | float):
                    self.refuse(node, f"it computes with a {type(value).__name__}")
                return Number(float(value))
            case ast.UnaryOp(op=ast.USub()):
                operand = self.number(node.operand)
                if isinstance(operand, Number):
                    return Number(-operand.value)
                return Call("neg", (operand,))
            case ast.UnaryOp(op=ast.UAdd()):
                return self.number(node.operand)
            case ast.BinOp():
                return self.binary(node, self.number(node.left), self.number(node.right))
            case ast.IfExp():
                parts = self.number(node.body), self.number(node.orelse)
                return Call("select", (self.condition(node.test), *parts))
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return Call("select", (self.condition(node), ONE, ZERO))
            case ast.Call():
                return self.call(node)
        return self.refuse(node, f"no word for {type(node).__name__}")

    def binary(self, node: Any, a: Expression, b: Expression) -> Expression:
        word = BINARY.get(type(node.op)) or self.refuse(node, "no word for this operator")
        return Call(word, (a, b))

    def condition(self, node: ast.expr) -> Expression:
        match node:
            case ast.Compare():
                operands = [self.number(x) for x in (node.left, *node.comparators)]
                words = [COMPARED.get(type(op)) or self.refuse(node, "no word") for op in node.ops]
                pairs = zip(words, operands, operands[1:], strict=False)
                return _all("and", [Call(word, (a, b)) for word, a, b in pairs])
            case ast.BoolOp():
                word = "and" if isinstance(node.op, ast.And) else "or"
                return _all(word, [self.condition(x) for x in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return Call("not", (self.condition(node.operand),))
            case ast.Call() if (value := self.value_of(node.func)) in PREDICATES:
                return PREDICATES[value](*[self.number(x) for x in node.args])
        return Call("ne", (self.number(node), ZERO))

    def call(self, node: ast.Call) -> Expression:
        function = self.value_of(node.func)
        if node.keywords or any(isinstance(x, ast.Starred) for x in node.args):
            self.refuse(node, "a call with names or *")
        if function in PREDICATES:
            return Call("select", (self.condition(node), ONE, ZERO))
        operands = tuple([self.number(x) for x in node.args])
        if function is float:
            return operands[0]
        if function is round:
            return Call("round" if len(operands) > 1 else "rint", operands)
        if function in WORDS:
            return _all(WORDS[function], operands, most=_taken(function))
        if isinstance(function, Op | FunctionType):
            return self.called(function, operands)
        return self.refuse(node, "no word for this function")

    def value_of(self, node: ast.expr) -> Any:
        """Look up a name, or an attribute of one, that stands outside of the function."""
        if isinstance(node, ast.Attribute):
            return getattr(self.value_of(node.value), node.attr)
        if not isinstance(node, ast.Name) or node.id in self.local:
            self.refuse(node, "it looks into what is computed")
        for table in (self.outside.nonlocals, self.globals, self.outside.builtins):
            if node.id in table:
                return table[node.id]
        return self.refuse(node, "it reads a name that is not there")


PREDICATES: dict[Any, Callable[[Expression], Expression]] = {
    math.isnan: lambda x: Call("ne", (x, x)),
    math.isinf: lambda x: Call("eq", (Call("abs", (x,)), Number(math.inf))),
    math.isfinite: lambda x: Call("lt", (Call("abs", (x,)), Number(math.inf))),
}


def _taken(function: Any) -> int:
    return 2 if function in (min, max) else 9


def _all(word: str, operands: Sequence[Expression], most: int = 2) -> Expression:
    """Apply a word to operands, two by two where it takes no more."""
    if word not in ("and", "or") and len(operands) <= most:
        return Call(word, tuple(operands))
    first, *rest = operands
    for operand in rest:
        first = Call(word, (first, operand))
    return first


def _renamed(x: Expression, old: str, new: str) -> Expression:
    if isinstance(x, Name):
        return Name(new) if x.name == old else x
    if isinstance(x, Call | Apply):
        return x._replace(operands=tuple([_renamed(y, old, new) for y in x.operands]))
    return x


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
