"""Ops as functions that a printer can write: from the trace, or from the source where it branches.

A rule, or a forward function without branches, runs once on symbols (`pluggrad.trace`); what was
used more than once becomes a variable. A forward function that is one of `math`'s is a word. One
with branches and loops is read as it stands (python_source.py). What comes from a plugin is
computed at a few points, by IEEE 754 and by the op itself, before anything is printed: where they
differ, Python does something here that a function of floats cannot say.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import islice, product
from types import FunctionType
from typing import Any

from pluggrad import Op, PluggradError
from pluggrad.errors import TraceError
from pluggrad.op import NAMES
from pluggrad.trace import Step, Trace

from .code import (
    Apply,
    Assign,
    Call,
    Expression,
    Function,
    If,
    Name,
    Number,
    Return,
    Statement,
    While,
    parts_of,
    statements,
    words_of,
)
from .evaluation import evaluate
from .meanings import MEANINGS, WORDS
from .python_source import body_of, parameters_of

ORDINARY = (math.sqrt(0.3), -0.7, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, 0.0)
EXTREME = (-0.0, math.inf, -math.inf, math.nan, 5e-324, 30.0, -800.0, 1e19, 1e200, -1.7e308)
MOST_POINTS = 600
ZERO = Number(0.0)
RULE = frozenset({"g", "out"})


class Functions:
    """The functions that a program needs, each once, those that are called before their callers.

    Parameters:
        words: those that the language has, see meanings.py; `op:airy` is one for an op, and
            `op:airy/0` one for its rule.
        language: its name, for messages.

    Attributes:
        all: the functions by name.

    >>> from pluggrad import ops
    >>> from pluggrad.printers import Functions
    >>> functions = Functions()
    >>> functions.rule(ops.tanh, 0)
    ('slope_tanh_x', (0, 2))
    >>> list(functions.all)
    ['op_sech', 'rule_tanh_x', 'slope_tanh_x']
    """

    def __init__(
        self, words: Collection[str] = tuple(MEANINGS), language: str = "this language"
    ) -> None:
        self.words = words
        self.language = language
        self.all: dict[str, Function] = {}
        self._names: dict[Any, str] = {}
        self._rules: dict[tuple[Op, int], tuple[str, tuple[int, ...]] | None] = {}
        self._takes: dict[str, tuple[int, ...]] = {}

    def call(self, op: Op, operands: tuple[Expression, ...]) -> Expression:
        """Write the call of an op.

        Raises:
            TraceError: when there is no way to compute it in another language.
        """
        if op.successor is not None:
            return self.call(op.successor, operands)
        if f"op:{op.name}" in self.words:
            return Call(f"op:{op.name}", operands)
        word = _word(op.forward)
        if word in self.words:
            return Call(str(word), operands)
        if word is not None:
            raise self._refused(op, "", f"{self.language} has no word for {word}")
        return Apply(
            self._named(op, f"op_{op.name}", lambda name: self._forward(op, name)), operands
        )

    def rule(self, op: Op, index: int) -> tuple[str, tuple[int, ...]] | None:
        """Return the function of an operand's gradient, in which zero times infinity is zero.

        Parameters:
            op: any op.
            index: which operand, from 0.

        Returns:
            Its name, and which of the parameters of a rule it takes, 0 for the gradient, 1 for the
            result, 2 and more for the operands; None where no gradient flows. The name is "" where
            the gradient flows on as it is.

        Raises:
            TraceError: when the rule cannot be written in another language.
        """
        key = op, index
        if key not in self._rules:
            self._rules[key] = self._found_rule(op.successor or op, index)
        return self._rules[key]

    def _found_rule(self, op: Op, index: int) -> tuple[str, tuple[int, ...]] | None:
        if op.rules[index] is None:
            return None
        what = f"{op.name}_{operand_names(op)[index]}"
        name = self._named((op, index), f"rule_{what}", lambda name: self._rule(op, index, name))
        rule, takes = self.all[name], self._takes[name]
        if rule.body == (Return(ZERO),):
            return None
        if rule.body == (Return(Name("g")),):
            return "", takes
        make = lambda name: _strong(rule, name)
        return self._named((op, index, "strong"), f"slope_{what}", make), takes

    def needed(self) -> list[Function]:
        """List the functions, but for rules that hand on nothing, or the gradient as it is."""
        trivial = (Return(ZERO),), (Return(Name("g")),)
        return [f for f in self.all.values() if not (f.name in self._takes and f.body in trivial)]

    def _named(self, key: Any, stem: str, make: Callable[[str], Function]) -> str:
        if key not in self._names:
            name = stem = re.sub(r"\W", lambda x: f"u{ord(x[0]):x}", stem, flags=re.ASCII)
            taken = set(self._names.values())
            count = 1
            while name in taken:
                count += 1
                name = f"{stem}_{count}"
            self._names[key] = name
            try:
                self.all[name] = make(name)
            except BaseException:
                del self._names[key]
                raise
        return self._names[key]

    # ----- Forward functions -----

    def _forward(self, op: Op, name: str) -> Function:
        if op.is_composite:
            raise self._refused(op, "", "it stands for a whole Python function, not for an op")
        try:
            found = self._written(op.forward, operand_names(op), name, f"{op.name}: {_line(op)}")
        except TraceError as cause:
            raise self._refused(op, "forward function", cause) from cause
        self._check_words(op, found, "forward function")
        if not _is_built_in(op.forward):
            self._check(op, found, "forward function", op.evaluate)
        return found

    def _written(self, function: Any, names: tuple[str, ...], name: str, what: str) -> Function:
        """Write a function by its trace, or by its source where it looks at its operands."""
        try:
            return self._traced(function, names, name, what)
        except TraceError as cause:
            if not isinstance(function, FunctionType):
                raise
            try:
                body = body_of(function, self._called)
            except TraceError as worse:
                raise TraceError(f"{cause}; {worse}") from worse
        return Function(name, parameters_of(function), body, what)

    def _called(self, function: Any, operands: tuple[Expression, ...]) -> Expression:
        """Write what a function calls: an op, or another function."""
        if isinstance(function, Op):
            filled = function.complete(operands)
            return self.call(
                function, tuple([Number(x) if isinstance(x, float) else x for x in filled])
            )
        names = parameters_of(function)
        missing = len(names) - len(operands)
        defaults = (function.__defaults__ or ())[-missing:] if missing > 0 else ()
        if len(operands) + len(defaults) != len(names):
            raise TraceError(f"it calls {function.__name__} with {len(operands)} operands")
        filled = (*operands, *[Number(float(x)) for x in defaults])
        stem = f"part_{function.__name__.strip('_<>')}"

        def made(name: str) -> Function:
            return Function(name, names, body_of(function, self._called), "Part of what follows.")

        return Apply(self._named(function, stem, made), filled)

    def _traced(self, function: Any, names: tuple[str, ...], name: str, what: str) -> Function:
        trace = Trace()
        try:
            result = trace.operand(function(*map(trace.parameter, names)))
        except TraceError:
            raise
        except Exception as cause:
            raise TraceError(f"{type(cause).__name__}: {cause}") from cause
        return Function(name, names, tuple(self._steps(trace, result, names)), what)

    def _steps(self, trace: Trace, result: int, names: tuple[str, ...]) -> Iterator[Statement]:
        """Write steps; those that are used more than once become variables."""
        needed = trace.behind([result])
        uses = Counter(x for i in needed for x in trace.steps[i].operands)
        written: dict[int, Expression] = {}
        for i in needed:
            step = trace.steps[i]
            expression = self._step(step, tuple([written[x] for x in step.operands]))
            if step.operands and uses[i] > 1:
                name = f"v{i}" if f"v{i}" not in names else f"v{i}_"
                yield Assign(name, expression)
                expression = Name(name)
            written[i] = expression
        yield Return(written[result])

    def _step(self, step: Step, operands: tuple[Expression, ...]) -> Expression:
        if step.name == "parameter":
            return Name(step.detail)
        if step.name == "number":
            return Number(step.detail)
        if step.detail is not None:
            return self.call(step.detail, operands)
        return Call(step.name, operands)

    # ----- Rules -----

    def _rule(self, op: Op, index: int, name: str) -> Function:
        rule: Any = op.rules[index]
        what = f"rule of operand {index}"
        names = ("g", "out", *operand_names(op))
        worded = f"op:{op.name}/{index}"
        if worded in self.words:
            self._takes[name] = tuple(range(len(names)))
            return Function(name, names, (Return(Call(worded, tuple(map(Name, names)))),), what)
        try:
            found = self._written(rule, names, name, f"{what} of {op.name}")
        except TraceError as cause:
            raise self._refused(op, what, cause) from cause
        self._check_words(op, found, what)
        if not _is_built_in(rule):
            self._check(op, found, what, rule, few=True)
        used = _used(found)
        takes = [i for i, x in enumerate(found.parameters) if i == 0 or x in used]
        self._takes[name] = tuple(takes)
        return found._replace(parameters=tuple([found.parameters[i] for i in takes]))

    # ----- Checks and refusals -----

    def _check_words(self, op: Op, found: Function, what: str) -> None:
        functions, names = [found], _called_by(found)
        while names:
            functions += [self.all[name] for name in names]
            names = set().union(*map(_called_by, functions)) - {f.name for f in functions}
        missing = set().union(*map(words_of, functions)).difference(self.words)
        if missing:
            raise self._refused(op, what, f"{self.language} has no word for {min(missing)}")

    def _check(
        self, op: Op, found: Function, what: str, right: Callable[..., float], few: bool = False
    ) -> None:
        """Compare a function with Python, at points where Python has a result."""
        others = {**self.all, found.name: found}
        loops = any(isinstance(x, While) for f in others.values() for x in statements(f.body))
        numbers = ORDINARY if loops or few else ORDINARY + EXTREME
        arity = len(found.parameters)
        for operands in islice(
            product(numbers, repeat=arity), 0, None, _stride(len(numbers), arity)
        ):
            try:
                expected = right(*operands)
                got = evaluate(found, operands, others)
            except KeyError:
                return  # it needs a word of a plugin
            except (ArithmeticError, PluggradError, ValueError):
                continue
            if not isinstance(expected, complex) and not _same(got, expected):
                listed = ", ".join(map(repr, operands))
                why = f"read as IEEE 754 it gives {got!r} instead of {expected!r} for {listed}"
                raise self._refused(op, what, why)

    def _refused(self, op: Op, what: str, why: object) -> TraceError:
        return TraceError(
            f"op {op.name!r} cannot be written in {self.language}: {what and what + ': '}{why}. "
            f"A plugin can give words for it: pluggrad_register_words"
        )


def operand_names(op: Op) -> tuple[str, ...]:
    """Return the names of an op's operands, other than those of a rule's first two parameters."""
    names = tuple(op.__signature__.parameters)
    return names if RULE.isdisjoint(names) else NAMES[: op.arity]


def _strong(rule: Function, name: str) -> Function:
    """Make the function in which zero wins over infinity, see `pluggrad.strong_zero`."""
    names = ("g", *NAMES, "j")[: len(rule.parameters)]
    g, part, local = Name("g"), Name("part"), Name("local")
    given = tuple(map(Name, names))
    zero_wins = Call("or", (Call("eq", (g, ZERO)), Call("eq", (local, ZERO))))
    body = (
        Assign("part", Apply(rule.name, given)),
        If(Call("eq", (part, part)), (Return(part),)),
        Assign("local", Apply(rule.name, (Number(1.0), *given[1:]))),
        Return(Call("select", (zero_wins, ZERO, Call("mul", (g, local))))),
    )
    return Function(name, names, body, "The same; zero times infinity is zero.")


def _used(function: Function) -> set[str]:
    return {x.name for x in parts_of(function.body) if isinstance(x, Name)}


def _called_by(function: Function) -> set[str]:
    return {x.function for x in parts_of(function.body) if isinstance(x, Apply)}


def _word(function: Any) -> str | None:
    try:
        return WORDS.get(function)
    except TypeError:  # it has no hash
        return None


def _stride(numbers: int, arity: int) -> int:
    """Choose every how many-th point to look at, an odd number that takes all operands along."""
    return (int(numbers**arity) // MOST_POINTS) | 1


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-13)


def _is_built_in(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("pluggrad.")


def _line(op: Op) -> str:
    return " ".join((op.__doc__ or "").split())
