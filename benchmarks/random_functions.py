"""Random Python functions of numbers: branches, loops, gradients inside, hooks, containers."""

from __future__ import annotations

import bisect
import builtins
import collections
import contextlib
import functools
import heapq
import itertools
import json
import math
import operator
import re
import statistics
import struct
from array import array
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pluggrad
from odd_ops import ODD_OPS, fresh_op
from pluggrad import (
    Op,
    Value,
    checkpoint,
    custom_rule,
    func,
    grad,
    no_grad,
    on_gradient,
    plugins,
    stop_gradient,
)  # fmt: skip
from random_idioms import ABOVE, FORMS
from random_statements import BODIES, KINDS, NUMBERS

EDGES = [
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e19, -1e19, 2.0**53 + 2, 1e200,
    -1e308, 1.0, -1.0, 0.5, 2.5, -2.5, 171.0,
]  # fmt: skip
LEVELS = ["0.0", "1.0", "-0.5", "0.5", "2", "0", "-1", "1e-3"]
STRANGE_LEVELS = [
    "Fraction(1, 3)", "Fraction(-1, 7)", "2**53 + 1", "10**400", "-10**400", "Decimal('0.1')",
    "True", "math.inf", "1e19",
]  # fmt: skip
SMOOTH = [
    "sin", "cos", "tanh", "exp", "atan", "sigmoid", "softplus", "gaussian", "asinh", "erf",
]  # fmt: skip
UNARY = [
    "sqrt", "log", "cbrt", "abs", "relu", "floor", "ceil", "trunc", "sign", "step", "log1p",
    "expm1", "sinh", "tan", "asin", "acosh", "softsign", "silu", "gelu", "ndtr", "exp2", "log10",
    "round", "leaky_relu", "huber", "cloglog", "erfc", "sech", "elu",
]  # fmt: skip
BINARY = ["maximum", "minimum", "hypot", "atan2", "compare", "mod", "floordiv", "pow"]
OPERATORS = ["+", "-", "*", "+", "-", "*", "/", "//", "%"]


class Mode(Enum):
    """A choice among names."""

    SLOW = 0.5
    FAST = 2


class Layer:
    """What has a scale, and shares a number with all of its kind."""

    shared: Any = 1.0

    def __init__(self, scale: Any) -> None:
        self.scale = scale

    def forward(self, v: Any) -> Any:
        """Return a number that was scaled."""
        return v * self.scale + self.shared


class Settings:
    """What a program reads from objects of its own, and changes between calls."""

    def __init__(self) -> None:
        self.scales: list[Any] = []
        self.table: dict[str, Any] = {}
        self.model = {"w": [Value(0.5), Value(-1.0)]}
        self.array = np.array([0.5, -1.0])
        self.numbers = array("d", [1.0])
        self.bytes = bytearray()
        self.layers = [Layer(0.5)]
        self.names: set[str] = set()
        self.stack: list[Any] = []
        self.queue: collections.deque[Any] = collections.deque(maxlen=2)
        self.turn(0)

    def turn(self, number: int) -> None:
        """Change what is here, in the places where it is."""
        self.rate = [0.5, -1.5][number]
        self.flag = number == 0
        self.scales[:] = [[0.5, 2], [1, -0.25, 3.0]][number]
        self.table.update([{"low": 2.0, "power": 3}, {"low": -0.5, "high": 1}][number])
        self.apply = abs if number else lambda v: v * v
        self.weight = Value([0.5, -2.0][number])
        self.model["w"][0].data = [0.5, 1.5][number]
        self.model["w"][1:] = [Value([-1.0, 2.0][number])]
        self.array[:] = [[0.5, -1.0], [2.0, 0.25]][number]
        self.numbers.append(0.5 * number)
        self.bytes.append(number)
        self.layers[0].scale = [0.5, 3][number]
        self.layers.append(Layer(self.rate))
        self.names.add(["slow", "fast"][number])
        self.stack.append(self.rate)
        self.queue.append([2.0, -1.0][number])
        self.mode = [Mode.SLOW, Mode.FAST][number]
        self.limit = [0.25, Fraction(1, 2)][number]
        self.nothing = [None, 0.75][number]
        self.text = ["1.5", "-2"][number]
        self.pair = (self.rate, number)
        Layer.shared = [1.0, -0.5][number]

    @property
    def doubled(self) -> Any:
        """Return twice the rate."""
        return self.rate * 2

    def choose(self, a: Any, b: Any) -> Any:
        """Return one of two numbers."""
        return a if a * self.rate > 0 else b


