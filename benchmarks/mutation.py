"""Breaks every rule of every built-in op in every way, and counts what the conformance kit catches.

    python benchmarks/mutation.py                 # the fixed seed
    python benchmarks/mutation.py --seeds 20      # and 20 random ones
    python benchmarks/mutation.py --short         # a few ops, for continuous integration
    python benchmarks/mutation.py --ops sin,pow   # these ops

Rules are broken from outside, by wrapping them (twice the rule, without g, swapped operands, wrong
only for large operands, ...), and from inside, by editing their source (sin for cos, a term or a
factor dropped, + for -, another constant, ...).

Not every edit breaks a rule: `0.0 * g` is as good as `-0.0 * g`. Whether a mutant is really another
rule is decided without the kit, by comparing the two on a dense grid of their own; one that is not
is counted apart, with the reason, never dropped. Exit code 0 only if the kit catches every real
mutant and passes every unbroken op with every seed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import itertools
import math
import multiprocessing
import operator
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pluggrad import Op, Value, grad, plugins
from pluggrad.testing import ConformanceError, check_op
from pluggrad.testing.multiprecision import MP, multiprecision

Rule = Callable[..., Any]

# Enough to see 1e-250 beside 1, as in cos(atan2(1, x)).
DIGITS = 700
TINY = 5e-324

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


@dataclass
class Result:
    """What became of one op's mutants."""

    name: str
    caught: Counter[str] = field(default_factory=Counter)
    real: Counter[str] = field(default_factory=Counter)
    same: list[tuple[str, int, str, str]] = field(default_factory=list)
    escaped: list[tuple[str, int, str, int]] = field(default_factory=list)
    failed_unbroken: list[tuple[int, str]] = field(default_factory=list)
    found_by: Counter[str] = field(default_factory=Counter)
    guessed: int = 0
    runs: int = 0


# ----- Breaking from outside -----


def indicator(condition: Callable[[float], bool]) -> Op:
    """Make an op that is 1 where a condition holds, and flat: for rules wrong in places only."""
    return Op("indicator", lambda x: 1.0 if condition(x) else 0.0, lambda g, out, x: 0.0 * g)


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
        where = indicator(condition)
        yield (
            kind,
            f"2 * rule {text}",
            (lambda g, out, *x, where=where: rule(g, out, *x) * (1.0 + where(x[i]))),
        )
        yield (
            kind,
            f"rule + g {text}",
            (lambda g, out, *x, where=where: rule(g, out, *x) + g * where(x[i])),
        )


def swapped(rule: Rule, i: int, j: int) -> Rule:
    """Exchange two operands of a rule."""

    def exchange(g: Any, out: Any, *x: Any) -> Any:
        order = list(x)
        order[i], order[j] = order[j], order[i]
        return rule(g, out, *order)

    return exchange


def places(op: Op, i: int) -> Iterator[tuple[str, str, Callable[[float], bool]]]:
    """Give parts of an operand's domain in which to break a rule."""
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
        from pluggrad import ops

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
    """Give each edited version of an expression."""
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
    """Give what one node of an expression could be replaced with."""
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
    """Give every broken version of an op."""
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


# ----- Is it another rule at all? -----


def why_same(op: Op, mutant: Mutant) -> str:
    """Say why a mutant is as right as the rule it came from; "" if it is not.

    The two rules are compared on a grid that has nothing to do with the kit's.
    """
    if mutant.kind == "cut":
        rule = op.rules[mutant.operand]
        assert rule is not None
        constant = all(
            depends_not(rule, op.arity, at) for at in [(0.3,) * op.arity, (1.7,) * op.arity]
        )
        return "the rule depends on g alone" if constant else ""
    at_kink = False
    outside = False
    digits = 0
    for at in grid(op):
        if digits == 40:
            break
        kind = where_differ(op, mutant, at)
        if kind == "inside":
            return ""
        at_kink |= kind == "kink"
        outside |= kind == "outside"
        digits |= kind == "digits"
    if digits:
        return "the same function, seen with many digits; in floats it loses some"
    if at_kink:
        return "another choice between the two sides, at declared kinks only"
    return "differs only outside the declared domain" if outside else "the same numbers everywhere"


def depends_not(rule: Rule, arity: int, at: tuple[float, ...]) -> bool:
    values = [Value(x) for x in (0.7, *at)]
    result = rule(2.0, *values)
    if not isinstance(result, Value) or not result.requires_grad:
        return True
    return not any(grad(result, values))


