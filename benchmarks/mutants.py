"""Every broken version of an op that the conformance kit is tried on."""

from __future__ import annotations

import ast
import copy
import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pluggrad import Op, ops, plugins

Rule = Callable[..., Any]

PARTNERS = {
    "cos": "sin",
    "sin": "cos",
    "cosh": "sinh",
    "sinh": "cosh",
    "tanh": "sech",
    "sech": "tanh",
    "exp": "expm1",
    "expm1": "exp",
    "log": "sqrt",
    "sqrt": "cbrt",
    "hypot": "maximum",
    "sigmoid": "ndtr",
    "ndtr": "sigmoid",
    "gaussian": "sech",
    "step": "sign",
    "sign": "step",
    "minimum": "maximum",
    "maximum": "minimum",
    "floordiv": "div",
    "abs": "neg",
    "pow": "mul",
}

KINDS = {
    "sign": "sign",
    "x2": "times 2",
    "x0.5": "times 0.5",
    "x1.0001": "times 1.0001",
    "const": "a constant changed",
    "factor": "a factor dropped",
    "chain": "nothing but g",
    "no g": "without g",
    "g*g": "g squared",
    "zero": "always zero",
    "+g": "plus g",
    "term": "a term dropped",
    "+-": "+ for -, * for /",
    "name": "another operand or out",
    "swap": "swapped operands or rules",
    "partner": "wrong partner function",
    "side": "wrong on one side only",
    "large": "wrong for large operands only",
    "small": "wrong for small operands only",
    "cut": "cuts off the second derivative",
}


@dataclass(frozen=True)
class Mutant:
    """A broken op.

    Attributes:
        op: the op with one rule exchanged.
        operand: which rule.
        kind: a key of KINDS.
        text: what was done.
    """

    op: Op
    operand: int
    kind: str
    text: str


# ----- Breaking from outside -----


def indicator(condition: Callable[..., bool], arity: int) -> Op:
    """Make an op that is 1 where a condition holds, and flat: for rules wrong in places only."""
    flat = [lambda g, out, *x: 0.0 * g] * arity
    return Op("indicator", lambda *x: 1.0 if condition(*x) else 0.0, *flat)


def wrapped(op: Op, i: int) -> Iterator[tuple[str, str, Rule]]:
    """Break a rule by putting something around it."""
    rule = op.rules[i]
    if rule is None:
        yield "+g", "a gradient where none flows", lambda g, out, *x: g
        return
    yield "sign", "-rule", lambda g, out, *x: -rule(g, out, *x)
    yield "x2", "2 * rule", lambda g, out, *x: 2.0 * rule(g, out, *x)
    yield "x0.5", "0.5 * rule", lambda g, out, *x: 0.5 * rule(g, out, *x)
    yield "x1.0001", "1.0001 * rule", lambda g, out, *x: 1.0001 * rule(g, out, *x)
    yield "chain", "g", lambda g, out, *x: g
    yield "no g", "rule with g = 1", lambda g, out, *x: rule(1.0, out, *x)
    yield "g*g", "g * rule", lambda g, out, *x: g * rule(g, out, *x)
    yield "zero", "0", lambda g, out, *x: 0.0 * g
    yield "+g", "rule + g", lambda g, out, *x: rule(g, out, *x) + g
    yield "+g", "rule + 1", lambda g, out, *x: rule(g, out, *x) + 1.0
    yield (
        "factor",
        "rule without the last operand's part: rule / operand",
        (lambda g, out, *x: rule(g, out, *x) / x[i]),
    )
    yield "factor", "rule * out", lambda g, out, *x: rule(g, out, *x) * out
    yield "cut", "rule of floats", lambda g, out, *x: rule(g, float(out), *map(float, x))
    for j in range(op.arity):
        if j != i:
            yield "swap", f"operands {i} and {j} swapped", swapped(rule, i, j)
            other = op.rules[j]
            if other is not None:
                yield "swap", f"the rule of operand {j}", other
    for kind, text, condition in places(op, i):
        where = indicator(condition, op.arity)
        yield (
            kind,
            f"2 * rule {text}",
            (lambda g, out, *x, where=where: rule(g, out, *x) * (1.0 + where(*x))),
        )
        yield (
            kind,
            f"rule + g {text}",
            (lambda g, out, *x, where=where: rule(g, out, *x) + g * where(*x)),
        )


def swapped(rule: Rule, i: int, j: int) -> Rule:
    """Exchange two operands of a rule."""

    def exchange(g: Any, out: Any, *x: Any) -> Any:
        order = list(x)
        order[i], order[j] = order[j], order[i]
        return rule(g, out, *order)

    return exchange


def places(op: Op, i: int) -> Iterator[tuple[str, str, Callable[..., bool]]]:
    """Return parts of the domain in which to break a rule."""
    for kind, text, condition in places_of_operand(op, i):
        yield kind, text, lambda *x, condition=condition: condition(x[i])
    if callable(op.kinks):
        yield "side", "above the kink", lambda *x: from_kink(op, x) > 0.0
        yield "side", "below the kink", lambda *x: from_kink(op, x) < 0.0


def from_kink(op: Op, at: tuple[float, ...]) -> float:
    try:
        return op.kinks(*at)
    except ArithmeticError:
        return math.nan