def _helper(v: Any, w: Any) -> Any:
    return v * w + 0.5 if v > w else v - w * w


HELPER = pluggrad.compile(_helper, executor="interpreter")


@dataclass
class Function:
    """A function of numbers, its source, and what it is called with.

    Attributes:
        seed: what it was drawn from.
        source: defines `f`.
        arguments: builds the arguments from a list of numbers.
        inputs: lists of numbers to call it with.
        weights: in each round, the numbers of the Values from outside.
        features: what is in it.
        ops: the ops made for it alone.
    """

    seed: int
    source: str
    shapes: list[Any]
    inputs: list[list[float]]
    weights: list[list[float]]
    features: set[str]
    ops: dict[str, Op] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings())
    scopes: list[dict[str, Any]] = field(default_factory=list)

    def made(self, table: dict[str, Any], outside: list[Any]) -> Callable[..., Any]:
        """Define the function, with these ops and Values from outside."""
        scope = {**table, **self.ops, **{f"W{i}": w for i, w in enumerate(outside)}}
        scope |= {"SETTINGS": self.settings, "LEVEL": self.settings.rate, "__name__": __name__}
        self.scopes.append(scope)
        exec(compile(self.source, f"<function {self.seed}>", "exec"), scope)  # written below
        made: Callable[..., Any] = scope["f"]
        return made

    def turn(self, number: int) -> None:
        """Change what stands outside of the function, and is no Value."""
        self.settings.turn(number)
        for scope in self.scopes:
            scope["LEVEL"] = self.settings.rate

    def arguments(self, numbers: list[Any]) -> tuple[Any, ...]:
        """Build the arguments from as many numbers."""
        left = iter(numbers)
        return tuple([filled(shape, left) for shape in self.shapes])


def filled(shape: Any, numbers: Any) -> Any:
    """Put numbers in the places of a nest."""
    if isinstance(shape, dict):
        return {key: filled(part, numbers) for key, part in shape.items()}
    if is_nest(shape):
        parts = [filled(part, numbers) for part in parts_of(shape)]
        return type(shape)(parts) if type(shape) in (list, tuple) else type(shape)(*parts)
    return next(numbers)


@dataclass
class Pair:
    """An argument as people declare one."""

    a: Any
    b: Any


class Both(NamedTuple):
    """The same, as a tuple."""

    a: Any
    b: Any


def is_nest(tree: Any) -> bool:
    """Return whether something holds parts by position, or by fields."""
    return isinstance(tree, list | tuple | Pair)


def parts_of(tree: Any) -> Any:
    """List the parts of such a thing."""
    return (tree.a, tree.b) if isinstance(tree, Pair) else tree


def numbers_in(shape: Any) -> int:
    """Count the numbers of an argument."""
    return len(paths(shape, ""))


def table() -> dict[str, Any]:
    """Return what the functions find in their module."""
    return {
        **plugins.ops,
        **{op.name if op.name != "scaled" else f"scaled{i}": op for i, op in enumerate(ODD_OPS)},
        "Fraction": Fraction, "Decimal": Decimal, "Value": Value, "func": func,
        "grad": grad, "no_grad": no_grad, "on_gradient": on_gradient,
        "stop_gradient": stop_gradient, "checkpoint": checkpoint, "Pair": Pair, "Both": Both,
        "np": np, "Any": Any, "dataclass": dataclass, "replace": replace, "field": field,
        "custom_rule": custom_rule, "compile": pluggrad.compile, "HELPER": HELPER, "Mode": Mode,
        "Layer": Layer,
        "SimpleNamespace": SimpleNamespace, "Random": Random,
        **{module.__name__: module for module in MODULES},
        **{name: getattr(module, name) for module, names in NAMES.items() for name in names},
    }  # fmt: skip


MODULES = [builtins, json, math, operator, statistics, struct]
NAMES: dict[Any, list[str]] = {
    bisect: ["bisect", "insort"],
    collections: ["ChainMap", "Counter", "defaultdict", "deque"],
    contextlib: ["ExitStack", "contextmanager", "nullcontext", "suppress"],
    functools: [
        "cached_property", "cmp_to_key", "lru_cache", "partial", "reduce", "singledispatch",
        "wraps",
    ],
    heapq: ["heappop", "heappush", "merge", "nlargest", "nsmallest"],
    itertools: [
        "accumulate", "chain", "combinations", "count", "cycle", "dropwhile", "groupby", "islice",
        "pairwise", "product", "starmap", "takewhile", "zip_longest",
    ],
    operator: ["attrgetter", "itemgetter"],
}  # fmt: skip