def grid(op: Op) -> Iterator[tuple[float, ...]]:
    chance = random.Random(op.name)
    sizes = [s * 10 ** (e / 3) for e in range(-21, 22) for s in (1.0, -1.0)]
    sizes += [s * 10.0**e for e in (-250, -50, -12, 12, 50, 250) for s in (1.0, -1.0)]
    sizes += [0.0, 1.0, -1.0, 2.0, -2.0, *(chance.uniform(-3, 3) for _ in range(40))]
    for low, high in {d for d in op.domain if d}:
        if math.isfinite(low) and math.isfinite(high):
            sizes += [low + (high - low) * chance.random() for _ in range(60)]
        edges = [edge for edge in (low, high) if math.isfinite(edge)]
        sizes += [e + s * 10.0**-k for e in edges for k in range(1, 12) for s in (1, -1)]
    if op.arity == 1:
        yield from ((x,) for x in sizes)
        return
    for _ in range(600):
        yield tuple(chance.choice(sizes) for _ in range(op.arity))
    for x in sizes:
        yield (x,) * op.arity
        for i, other in itertools.product(range(op.arity), (0.0, 0.25, -0.25, 1e9, -1e9)):
            yield tuple(x if j == i else other for j in range(op.arity))


def where_differ(op: Op, mutant: Mutant, at: tuple[float, ...]) -> str:
    """Tell whether the rules differ at a point: "", "inside", "kink" or "outside"."""
    try:
        out = op.evaluate(*at)
    except ArithmeticError:
        return ""
    i = mutant.operand
    for g in (1.0, -2.5, 0.5):
        right = op.partial(i, g, out, *at)
        wrong = mutant.op.partial(i, g, out, *at)
        if right == wrong or (right != right and wrong != wrong):
            continue
        if (
            abs(right - wrong) <= 1e-7 * max(abs(right), abs(wrong))
            or max(abs(right), abs(wrong)) < 1e-290
        ):
            continue
        inside = all(d is None or d[0] < x < d[1] for d, x in zip(op.domain, at, strict=True))
        if not inside or not math.isfinite(out):
            return "outside"
        if is_kink(op, at):
            beside = [beside_kink(op, i, g, at, side) for side in (-1e-9, 1e-9)]
            between = min(beside) - 1e-6 <= wrong <= max(beside) + 1e-6
            return "kink" if between else "inside"
        if abs(right) > 1e280 or right != right:
            return "outside"  # beyond what floats can hold
        exact = [many(which, i, at) for which in (op, mutant.op)]
        if None not in exact and wrong == wrong:
            with MP.workdps(DIGITS):
                if abs(exact[0] - exact[1]) <= MP.mpf("1e-14") * abs(exact[0]) + TINY:
                    return "digits"
        return "inside"
    return ""


def beside_kink(op: Op, i: int, g: float, at: tuple[float, ...], side: float) -> float:
    moved = (*at[:i], at[i] + side * max(1.0, abs(at[i])), *at[i + 1 :])
    return op.partial(i, g, op.evaluate(*moved), *moved)


def is_kink(op: Op, at: tuple[float, ...]) -> bool:
    if callable(op.kinks):
        try:
            return not abs(op.kinks(*at)) > 0
        except ArithmeticError:  # 10.0**400 on the way: too large to have kinks or not
            return False
    return at[0] in op.kinks


