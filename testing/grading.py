"""Grading gradients that somebody derived by hand: which are right, and what the others lack."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pluggrad import GradientError, Value, grad
from pluggrad.errors import TraceError, quoted
from pluggrad.insight.formulas import slope_templates
from pluggrad.topology import topological_order

FAR = 64  # uses of a value, and of what was made of it, that a guess looks at


@dataclass(frozen=True)
class Grades:
    """What `grade` found; `print` shows it as text.

    Attributes:
        lines: one for each name.
        wrong: the names whose gradients are wrong.

    >>> from pluggrad import Value
    >>> from pluggrad.testing import grade
    >>> x = Value(3.0)
    >>> grade(x * x, x=(x, 6.0)).passed
    True
    """

    lines: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all gradients are right."""
        return not self.wrong

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__


def grade(output: Value, /, *, rtol: float = 1e-6, **answers: tuple[Any, Any]) -> Grades:
    """Grade gradients derived by hand, and guess which factor or path is missing.

    Parameters:
        output: what was differentiated.
        rtol: the relative error that an answer may have.
        answers: for each name a pair: a Value of the graph, leaf or result, and its gradient by
            hand; or two nested lists of them.

    Returns:
        `Grades`, which prints as a line for each name and has `passed`.

    Raises:
        TypeError: when an answer is no pair, or its two lists are not built alike.
        GradientError: when a Value has no part in `output`.

    >>> from pluggrad import Value
    >>> w, b = Value(3.0, label="w"), Value(1.0, label="b")
    >>> error = w * 2.0 + b - 5.0
    >>> loss = error ** 2
    >>> grade(loss, w=(w, 2 * error.data), b=(b, 2 * error.data))
    w  wrong: 4 by hand, the gradient is 8; guess: the factor 2 of `w * 2` is missing
    b  ok
    """
    if not isinstance(output, Value):
        raise TypeError(f"what is graded was computed of Values; it is no {type(output).__name__}")
    graph = _Graph(output)
    lines, wrong = [], []
    width = max(map(len, answers), default=0)
    for name, answer in answers.items():
        said = _graded(graph, name, answer, rtol)
        lines.append(f"{name:{width}}  {said or 'ok'}")
        wrong += [name] if said else []
    return Grades(tuple(lines), tuple(wrong))


def _graded(graph: _Graph, name: str, answer: Any, rtol: float) -> str:
    """Return what is wrong with the answers under one name; "" when they are right."""
    if not (isinstance(answer, tuple) and len(answer) == 2):
        raise TypeError(f"{name} is a pair (value, gradient by hand), not {quoted(answer)}")
    pairs = [*_pairs(*answer, place=name)]
    wrong = [(place, x, g) for place, x, g in pairs if not _close(g, graph.gradient(x), rtol)]
    if not wrong:
        return ""
    place, x, by_hand = wrong[0]
    where = "" if place == name else f"{len(wrong)} of {len(pairs)}, the first is {place}: "
    truth = graph.gradient(x)
    hint = next(graph.guesses(x, by_hand, truth), "")
    guess = f"; guess: {hint}" if hint else ""
    return f"wrong: {where}{by_hand:.6g} by hand, the gradient is {truth:.6g}{guess}"


def _pairs(values: Any, by_hand: Any, place: str) -> Iterator[tuple[str, Value, float]]:
    """Pair each Value with the number at the same place."""
    if isinstance(values, Value):
        yield place, values, float(by_hand)
        return
    if not hasattr(values, "__len__") or not hasattr(by_hand, "__len__"):
        raise TypeError(
            f"{place} pairs {quoted(values, 40)} with {quoted(by_hand, 40)}; both may be lists"
        )
    if len(values) != len(by_hand):
        raise TypeError(f"{place} has {len(values)} Values and {len(by_hand)} gradients by hand")
    for i, (value, number) in enumerate(zip(values, by_hand, strict=True)):
        yield from _pairs(value, number, f"{place}[{i}]")


class _Use(NamedTuple):
    """One use of a Value as an operand.

    Attributes:
        user: what was made of it.
        slope: the derivative of that by the operand.
        upstream: the gradient of that.
        formula: the derivative in letters.
    """

    user: str
    slope: float
    upstream: float
    formula: str