ODD_NAMES = {
    (op.name if op.name != "scaled" else f"scaled{i}"): op.arity for i, op in enumerate(ODD_OPS)
}
SHAPES: list[Any] = [
    0, 0, 0, 0, [0, 0], (0, 0), {"a": 0, "b": 0}, {"w": [0, 0], "b": 0}, [(0, 0), 0],
    Pair(0, 0), Both(0, [0, 0]),
]  # fmt: skip


def paths(shape: Any, name: str) -> list[str]:
    """List the expressions for the numbers in an argument."""
    if isinstance(shape, dict):
        return [x for key, part in shape.items() for x in paths(part, f"{name}[{key!r}]")]
    if isinstance(shape, Pair | Both):
        return [*paths(shape.a, f"{name}.a"), *paths(shape.b, f"{name}.b")]
    if isinstance(shape, list | tuple):
        return [x for i, part in enumerate(shape) for x in paths(part, f"{name}[{i}]")]
    return [name]


def above(source: str) -> list[str]:
    """List the definitions of the module that a source names."""
    words = set(re.findall(r"\w+", source))
    return [text.strip("\n") for name, text in ABOVE.items() if name in words]


def drawn(seed: int) -> Function:
    """Draw a function, and what to call it with."""
    chance = Random(seed)
    shapes = [chance.choice(SHAPES) for _ in range(chance.randint(1, 2))]
    draft = _Draft(chance)
    source, features, ops = draft.function(shapes)
    count = sum(len(paths(shape, "p")) for shape in shapes)
    inputs = [_numbers(chance, count, edges=k % 2 == 1) for k in range(5)]
    weights = [[chance.choice([0.5, -1.5, 2.0, 0.0, 1.0]) for _ in range(2)] for _ in range(2)]
    return Function(seed, source, shapes, inputs, weights, features, ops)


def _numbers(chance: Random, count: int, *, edges: bool) -> list[float]:
    if edges:
        few = [chance.choice(EDGES) for _ in range(2)]
        return [chance.choice([*few, chance.uniform(-2, 2)]) for _ in range(count)]
    if chance.random() < 0.2:  # ties
        return [chance.choice([1.0, 2.0, 0.5])] * count
    return [chance.uniform(-2.0, 2.0) for _ in range(count)]