class Many:
    """A number with many digits that rules can compute with."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, number: Any) -> None:
        self.number = MP.mpf(number)

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Any, ...]) -> Many:
        forward = multiprecision(op.forward)
        return cls(forward(*(x.number if isinstance(x, Many) else MP.mpf(x) for x in operands)))


def many(op: Op, i: int, at: tuple[float, ...]) -> Any:
    """Evaluate a rule with many digits; None where it cannot be."""
    rule = op.rules[i]
    forward = multiprecision(op.forward)
    if rule is None or forward is None:
        return None
    with MP.workdps(DIGITS):
        try:
            operands = [Many(x) for x in at]
            result = rule(Many(1), Many(forward(*(x.number for x in operands))), *operands)
            return result.number if isinstance(result, Many) else MP.mpf(result)
        except Exception:
            return None


def operators_of_many() -> None:
    def binary(function: Callable[..., Any]) -> tuple[Any, Any]:
        def forward(a: Many, b: Any) -> Many:
            return Many(function(a.number, b.number if isinstance(b, Many) else b))

        def reflected(a: Many, b: Any) -> Many:
            return Many(function(b, a.number))

        return forward, reflected

    for name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        forward, reflected = binary(getattr(operator, name))
        setattr(Many, f"__{name}__", forward)
        setattr(Many, f"__r{name}__", reflected)
    Many.__neg__ = lambda x: Many(-x.number)  # type: ignore[attr-defined]


operators_of_many()


# ----- Running -----


def examine(task: tuple[str, tuple[int, ...]]) -> Result:
    """Run the kit on one op, unbroken and broken, with every seed."""
    name, seeds = task
    op = plugins.ops[name]
    result = Result(name)
    for seed in seeds:
        try:
            check_op(op, seed=seed)
        except ConformanceError as error:
            result.failed_unbroken.append((seed, str(error)))
    for mutant in mutants(op):
        reason = why_same(op, mutant)
        if reason:
            result.same.append((mutant.kind, mutant.operand, mutant.text, reason))
            continue
        result.real[mutant.kind] += 1
        missed = [seed for seed in seeds if not is_caught(mutant, seed, result)]
        if missed:
            result.escaped.append((mutant.kind, mutant.operand, mutant.text, len(missed)))
        else:
            result.caught[mutant.kind] += 1
    return result


def is_caught(mutant: Mutant, seed: int, result: Result) -> bool:
    result.runs += 1
    try:
        check_op(mutant.op, seed=seed)
    except ConformanceError as error:
        result.found_by[error.check] += 1
        result.guessed += "guess:" in str(error)
        return True
    return False


def show(results: list[Result]) -> None:
    """Print the table: ops down, kinds of mutation across."""
    kinds = list(KINDS)
    print(f"{'op':12}" + "".join(f"{kind:>9}" for kind in kinds) + f"{'same':>6}{'all':>10}")
    for r in results:
        cells = [f"{r.caught[kind]}/{r.real[kind]}" if r.real[kind] else "." for kind in kinds]
        total = f"{r.caught.total()}/{r.real.total()}"
        print(f"{r.name:12}" + "".join(f"{c:>9}" for c in cells) + f"{len(r.same):>6}{total:>10}")
    print("\ncaught/real mutants; same: edits that are no other rule (listed below)")
    print("; ".join(f"{key}: {text}" for key, text in KINDS.items()))


def show_same(results: list[Result], *, every: bool) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for r in results:
        for _, operand, text, reason in r.same:
            reasons[reason].append(f"{r.name}[{operand}]: {text}")
    print("\nEdits that do not change the rule, by a comparison that does not use the kit:")
    for reason, listed in reasons.items():
        print(f"  {len(listed):4}  {reason}")
        for text in listed if every else listed[:4]:
            print(f"          {text}")
        if len(listed) > 4 and not every:
            print(f"          ... (--list prints all {len(listed)})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seeds", type=int, default=0, help="how many random seeds to add")
    parser.add_argument("--short", action="store_true", help="ten ops, the fixed seed")
    parser.add_argument("--ops", default="", help="names, separated by commas")
    parser.add_argument("--list", action="store_true", help="list every edit that changes nothing")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    names = [op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
    if given.short:
        names = ["add", "div", "pow", "relu", "minimum", "sin", "tanh", "log", "hypot", "where"]
    if given.ops:
        names = given.ops.split(",")
    seeds = (0, *(random.SystemRandom().randrange(2**31) for _ in range(given.seeds)))
    print(f"seeds: {', '.join(map(str, seeds))}")
    start = time.perf_counter()
    done = []
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for result in pool.imap(examine, [(name, seeds) for name in names]):
            done.append(result)
            print(f"\r{len(done)} of {len(names)} ops", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    show(done)
    show_same(done, every=given.list)
    real = sum(r.real.total() for r in done)
    caught = sum(r.caught.total() for r in done)
    runs = sum(r.runs for r in done)
    found_by = sum((r.found_by for r in done), Counter())
    print(f"\ncaught by: {', '.join(f'{k} {n}' for k, n in found_by.most_common())}")
    print(f"messages with a guess at the mistake: {sum(r.guessed for r in done)} of {runs}")
    for r in done:
        for kind, operand, text, missed in r.escaped:
            print(f"ESCAPED {r.name}, operand {operand}, {kind}: {text} ({missed} of {len(seeds)})")
        for seed, error in r.failed_unbroken:
            print(f"UNBROKEN BUT FAILED with seed {seed}: {error}")
    unbroken = len(done) * len(seeds)
    failed = sum(len(r.failed_unbroken) for r in done)
    print(
        f"{len(done)} ops, {len(seeds)} seeds, {runs} runs of the kit on mutants, "
        f"{time.perf_counter() - start:.0f} s\n"
        f"mutation score: {caught} of {real} real mutants caught with every seed "
        f"({100 * caught / real:.2f} %); unbroken ops passed: {unbroken - failed} of {unbroken}"
    )
    return 0 if caught == real and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