class _Graph:
    """The graph of an output, its gradients, and who uses what."""

    def __init__(self, output: Value) -> None:
        self.order = topological_order([output])
        differentiable = [x for x in self.order if x.requires_grad]
        found: Any = grad(output, differentiable)
        self.gradients = dict(zip(differentiable, found, strict=True))
        self.users: dict[Value, list[tuple[Value, int]]] = {}
        for x in self.order:
            for index, operand in enumerate(x.prev):
                self.users.setdefault(operand, []).append((x, index))

    def gradient(self, x: Value) -> float:
        if x not in self.gradients:
            raise GradientError(f"{x!r} has no part in what was differentiated, or is a constant")
        return float(self.gradients[x])

    def guesses(self, x: Value, by_hand: float, truth: float) -> Iterator[str]:
        """Return the mistakes that explain an answer, the likeliest first."""
        uses = [self._use(*use) for use in self.users.get(x, ())[:FAR]]
        if math.isclose(by_hand, -truth, rel_tol=1e-6):
            yield "the sign is wrong"
        yield from self._missing_uses(uses, by_hand, truth)
        if len(uses) == 1 and _close(by_hand, uses[0].slope) and uses[0].upstream != 1.0:
            yield f"the gradient of {uses[0].user}, {uses[0].upstream:.6g}, is not multiplied in"
        yield from self._factors(x, by_hand, truth)
        yield from _constants(by_hand, truth)

    def _missing_uses(self, uses: Sequence[_Use], by_hand: float, truth: float) -> Iterator[str]:
        """Find the one use among several that was left out, or the only one that counted."""
        shares: dict[str, float] = {}
        for use in uses:
            shares[use.user] = shares.get(use.user, 0.0) + use.slope * use.upstream
        for user, share in shares.items() if len(shares) > 1 else ():
            if share and _close(by_hand + share, truth):
                yield f"its use in {user} is not added"
            elif share and _close(by_hand, share) and len(shares) > 2:
                yield f"only its use in {user} is counted, of {len(shares)}"

    def _factors(self, x: Value, by_hand: float, truth: float) -> Iterator[str]:
        """Find a slope between the Value and the output that is missing, or is there twice."""
        for use in self._uses_above(x):
            if abs(use.slope) in (0.0, 1.0):
                continue
            factor = f"the factor {use.formula} of {use.user}"
            if _close(by_hand * use.slope, truth):
                yield f"{factor} is missing"
            elif _close(by_hand, truth * use.slope):
                yield f"{factor} is there once too often"
            elif _close(by_hand * use.slope, truth / use.slope):
                yield f"{factor} is inverted"

    def _uses_above(self, x: Value) -> Iterator[_Use]:
        """Yield the uses of a Value, then those of what was made of it, and so on."""
        queue, seen = [x], {x}
        for value in queue:
            for user, index in self.users.get(value, ()):
                yield self._use(user, index)
                if user not in seen and len(seen) < FAR:
                    seen.add(user)
                    queue.append(user)

    def _use(self, user: Value, index: int) -> _Use:
        op = user.op
        assert op is not None
        operands = [x.data for x in user.prev]
        slope = op.partial(index, 1.0, user.data, *operands)
        return _Use(
            _named(user), slope, self.gradients.get(user, 0.0), _formula(user, index, slope)
        )


def _named(x: Value) -> str:
    """Name a result as a reader knows it: by its label, or by what was done."""
    if x.label:
        return f"`{x.label}`"
    assert x.op is not None
    operands = [_operand(one) for one in x.prev]
    infix = x.op.operator and len(operands) == 2
    text = f" {x.op.operator} ".join(operands) if infix else f"{x.op.name}({', '.join(operands)})"
    return f"`{text}`"


def _operand(x: Value) -> str:
    return x.label or ("_" if x.requires_grad else f"{x.data:.6g}")


def _formula(user: Value, index: int, slope: float) -> str:
    """Write the derivative of a result by one operand, in letters where these have names."""
    assert user.op is not None
    try:
        template = slope_templates(user.op, index)[0]
    except TraceError:
        return f"{slope:.6g}"
    text = template.format(*map(_operand, user.prev))
    return text if text == f"{slope:.6g}" else f"{text} = {slope:.6g}"


def _constants(by_hand: float, truth: float) -> Iterator[str]:
    """Find a whole number that is missing or too much, as a factor or as a term."""
    for number in range(2, 101):
        if _close(by_hand * number, truth):
            yield f"a factor {number} is missing"
        elif _close(by_hand, truth * number):
            yield f"a factor {number} too much"
    for text, term in (("1 too much", 1.0), ("1 too little", -1.0)):
        if _close(by_hand, truth + term):
            yield text


def _close(a: float, b: float, rtol: float = 1e-6) -> bool:
    return math.isclose(a, b, rel_tol=rtol, abs_tol=1e-12)