def places_of_operand(op: Op, i: int) -> Iterator[tuple[str, str, Callable[[float], bool]]]:
    """Return parts of one operand's domain."""
    low, high = op.domain[i] or (-math.inf, math.inf)
    kinks = [0.0] if callable(op.kinks) else list(op.kinks)
    for kink in kinks:
        yield "side", f"above the kink {kink:g}", lambda x, kink=kink: x > kink
        yield "side", f"below the kink {kink:g}", lambda x, kink=kink: x < kink
    if not kinks:
        middle = (
            (low + high) / 2
            if math.isfinite(low) and math.isfinite(high)
            else (low + 1.0 if math.isfinite(low) else 0.0)
        )
        yield "side", f"above {middle:g}", lambda x: x > middle
        yield "side", f"below {middle:g}", lambda x: x < middle
    for size in (5.0, 12.0, 30.0, 1e3, 1e5) if high == math.inf else ():
        yield "large", f"above {size:g}", lambda x, size=size: x > size
        if low == -math.inf:
            yield "large", f"below {-size:g}", lambda x, size=size: x < -size
    for size in (0.05, 1e-3):
        if math.isfinite(high):
            yield "large", f"nearer than {size:g} to {high:g}", lambda x, s=size: x > high - s
        edge = low if math.isfinite(low) else 0.0
        yield "small", f"nearer than {size:g} to {edge:g}", lambda x, s=size, e=edge: abs(x - e) < s


# ----- Breaking from inside -----


def edited(op: Op, i: int) -> Iterator[tuple[str, str, Rule]]:
    """Break a rule by editing its source, one place at a time."""
    rule = op.rules[i]
    if rule is None:
        return
    source = lambda_of(rule)
    for kind, edit in edits(source.body, [a.arg for a in source.args.args]):
        changed = ast.Lambda(args=source.args, body=edit)
        expression = ast.fix_missing_locations(ast.Expression(copy.deepcopy(changed)))
        text = ast.unparse(edit)
        yield (
            kind,
            text,
            eval(compile(expression, "<mutant>", "eval"), {**vars(ops), **rule.__globals__}),
        )


def lambda_of(rule: Rule) -> ast.Lambda:
    """Find the source of a rule."""
    code = rule.__code__
    tree = ast.parse(inspect.getsource(inspect.getmodule(rule)))  # type: ignore[arg-type]
    columns = [c for line, _, c, _ in code.co_positions() if line == code.co_firstlineno and c]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
    ]
    before = [node for node in found if not columns or node.col_offset <= min(columns)]
    return max(before or found, key=lambda node: node.col_offset)


def edits(body: ast.expr, names: list[str]) -> Iterator[tuple[str, ast.expr]]:
    """Return each edited version of an expression."""
    count = sum(1 for _ in ast.walk(body))
    for position in range(count):
        for kind, change in changes(nth(body, position), names):
            yield kind, replaced(body, position, change)


def nth(tree: ast.expr, position: int) -> ast.AST:
    return next(itertools.islice(ast.walk(tree), position, None))


def replaced(tree: ast.expr, position: int, by: ast.expr) -> ast.expr:
    tree = copy.deepcopy(tree)
    target = nth(tree, position)
    if target is tree:
        return by
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, by)
            elif isinstance(value, list) and any(x is target for x in value):
                setattr(parent, name, [by if x is target else x for x in value])
    return tree


def changes(node: ast.AST, names: list[str]) -> Iterator[tuple[str, ast.expr]]:
    """Return what one node of an expression could be replaced with."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as sign, right):
            yield "term", left
            yield "term", right
            other = ast.Sub() if isinstance(sign, ast.Add) else ast.Add()
            yield "+-", ast.BinOp(left, other, right)
        case ast.BinOp(left, ast.Mult() | ast.Div() as sign, right):
            if not (isinstance(right, ast.Name) and right.id == "g"):
                yield "factor", left
            if not (isinstance(left, ast.Name) and left.id == "g"):
                yield "factor", right
            other = ast.Div() if isinstance(sign, ast.Mult) else ast.Mult()
            yield "+-", ast.BinOp(left, other, right)
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Constant(value) if isinstance(value, int | float):
            for c in (value + 1, value * 2, -value):
                if c != value:
                    yield "const", ast.Constant(c)
        case ast.Name(name) if name in names and name != "g":
            for other in names[1:]:
                if other != name:
                    yield "name", ast.Name(other, ast.Load())
            yield "sign", ast.UnaryOp(ast.USub(), node)
        case ast.Call(ast.Name(name), arguments, keywords) if name in PARTNERS:
            partner = ast.Name(PARTNERS[name], ast.Load())
            takes = plugins.ops[PARTNERS[name]].arity
            yield "partner", ast.Call(partner, arguments[:takes], keywords)
            if len(arguments) == 2:
                yield "swap", ast.Call(ast.Name(name, ast.Load()), arguments[::-1], keywords)


def mutants(op: Op) -> Iterator[Mutant]:
    """Return every broken version of an op."""
    for i in range(op.arity):
        for kind, text, rule in itertools.chain(wrapped(op, i), edited(op, i)):
            rules = [*op.rules[:i], rule, *op.rules[i + 1 :]]
            broken = Op(
                op.name,
                op.forward,
                *rules,
                operator=op.operator,
                ieee=op.ieee,
                domain=op.domain,
                kinks=op.kinks,
            )
            yield Mutant(broken, i, kind, text)