class _Draft:
    """Writes a function, statement by statement."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.lines: list[str] = []
        self.depth = 1
        self.names: list[str] = []
        self.roots: list[str] = []
        self.count = 0
        self.features: set[str] = set()
        self.ops: dict[str, Op] = {}
        self.is_plain = chance.random() < 0.25  # for JAX to run too
        self.statements: list[tuple[int, Callable[[], None]]] = [
            (30, self.assign),
            (10, self.branch),
            (5, self.loop),
            (3, self.loop_until),
            (3, self.functional_gradient),
            (2, self.container),
            (2, self.inner_function),
            (4, self.gradient),
            (3, self.second_gradient),
            (3, self.backward),
            (3, self.hook),
            (2, self.without_recording),
            (3, self.look),
            (2, self.caught),
            (2, self.descent),
            (3, self.checkpointed),
            (3, self.in_place),
            (2, self.nest),
            (2, self.thrown),
            (2, self.hooks),
            (2, self.quiet),
            (3, self.early),
            *[(4, partial(self.template, kind)) for kind in KINDS],
        ]

    def function(self, shapes: list[Any]) -> tuple[str, set[str], dict[str, Op]]:
        parameters = [f"p{i}" for i in range(len(shapes))]
        self.more(parameters)
        for name, shape in zip(parameters, shapes, strict=False):
            for path in paths(shape, name):
                fresh = self.fresh()
                self.write(f"{fresh} = {path}")
                self.names.append(fresh)
                self.roots.append(fresh)
        self.is_scalar = self.chance.random() < 0.7
        for _ in range(self.chance.randint(2, 8)):
            self.statement()
        self.write(f"return {self.result()}")
        text = [f"def f({', '.join(parameters)}):", *self.lines, *self.form()]
        text = [*above("\n".join(text)), *text]
        for name, source in getattr(self, "sources", {}).items():
            text.insert(0, f"# {name}: " + source.replace("\n", "\n# "))
        return "\n".join(text), self.features, self.ops

    def more(self, parameters: list[str]) -> None:
        """Add parameters with defaults, which nobody gives, to some functions."""
        if not self.is_plain and self.chance.random() < 0.1:
            self.own("defaults")
            default = self.chance.choice(["W0", "0.5", "LEVEL", "True", "[0.5, 2.0][1]"])
            parameters += [f"bias={default}", "*rest", "scale=-1.5"]
            self.names += ["bias", "scale", "(sum(rest) + 0.5)"]

    def form(self) -> list[str]:
        """Make something else of some functions: a method, an object, a decorated function."""
        if self.is_plain or self.chance.random() > 0.1:
            return []
        self.own("form")
        return self.chance.choice(FORMS).strip().splitlines()

    # ----- Writing -----

    def write(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def fresh(self) -> str:
        self.count += 1
        return f"x{self.count}"

    @contextmanager
    def block(self, head: str) -> Any:
        """Write an indented block; names that it makes are not seen behind it."""
        self.write(head)
        self.depth += 1
        names, roots = list(self.names), list(self.roots)
        yield
        self.names, self.roots = names, roots
        self.depth -= 1

    def few(self) -> None:
        for _ in range(self.chance.randint(1, 2)):
            self.statement()

    def statement(self) -> None:
        choices = self.statements[: 7 if self.is_plain else None]
        choices = choices if self.depth < 4 else choices[:1]
        weights = [weight for weight, _ in choices]
        self.chance.choices([make for _, make in choices], weights)[0]()

    def own(self, what: str) -> None:
        self.features |= {"own", what}

    # ----- Expressions -----

    def name(self) -> str:
        recent = min(int(self.chance.expovariate(0.4)), len(self.names) - 1)
        return self.names[-1 - recent]

    def constant(self) -> str:
        if self.chance.random() < 0.05:
            self.features.add("edge")
            return f"float({str(self.chance.choice(EDGES))!r})"
        return self.chance.choice(["0.5", "2.0", "-1.5", "3", "0.1", "1.0", "1"])

    def expression(self, depth: int = 0) -> str:
        dice = self.chance.random() * (0.86 if self.is_plain else 1.0)
        if depth > 2 or dice < 0.2:
            return self.name()
        if dice < 0.25:
            return self.constant()
        a = self.expression(depth + 1)
        if dice < 0.5:
            b = self.expression(depth + 1)
            return f"({a} {self.chance.choice(OPERATORS)} {b})"
        if dice < 0.66:
            return f"{self.chance.choice(SMOOTH)}({a})"
        if dice < 0.74:
            return f"{self.chance.choice(UNARY)}({a})"
        if dice < 0.8:
            return f"{self.chance.choice(BINARY)}({a}, {self.expression(depth + 1)})"
        if dice < 0.83:
            return f"where({self.condition()}, {a}, {self.expression(depth + 1)})"
        if dice < 0.86:
            return f"({a}) ** {self.chance.choice(['2', '3', '0.5', '-1', '1.5', self.name()])}"
        if dice < 0.9:
            self.own("Value from outside")
            return f"({a} {self.chance.choice('+-*')} W{self.chance.randint(0, 1)})"
        if dice < 0.92:
            return f"({a} if {self.condition()} else {self.expression(depth + 1)})"
        if dice < 0.94:
            return f"{self.chance.choice(['max', 'min'])}({a}, {self.name()}, {self.constant()})"
        if dice < 0.95:
            return f"abs(-({a}))"
        return self.odd(a, depth)

    def odd(self, a: str, depth: int) -> str:
        self.own("odd op")
        if self.chance.random() < 0.06:
            name = f"fresh{len(self.ops)}"
            self.ops[name], source = fresh_op(self.chance)
            self.__dict__.setdefault("sources", {})[name] = source
            self.features.add("fresh op")
            arity = self.ops[name].arity
        else:
            name = self.chance.choice(list(ODD_NAMES))
            arity = ODD_NAMES[name]
        rest = [self.expression(depth + 1) for _ in range(arity - 1)]
        return f"{name}({', '.join([a, *rest])})"

    def condition(self) -> str:
        dice = self.chance.random() * (0.88 if self.is_plain else 1.0)
        a = self.expression(2)
        if dice < 0.6:
            return f"{a} {self.comparison()} {self.chance.choice(LEVELS)}"
        if dice < 0.75:
            return f"{a} {self.comparison()} {self.name()}"
        if dice < 0.8:
            return f"bool({a})"
        if dice < 0.84:
            return f"{self.name()} < {a} <= {self.chance.choice(LEVELS)}"
        if dice < 0.88:
            return f"not ({a} > {self.chance.choice(LEVELS)} and {self.name()} < 1)"
        if dice < 0.92:
            self.own("Value from outside")
            return f"{a} {self.comparison()} W{self.chance.randint(0, 1)}"
        self.own("strange level")
        return f"{a} {self.comparison()} {self.chance.choice(STRANGE_LEVELS)}"

    def comparison(self) -> str:
        return self.chance.choice(["<", "<=", ">", ">="])

    def moderate(self) -> str:
        """Write an expression that is finite for finite inputs, most often."""
        a, b = self.name(), self.name()
        return self.chance.choice([
            f"sin({a}) * {b}", f"tanh({a} * {b})", f"{a} * {b} + {a}", f"exp(0.1 * {a}) * {b}",
            f"{a} ** 3", f"{a} * {a}", f"cos({a}) + 0.5 * {b}", f"({a} - 1.0) ** 2 * {b}",
            f"sqrt({a} * {a} + 1.0) * {b}", f"{a} / ({b} * {b} + 1.0)", f"abs({a}) * {b}",
        ])  # fmt: skip

    # ----- Statements -----

    def assign(self) -> None:
        text = self.moderate() if self.chance.random() < 0.5 else self.expression()
        fresh = self.fresh()
        self.write(f"{fresh} = {text}")
        self.names.append(fresh)

    def branch(self) -> None:
        fresh = self.fresh()
        condition = self.condition()
        for head in (f"if {condition}:", "else:"):
            with self.block(head):
                if self.chance.random() < 0.5:
                    self.few()
                self.write(f"{fresh} = {self.expression()}")
        self.names.append(fresh)

    def loop(self) -> None:
        fresh = self.fresh()
        self.write(f"{fresh} = {self.name()}")
        times = self.chance.randint(1, 4)
        items = self.chance.choice([f"range({times})", f"[{self.name()}, {self.name()}]"])
        with self.block(f"for item in {items}:"):
            self.names += [fresh, *(["item"] if items[0] == "[" else [])]
            self.write(f"{fresh} = {self.moderate()} * 0.5 + {fresh}")
            if self.chance.random() < 0.4:
                self.write(f"if {self.condition()}: break")
        self.names.append(fresh)

    def loop_until(self) -> None:
        fresh = self.fresh()
        steps = self.fresh()
        self.write(f"{fresh}, {steps} = {self.name()}, 0")
        condition = f"{fresh} {self.comparison()} {self.chance.choice(LEVELS)}"
        with self.block(f"while {condition} and {steps} < {self.chance.randint(2, 6)}:"):
            self.write(f"{fresh} = {fresh} * 0.5 + {self.chance.choice(['0.1', '-0.3', '1.0'])}")
            self.write(f"{steps} += 1")
        self.names.append(fresh)

    def gradient(self) -> None:
        self.own("inner grad")
        y, g = self.fresh(), self.fresh()
        x = self.chance.choice(self.roots)
        self.write(f"{y} = {self.moderate()} * {x}")
        several = f"[{x}, {self.chance.choice(self.roots)}]"
        if self.chance.random() < 0.3:
            self.write(f"{g} = sum(grad({y}, {several}))")
        else:
            self.write(f"{g} = grad({y}, {x})")
        self.names += [y, g]

    def second_gradient(self) -> None:
        self.own("inner grad with create_graph")
        y, g = self.fresh(), self.fresh()
        x = self.chance.choice(self.roots)
        self.write(f"{y} = {self.moderate()} * {x}")
        self.write(f"{g} = grad({y}, {x}, create_graph=True)")
        if self.chance.random() < 0.3:
            self.write(f"{g} = grad({g} * {x}, {x}, create_graph=True)")
        self.names += [y, g]

    def backward(self) -> None:
        self.own("inner backward")
        y, g = self.fresh(), self.fresh()
        x = self.chance.choice(self.roots)
        self.write(f"{y} = {self.moderate().replace('W', 'x')} * {x}")
        inner = self.fresh()
        self.write(f"{inner} = Value({x}.data)")
        self.write(f"{y} = {self.inner_moderate(inner)}")
        self.write(f"{y}.backward({self.chance.choice(['', '2.0'])})")
        self.write(f"{g} = {inner}.grad")
        if self.chance.random() < 0.3:
            self.write(f"({inner} * {inner}).backward()")
            self.write(f"{g} = {inner}.grad * 2")
        self.names.append(g)

    def inner_moderate(self, x: str) -> str:
        return self.chance.choice([
            f"{x} * {x} * {x}", f"sin({x}) * {x}", f"exp(0.1 * {x}) * {x}", f"tanh({x})",
            f"{x} * stop_gradient({self.name()})", f"abs({x}) * {x}",
            f"where({x} > 0, {x} * {x}, {x})",
        ])  # fmt: skip

    def descent(self) -> None:
        self.own("inner descent")
        w, loss = self.fresh(), self.fresh()
        target = self.fresh()
        self.write(f"{target} = stop_gradient({self.name()})")
        self.write(f"{w} = Value(0.5)")
        with self.block(f"for _ in range({self.chance.randint(1, 3)}):"):
            self.write(f"{loss} = ({w} - {target}) ** 2 + 0.1 * {w} ** 4")
            self.write(f"{loss}.backward()")
            self.write(f"{w} = Value({w}.data - 0.1 * {w}.grad)")
        self.names.append(w)

    def hook(self) -> None:
        self.own("hook")
        x = self.fresh()
        self.write(f"{x} = {self.chance.choice(self.roots)} * {self.constant()} + 0.5")
        change = self.chance.choice([
            "2.0 * g", "max(-1.0, min(g, 1.0))", "g if g > 0 else 0.5 * g", "None", "-g", "g * g",
            "0.0",
        ])  # fmt: skip
        self.write(f"on_gradient({x}, lambda g: {change})")
        self.names.append(x)

    def without_recording(self) -> None:
        fresh = self.fresh()
        kind = self.chance.randint(0, 3)
        if kind == 0:
            self.own("no_grad")
            with self.block("with no_grad():"):
                self.write(f"{fresh} = {self.moderate()}")
        elif kind == 1:
            self.write(f"{fresh} = stop_gradient({self.name()})")
        else:
            self.own("detach, data")
            way = self.chance.choice(["detach()", "data"])
            self.write(f"{fresh} = {self.chance.choice(self.roots)}.{way}")
        self.names.append(fresh)

    def look(self) -> None:
        self.own("look")
        fresh, x = self.fresh(), self.name()
        y = self.name()
        text = self.chance.choice([
            f"{y} * float({x})", f"{y} * int(min(max({x}, -5.0), 5.0))",
            f"{y} * float(f'{{float({x}):.1f}}')", f"{y} * len(f'{{{x}:.1f}}')",
            f"sorted([{x}, {y}, 0.5])[1]", f"({x} and {y}) * 2", f"({x} or {y}) * 2",
            f"[{x}, {y}][{x} > {y}] * 1.5", f"sum([{x}, {y}, 1.0])", f"{y} * math.tanh(float({x}))",
            f"{y} * abs(float({x}))", f"{y} * (3 if {x} > 0 > {y} else 4)",
            f"{y} * len(str(bool({x} > 0.5)))", f"{{True: {x}, False: {y}}}[bool({x} < 1)] * 1.0",
            f"{y} * any([{x} > 1, {y} > 1])", f"{y} + math.fsum([float({x}), 1.0])",
            f"round({x} * 1.0, 1) * {y}", f"divmod({x}, 2.0)[1] * {y}",
        ])  # fmt: skip
        self.write(f"{fresh} = {text}")
        self.names.append(fresh)

    def functional_gradient(self) -> None:
        self.features.add("func.grad")
        fresh, x = self.fresh(), self.name()
        body = self.inner_moderate("v")
        self.write(f"{fresh} = func.grad(lambda v: {body})({x} * 1.0)")
        self.names.append(fresh)

    def container(self) -> None:
        a, b = self.name(), self.name()
        fresh = self.fresh()
        text = self.chance.choice([
            f"[{a}, {b}][{self.chance.randint(0, 1)}] * 1.0",
            f"{{'u': {a}, 'v': {b}}}['v'] + {a}",
            f"sum(v * v for v in ({a}, {b}))",
            f"dict(zip('ab', [{a}, {b}]))['a'] * {b}",
            f"max([{a}, {b}], key=lambda v: v * 1.0)",
            f"[v * 0.5 for v in [{a}, {b}] if v > 0.25 or v <= 0.25 or v < v + 1]",
        ])  # fmt: skip
        if text.endswith("+ 1]"):
            self.write(f"{fresh} = sum({text}, 0.5)")
        else:
            self.write(f"{fresh} = {text}")
        self.names.append(fresh)

    def inner_function(self) -> None:
        name, fresh = self.fresh(), self.fresh()
        body = self.condition().replace("(v)", "")
        self.write(f"def {name}(v, depth=0):")
        self.write(
            f"    if v > {self.chance.choice(LEVELS)} or depth > 3: return v * {self.name()}"
        )
        self.write(f"    return {name}(v * 0.5 + 0.2, depth + 1) if {body} else v")
        self.write(f"{fresh} = {name}({self.name()})")
        self.names.append(fresh)

    def caught(self) -> None:
        self.own("caught")
        fresh = self.fresh()
        raising = self.chance.choice(
            ["divided_or_not(1.0, {x})", "root_or_not({x})", "square_or_none({x})"]
        )
        with self.block("try:"):
            self.write(f"{fresh} = {raising.format(x=self.name())}")
        with self.block("except ArithmeticError:"):
            self.write(f"{fresh} = {self.name()} * 0.5")
        self.names.append(fresh)

    def checkpointed(self) -> None:
        self.own("checkpoint")
        fresh, x, y = self.fresh(), self.name(), self.name()
        if self.chance.random() < 0.4:
            self.write(
                f"{fresh} = checkpoint(lambda v: [v * {y}, {self.inner_moderate('v')}], {x})"
            )
            self.write(f"{fresh} = {fresh}[0] - {fresh}[1] * 0.5")
        else:
            self.write(
                f"{fresh} = checkpoint(lambda v, w: {self.inner_moderate('v')} + w, {x}, {y})"
            )
        self.names.append(fresh)

    def in_place(self) -> None:
        self.own("in place")
        fresh = self.fresh()
        a, b = self.name(), self.name()
        kind = self.chance.randint(0, 4)
        if kind == 0:
            self.write(f"{fresh} = {a}")
            for _ in range(self.chance.randint(1, 3)):
                self.write(f"{fresh} {self.chance.choice(['+=', '-=', '*='])} {self.moderate()}")
        elif kind == 1:
            self.write(f"{fresh} = [{a}, {b}, 0.0]")
            self.write(f"{fresh}[2] += {fresh}[0] * {fresh}[1]")
            self.write(f"{fresh}[0], {fresh}[1] = {fresh}[1], {fresh}[2]")
            self.write(f"{fresh}.append({fresh}.pop(0) * 0.5)")
            self.write(f"{fresh} = sum({fresh}[1:], {fresh}[0])")
        elif kind == 2:
            self.write(f"{fresh} = {{'a': {a}}}")
            self.write(f"{fresh}['a'] *= {b}")
            self.write(f"{fresh}.setdefault('c', {fresh}['a'] + {b})")
            self.write(f"{fresh} = {fresh}.get('b', 0.5) * {fresh}['c']")
        elif kind == 3:
            self.write(f"{fresh} = Pair({a}, {b})")
            self.write(f"{fresh}.a = {fresh}.a * {fresh}.b")
            self.write(f"{fresh} = {fresh}.a + {fresh}.b")
        else:
            inner = self.fresh()
            self.write(f"{fresh} = {a}")
            self.write(f"def {inner}(v):")
            self.write(f"    nonlocal {fresh}")
            self.write(f"    {fresh} = {fresh} * 0.5 + v")
            with self.block(f"for item in [{a}, {b}]:"):
                self.write(f"{inner}(item)")
        self.names.append(fresh)

    def nest(self) -> None:
        self.own("nest")
        a, b, fresh = self.name(), self.name(), self.fresh()
        text = self.chance.choice([
            f"reduce(lambda u, v: u * 0.5 + v, [{a}, {b}, {a}])",
            f"(lambda u, *v, k=2.0: u * k + v[0])(*[{a}, {b}], k={a})",
            f"sum(i * v for i, v in enumerate([{a}, {b}]))",
            f"sorted([Both({a}, {b}), Both({b}, {a})], key=lambda v: v.a)[0].b * 1.0",
            f"Both({a}, {b})._replace(a={b}).a * {a}",
            f"next(v for v in [{a}, {b}, 1.0] if v > -10 or True) * 2.0",
            f"{{k: v * {a} for k, v in dict(p={a}, q={b}).items()}}['q']",
            f"max(filter(lambda v: v == v, [{a} * 1.0, {b} * 1.0, 0.5]), default=0.0) * 1.0",
            f"[*map(lambda u, v: u * v, [{a}], [{b}])][0]",
        ])  # fmt: skip
        text = text.replace("if v > -10 or True", "if v > -10 or v <= -10 or v * 0.0 > -1 or [v]")
        text = text.replace("filter(lambda v: v == v, ", "filter(lambda v: v > -3 or v <= 3, ")
        self.write(f"{fresh} = {text}")
        self.names.append(fresh)

    def thrown(self) -> None:
        self.own("thrown")
        fresh = self.fresh()
        with self.block("try:"):
            self.write(f"if {self.condition()}: raise KeyError('here')")
            self.write(f"{fresh} = {self.moderate()}")
        with self.block("except KeyError:"):
            self.write(f"{fresh} = {self.moderate()}")
        if self.chance.random() < 0.5:
            with self.block("finally:"):
                self.write(f"{self.fresh()} = {self.name()} * 2.0")
        self.names.append(fresh)

    def hooks(self) -> None:
        self.own("hooks")
        x = self.fresh()
        self.write(f"{x} = {self.chance.choice(self.roots)} * {self.constant()} + 0.5")
        self.write(
            f"on_gradient({x}, lambda g: 0.5 * g + {self.chance.choice(['1.0', 'W0', 'g'])})"
        )
        kind = self.chance.randint(0, 2)
        if kind == 0:
            self.write(f"on_gradient({x}, lambda g: abs(g))")
        elif kind == 1:
            self.write(f"on_gradient({x}, lambda g: -g).remove()")
        else:
            y, g = self.fresh(), self.fresh()
            self.write(f"{y} = {x} * {x}")
            self.write(f"{g} = grad({y} * 1.0, {x})")
            self.names.append(g)
        self.names.append(x)

    def quiet(self) -> None:
        self.own("no_grad inside")
        a, b, fresh = self.name(), self.name(), self.fresh()
        text = self.chance.choice([
            f"no_grad()(lambda v: v * {b})({a})", f"stop_gradient({a} * {b}) * {a}",
            f"stop_gradient([{a}, {b}])[0] * {b}", f"stop_gradient({{'a': {a}}})['a'] + {b}",
            f"({a} - stop_gradient({a})) * 2.0 + {b}",
        ])  # fmt: skip
        self.write(f"{fresh} = {text}")
        self.names.append(fresh)

    def early(self) -> None:
        """Return from the middle, of a loop or of nothing."""
        if not self.is_scalar:
            return
        self.own("early return")
        if self.chance.random() < 0.5:
            self.write(f"if {self.condition()}: return {self.result()}")
            return
        fresh = self.fresh()
        self.write(f"{fresh} = {self.name()}")
        with self.block(f"for step in range({self.chance.randint(2, 4)}):"):
            self.names.append(fresh)
            self.write(f"{fresh} = {fresh} * 0.5 + {self.moderate()} * step")
            self.write(f"if {self.condition()}: return {self.result()}")
        self.names.append(fresh)

    def template(self, kind: str) -> None:
        self.own(kind)
        text = self.chance.choice(KINDS[kind])
        fresh, k = self.fresh(), self.chance.choice(NUMBERS)
        places = {
            **{name: self.name() for name in ("a", "b", "c")}, "x": self.chance.choice(self.roots),
            "k": k, "level": self.chance.choice(LEVELS), "cmp": self.comparison(),
            "body": self.chance.choice(BODIES), "y": fresh, "u": f"u{self.fresh()}",
        }  # fmt: skip
        for line in text.format(**places).splitlines():
            self.write(line)
        self.names.append(fresh)

    def result(self) -> str:
        if self.is_scalar:
            return f"{self.name()} + {self.name()} * 0.5"
        self.features.add("container out")
        a, b = self.name(), self.name()
        return self.chance.choice([
            f"[{a}, {b}]", f"({a}, {b} * 2)", f"{{'y': {a}, 'z': [{b}]}}", f"({a} > 0, {b})",
            f"[{a}, 1.0]", f"{a}", f"({a}, ({a}, {b}))",
        ])  # fmt: skip
